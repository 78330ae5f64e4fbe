//! A lenient JSON reader: what people write passes through many hands, and some of them break JSON in ways that lose
//! nothing else.
//!
//! Read all the same: a byte order mark before the text, half of a surrogate pair (`\ud83d` alone), a raw control character
//! inside a string, and bytes that are no UTF-8. What cannot be shown becomes U+FFFD; a raw control character stays what it
//! is. Valid JSON is read as `serde_json` reads it.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const REPLACEMENT: &[u8] = br"\uFFFD";

/// Reads a value, leniently. Whoever must not take bytes that are no UTF-8 looks for them first. The error is the one of
/// the text as it came.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    let text = without_mark(text);
    serde_json::from_slice(text).or_else(|error| match repaired(text) {
        Cow::Borrowed(_) => Err(error),
        Cow::Owned(repaired) => serde_json::from_slice(&repaired).map_err(|_| error),
    })
}

/// The text without byte order marks before it.
fn without_mark(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix(BYTE_ORDER_MARK) {
        text = rest;
    }
    text
}

/// The text with what `serde_json` does not read put right; borrowed where there is nothing of that kind.
fn repaired(text: &[u8]) -> Cow<'_, [u8]> {
    let lossy = String::from_utf8_lossy(text);
    let bytes = lossy.as_bytes();
    let (mut out, mut changed) = (Vec::with_capacity(bytes.len()), matches!(lossy, Cow::Owned(_)));
    let (mut rest, mut in_string) = (bytes, false);
    while let Some((&first, after)) = rest.split_first() {
        let (taken, written): (usize, Cow<'_, [u8]>) = match first {
            b'"' => {
                in_string = !in_string;
                (1, Cow::Borrowed(&rest[..1]))
            }
            b'\\' if in_string => escape(rest),
            control @ 0..0x20 if in_string => (1, Cow::Owned(format!("\\u{control:04x}").into_bytes())),
            _ => (1, Cow::Borrowed(&rest[..1])),
        };
        changed |= *written != rest[..taken];
        out.extend_from_slice(&written);
        rest = rest.get(taken..).unwrap_or(after);
    }
    if changed { Cow::Owned(out) } else { Cow::Borrowed(text) }
}

/// An escape at the beginning of `rest`: how long it is, and what is written for it.
fn escape(rest: &[u8]) -> (usize, Cow<'_, [u8]>) {
    let whole = |length: usize| {
        let length = length.min(rest.len());
        (length, Cow::Borrowed(&rest[..length]))
    };
    match unit(rest) {
        // `\"`, `\\` and the like: the second byte ends no string.
        None => whole(2),
        Some(0xd800..=0xdbff) => match unit(&rest[6..]) {
            Some(0xdc00..=0xdfff) => whole(12),
            _ => (6, Cow::Borrowed(REPLACEMENT)),
        },
        Some(0xdc00..=0xdfff) => (6, Cow::Borrowed(REPLACEMENT)),
        Some(_) => whole(6),
    }
}

/// The UTF-16 unit of a `\uXXXX` at the beginning of `text`.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit: u16, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn text_of(json: &[u8]) -> String {
        read::<Value>(json).unwrap()["t"].as_str().unwrap().to_owned()
    }

    #[test]
    fn odd_characters_are_read_and_everything_beside_them_stays() {
        let table: [(&[u8], &str); 10] = [
            (br#"{"t":"a\ud83db"}"#, "a\u{fffd}b"),
            (br#"{"t":"a\ude00"}"#, "a\u{fffd}"),
            (br#"{"t":"\ud83d\ud83d\ude00"}"#, "\u{fffd}😀"),
            (br#"{"t":"\ud83d\ude00\uD83D"}"#, "😀\u{fffd}"),
            (br#"{"t":"\\ud83d \"\ud83d\""}"#, "\\ud83d \"\u{fffd}\""),
            (b"{\"t\":\"a\nb\tc\x00\"}", "a\nb\tc\0"),
            (b"\xef\xbb\xbf{\"t\":\"a\"}", "a"),
            (b"\xef\xbb\xbf\xef\xbb\xbf{\n\t\"t\":\"a\nb\"}", "a\nb"),
            (b"{\"t\":\"a\xff\"}", "a\u{fffd}"),
            (b"{\"t\":\"\xe4\xb8\xad\xe4\"}", "中\u{fffd}"),
        ];
        for (json, text) in table {
            assert_eq!(text_of(json), text, "{}", String::from_utf8_lossy(json));
        }
    }

    #[test]
    fn what_is_no_json_stays_none() {
        let table: [&[u8]; 12] = [
            b"",
            b"\xef\xbb\xbf",
            b"\xff",
            b"<html>",
            b"{\"t\":\"a",
            b"{\"t\":\"a\\",
            br#"{"t":"\ud8"#,
            br#"{"t":"\x"}"#,
            br#"{"t":"\ud83d"#,
            b"{\"t\":\"a\"}\"",
            b"{\x00}",
            b"{\"t\":\"a\\\n\"}",
        ];
        for json in table {
            assert!(read::<Value>(json).is_err(), "{}", String::from_utf8_lossy(json));
        }
        let deep = "[".repeat(100_000);
        assert!(read::<Value>(deep.as_bytes()).is_err(), "deeper than any stack");
    }

    pub(crate) fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn valid_json_is_left_alone(value in any_value(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let text = text.unwrap();
            prop_assert!(matches!(repaired(text.as_bytes()), Cow::Borrowed(_)));
            prop_assert_eq!(read::<Value>(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
        }

        #[test]
        fn any_raw_text_inside_a_string_is_read_as_it_is(text in r#"[^"\\]*"#) {
            let json = format!("{{\"t\":\"{text}\"}}");
            prop_assert_eq!(text_of(json.as_bytes()), text);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read::<Value>(&bytes);
            let _ = repaired(&bytes);
        }

        #[test]
        fn no_piece_of_json_makes_it_panic(pieces in prop::collection::vec(
            prop::sample::select(vec![r"\u", "d83d", "de00", "\"", "\\", "{", "}", ":", "\n", "a", "\u{feff}"]), 0..40,
        )) {
            let _ = read::<Value>(pieces.concat().as_bytes());
        }
    }

    #[test]
    fn it_reads_into_any_type() {
        assert_eq!(read::<Vec<String>>(b"\xef\xbb\xbf[\"a\"]").unwrap(), ["a"]);
        assert_eq!(read::<Value>(br#"{"a":[1,"\udead"]}"#).unwrap(), json!({"a": [1, "\u{fffd}"]}));
    }
}
