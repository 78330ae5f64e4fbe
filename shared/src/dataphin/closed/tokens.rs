//! A text as tokens: English words one by one (codes taken apart: `DPN.OA.ApplyFinished`), Chinese characters, ids, brackets.

/// One token, and how deep it stands in brackets or quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dataphin) struct Token {
    pub kind: Kind,
    pub depth: u8,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::dataphin) enum Kind {
    /// An English word in lower case, without the `s` of its plural.
    Word(String),
    /// A Chinese character.
    Han(char),
    /// An id, an address, a number.
    Id,
    /// The number 0.
    Zero,
    /// What follows is an id: `=` or `#`.
    Mark,
    /// A comma, a colon, a dash.
    Pause,
    /// The end of a sentence.
    End,
}

const OPENING: &str = "([{<“‘「『《【（〔［｛";
const CLOSING: &str = ")]}>”’」』》】）〕］｝";
const QUOTES: &str = "\"'`";
const PAUSES: &str = ",;:，；：|";
const ENDS: &str = "!?。！？\n\r";

/// Takes a text apart. `knows` tells the words of the vocabulary: a code like `E1001_APPLY_NOT_EXIST` holds some, an id none.
pub(in crate::dataphin) fn tokens(text: &str, knows: &dyn Fn(&str) -> bool) -> Vec<Token> {
    let mut reader = Reader { tokens: Vec::new(), depth: 0, quoted: None, knows };
    let chars: Vec<char> = text.chars().map(|c| if c == '’' { '\'' } else { c }).collect();
    let mut at = 0;
    while at < chars.len() {
        let end = at + chars[at..].iter().take_while(|c| is_of_chunk(**c)).count();
        // An apostrophe at the edge of a word is a quote.
        let start = at + chars[at..end].iter().take_while(|c| **c == '\'').count();
        if start > at || end == at {
            reader.sign(chars[at]);
            at += 1;
            continue;
        }
        let chunk: String = chars[start..end].iter().collect();
        let bare = chunk.trim_end_matches(['\'', '.', '-', '/']);
        reader.chunk(bare);
        at = start + bare.chars().count();
        for sign in &chars[at..end] {
            reader.sign(*sign);
        }
        if chars[at..end].contains(&'.') {
            reader.push(Kind::End);
        }
        at = end;
    }
    reader.tokens
}

fn is_of_chunk(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '\'')
}

struct Reader<'a> {
    tokens: Vec<Token>,
    depth: u8,
    quoted: Option<char>,
    knows: &'a dyn Fn(&str) -> bool,
}

impl Reader<'_> {
    fn push(&mut self, kind: Kind) {
        self.tokens.push(Token { kind, depth: self.depth });
    }

    fn sign(&mut self, c: char) {
        if OPENING.contains(c) {
            self.depth = self.depth.saturating_add(1);
        } else if CLOSING.contains(c) {
            self.depth = self.depth.saturating_sub(1);
        } else if QUOTES.contains(c) {
            if self.quoted == Some(c) {
                (self.quoted, self.depth) = (None, self.depth.saturating_sub(1));
            } else if self.quoted.is_none() {
                (self.quoted, self.depth) = (Some(c), self.depth.saturating_add(1));
            }
        } else if matches!(c, '=' | '#' | '＝') {
            self.push(Kind::Mark);
        } else if PAUSES.contains(c) {
            self.push(Kind::Pause);
        } else if ENDS.contains(c) {
            self.push(Kind::End);
        } else if c.is_alphabetic() && !c.is_ascii() {
            self.push(Kind::Han(c));
        } else if c.is_numeric() {
            self.push(Kind::Id);
        }
    }

    /// A run of letters, digits, and what joins them.
    fn chunk(&mut self, chunk: &str) {
        if chunk.is_empty() {
            return;
        }
        if chunk.bytes().all(|byte| byte == b'0') {
            return self.push(Kind::Zero);
        }
        if chunk.starts_with('/') || chunk.contains("//") {
            return self.push(Kind::Id);
        }
        if let Some(stem) = chunk.strip_suffix("n't").or_else(|| chunk.strip_suffix("N'T")) {
            // "can't" is left as "ca".
            let stem = if stem.eq_ignore_ascii_case("ca") { "can" } else { stem };
            self.chunk(stem);
            return self.push(Kind::Word("not".to_owned()));
        }
        if chunk.eq_ignore_ascii_case("cannot") {
            self.push(Kind::Word("can".to_owned()));
            return self.push(Kind::Word("not".to_owned()));
        }
        let chunk = chunk.split('\'').next().unwrap_or_default();
        let parts: Vec<&str> = chunk.split(['_', '-', '.', '/']).flat_map(of_camel_case).collect();
        let has_digit = chunk.bytes().any(|byte| byte.is_ascii_digit());
        if has_digit && !parts.iter().any(|part| (self.knows)(&stem(part))) {
            return self.push(Kind::Id);
        }
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            if part.bytes().any(|byte| byte.is_ascii_digit()) {
                self.push(Kind::Id);
                continue;
            }
            for word in self.of_words(&part.to_ascii_lowercase()) {
                self.push(Kind::Word(word));
            }
        }
    }

    /// A word, or the known words that are written together in it (`APPLYNOTEXIST`).
    fn of_words(&self, word: &str) -> Vec<String> {
        const SHORTEST: usize = 7;
        const SHORTEST_PART: usize = 3;
        const LONGEST: usize = 48;
        let whole = stem(word);
        if (self.knows)(&whole) || !(SHORTEST..=LONGEST).contains(&word.len()) {
            return vec![whole];
        }
        // For each length of a beginning: the longest known word at its end, where the rest is known words, too.
        let mut ends: Vec<Option<usize>> = vec![None; word.len() + 1];
        ends[0] = Some(0);
        for end in 1..=word.len() {
            ends[end] = (0..(end + 1).saturating_sub(SHORTEST_PART))
                .find(|start| ends[*start].is_some() && (self.knows)(&stem(&word[*start..end])));
        }
        let (mut words, mut end) = (Vec::new(), word.len());
        while end > 0 {
            let Some(start) = ends[end] else { return vec![whole] };
            words.insert(0, stem(&word[start..end]));
            end = start;
        }
        words
    }
}

/// The parts of `ApplyNotExist`, `applyID` and `OAApply`.
pub(in crate::dataphin) fn of_camel_case(chunk: &str) -> Vec<&str> {
    let bytes = chunk.as_bytes();
    let is_edge = |at: &usize| {
        let (before, here) = (bytes[at - 1], bytes[*at]);
        let next_is_small = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        here.is_ascii_uppercase()
            && (before.is_ascii_lowercase() || (before.is_ascii_uppercase() && next_is_small))
    };
    let mut parts = Vec::new();
    let mut start = 0;
    for edge in (1..bytes.len()).filter(is_edge) {
        parts.push(&chunk[start..edge]);
        start = edge;
    }
    parts.push(&chunk[start..]);
    parts
}

/// A word in lower case, without the `s` of a plural or of a third person.
pub(in crate::dataphin) fn stem(word: &str) -> String {
    let lower = word.to_ascii_lowercase();
    match lower.strip_suffix('s') {
        Some(stem) if lower.len() > 3 && !stem.ends_with(['s', 'u', 'i']) => stem.to_owned(),
        _ => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let known = ["apply", "not", "exist", "request", "found"];
        let tokens = tokens(text, &|word| known.contains(&word));
        let shown = |token: &Token| match &token.kind {
            Kind::Word(word) => word.clone(),
            Kind::Han(c) => c.to_string(),
            Kind::Id => "#".to_owned(),
            Kind::Zero => "0".to_owned(),
            Kind::Mark => "=".to_owned(),
            Kind::Pause => ",".to_owned(),
            Kind::End => ".".to_owned(),
        };
        tokens.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn codes_are_taken_apart_and_ids_are_not() {
        for (text, tokens) in [
            ("DPN.OA.ApplyFinished", "dpn oa apply finished"),
            ("REQUEST_NOT_EXIST", "request not exist"),
            ("APPLYNOTEXISTS", "apply not exist"),
            ("E1001_APPLY_NOT_EXIST", "# apply not exist"),
            ("OAApplyID", "oa apply id"),
            ("2f1c-77aa-bpm", "#"),
            ("The requests weren't found.", "the request were not found ."),
            ("can't / cannot", "can not can not"),
            ("POST /api/request not found", "post # not found"),
            ("审批单[12]不存在，ok", "审 批 单 # 不 存 在 , ok"),
            ("id=abc", "id = abc"),
            ("0 of 10", "0 of #"),
        ] {
            assert_eq!(shown(text), tokens, "{text}");
        }
    }

    #[test]
    fn brackets_and_quotes_have_a_depth_of_their_own() {
        let depths: Vec<u8> =
            tokens("a (b [c] 'd') “e”", &|_| false).iter().map(|token| token.depth).collect();
        assert_eq!(depths, [0, 1, 2, 2, 1]);
    }
}
