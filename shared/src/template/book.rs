//! The templates that the bridge uses, and which of them a request gets.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fill, fill::shows_content, official};
use crate::approval::{ProcessCode, Request};

/// Which requests a template is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Purpose {
    /// All that have none of their own.
    Default,
    /// Those of a type (`AUTH`, `PUBLISH`, …).
    Type(String),
    /// Those that name this `templateCode`.
    Code(String),
    /// Those of Quick BI.
    QuickBi,
}

const LONGEST_WORD: usize = 64;

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Type(kind) => write!(f, "type:{kind}"),
            Self::Code(code) => write!(f, "code:{code}"),
            Self::QuickBi => f.write_str("quick-bi"),
        }
    }
}

impl From<Purpose> for String {
    fn from(purpose: Purpose) -> Self {
        purpose.to_string()
    }
}

impl TryFrom<String> for Purpose {
    type Error = NoPurpose;

    fn try_from(text: String) -> Result<Self, NoPurpose> {
        text.parse()
    }
}

/// The text names no purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "what a template is for is written default, type:<a type of request, like AUTH>, code:<a templateCode of \
     Dataphin's> or quick-bi"
)]
pub struct NoPurpose;

impl FromStr for Purpose {
    type Err = NoPurpose;

    fn from_str(text: &str) -> Result<Self, NoPurpose> {
        let word = |word: &str| {
            let word = word.trim();
            let fits =
                !word.is_empty() && word.chars().count() <= LONGEST_WORD && !word.contains(char::is_control);
            if fits { Ok(word.to_owned()) } else { Err(NoPurpose) }
        };
        match text.trim().split_once(':') {
            None if text.trim() == "default" => Ok(Self::Default),
            None if text.trim() == "quick-bi" => Ok(Self::QuickBi),
            Some(("type", kind)) => Ok(Self::Type(word(kind)?)),
            Some(("code", code)) => Ok(Self::Code(word(code)?)),
            _ => Err(NoPurpose),
        }
    }
}

/// Who decides about a template's instances.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The source's approvers, instead of the template's flow.
    #[default]
    Source,
    /// The flow designed in DingTalk; the source's approvers fill its nodes that leave the choice to the initiator.
    Template,
}

impl FromStr for Way {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "source" => Ok(Self::Source),
            "template" => Ok(Self::Template),
            _ => Err(
                "a template runs by `source` (Dataphin's approvers) or by `template` (the flow designed in DingTalk)",
            ),
        }
    }
}

/// A template that the bridge uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// Which requests it is for.
    pub purpose: Purpose,
    /// DingTalk's code.
    pub process_code: ProcessCode,
    /// Its name in DingTalk.
    pub name: String,
    /// Who decides about its instances.
    pub way: Way,
    /// What goes into which of its fields.
    pub fills: Vec<Fill>,
    /// The digest of the definition that it was generated from; `None`: an administrator's own.
    pub generated_from: Option<String>,
    /// When this was last changed here.
    pub changed_at: Timestamp,
}

impl Template {
    /// A template of which nothing is known but its code: made by hand, with the fields that the README names.
    pub fn by_hand(process_code: ProcessCode) -> Self {
        Self {
            purpose: Purpose::Default,
            name: process_code.to_string(),
            process_code,
            way: Way::Source,
            fills: official::by_hand(),
            generated_from: None,
            changed_at: Timestamp::UNIX_EPOCH,
        }
    }
}

/// All templates that the bridge uses, as one item of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateBook {
    /// The templates; no two for the same purpose.
    pub templates: Vec<Template>,
    /// How often it was committed; 0: never.
    pub version: u64,
}

/// So many fit into one item with room to spare.
pub const MOST_TEMPLATES: usize = 50;

/// No template for a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unpicked {
    /// The request names a template that the bridge does not know.
    #[error(
        "Dataphin's template code {0} names no template of the bridge: adopt one for it with \
         `bridge template adopt --for code:{0} …`, or clear the code in Dataphin's approval settings"
    )]
    UnknownCode(String),
    /// People would agree to what they cannot see.
    #[error(
        "template “{0}” has no field that shows what is asked for: add a multi-line text named “内容 Details” to it in the OA \
         approval console, and adopt it again with `bridge template adopt`"
    )]
    ShowsNothing(String),
    /// There is no template at all.
    #[error("the bridge has no DingTalk template yet: make one with `bridge template generate`")]
    None,
}

impl Unpicked {
    /// A stable code for the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownCode(_) => "unknown-template-code",
            Self::ShowsNothing(_) => "content-not-shown",
            Self::None => "no-template",
        }
    }
}

impl TemplateBook {
    /// The template for a purpose.
    pub fn of(&self, purpose: &Purpose) -> Option<&Template> {
        self.templates.iter().find(|template| template.purpose == *purpose)
    }

    /// The template with a code.
    pub fn coded(&self, code: &ProcessCode) -> Option<&Template> {
        self.templates.iter().find(|template| template.process_code == *code)
    }

    /// Puts a template in, in place of the one for the same purpose.
    pub fn put(&mut self, template: Template) {
        self.templates.retain(|known| known.purpose != template.purpose);
        self.templates.push(template);
        self.templates.sort_by(|one, other| one.purpose.cmp(&other.purpose));
    }

    /// The template with a code; one of which no more is known was made by hand.
    pub fn known_or_by_hand(&self, code: &ProcessCode) -> Template {
        self.coded(code).cloned().unwrap_or_else(|| Template::by_hand(code.clone()))
    }

    /// The template that a request gets. `configured`: the operator's own choice for requests that name none.
    pub fn pick(&self, request: &Request, configured: Option<&ProcessCode>) -> Result<Template, Unpicked> {
        let template = self.find(request, configured)?;
        if shows_content(&template.fills) { Ok(template) } else { Err(Unpicked::ShowsNothing(template.name)) }
    }

    fn find(&self, request: &Request, configured: Option<&ProcessCode>) -> Result<Template, Unpicked> {
        if let Some(code) = request.template.as_ref().filter(|code| !code.is_empty()) {
            let named = |template: &&Template| {
                template.purpose == Purpose::Code(code.clone()) || template.process_code.as_str() == code
            };
            if let Some(template) = self.templates.iter().find(named) {
                return Ok(template.clone());
            }
            // A process code may stand there itself.
            return match configured.filter(|configured| configured.as_str() == code) {
                Some(configured) => Ok(Template::by_hand(configured.clone())),
                None => Err(Unpicked::UnknownCode(code.clone())),
            };
        }
        let of_type = |template: &&Template| matches!(&template.purpose, Purpose::Type(kind) if kind.eq_ignore_ascii_case(&request.kind));
        let by_type = self.templates.iter().find(of_type).cloned();
        let by_choice = || configured.map(|code| self.known_or_by_hand(code));
        let by_default = || self.of(&Purpose::Default).cloned();
        by_type.or_else(by_choice).or_else(by_default).ok_or(Unpicked::None)
    }

    /// Every template that requests may get. `configured`: the operator's own choice, which comes before the default.
    pub fn in_use(&self, configured: Option<&ProcessCode>) -> Vec<Template> {
        let hidden = |template: &&Template| template.purpose == Purpose::Default && configured.is_some();
        let others = self.templates.iter().filter(|template| !hidden(template)).cloned();
        configured.map(|code| self.known_or_by_hand(code)).into_iter().chain(others).collect()
    }

    /// Whether an instance of this template can be one of ours.
    pub fn knows(&self, code: &ProcessCode, configured: Option<&ProcessCode>) -> bool {
        configured == Some(code) || self.coded(code).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Content;

    fn template(purpose: &str, code: &str) -> Template {
        Template { purpose: purpose.parse().unwrap(), ..Template::by_hand(ProcessCode::new(code)) }
    }

    fn request(kind: &str, template: Option<&str>) -> Request {
        Request {
            title: String::new(),
            kind: kind.to_owned(),
            template: template.map(ToOwned::to_owned),
            requester: None,
            nodes: Vec::new(),
        }
    }

    #[test]
    fn a_request_gets_the_template_it_names_else_its_types_else_the_default() {
        let mut book = TemplateBook::default();
        for (purpose, code) in [("default", "PROC-D"), ("type:AUTH", "PROC-A"), ("code:T-1", "PROC-T")] {
            book.put(template(purpose, code));
        }
        let configured = ProcessCode::new("PROC-C");
        let pick = |book: &TemplateBook, kind, code, configured| {
            book.pick(&request(kind, code), configured).map(|template| template.process_code.to_string())
        };
        assert_eq!(pick(&book, "AUTH", Some("T-1"), None).as_deref(), Ok("PROC-T"));
        assert_eq!(pick(&book, "AUTH", Some("PROC-D"), None).as_deref(), Ok("PROC-D"));
        assert_eq!(pick(&book, "auth", None, Some(&configured)).as_deref(), Ok("PROC-A"));
        assert_eq!(pick(&book, "PUBLISH", None, None).as_deref(), Ok("PROC-D"));
        assert_eq!(pick(&book, "PUBLISH", None, Some(&configured)).as_deref(), Ok("PROC-C"));
        assert_eq!(pick(&book, "PUBLISH", Some("PROC-C"), Some(&configured)).as_deref(), Ok("PROC-C"));
        assert_eq!(pick(&book, "AUTH", Some("T-2"), None), Err(Unpicked::UnknownCode("T-2".to_owned())));
        let mut mute = template("type:MUTE", "PROC-M");
        mute.fills.retain(|fill| fill.content != Content::Details);
        book.put(mute);
        assert_eq!(pick(&book, "MUTE", None, None), Err(Unpicked::ShowsNothing("PROC-M".to_owned())));
        let empty = TemplateBook::default().pick(&request("AUTH", None), None);
        assert_eq!(empty, Err(Unpicked::None));
    }

    #[test]
    fn a_purpose_is_read_as_it_is_written() {
        for text in ["default", "type:AUTH", "code:T-1", "quick-bi"] {
            assert_eq!(text.parse::<Purpose>().unwrap().to_string(), text);
        }
        for wrong in ["", "type:", "AUTH", "code:\u{7}", "default:x"] {
            assert_eq!(wrong.parse::<Purpose>(), Err(NoPurpose), "{wrong}");
        }
    }
}
