//! What an answer says of itself that came in the place of another: a page's title, a message.

/// Where a gateway's JSON says why.
const MESSAGES: [&str; 6] = ["message", "msg", "Message", "errorMsg", "error_description", "error"];

/// A page's title comes before that.
const MAX_PAGE: usize = 16 * 1024;
/// A text that is longer is no title.
const MAX_LINE: usize = 120;
/// So much of a title is shown, in characters.
const MAX_TITLE: usize = 80;

/// A page's title, the message of a JSON, or the one line of a text.
pub fn title(body: &[u8]) -> Option<String> {
    let body = body.get(..body.len().min(MAX_PAGE)).unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    let lower = text.to_ascii_lowercase();
    let said = serde_json::from_slice::<serde_json::Value>(body).ok();
    let said = said.as_ref().and_then(|said| MESSAGES.iter().find_map(|name| said.get(name)?.as_str()));
    let text = match lower.find("<title") {
        _ if said.is_some() => said?,
        Some(begin) => {
            let begin = begin + lower.get(begin..)?.find('>')? + 1;
            text.get(begin..begin + lower.get(begin..)?.find("</title")?)?
        }
        None if text.len() <= MAX_LINE && !text.trim_start().starts_with(['<', '{', '[']) => text.trim(),
        None => return None,
    };
    // What follows may be the query of the call, with a token in it.
    let text = text.split('?').next().unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let shown: String = words.join(" ").chars().filter(|c| !c.is_control()).take(MAX_TITLE).collect();
    // In another encoding it says nothing.
    (!shown.is_empty() && !shown.contains(char::REPLACEMENT_CHARACTER)).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_a_message_or_a_line_is_shown_and_nothing_else() {
        let table: [(&[u8], Option<&str>); 8] = [
            (b"<html><TITLE>\n 502  Bad\x07 Gateway</title>", Some("502 Bad Gateway")),
            ("<title>上网行为管理</title>".as_bytes(), Some("上网行为管理")),
            (br#"{"code":403,"msg":"blocked by policy"}"#, Some("blocked by policy")),
            (b"default backend - 404", Some("default backend - 404")),
            (b"<title>Blocked: https://a.cn/x?access_token=s3cret</title>", Some("Blocked: https://a.cn/x")),
            (b"<html>no title", None),
            (b"<title>\xd5\xd2\xb2\xbb", None),
            (b"", None),
        ];
        for (body, shown) in table {
            assert_eq!(title(body).as_deref(), shown);
        }
        assert_eq!(title("长".repeat(500).as_bytes()), None);
        let long = format!("<title>{}</title>", "长".repeat(500));
        assert_eq!(title(long.as_bytes()).map(|title| title.chars().count()), Some(80));
    }
}
