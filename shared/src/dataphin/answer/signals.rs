//! Every yes and every no of an answer, and what it says in words.
//!
//! A *yes* counts only at the top of an answer, and only in the few forms that the protocol notes list. A *no* counts wherever it
//! stands, in any dialect: an outcome must not be lost because an answer was read generously.

use super::{
    doubts,
    names::{Says, says, squeezed},
    node::{Node, is_page},
    words::{self, BANS, FALSE, NONE},
};
use crate::dataphin::profile::{Profile, Word};

/// How many texts of an answer are kept.
const TEXTS_KEPT: usize = 16;
/// How deep JSON text within JSON text is looked into.
const NESTED_TEXTS: usize = 4;

/// What an answer says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Each is a signal of its own; they do not exclude each other.
pub(in crate::dataphin) struct Signals {
    /// There is an explicit yes.
    pub yes: bool,
    /// There is an explicit no.
    pub no: bool,
    /// There is what makes one doubt a yes: it is neither a yes nor a no.
    pub doubt: bool,
    /// There is a code 1: success in some dialects, and failure in others.
    one: bool,
    /// There is a `success` that is false.
    pub denied: bool,
    /// The member that says no first, and its value.
    pub because: Option<(String, String)>,
    /// The answer has Dataphin's own shape: an object with a `success` or a code of its own, at the top or in its content.
    pub shaped: bool,
    /// Codes, those at the top first.
    pub codes: Vec<String>,
    /// Messages for people, those at the top first.
    pub messages: Vec<String>,
}

impl Signals {
    /// Of an answer that is a value.
    pub fn of_value(node: &Node, profile: &Profile) -> Self {
        let mut collector = Collector { profile, signals: Self::default() };
        match node {
            Node::Members(members) => {
                // What stands at the top is kept first.
                let (top, deep): (Vec<_>, Vec<_>) =
                    members.iter().partition(|(_, node)| node.scalar().is_some());
                for (name, node) in top.into_iter().chain(deep) {
                    collector.member(name, node, Place::Top, NESTED_TEXTS);
                }
            }
            Node::Bool(false) => {
                collector.signals.no = true;
                collector.keep_message("false");
            }
            node => collector.value(node, Place::Deep, NESTED_TEXTS),
        }
        let mut signals = collector.signals;
        // Beside an explicit yes it is a question for the operator, and no no: `accepts` may answer it.
        signals.no |= signals.one && !signals.yes;
        signals.doubt |= signals.one;
        signals
    }

    /// Of an answer that is words.
    pub fn of_words(text: &str) -> Self {
        let is_yes = words::YES.iter().any(|yes| yes.eq_ignore_ascii_case(text.trim()));
        let has_ban = BANS.iter().any(|ban| text.to_ascii_lowercase().contains(ban));
        let no = !is_yes && (words::say_no(text) || has_ban);
        Self { yes: is_yes, no, messages: vec![text.to_owned()], ..Self::default() }
    }

    /// The texts that may say that the request is closed.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.codes.iter().chain(&self.messages).map(String::as_str)
    }
}

struct Collector<'a> {
    profile: &'a Profile,
    signals: Signals,
}

/// What a code says.
enum Code {
    Success,
    Failure,
    Nothing,
}

/// Where a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the answer itself.
    Top,
    /// In what holds the answer's content.
    Content,
    Deep,
}

impl Collector<'_> {
    fn member(&mut self, name: &str, node: &Node, place: Place, nested: usize) {
        let said_no = self.signals.no;
        self.judge_member(name, node, place, nested);
        if self.signals.no && !said_no && self.signals.because.is_none() {
            self.signals.because = first_text(node).map(|text| (name.to_owned(), text));
        }
    }

    fn judge_member(&mut self, name: &str, node: &Node, place: Place, nested: usize) {
        let top = place == Place::Top;
        if let Some(values) = self.own_yes(name)
            && values.iter().any(|value| is_value(node, value))
        {
            self.signals.yes |= top;
            self.signals.shaped |= top;
            return;
        }
        let text = node.scalar();
        let kind = if self.profile.answer.message.iter().any(|own| squeezed(own) == squeezed(name)) {
            Says::Message
        } else if self.profile.answer.code.iter().any(|own| squeezed(own) == squeezed(name)) {
            Says::Code
        } else {
            says(name)
        };
        match (kind, text) {
            (Says::Success | Says::Worked, Some(text)) => self.worked(kind, &text, place),
            (Says::Code | Says::ErrCode | Says::OtherCode | Says::HttpStatus, Some(text)) => {
                self.code(kind, name, &text, place);
            }
            (Says::Status, Some(text)) => self.status(&text, place),
            (Says::CodeLike, Some(text)) => {
                self.signals.doubt |= matches!(self.judged(&text), Code::Failure);
                self.signals.no |= words::tell_of_failure(&text);
            }
            (Says::ResultLike, Some(text)) => {
                let lower = text.to_ascii_lowercase();
                self.signals.no |=
                    words::tell_of_failure(&text) || FALSE.contains(&lower.as_str()) && lower != "0";
                self.signals.doubt |= lower == "0";
            }
            (Says::FailCount, Some(text)) => {
                self.signals.no |=
                    !NONE.contains(&text.to_ascii_lowercase().as_str()) && text.parse() != Ok(0.0);
            }
            (Says::Done, Some(text)) if place != Place::Deep => {
                self.signals.doubt |= FALSE.contains(&text.to_ascii_lowercase().as_str());
            }
            (Says::Passed, Some(text)) if top => {
                self.signals.doubt |= FALSE.contains(&text.to_ascii_lowercase().as_str());
            }
            (Says::InTheWay, Some(text)) if place != Place::Deep => {
                // A number may be a setting: `timeout` in seconds.
                let is_number = text != "1" && text.parse::<f64>().is_ok();
                self.signals.doubt |= !is_number && !NONE.contains(&text.to_ascii_lowercase().as_str());
            }
            (Says::Result | Says::Data, Some(text)) => {
                let lower = text.to_ascii_lowercase();
                self.signals.yes |=
                    top && kind == Says::Result && matches!(lower.as_str(), "true" | "success");
                // A 0 may be a result like any other.
                let is_false = FALSE.contains(&lower.as_str()) && lower != "0";
                self.signals.no |=
                    is_false || (matches!(node, Node::Text(_)) && words::tell_of_failure(&text));
            }
            (Says::Error | Says::ErrorMessage | Says::Ban, Some(text)) => {
                self.signals.no |= !NONE.contains(&text.to_ascii_lowercase().as_str())
                    && (!text.contains("成功") || words::tell_of_failure(&text));
                self.keep_message(&text);
            }
            (Says::Error | Says::Ban, None) => self.signals.no |= !is_empty(node),
            (Says::Reason, Some(_)) if !top => {}
            (Says::Message | Says::Reason, Some(text)) => {
                self.signals.doubt |= kind == Says::Message && doubts::raises_doubt(&text);
                self.signals.no |= words::tell_of_failure(&text) || words::tell_of_absence(&text);
                self.keep_message(&text);
            }
            _ => {}
        }
        let is_content = matches!(kind, Says::Data | Says::Result | Says::Error) && place != Place::Deep;
        self.value(node, if is_content { Place::Content } else { Place::Deep }, nested);
    }

    /// Whatever is deeper.
    fn value(&mut self, node: &Node, place: Place, nested: usize) {
        match node {
            Node::Members(members) => {
                for (name, node) in members {
                    self.member(name, node, place, nested);
                }
            }
            Node::List(list) => list.iter().for_each(|node| {
                // A message in pieces, a code in a list.
                if let Node::Text(text) = node
                    && !is_a_name(text)
                {
                    self.signals.no |= words::tell_of_failure(text);
                }
                self.value(node, place, nested);
            }),
            Node::Text(text) => {
                let lower = text.to_ascii_lowercase();
                self.signals.no |= is_page(text) || BANS.iter().any(|ban| lower.contains(ban));
                match (Node::within(text), nested.checked_sub(1)) {
                    (Some(inner), Some(left)) => self.value(&inner, place, left),
                    // Nobody knows what it says.
                    (Some(_), None) => self.signals.doubt = true,
                    (None, _) => {}
                }
            }
            Node::Null | Node::Bool(_) | Node::Number(_) => {}
        }
    }

    fn worked(&mut self, kind: Says, text: &str, place: Place) {
        let lower = text.to_ascii_lowercase();
        let denied =
            FALSE.contains(&lower.as_str()) || lower.starts_with('-') || words::tell_of_failure(text);
        self.signals.yes |= place == Place::Top && kind == Says::Success && lower == "true";
        self.signals.no |= denied;
        self.signals.denied |= denied;
        self.signals.shaped |= place != Place::Deep;
    }

    fn code(&mut self, kind: Says, name: &str, text: &str, place: Place) {
        let top = place == Place::Top;
        let is_of_errors = squeezed(name).contains("err");
        let code = match kind {
            Says::ErrCode if text == "0" => Code::Success,
            Says::OtherCode if text == "false" && !is_of_errors => Code::Failure,
            Says::OtherCode if NONE.contains(&text.to_ascii_lowercase().as_str()) => Code::Nothing,
            _ => self.judged(text),
        };
        self.signals.shaped |= place != Place::Deep && kind != Says::HttpStatus && !text.is_empty();
        match code {
            Code::Success => {
                self.signals.yes |= top && (kind == Says::Code || text == "0" && kind == Says::ErrCode);
            }
            Code::Failure => {
                let is_one = text == "1" && top && kind != Says::HttpStatus && !is_of_errors;
                self.signals.one |= is_one;
                self.signals.no |= !is_one;
                if self.signals.codes.len() < TEXTS_KEPT {
                    self.signals.codes.push(text.to_owned());
                }
            }
            Code::Nothing => {}
        }
    }

    fn judged(&self, text: &str) -> Code {
        let codes = &self.profile.success_codes;
        let lists = |is: fn(&str) -> bool| codes.iter().any(|code| is(code));
        if text.is_empty() || text == "true" {
            Code::Nothing
        } else if codes.iter().any(|code| code.eq_ignore_ascii_case(text)) {
            Code::Success
        } else if (is_zeros(text) && lists(is_zeros)) || (is_2xx(text) && lists(is_2xx)) {
            Code::Nothing
        } else {
            Code::Failure
        }
    }

    /// A word or a small number may be the request's own state.
    fn status(&mut self, text: &str, place: Place) {
        let lower = text.to_ascii_lowercase();
        let is_bad =
            text.parse::<f64>().is_ok_and(|number| number < 0.0 || (number >= 100.0 && !is_2xx(text)));
        self.signals.no |= is_bad || lower == "false" || words::tell_of_failure(text) || lower == "ko";
        // "No" or "failed" in one letter, or a state of the request.
        self.signals.doubt |= place == Place::Top && matches!(lower.as_str(), "n" | "f" | "e");
    }

    fn keep_message(&mut self, text: &str) {
        if !text.is_empty() && self.signals.messages.len() < TEXTS_KEPT {
            self.signals.messages.push(text.to_owned());
        }
    }

    /// The values of a member that the profile takes for a yes.
    fn own_yes(&self, name: &str) -> Option<&Vec<Word>> {
        let name = squeezed(name);
        self.profile.answer.yes.iter().find(|(own, _)| squeezed(own) == name).map(|(_, values)| values)
    }
}

fn is_value(node: &Node, value: &Word) -> bool {
    node.scalar().is_some_and(|text| value.is_text(&text))
}

/// What a value says, or the first thing in it.
fn first_text(node: &Node) -> Option<String> {
    match node {
        Node::List(list) => list.iter().find_map(first_text),
        Node::Members(members) => members.iter().find_map(|(_, node)| first_text(node)),
        node => node.scalar(),
    }
}

/// `error_log_table`: the name of something.
fn is_a_name(text: &str) -> bool {
    text.contains(['_', '.'])
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn is_zeros(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'0')
}

fn is_2xx(text: &str) -> bool {
    text.len() == 3 && text.starts_with('2') && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_empty(node: &Node) -> bool {
    match node {
        Node::Null => true,
        Node::List(list) => list.is_empty(),
        Node::Members(members) => members.is_empty(),
        Node::Bool(_) | Node::Number(_) | Node::Text(_) => false,
    }
}
