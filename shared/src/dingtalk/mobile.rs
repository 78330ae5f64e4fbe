//! Mobile numbers as DingTalk knows them: eleven digits in mainland China, `+852-61234567` elsewhere.

/// A number as people write it, in DingTalk's form. What is no number stays as it is: DingTalk says what is wrong with it.
pub(super) fn normalised(account: &str) -> String {
    let folded: String = account.chars().filter_map(folded).collect();
    let digits: String = folded.chars().filter(|c| *c != SEPARATOR).collect();
    if let Some(number) = in_mainland_china(&digits) {
        return number.to_owned();
    }
    let abroad = folded.trim_matches(SEPARATOR).strip_prefix('+').and_then(|rest| rest.split_once(SEPARATOR));
    match abroad {
        Some((country, number)) => {
            let number: String = number.chars().filter(|c| *c != SEPARATOR).collect();
            let is_number = [country, &number].iter().all(|part| is_digits(part));
            if is_number { format!("+{country}-{number}") } else { account.trim().to_owned() }
        }
        None => account.trim().to_owned(),
    }
}

/// What stands for everything between the digits.
const SEPARATOR: char = '-';

/// A character of a number: full-width ones are folded, what cannot be seen is dropped.
fn folded(c: char) -> Option<char> {
    match c {
        '０'..='９' | '＋' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => None,
        '-'
        | '\u{2010}'..='\u{2015}'
        | '\u{2212}'
        | '\u{fe63}'
        | '－'
        | '('
        | ')'
        | '（'
        | '）'
        | '.'
        | '·' => Some(SEPARATOR),
        c if c.is_whitespace() => Some(SEPARATOR),
        c => Some(c),
    }
}

/// The eleven digits of a number with or without China's country code.
fn in_mainland_china(digits: &str) -> Option<&str> {
    let is_mobile = |number: &&str| number.len() == 11 && number.starts_with('1') && is_digits(number);
    let without_code = ["+86", "0086", "86"].iter().filter_map(|code| digits.strip_prefix(code));
    std::iter::once(digits).chain(without_code).find(is_mobile)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_however_people_write_them() {
        let table = [
            ("13800138000", "13800138000"),
            ("+86 138-0013-8000", "13800138000"),
            ("+8613800138000", "13800138000"),
            ("0086 138 0013 8000", "13800138000"),
            ("86-13800138000", "13800138000"),
            ("(+86)138 0013 8000", "13800138000"),
            ("＋８６　１３８００１３８０００", "13800138000"),
            (" 138\u{a0}0013\u{2011}8000\u{200b}\n", "13800138000"),
            ("+852-61234567", "+852-61234567"),
            ("+852 6123 4567", "+852-61234567"),
            ("＋８５２－６１２３４５６７", "+852-61234567"),
            ("+1 (415) 555-0100", "+1-4155550100"),
            ("+85261234567", "+85261234567"),
            // No mobile number of China's: left to DingTalk.
            ("8613800", "8613800"),
            ("23800138000", "23800138000"),
            (" ada.lovelace ", "ada.lovelace"),
            ("+852-ada", "+852-ada"),
            ("", ""),
            ("+", "+"),
        ];
        for (written, number) in table {
            assert_eq!(normalised(written), number, "{written}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_number_in_dingtalks_form_stays(text in proptest::prelude::any::<String>()) {
            let once = normalised(&text);
            proptest::prop_assert_eq!(normalised(&once), once);
        }
    }
}
