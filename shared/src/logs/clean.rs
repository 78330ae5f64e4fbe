//! The last gate before a log: a line is one line, holds no secret that is configured, and nothing that a terminal obeys.

use std::{
    io::{self, Write},
    sync::{PoisonError, RwLock},
};

use crate::{
    config::{SECRETS, Variables},
    dataphin::mask::Mask,
    visible::{visible, visible_json},
};

/// A shorter one is a placeholder, and part of many words.
const SHORTEST_SECRET: usize = 6;

static HIDDEN: RwLock<Option<Mask>> = RwLock::new(None);

/// From now on no line shows a secret of these variables.
pub fn hide(variables: &Variables) {
    *HIDDEN.write().unwrap_or_else(PoisonError::into_inner) = Some(mask(variables));
}

fn mask(variables: &Variables) -> Mask {
    let secrets = SECRETS.iter().filter_map(|name| variables.given(name));
    Mask::of(secrets.filter(|secret| secret.len() >= SHORTEST_SECRET))
}

/// Writes lines, each of which comes whole.
pub(super) struct Lines<W> {
    to: W,
    visible: fn(&str) -> String,
}

impl<W: Write> Lines<W> {
    /// Lines for people.
    pub fn text(to: W) -> Self {
        Self { to, visible }
    }

    /// Lines of JSON.
    pub fn json(to: W) -> Self {
        Self { to, visible: visible_json }
    }
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let hidden = HIDDEN.read().unwrap_or_else(PoisonError::into_inner);
        let shown = clean(&text, hidden.as_ref(), self.visible);
        self.to.write_all(shown.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn clean(line: &str, hidden: Option<&Mask>, visible: impl Fn(&str) -> String) -> String {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let covered = hidden.map_or_else(|| line.to_owned(), |mask| mask.cover(line));
    visible(&covered) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_shows_no_secret_however_it_got_there() {
        let variables = [
            ("DATAPHIN_ACCESS_TOKEN", "6d1b2n1c"),
            ("BRIDGE_OPERATOR_TOKEN", "a+long/token"),
            ("DINGTALK_CALLBACK_TOKEN", "abc"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mask = mask(&variables.into_iter().collect());
        for (line, expected) in [
            ("refused path=/x/6d1b2n1c\n", "refused path=/x/***\n"),
            ("a%2Blong%2Ftoken and a+long/token\n", "*** and ***\n"),
            ("abc is too short to be looked for\n", "abc is too short to be looked for\n"),
            ("forged\nERROR line\u{1b}[2J\n", "forged\\nERROR line\\u{1b}[2J\n"),
        ] {
            assert_eq!(clean(line, Some(&mask), visible), expected);
        }
    }

    #[test]
    fn each_write_is_passed_on_clean_and_counts_as_whole() {
        let mut out = Vec::new();
        let line = "{\"title\":\"\u{9b}2J\"}\n".as_bytes();
        assert_eq!(Lines::json(&mut out).write(line).unwrap(), line.len());
        assert_eq!(String::from_utf8(out).unwrap(), "{\"title\":\"\\u009b2J\"}\n");
    }
}
