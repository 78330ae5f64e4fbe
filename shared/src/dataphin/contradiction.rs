//! What cannot be meant by a profile.

use super::{
    answer::{
        names::{Says, says},
        words,
    },
    profile::{Profile, ResultWords, TokenPlace, Word},
};

impl Profile {
    /// What cannot be meant.
    pub(super) fn contradiction(&self) -> Option<String> {
        if self.message.apply_id.is_empty() {
            return Some("message.apply_id must have a name".to_owned());
        }
        if self.message.result.is_empty() {
            return Some("message.result must have a name".to_owned());
        }
        let mut names = self.message.of_members();
        names.extend(self.constants.keys().map(String::as_str));
        if self.token_place() == TokenPlace::Body && !self.cipher.needs_key() {
            names.push(&self.names.access_token);
        }
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        let twice = names.windows(2).find_map(|pair| match pair {
            [one, other] if one == other => Some(*one),
            _ => None,
        });
        if let Some(twice) = twice {
            return Some(format!("the message has two members {twice}"));
        }
        if self.token_place() != TokenPlace::Nowhere && self.names.access_token.is_empty() {
            return Some(
                "names.access_token is empty: say \"token\":\"nowhere\" to leave the token out".to_owned(),
            );
        }
        if self.cipher.needs_key() && self.names.encrypt.is_empty() {
            return Some("names.encrypt must have a name".to_owned());
        }
        self.results
            .contradiction()
            .or_else(|| self.wrong_yes())
            .or_else(|| self.accepts.iter().find_map(|answer| answer.refused_by(self)))
    }

    /// A value that is taken for a yes, and says no.
    fn wrong_yes(&self) -> Option<String> {
        if self.success_codes.is_empty() {
            return Some("success_codes is empty".to_owned());
        }
        if let Some(code) = self.success_codes.iter().find(|code| is_failure(code)) {
            return Some(format!("success_codes holds {code}, which says no"));
        }
        self.answer.yes.iter().find_map(|(name, values)| {
            if values.is_empty() {
                return Some(format!("answer.yes.{name} is empty"));
            }
            let is_whether = matches!(says(name), Says::Success | Says::Worked | Says::Result | Says::Done);
            let denies = |value: &String| {
                is_failure(value) || is_whether && words::FALSE.contains(&value.to_ascii_lowercase().as_str())
            };
            let wrong = values.iter().map(Word::to_string).find(denies)?;
            Some(format!("answer.yes.{name} holds {wrong}, which says no"))
        })
    }
}

impl ResultWords {
    /// An approval must be told from everything else.
    fn contradiction(&self) -> Option<String> {
        let Self { approved, rejected, withdrawn, expired, failed } = self;
        let others =
            [("rejected", rejected), ("withdrawn", withdrawn), ("expired", expired), ("failed", failed)];
        let all = [("approved", approved)].into_iter().chain(others);
        if let Some((name, _)) = all.into_iter().find(|(_, word)| word.to_string().trim().is_empty()) {
            return Some(format!("results.{name} is empty"));
        }
        let same = others.iter().find(|(_, word)| word.is_text(&approved.to_string()))?;
        Some(format!("results.approved and results.{} are the same word", same.0))
    }
}

/// A status of an error, a negative number, a word of failure.
fn is_failure(value: &str) -> bool {
    let is_status = value.len() == 3 && value.starts_with(['4', '5']);
    let is_number = value.parse::<f64>().is_ok_and(|number| number < 0.0 || is_status);
    let is_word = words::FALSE.contains(&value.to_ascii_lowercase().as_str());
    is_number || words::tell_of_failure(value) || is_word && value.len() > 2
}
