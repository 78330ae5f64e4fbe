//! Bytes to text. An answer may be compressed (whether or not its header says so) and in another character set than UTF-8.

use std::io::Read;

use encoding_rs::{Encoding, GB18030, UTF_16BE, UTF_16LE};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};

/// The most that an answer may hold once it is decompressed: against decompression bombs.
const TEXT_LIMIT: usize = 1024 * 1024;
/// How often an answer is decompressed: a server and a proxy before it may both compress.
const LAYERS: usize = 2;

/// Why bytes are no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::dataphin) enum Unreadable {
    /// Decompressed, it is longer than anything we expect.
    #[error("the answer is longer than 1 MiB")]
    TooLong,
    /// It is compressed, and damaged or cut.
    #[error("the compressed answer is damaged or cut")]
    Damaged,
    /// It is in no character set that we know.
    #[error("the answer is no text")]
    NoText,
}

/// The text of an answer's body.
pub(in crate::dataphin) fn text(body: &[u8], headers: &HeaderMap) -> Result<String, Unreadable> {
    let mut bytes = body.to_vec();
    let mut named = header(headers, CONTENT_ENCODING.as_str());
    for _ in 0..LAYERS {
        let Some(inner) = decompressed(&bytes, &named)? else { break };
        bytes = inner;
        // The header is about the outermost layer.
        named.clear();
    }
    in_a_charset(&bytes, &header(headers, CONTENT_TYPE.as_str())).ok_or(Unreadable::NoText)
}

fn header(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    value.unwrap_or_default().to_ascii_lowercase()
}

/// One layer less; `None` where there is none. A header may name a compression that a proxy has undone already.
fn decompressed(bytes: &[u8], named: &str) -> Result<Option<Vec<u8>>, Unreadable> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return bounded(MultiGzDecoder::new(bytes)).map(Some);
    }
    if is_zlib(bytes) {
        let mut decoder = ZlibDecoder::new(bytes);
        let inflated = bounded(&mut decoder);
        match whole(inflated, decoder.total_in(), bytes) {
            // Two letters of a text may look like it.
            Err(Unreadable::Damaged) if std::str::from_utf8(bytes).is_ok() => return Ok(None),
            inflated => return inflated.map(Some),
        }
    }
    if std::str::from_utf8(bytes).is_ok() || starts_with_mark(bytes) {
        return Ok(None);
    }
    let mut decoder = DeflateDecoder::new(bytes);
    let inflated = bounded(&mut decoder);
    match whole(inflated, decoder.total_in(), bytes) {
        Ok(inflated) if std::str::from_utf8(&inflated).is_ok() => Ok(Some(inflated)),
        Err(Unreadable::TooLong) => Err(Unreadable::TooLong),
        _ if named.contains("deflate") => Err(Unreadable::Damaged),
        _ => Ok(None),
    }
}

/// Whether these are the two bytes of a zlib header.
fn is_zlib(bytes: &[u8]) -> bool {
    let [first, second, ..] = bytes else { return false };
    first & 0x0f == 8 && first >> 4 <= 7 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31)
}

fn bounded(decoder: impl Read) -> Result<Vec<u8>, Unreadable> {
    let (limit, mut inflated) = (TEXT_LIMIT as u64 + 1, Vec::new());
    decoder.take(limit).read_to_end(&mut inflated).map_err(|_| Unreadable::Damaged)?;
    if inflated.len() > TEXT_LIMIT { Err(Unreadable::TooLong) } else { Ok(inflated) }
}

/// What was inflated, if nothing stands behind it.
fn whole(inflated: Result<Vec<u8>, Unreadable>, read: u64, bytes: &[u8]) -> Result<Vec<u8>, Unreadable> {
    if inflated.is_ok() && read < bytes.len() as u64 { Err(Unreadable::Damaged) } else { inflated }
}

fn starts_with_mark(bytes: &[u8]) -> bool {
    Encoding::for_bom(bytes).is_some()
}

/// By its byte order mark, as UTF-16 without one, as UTF-8, as the header says, or as what is usual in China.
fn in_a_charset(bytes: &[u8], content_type: &str) -> Option<String> {
    let whole = |encoding: &'static Encoding, bytes| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes).map(|text| text.into_owned())
    };
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return whole(encoding, &bytes[mark..]);
    }
    match bytes {
        [0, second, ..] if *second != 0 => return whole(UTF_16BE, bytes),
        [first, 0, ..] if *first != 0 => return whole(UTF_16LE, bytes),
        _ => {}
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(text.to_owned());
    }
    let named = content_type.split_once("charset=").and_then(|(_, label)| {
        let label = label.split(';').next().unwrap_or_default().trim_matches(['"', '\'', ' ']);
        Encoding::for_label(label.as_bytes())
    });
    named
        .and_then(|encoding| whole(encoding, bytes))
        .or_else(|| whole(GB18030, bytes).filter(|text| is_text(text)))
}

/// Almost any bytes are some text in GB18030; those of a person hold no control characters.
fn is_text(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const ANSWER: &str = r#"{"success":false,"message":"系统繁忙"}"#;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn utf16(text: &str, mark: bool, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        mark.into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    /// A name, the body, and headers.
    type Case<'a> = (&'a str, Vec<u8>, &'a [(&'a str, &'a str)]);

    #[test]
    fn an_answer_is_read_in_whatever_form_its_bytes_are() {
        let gbk = encoding_rs::GBK.encode(ANSWER).0.into_owned();
        let marked = [b"\xef\xbb\xbf", ANSWER.as_bytes()].concat();
        let table: [Case; 15] = [
            ("plain", ANSWER.into(), &[]),
            ("a mark", marked.clone(), &[]),
            ("gzip, and a header", gzip(ANSWER.as_bytes()), &[("content-encoding", "gzip")]),
            ("gzip, and no header", gzip(ANSWER.as_bytes()), &[]),
            ("gzip, and a mark", gzip(&marked), &[]),
            ("gzip twice", gzip(&gzip(ANSWER.as_bytes())), &[("content-encoding", "gzip, gzip")]),
            ("a header, and no gzip", ANSWER.into(), &[("content-encoding", "gzip")]),
            ("zlib, and a header", zlib(ANSWER.as_bytes()), &[("content-encoding", "deflate")]),
            ("zlib, and no header", zlib(ANSWER.as_bytes()), &[]),
            ("deflate, and a header", deflate(ANSWER.as_bytes()), &[("content-encoding", "deflate")]),
            ("deflate, and no header", deflate(ANSWER.as_bytes()), &[]),
            ("UTF-16, little end first", utf16(ANSWER, true, u16::to_le_bytes), &[]),
            ("UTF-16 without a mark", utf16(ANSWER, false, u16::to_be_bytes), &[]),
            ("GBK", gbk.clone(), &[("content-type", "text/html; charset=\"GBK\"")]),
            ("GBK, and no header", gbk, &[("content-type", "application/json")]),
        ];
        for (form, bytes, pairs) in table {
            assert_eq!(text(&bytes, &headers(pairs)).as_deref(), Ok(ANSWER), "{form}");
        }
    }

    #[test]
    fn what_is_cut_damaged_or_no_text_is_said_to_be() {
        let whole = gzip(ANSWER.as_bytes());
        assert_eq!(text(&whole[..whole.len() - 9], &headers(&[])), Err(Unreadable::Damaged));
        for whole in [zlib(ANSWER.as_bytes()), gzip(ANSWER.as_bytes())] {
            let behind = [&whole[..], &[0x9c, 0xff, 1]].concat();
            assert_eq!(text(&behind, &headers(&[])), Err(Unreadable::Damaged));
        }
        let behind = [&deflate(ANSWER.as_bytes())[..], &[0x9c, 0xff, 1]].concat();
        assert!(text(&behind, &headers(&[("content-encoding", "deflate")])).is_err());
        assert_eq!(text(b"\xff\xfd\xfe", &headers(&[])), Err(Unreadable::NoText));
        let cut = utf16(ANSWER, true, u16::to_le_bytes);
        assert_eq!(text(&cut[..cut.len() - 1], &headers(&[])), Err(Unreadable::NoText));
    }

    #[test]
    fn a_decompression_bomb_is_not_unpacked() {
        let bomb = gzip(&vec![b' '; 16 * TEXT_LIMIT]);
        for bytes in [bomb.clone(), gzip(&bomb), zlib(&vec![b' '; 2 * TEXT_LIMIT])] {
            assert_eq!(text(&bytes, &headers(&[])), Err(Unreadable::TooLong));
        }
    }

    #[test]
    fn a_text_that_looks_like_a_compressed_one_is_a_text() {
        assert_eq!(text("x^2 is a square".as_bytes(), &headers(&[])).as_deref(), Ok("x^2 is a square"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_text_or_are_not(bytes in vec(any::<u8>(), 0..200), encoding in "gzip|deflate|br|", charset in "gbk|utf-16|x") {
            let pairs = [("content-encoding", encoding.as_str()), ("content-type", &format!("a/b;charset={charset}"))];
            let _ = text(&bytes, &headers(&pairs));
        }
    }
}
