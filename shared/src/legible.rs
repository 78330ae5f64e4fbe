//! Text as people must see it before they agree to it: what has no shape of its own is written out, a link shows where it leads
//! to, and what is cut says how much is missing.

use crate::visible::is_unseen;

/// The text in visible characters, in several lines where it has several.
pub fn legible(text: &str) -> String {
    let mut legible = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\t' => legible.push(c),
            // DingTalk makes a link of `[text](address)`, and shows the text only.
            '(' if legible.ends_with(']') => legible.push_str(" ("),
            c if is_unseen(c) => legible.extend(c.escape_default()),
            c => legible.push(c),
        }
    }
    legible
}

/// The same in one line.
pub fn one_line(text: &str) -> String {
    legible(text).replace(['\n', '\t'], " ")
}

/// No more than `limit` bytes of it; what is cut is counted in words.
pub fn within(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    cut_at(text, text.floor_char_boundary(limit.saturating_sub(MARK)))
}

/// How many bytes a legible text takes inside JSON text, as a table of a form is written.
pub fn written(text: &str) -> usize {
    text.bytes().map(written_byte).sum()
}

/// The same as [`within`], for a legible text of which so many bytes may be written.
pub fn written_within(text: &str, limit: usize) -> String {
    if written(text) <= limit {
        return text.to_owned();
    }
    let mut room = limit.saturating_sub(MARK);
    let fits = |byte: &u8| match room.checked_sub(written_byte(*byte)) {
        Some(rest) => {
            room = rest;
            true
        }
        None => false,
    };
    cut_at(text, text.floor_char_boundary(text.as_bytes().iter().copied().take_while(fits).count()))
}

fn written_byte(byte: u8) -> usize {
    if matches!(byte, b'"' | b'\\' | b'\n' | b'\t') { 2 } else { 1 }
}

fn cut_at(text: &str, end: usize) -> String {
    let (shown, rest) = text.split_at(end);
    let missing = rest.chars().count();
    format!("{shown}…（还有 {missing} 个字符未显示 / {missing} more characters not shown; see Dataphin）")
}

/// What says how much is cut takes so many bytes at most.
const MARK: usize = 120;

/// What says that so many items are not shown.
pub fn not_shown(items: usize) -> String {
    format!("还有 {items} 项未显示，请在 Dataphin 中查看 / {items} more not shown; see Dataphin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out_and_lines_stay() {
        let table = [
            ("-- clean up\r\nDROP TABLE t;\n\tselect 1;", "-- clean up\nDROP TABLE t;\n\tselect 1;"),
            ("safe\u{202e}txt.exe", "safe\\u{202e}txt.exe"),
            ("a\u{200b}\u{feff}\u{3164}\u{e0041}b", "a\\u{200b}\\u{feff}\\u{3164}\\u{e0041}b"),
            ("a\u{0}\u{1b}[2J\rb", "a\\u{0}\\u{1b}[2J\\rb"),
            ("see [here](https://example.com)", "see [here] (https://example.com)"),
            ("[a]\u{200b}(b)", "[a]\\u{200b}(b)"),
            ("标题 é 😀", "标题 é 😀"),
        ];
        for (text, shown) in table {
            assert_eq!(legible(text), shown);
        }
        assert_eq!(one_line("a\r\nb\tc"), "a b c");
    }

    #[test]
    fn what_is_cut_is_counted() {
        assert_eq!(within("标题", 6), "标题");
        let cut = within(&"标".repeat(1_000), 300);
        assert!(cut.len() <= 300 && cut.contains("还有 940 个字符") && cut.contains("940 more"), "{cut}");
        assert!(within(&"x".repeat(2_000_000), 64).len() <= MARK);
        for text in ["x", "\"", "\n", "标\\\t"].map(|text| text.repeat(1_000)) {
            let cut = written_within(&text, 500);
            let in_json = serde_json::to_string(&cut).unwrap().len() - 2;
            assert_eq!(written(&cut), in_json);
            assert!((380..=500).contains(&in_json) && cut.contains("more characters"), "{in_json}");
            assert_eq!(written_within(&text, written(&text)), text);
        }
    }
}
