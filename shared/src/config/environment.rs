//! Reading variables, and saying what is wrong with them in words that help.

use std::{collections::BTreeMap, fmt, ops::RangeInclusive, str::FromStr};

use secrecy::SecretString;

use super::Home;
use crate::{dingtalk::crypto::AesKey, words::Words};

/// A variable, as the README lists it.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it holds, and where to find that.
    pub about: &'static str,
    /// What holds when it is not set.
    pub fallback: Fallback,
}

/// What holds when a variable is not set.
#[derive(Debug, Clone, Copy)]
pub enum Fallback {
    /// It must be set.
    Required,
    /// Nothing: what it is for is off.
    None,
    /// This.
    Is(&'static str),
}

/// Every variable there is; the README's table is this one.
pub const VARIABLES: &[&[Variable]] =
    &[super::dingtalk::VARIABLES, super::dataphin::VARIABLES, super::bridge::VARIABLES];

/// What is wrong, by variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(BTreeMap<&'static str, Words>);

impl Problems {
    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Variable and problem, one by one.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Words)> {
        self.0.iter().map(|(name, problem)| (*name, problem))
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the configuration is not right / 配置有误：")?;
        for (name, problem) in &self.0 {
            writeln!(f, "  {name} {} / {}", problem.en, problem.zh)?;
        }
        let place = match Home::here() {
            Home::Aws => Words::new("in the stack's parameters and its secret", "堆栈参数及其密钥中的"),
            Home::Machine => Words::new("in the environment and start again", "环境变量后重新启动"),
        };
        write!(f, "fix these variables {}; the README lists them all / 请修正{}", place.en, place.zh)
    }
}

/// Reads variables and collects what is wrong.
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: BTreeMap<&'static str, Words>,
}

impl<'a> Environment<'a> {
    /// Reads from `lookup`.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, problems: BTreeMap::new() }
    }

    /// What was wrong so far.
    pub fn problems(self) -> Problems {
        Problems(self.problems)
    }

    /// Notes that something is wrong with a variable; the text goes on after its name. The value itself is never repeated: it
    /// may be a secret.
    pub fn wrong(&mut self, variable: &Variable, what: Words) {
        self.problems.insert(variable.name, what);
    }

    /// Notes that a variable is needed and not set.
    pub fn missing(&mut self, variable: &Variable) {
        self.wrong(variable, Words::new(format!("is missing: {}", variable.about), "未设置"));
    }

    fn unexpected(&mut self, variable: &Variable, expected: &Words) {
        let en = format!("is wrong: expected {} ({})", expected.en, variable.about);
        self.wrong(variable, Words::new(en, format!("的值无效：应为{}", expected.zh)));
    }

    /// The text of a variable: set, or by default.
    pub fn text(&mut self, variable: &Variable) -> Option<String> {
        if let Some(text) = self.given(variable) {
            return Some(text);
        }
        match variable.fallback {
            Fallback::Is(text) => Some(text.to_owned()),
            Fallback::None => None,
            Fallback::Required => {
                self.missing(variable);
                None
            }
        }
    }

    /// A secret.
    pub fn secret(&mut self, variable: &Variable) -> Option<SecretString> {
        self.text(variable).map(Into::into)
    }

    /// A value of another type.
    pub fn parsed<T: FromStr>(&mut self, variable: &Variable, expected: &Words) -> Option<T> {
        let text = self.text(variable)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.unexpected(variable, expected);
        }
        parsed
    }

    /// A 43-character AES key.
    pub fn aes_key(&mut self, variable: &Variable) -> Option<AesKey> {
        let text = self.text(variable)?;
        let key = text.parse().ok();
        if key.is_none() {
            let has = text.chars().count();
            let expected = Words::new(
                format!("43 letters and digits, it has {has}"),
                format!(" 43 位字母或数字，当前为 {has} 位"),
            );
            self.unexpected(variable, &expected);
        }
        key
    }

    /// An `http://` or `https://` address, without the slash at its end.
    pub fn address(&mut self, variable: &Variable) -> Option<String> {
        let text = self.text(variable)?;
        let parsed = reqwest::Url::parse(&text).ok();
        // `https://https://…`: a scheme that was copied twice becomes the host.
        let is_host = |host: &str| !host.is_empty() && !matches!(host, "http" | "https");
        let is_address = |url: &reqwest::Url| {
            matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(is_host)
        };
        if parsed.as_ref().is_some_and(is_address) {
            return Some(text.trim_end_matches('/').to_owned());
        }
        let expected = Words::new(
            "an address that begins with http:// or https:// once, and then its host",
            "以一个 http:// 或 https:// 开头、其后为主机名的地址",
        );
        self.unexpected(variable, &expected);
        None
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, variable: &Variable, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(variable)?;
        let chosen =
            choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text)).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let words = words.join(", ");
            let expected = Words::new(format!("one of {words}"), format!("以下之一：{words}"));
            self.unexpected(variable, &expected);
        }
        chosen
    }

    /// A whole number within limits.
    pub fn whole<T: TryFrom<i64>>(&mut self, variable: &Variable, range: RangeInclusive<i64>) -> Option<T> {
        let (first, last) = (range.start(), range.end());
        let expected = if *last == i64::MAX {
            Words::new("digits only", "纯数字")
        } else {
            Words::new(format!("a whole number, {first} to {last}"), format!(" {first} 到 {last} 的整数"))
        };
        let number = self.parsed::<i64>(variable, &expected)?;
        let number = Some(number).filter(|it| range.contains(it)).and_then(|it| T::try_from(it).ok());
        if number.is_none() {
            self.unexpected(variable, &expected);
        }
        number
    }

    fn given(&self, variable: &Variable) -> Option<String> {
        (self.lookup)(variable.name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}
