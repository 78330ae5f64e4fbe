//! What of an approval goes into which field of a form.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    approval::{Details, Person, Record, Reference, UserId},
    dingtalk::{forms::FormField, instances::FormValue},
    legible::{not_shown, one_line},
    template::Template,
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
            ("TextField" | "TextareaField", content) => *content != Self::Items,
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

/// Rows that a table takes, and characters in all ("Form component message"): as JSON they may be twice as many.
const MOST_ROWS: usize = 100;
const MOST_CHARACTERS_OF_TABLE: usize = 28_000;

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

/// What the fields hold for one approval. `originator`: in whose name the instance is made.
pub fn values(fills: &[Fill], record: &Record, details: &Details, originator: &UserId) -> Vec<FormValue> {
    let has = |content: &Content| fills.iter().any(|fill| fill.content == *content);
    let in_table = if has(&Content::Items) { rows(details) } else { 0 };
    let has_details = has(&Content::Details);
    let filled = |fill: &Fill| FormValue {
        id: fill.id.clone(),
        name: fill.label.clone(),
        value: value(fill, record, details, (in_table, has_details), originator),
    };
    fills.iter().map(filled).collect()
}

fn value(
    fill: &Fill,
    record: &Record,
    details: &Details,
    (in_table, has_details): (usize, bool),
    originator: &UserId,
) -> String {
    let request = &record.request;
    match &fill.content {
        Content::Title => request.title.clone(),
        Content::Type if !fill.options.is_empty() => choice(fill, &request.kind),
        Content::Type => kind_in_words(&request.kind),
        Content::Requester if fill.component == "InnerContactField" => json!([originator]).to_string(),
        Content::Requester => request.requester.as_ref().map_or("-", Person::shown).to_owned(),
        Content::Items => table(fill, details, in_table, has_details),
        Content::Details => {
            // People in DingTalk must be able to name the request in the source's own terms.
            let rest = Details { items: details.items[in_table..].to_vec(), text: details.text.clone() };
            let apply_id = one_line(record.key.apply_id.as_str());
            let named = format!("{rest}\n\n{}: {apply_id}", record.key.source.name());
            named.trim_start_matches('\n').to_owned()
        }
        Content::Reference => record.reference().to_string(),
        Content::Constant(text) if fill.component == "DDMultiSelectField" => json!([text]).to_string(),
        Content::Constant(text) => text.clone(),
    }
}

/// The option that stands for a type of request: the one that names it, else one that says “other”.
fn choice(fill: &Fill, kind: &str) -> String {
    let known = KINDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(kind));
    let words: Vec<&str> = known.map_or(vec![kind], |(word, meaning)| {
        [*word]
            .into_iter()
            .chain(meaning.split_once(' ').map(|(zh, en)| [zh, en]).into_iter().flatten())
            .collect()
    });
    let names = |option: &&String, words: &[&str]| {
        words.iter().any(|word| option.to_lowercase().contains(&word.to_lowercase()))
    };
    let by_type = fill.options.iter().find(|option| names(option, &words));
    let option =
        by_type.or_else(|| fill.options.iter().find(|option| names(option, &["其他", "其它", "other"])));
    let option = option.cloned().unwrap_or_default();
    if fill.component == "DDMultiSelectField" && !option.is_empty() {
        json!([option]).to_string()
    } else {
        option
    }
}

/// `权限 permission (AUTH)`.
pub fn kind_in_words(kind: &str) -> String {
    let known = KINDS.iter().find(|(word, _)| *word == kind);
    known.map_or_else(|| kind.to_owned(), |(word, meaning)| format!("{meaning} ({word})"))
}

/// How many items go into a table; the rest stays with the details.
fn rows(details: &Details) -> usize {
    let mut characters = 0;
    let fits = |item: &&(String, String)| {
        characters += item.0.chars().count() + item.1.chars().count();
        characters <= MOST_CHARACTERS_OF_TABLE
    };
    details.items.iter().take(MOST_ROWS).take_while(fits).count()
}

/// Rows are written as `[[{"name":column,"value":…},…],…]`; reading gives another shape. Where no other field shows the rest,
/// a row says how much is missing.
fn table(fill: &Fill, details: &Details, in_table: usize, has_details: bool) -> String {
    let [item, value] = &fill.columns[..] else { return String::new() };
    let (shown, rest) = details.items.split_at(in_table.min(details.items.len()));
    let mut missing: Vec<String> = Vec::new();
    if !has_details {
        missing.extend(Some(not_shown(rest.len())).filter(|_| !rest.is_empty()));
        missing.extend(Some(details.text.clone()).filter(|text| !text.is_empty()));
    }
    let row = |name: &str, text: &str| json!([{"name": item, "value": name}, {"name": value, "value": text}]);
    let shown = shown.iter().map(|(name, text)| row(name, text));
    let missing = missing.iter().map(|text| row("…", text));
    let rows: Vec<serde_json::Value> = shown.chain(missing).collect();
    if rows.is_empty() { String::new() } else { serde_json::Value::from(rows).to_string() }
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
        let choice = |options: &[&str], kind| {
            choice(&Fill::new(&field("DDSelectField", options), Content::Type), kind)
        };
        assert_eq!(choice(&["发布", "权限"], "AUTH"), "权限");
        assert_eq!(choice(&["Permission", "Other"], "AUTH"), "Permission");
        assert_eq!(choice(&["Permission", "Other"], "HOLOGRAM"), "Other");
        assert_eq!(choice(&["a", "b"], "AUTH"), "");
    }

    #[test]
    fn what_a_field_can_hold_depends_on_its_component() {
        let constant = Content::Constant("高".to_owned());
        assert!(constant.fits(&field("DDSelectField", &["高", "低"])));
        assert!(!constant.fits(&field("DDSelectField", &["低"])));
        assert!(Content::Requester.fits(&field("InnerContactField", &[])));
        assert!(!Content::Title.fits(&field("InnerContactField", &[])));
        assert!(!Content::Title.fits(&field("NumberField", &[])));
        let holds = |component: &str, text: &str| Content::read(text).fits(&field(component, &[]));
        assert!(holds("NumberField", "7.5") && !holds("NumberField", "abc"));
        assert!(holds("DDDateField", "2026-11-21") && holds("DDDateField", "2026-11-21 09:30"));
        assert!(!holds("DDDateField", "tomorrow"));
        assert!(!Content::Title.fits(&field("DDAttachment", &[])));
        assert!(!Content::Items.fits(&field("TableField", &[])), "a table without columns");
    }

    #[test]
    fn what_does_not_fit_into_the_table_stays_with_the_details() {
        let items = (0..150).map(|n| (format!("item {n}"), "value".to_owned())).collect();
        let details = Details { items, text: String::new() };
        assert_eq!(rows(&details), MOST_ROWS);
        let fill = Fill {
            columns: vec!["i".to_owned(), "v".to_owned()],
            ..Fill::new(&field("TableField", &[]), Content::Items)
        };
        assert!(!table(&fill, &details, MOST_ROWS, true).contains("not shown"));
        assert!(
            table(&fill, &details, MOST_ROWS, false).contains("50 more not shown"),
            "nothing else shows them"
        );
        let items = vec![("a".to_owned(), "x".repeat(20_000)), ("b".to_owned(), "y".repeat(20_000))];
        assert_eq!(rows(&Details { items, text: String::new() }), 1);
    }
}
