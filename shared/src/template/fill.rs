//! What of an approval goes into which field of a form.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    approval::{Details, Person, Record, Reference, Request, UserId},
    dingtalk::{forms::FormField, instances::FormValue},
    legible::one_line,
    template::{Template, table::Table},
};

/// What the bridge can put into a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// What is asked, in one line.
    Title,
    /// The type of request.
    Type,
    /// Who asks.
    Requester,
    /// What is asked for by name, row by row.
    Items,
    /// All that is asked for; without the items where the form shows them in a table.
    Details,
    /// The approval's id: by it an instance is recognised as ours.
    Reference,
    /// Always the same text.
    Constant(String),
}

impl Content {
    /// The contents that come from an approval, each with its name.
    pub const NAMED: [(&'static str, Self); 6] = [
        ("title", Self::Title),
        ("type", Self::Type),
        ("requester", Self::Requester),
        ("items", Self::Items),
        ("details", Self::Details),
        ("reference", Self::Reference),
    ];

    /// Reads `title` and the like; anything else stands for itself.
    pub fn read(text: &str) -> Self {
        let named = Self::NAMED.into_iter().find(|(name, _)| *name == text);
        named.map_or_else(|| Self::Constant(text.to_owned()), |(_, content)| content)
    }

    /// Its name, for people.
    pub fn name(&self) -> String {
        match self {
            Self::Constant(text) => format!("“{text}”"),
            named => {
                let known = Self::NAMED.iter().find(|(_, content)| content == named);
                known.map_or("", |(name, _)| *name).to_owned()
            }
        }
    }

    /// Whether a field can hold it.
    pub fn fits(&self, field: &FormField) -> bool {
        match (field.component.as_str(), self) {
            ("TableField", Self::Items) => table_columns(field).is_some(),
            // In a single line there are no line breaks.
            ("TextField", content) => !matches!(content, Self::Items | Self::Details),
            ("TextareaField", content) => *content != Self::Items,
            ("InnerContactField", content) => *content == Self::Requester,
            ("DDSelectField" | "DDMultiSelectField", Self::Constant(text)) => field.options.contains(text),
            ("NumberField" | "MoneyField" | "StarRatingField", Self::Constant(text)) => {
                text.parse().is_ok_and(f64::is_finite)
            }
            ("DDDateField", Self::Constant(text)) => is_date(text),
            ("PhoneField", Self::Constant(text)) => {
                !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
            }
            // A choice is made by its words; what an administrator writes into the others is sent as it is.
            ("DDSelectField" | "DDMultiSelectField", Self::Type)
            | ("DepartmentField" | "AddressField", Self::Constant(_)) => true,
            _ => false,
        }
    }
}

/// A field and what goes into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fill {
    /// The field's label.
    pub label: String,
    /// The field's id, where it is known.
    pub id: Option<String>,
    /// DingTalk's component.
    pub component: String,
    /// The labels of the two columns, where it is a table.
    #[serde(default)]
    pub columns: Vec<String>,
    /// What can be chosen, where it is a choice.
    #[serde(default)]
    pub options: Vec<String>,
    /// What goes into it.
    pub content: Content,
}

/// Dataphin's types of request in words; open-ended.
pub const KINDS: [(&str, &str); 6] = [
    ("AUTH", "权限 permission"),
    ("PUBLISH", "发布 publish"),
    ("CODE_REVIEW", "代码评审 code review"),
    ("BIZ_PLANNING", "业务规划 business planning"),
    ("STANDARD_APPROVAL", "标准审批 standard review"),
    ("DEFAULT", "审批 approval"),
];

impl Fill {
    /// A field of a form with what goes into it.
    pub fn new(field: &FormField, content: Content) -> Self {
        let columns = table_columns(field).filter(|_| content == Content::Items);
        Self {
            label: field.label.clone(),
            id: Some(field.id.clone()).filter(|id| !id.is_empty()),
            component: field.component.clone(),
            columns: columns
                .map(|columns| columns.map(|column| column.label.clone()).to_vec())
                .unwrap_or_default(),
            options: field.options.clone(),
            content,
        }
    }
}

/// `2026-11-21`, with or without minutes.
fn is_date(text: &str) -> bool {
    let (date, time) = text.split_once(' ').unwrap_or((text, "00:00"));
    date.parse::<jiff::civil::Date>().is_ok() && jiff::civil::Time::strptime("%H:%M", time).is_ok()
}

/// The two columns that take an item's name and its value: the first two that take text.
fn table_columns(field: &FormField) -> Option<[&FormField; 2]> {
    let mut texts = field
        .columns
        .iter()
        .filter(|column| matches!(column.component.as_str(), "TextField" | "TextareaField"));
    let columns = [texts.next()?, texts.next()?];
    // A column that must be filled and is not one of ours would refuse every row.
    let others = field.columns.iter().filter(|column| !columns.contains(column));
    (!others.into_iter().any(|column| column.required)).then_some(columns)
}

/// Whether people would see what is asked for.
pub fn shows_content(fills: &[Fill]) -> bool {
    fills.iter().any(|fill| match fill.content {
        Content::Items => fill.columns.len() == 2,
        Content::Details => true,
        _ => false,
    })
}

/// What the fields hold for one approval. `originator`: in whose name the instance is made.
pub fn values(fills: &[Fill], record: &Record, details: &Details, originator: &UserId) -> Vec<FormValue> {
    let besides = besides(fills, record);
    let is_details = |fill: &Fill| fill.content == Content::Details;
    let table = fills.iter().find(|fill| fill.content == Content::Items).map(|fill| {
        let columns = &fill.columns;
        if fills.iter().any(is_details) {
            Table::beside_details(columns, details)
        } else {
            Table::alone(columns, details, &besides)
        }
    });
    let table = table.unwrap_or_default();
    let rest = Details { items: details.items[table.items..].to_vec(), text: details.text.clone() };
    let filled = |fill: &Fill| FormValue {
        id: fill.id.clone(),
        name: fill.label.clone(),
        value: match &fill.content {
            Content::Items => table.value.clone(),
            Content::Details => {
                let lines = besides.iter().map(|(label, text)| format!("{label}: {text}"));
                let named = format!("{rest}\n\n{}", lines.collect::<Vec<_>>().join("\n"));
                named.trim_start_matches('\n').to_owned()
            }
            _ => value(fill, record, originator),
        },
    };
    fills.iter().map(filled).collect()
}

/// A value that is not part of what is asked for.
fn value(fill: &Fill, record: &Record, originator: &UserId) -> String {
    let request = &record.request;
    match &fill.content {
        Content::Title => request.title.clone(),
        Content::Type if !fill.options.is_empty() => {
            let option = choice(fill, &request.kind).or_else(|| other(fill)).cloned().unwrap_or_default();
            if fill.component == "DDMultiSelectField" && !option.is_empty() {
                json!([option]).to_string()
            } else {
                option
            }
        }
        Content::Type => kind_in_words(&request.kind),
        Content::Requester if fill.component == "InnerContactField" => json!([originator]).to_string(),
        Content::Requester => requester(record),
        Content::Items | Content::Details => String::new(),
        Content::Reference => record.reference().to_string(),
        Content::Constant(text) if fill.component == "DDMultiSelectField" => json!([text]).to_string(),
        Content::Constant(text) => text.clone(),
    }
}

fn requester(record: &Record) -> String {
    record.request.requester.as_ref().map_or("-", Person::shown).to_owned()
}

/// What people must see besides the content: the request in the source's own terms, and whatever no field shows.
fn besides(fills: &[Fill], record: &Record) -> Vec<(String, String)> {
    let request = &record.request;
    let shows =
        |content: &Content| fills.iter().any(|fill| fill.content == *content && is_shown(fill, request));
    let named = (record.key.source.name().to_owned(), one_line(record.key.apply_id.as_str()));
    let others = [
        (Content::Title, "标题 Title", request.title.clone()),
        (Content::Type, "类型 Type", kind_in_words(&request.kind)),
        (Content::Requester, "申请人 Requester", requester(record)),
    ];
    let others = others.into_iter().filter(|(content, _, text)| !text.is_empty() && !shows(content));
    [named].into_iter().chain(others.map(|(_, label, text)| (label.to_owned(), text))).collect()
}

/// Whether a field shows what it is for. A contact is the originator, who may act for the requester; a choice may not have the
/// request's type.
fn is_shown(fill: &Fill, request: &Request) -> bool {
    match fill.content {
        Content::Type if !fill.options.is_empty() => choice(fill, &request.kind).is_some(),
        Content::Requester => fill.component != "InnerContactField",
        _ => true,
    }
}

/// The option that names a type of request.
fn choice<'a>(fill: &'a Fill, kind: &str) -> Option<&'a String> {
    let known = KINDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(kind));
    let words: Vec<&str> = known.map_or(vec![kind], |(word, meaning)| {
        [*word]
            .into_iter()
            .chain(meaning.split_once(' ').map(|(zh, en)| [zh, en]).into_iter().flatten())
            .collect()
    });
    option(fill, &words)
}

/// The option for what has none of its own.
fn other(fill: &Fill) -> Option<&String> {
    option(fill, &["其他", "其它", "other"])
}

fn option<'a>(fill: &'a Fill, words: &[&str]) -> Option<&'a String> {
    let names =
        |option: &&String| words.iter().any(|word| option.to_lowercase().contains(&word.to_lowercase()));
    fill.options.iter().find(names)
}

/// `权限 permission (AUTH)`.
pub fn kind_in_words(kind: &str) -> String {
    let known = KINDS.iter().find(|(word, _)| *word == kind);
    known.map_or_else(|| kind.to_owned(), |(word, meaning)| format!("{meaning} ({word})"))
}

/// Label and text of the fields that hold text, as they are sent.
pub fn texts(
    fills: &[Fill],
    record: &Record,
    details: &Details,
    originator: &UserId,
) -> Vec<(String, String)> {
    let values = values(fills, record, details, originator);
    let is_text = |fill: &Fill| matches!(fill.component.as_str(), "TextField" | "TextareaField");
    let texts = fills.iter().zip(values).filter(|(fill, _)| is_text(fill));
    texts.map(|(_, value)| (value.name, value.value)).collect()
}

/// What an instance shows of the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// This one.
    Reference(Reference),
    /// Nothing that could be one: DingTalk has left the field out, or shows it empty.
    Nothing,
    /// Something else: it is nobody's of ours.
    Another,
}

/// The reference among what an instance shows (label and value of each field). Where its own field is not shown, the template may
/// have been changed since: then a reference with its unguessable part is one wherever it stands.
pub fn reference(template: Option<&Template>, shown: &[(String, String)]) -> Shown {
    if let Some(text) = template.and_then(|template| reference_field(&template.fills, shown)) {
        return match Reference::parse(text) {
            Some(reference) => Shown::Reference(reference),
            None if is_damaged(text) => Shown::Nothing,
            None => Shown::Another,
        };
    }
    let mut references = shown.iter().filter_map(|(_, value)| Reference::parse(value));
    match references.find(|reference| reference.nonce.is_some()) {
        Some(reference) => Shown::Reference(reference),
        None if template.is_some() || shown.is_empty() => Shown::Nothing,
        None => Shown::Another,
    }
}

/// Whether a text may be what is left of a reference: empty (read back as the text `null`), cut, or covered.
fn is_damaged(text: &str) -> bool {
    let text = text.trim();
    text == "null" || text.starts_with("ap-") || !text.contains(char::is_alphanumeric) || text.contains("**")
}

/// What an instance shows in the reference field.
pub fn reference_field<'a>(fills: &[Fill], shown: &'a [(String, String)]) -> Option<&'a str> {
    let fill = fills.iter().find(|fill| fill.content == Content::Reference)?;
    shown.iter().find(|(label, _)| *label == fill.label).map(|(_, value)| value.as_str())
}

/// The reference that values hold.
pub fn reference_of<'a>(fills: &[Fill], values: &'a [FormValue]) -> Option<&'a str> {
    let at = fills.iter().position(|fill| fill.content == Content::Reference)?;
    values.get(at).map(|value| value.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(component: &str, options: &[&str]) -> FormField {
        FormField {
            label: "x".to_owned(),
            component: component.to_owned(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            ..FormField::default()
        }
    }

    #[test]
    fn a_choice_is_made_by_the_types_words() {
        let chosen = |options: &[&str], kind| {
            let fill = Fill::new(&field("DDSelectField", options), Content::Type);
            choice(&fill, kind).or_else(|| other(&fill)).cloned().unwrap_or_default()
        };
        assert_eq!(chosen(&["发布", "权限"], "AUTH"), "权限");
        assert_eq!(chosen(&["Permission", "Other"], "AUTH"), "Permission");
        assert_eq!(chosen(&["Permission", "Other"], "HOLOGRAM"), "Other");
        assert_eq!(chosen(&["a", "b"], "AUTH"), "");
    }

    #[test]
    fn what_a_field_can_hold_depends_on_its_component() {
        let constant = Content::Constant("高".to_owned());
        assert!(constant.fits(&field("DDSelectField", &["高", "低"])));
        assert!(!constant.fits(&field("DDSelectField", &["低"])));
        assert!(Content::Requester.fits(&field("InnerContactField", &[])));
        assert!(!Content::Title.fits(&field("InnerContactField", &[])));
        assert!(!Content::Title.fits(&field("NumberField", &[])));
        assert!(Content::Details.fits(&field("TextareaField", &[])));
        assert!(!Content::Details.fits(&field("TextField", &[])), "line breaks stay");
        let holds = |component: &str, text: &str| Content::read(text).fits(&field(component, &[]));
        assert!(holds("NumberField", "7.5") && !holds("NumberField", "abc"));
        assert!(holds("DDDateField", "2026-11-21") && holds("DDDateField", "2026-11-21 09:30"));
        assert!(!holds("DDDateField", "tomorrow"));
        assert!(!Content::Title.fits(&field("DDAttachment", &[])));
        assert!(!Content::Items.fits(&field("TableField", &[])), "a table without columns");
    }
}
