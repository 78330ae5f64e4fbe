//! Form components: which kinds there are, and what DingTalk demands of a template's ones.
//!
//! "OA form component message", spec section 2.1.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shared::world::Random;

const MOST_CHARACTERS_OF_ID: usize = 64;
const MOST_CHARACTERS_OF_LABEL: usize = 20;
const MOST_CHARACTERS_OF_PLACEHOLDER: usize = 128;
const MOST_CHARACTERS_OF_NOTE: usize = 500;

/// The kinds of component that can be created over the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Kind {
    TextField,
    TextareaField,
    NumberField,
    DDSelectField,
    DDMultiSelectField,
    DDDateField,
    DDDateRangeField,
    TextNote,
    PhoneField,
    DDPhotoField,
    MoneyField,
    TableField,
    DDAttachment,
    InnerContactField,
    DepartmentField,
    RelateField,
    AddressField,
    StarRatingField,
    TimeAndLocationField,
}

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        serde_json::from_value(Value::from(name)).ok()
    }

    /// DingTalk's name for it.
    pub fn name(self) -> String {
        format!("{self:?}")
    }

    fn has_options(self) -> bool {
        matches!(self, Self::DDSelectField | Self::DDMultiSelectField)
    }

    /// Whether a table may have columns of this kind: the narrower of the vendor's two lists (spec section 2.1).
    fn is_simple(self) -> bool {
        matches!(self, Self::TextField | Self::TextareaField | Self::NumberField | Self::DDPhotoField)
    }

    /// Two labels in one: `["开始时间","结束时间"]`.
    fn has_label_list(self) -> bool {
        matches!(self, Self::DDDateRangeField | Self::TimeAndLocationField)
    }
}

/// One choice of a select component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// `option_0` and the like.
    pub key: String,
    /// What people see, and what a form value holds.
    pub value: String,
}

/// A component of a template's form.
#[derive(Debug, Clone, Serialize)]
pub struct Component {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// Its label.
    pub label: String,
    /// Whether it must be filled.
    pub required: bool,
    /// The caller's own name for it.
    pub alias: Option<String>,
    /// What can be chosen.
    pub options: Vec<Choice>,
    /// The columns of a table.
    pub children: Vec<Component>,
    /// All properties, as they were given.
    pub props: Map<String, Value>,
}

impl Component {
    /// A property that is a text.
    pub(crate) fn prop(&self, name: &str) -> Option<&str> {
        self.props.get(name)?.as_str()
    }

    /// The component as a schema shows it: other names than at creation ("naming asymmetry", spec section 2.2).
    pub(crate) fn as_read(&self) -> Value {
        let mut props = self.props.clone();
        props.remove("componentId");
        props.insert("id".into(), json!(self.id));
        props.insert("label".into(), json!(self.label));
        props.insert("required".into(), json!(self.required));
        if !self.options.is_empty() {
            // Each real option is a JSON text of its own.
            let options: Vec<String> =
                self.options.iter().map(|it| json!({"value": it.value, "key": it.key}).to_string()).collect();
            props.insert("options".into(), json!(options));
        }
        let mut shown = json!({"componentName": self.kind.name(), "props": props});
        if !self.children.is_empty() {
            shown["children"] = self.children.iter().map(Self::as_read).collect();
        }
        shown
    }
}

/// Reads a template's components, or says which limit one of them breaks.
pub(crate) fn parse(
    list: &[Value],
    wide_table_children: bool,
    random: &dyn Random,
) -> Result<Vec<Component>, String> {
    let mut reading = Reading { wide_table_children, random, ids: HashSet::new(), aliases: HashSet::new() };
    list.iter().map(|entry| component(entry, false, &mut reading)).collect()
}

/// What is known while a template's components are read.
struct Reading<'a> {
    wide_table_children: bool,
    random: &'a dyn Random,
    ids: HashSet<String>,
    aliases: HashSet<String>,
}

fn component(entry: &Value, in_table: bool, reading: &mut Reading<'_>) -> Result<Component, String> {
    let name = entry["componentType"].as_str().unwrap_or_default();
    let kind = Kind::named(name).ok_or_else(|| format!("不支持的控件类型：{name}"))?;
    if in_table && !(reading.wide_table_children || kind.is_simple()) {
        return Err(format!("表格控件不支持该类型的子控件：{name}"));
    }
    let Some(props) = entry["props"].as_object() else {
        return Err(format!("控件缺少props：{name}"));
    };
    let text = |field: &str| props.get(field).and_then(Value::as_str).filter(|value| !value.is_empty());
    let label = text("label").unwrap_or_default().to_owned();
    check_label(kind, &label)?;
    let id = text("componentId").or(text("id")).map_or_else(
        || format!("{name}_{}", reading.random.letters_and_digits(13).to_uppercase()),
        str::to_owned,
    );
    if longer(&id, MOST_CHARACTERS_OF_ID) || !reading.ids.insert(id.clone()) {
        return Err(format!("控件id过长或重复：{id}"));
    }
    let alias = text("bizAlias").map(str::to_owned);
    if let Some(alias) = &alias
        && (longer(alias, MOST_CHARACTERS_OF_ID) || !reading.aliases.insert(alias.clone()))
    {
        return Err(format!("控件业务别名过长或重复：{alias}"));
    }
    if text("placeholder").is_some_and(|it| longer(it, MOST_CHARACTERS_OF_PLACEHOLDER)) {
        return Err(format!("控件占位提示过长：{label}"));
    }
    if text("content").is_some_and(|it| kind == Kind::TextNote && longer(it, MOST_CHARACTERS_OF_NOTE)) {
        return Err("说明文字过长".into());
    }
    let children = entry["children"].as_array().map(Vec::as_slice).unwrap_or_default();
    let children = match kind {
        Kind::TableField if in_table || children.is_empty() => {
            return Err(format!("表格控件的子控件有误：{label}"));
        }
        Kind::TableField => {
            children.iter().map(|child| component(child, true, reading)).collect::<Result<_, _>>()?
        }
        _ if children.is_empty() => Vec::new(),
        _ => return Err(format!("只有表格控件可以有子控件：{label}")),
    };
    let options = if kind.has_options() { choices(&label, props)? } else { Vec::new() };
    let required = props.get("required").and_then(Value::as_bool).unwrap_or_default();
    Ok(Component { kind, id, label, required, alias, options, children, props: props.clone() })
}

fn check_label(kind: Kind, label: &str) -> Result<(), String> {
    let labels: Vec<String> = match kind {
        Kind::TextNote => return Ok(()),
        kind if kind.has_label_list() => serde_json::from_str(label)
            .ok()
            .filter(|labels: &Vec<String>| labels.len() == 2)
            .ok_or_else(|| format!("控件名称应为两个名称的JSON数组：{label}"))?,
        _ => vec![label.to_owned()],
    };
    if labels.iter().any(|it| it.is_empty() || longer(it, MOST_CHARACTERS_OF_LABEL)) {
        return Err(format!("控件名称为空或超过{MOST_CHARACTERS_OF_LABEL}个字符：{label}"));
    }
    Ok(())
}

fn choices(label: &str, props: &Map<String, Value>) -> Result<Vec<Choice>, String> {
    let list = props.get("options").and_then(Value::as_array).filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| format!("选择控件缺少选项：{label}"))?;
    let choice = |(index, option): (usize, &Value)| {
        let value = option["value"].as_str().filter(|value| !value.is_empty())?.to_owned();
        let key = option["key"].as_str().map_or_else(|| format!("option_{index}"), str::to_owned);
        Some(Choice { key, value })
    };
    let choices: Option<Vec<Choice>> = list.iter().enumerate().map(choice).collect();
    choices.ok_or_else(|| format!("选择控件的选项有误：{label}"))
}

/// Whether a text has more characters than allowed.
pub(crate) fn longer(text: &str, most: usize) -> bool {
    text.chars().nth(most).is_some()
}
