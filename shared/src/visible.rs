//! What people wrote, as it may be shown: nothing in it moves a terminal's cursor, hides a word or begins a line of its own.

/// The text with every control character, and every one that changes the direction of writing or has no width, written as
/// an escape. It is one line.
pub fn visible(text: &str) -> String {
    escaped(text, is_unseen, |c, out| out.extend(c.escape_default()))
}

/// The same for several lines of our own making: line ends and tabs stay.
pub fn visible_lines(text: &str) -> String {
    let unseen = |c| is_unseen(c) && !matches!(c, '\n' | '\t');
    escaped(text, unseen, |c, out| out.extend(c.escape_default()))
}

/// The same for JSON text, which stays the same JSON: such characters occur in strings only, and are written as strings may
/// write them. Line ends between members stay.
pub fn visible_json(text: &str) -> String {
    let unseen = |c| is_unseen(c) && !matches!(c, '\n' | '\t');
    escaped(text, unseen, |c, out| {
        let mut units = [0; 2];
        out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
    })
}

/// Whether a character cannot be seen, or changes what is seen beside it: every control (Cc), every format character (Cf), line
/// and paragraph ends (Zl, Zp), everything that Unicode 16 has shown as nothing (`Default_Ignorable_Code_Point`), and what looks
/// like a space and is none.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn escaped(text: &str, unseen: impl Fn(char) -> bool, escape: impl Fn(char, &mut String)) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if unseen(c) { escape(c, &mut shown) } else { shown.push(c) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "\u{1b}]0;x\u{7}\u{9b}2J\r\n\u{202e}\u{7f}é中\t\u{e0041}";

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert_eq!(visible("\u{1b}[2J\n\u{202e}é中"), "\\u{1b}[2J\\n\\u{202e}é中");
        for shown in [visible(HOSTILE), visible_lines(HOSTILE), visible_json(HOSTILE)] {
            assert!(!shown.chars().any(|c| is_unseen(c) && !matches!(c, '\n' | '\t')), "{shown:?}");
        }
        assert!(!visible(HOSTILE).contains('\n'), "one line stays one line");
        assert_eq!(visible_lines("a\n\tb"), "a\n\tb");
    }

    #[test]
    fn whatever_shows_as_nothing_is_written_out() {
        for unseen in
            "\u{fe00}\u{fe0f}\u{13430}\u{1343f}\u{110bd}\u{110cd}\u{600}\u{70f}\u{e0100}\u{2029}".chars()
        {
            assert!(is_unseen(unseen) && visible(&unseen.to_string()).starts_with("\\u{"), "{unseen:?}");
        }
        for seen in " é中あ😀،۰\u{a0}\u{3000}".chars() {
            assert!(!is_unseen(seen), "{seen:?}");
        }
    }

    #[test]
    fn json_is_the_same_json_afterwards() {
        let value = serde_json::json!({"title": HOSTILE, "\u{9b}": ["\u{7f}"]});
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let shown = visible_json(&pretty);
        assert!(!shown.contains(['\u{9b}', '\u{7f}', '\u{202e}']), "{shown:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
