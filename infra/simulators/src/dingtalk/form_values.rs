//! Form values: what a caller writes is checked against the template, and turned into what a reader gets.
//!
//! Spec sections 2.4.1 (writing) and 2.5 (reading); the two shapes differ.

use serde_json::{Map, Value, json};

use super::{
    call::texts,
    components::{Component, Kind, longer},
    errors::Refusal,
    state::State,
};

const MOST_VALUES: usize = 150;
const MOST_CHARACTERS_OF_VALUE: usize = 65_535;

/// One value as it was written.
struct Written<'a> {
    value: &'a str,
    ext_value: Option<&'a str>,
}

/// Checks `formComponentValues` and answers them as reading the instance will show them.
pub(crate) fn accept(
    state: &State,
    components: &[Component],
    values: Option<&Value>,
) -> Result<Vec<Value>, Refusal> {
    let values = values.and_then(Value::as_array).ok_or_else(|| Refusal::missing("formComponentValues"))?;
    if values.len() > MOST_VALUES {
        return Err(Refusal::v1("invalidParameter", format!("formComponentValues不能超过{MOST_VALUES}个")));
    }
    let mut written: Vec<Option<Written<'_>>> = components.iter().map(|_| None).collect();
    for entry in values {
        let name = entry["name"].as_str().ok_or_else(|| Refusal::missing("name"))?;
        let value = match &entry["value"] {
            Value::Null => return Err(Refusal::missing("value")),
            value => value.as_str().ok_or_else(opaque)?,
        };
        let ext_value = entry["extValue"].as_str();
        if longer(value, MOST_CHARACTERS_OF_VALUE)
            || ext_value.is_some_and(|it| longer(it, MOST_CHARACTERS_OF_VALUE))
        {
            return Err(unfit(name));
        }
        let at = place(components, entry).ok_or_else(|| unfit(name))?;
        if components[at].kind == Kind::TextNote {
            return Err(Refusal::v1("illegalComponent", format!("控件不支持赋值：{name}")));
        }
        written[at] = Some(Written { value, ext_value });
    }
    let fillable = components.iter().zip(written).filter(|(component, _)| component.kind != Kind::TextNote);
    fillable.map(|(component, written)| shown(state, component, written)).collect()
}

/// Which component an entry means: by id, by the caller's alias, or by label.
fn place(components: &[Component], entry: &Value) -> Option<usize> {
    let text = |field: &str| entry[field].as_str().filter(|value| !value.is_empty());
    let position = |matches: &dyn Fn(&Component) -> bool| components.iter().position(matches);
    if let Some(id) = text("id") {
        return position(&|component| component.id == id);
    }
    if let Some(alias) = text("bizAlias") {
        return position(&|component| component.alias.as_deref() == Some(alias));
    }
    let name = text("name")?;
    position(&|component| component.label == name)
}

fn shown(state: &State, component: &Component, written: Option<Written<'_>>) -> Result<Value, Refusal> {
    let written = written.filter(|written| !written.value.is_empty());
    let Some(written) = written else {
        if component.required {
            return Err(unfit(&component.label));
        }
        return Ok(entry(component, &unfilled(component), None));
    };
    let (value, ext_value) = check(state, component, written.value)?;
    Ok(entry(component, &value, ext_value.or_else(|| written.ext_value.map(str::to_owned))))
}

fn entry(component: &Component, value: &str, ext_value: Option<String>) -> Value {
    let mut entry = json!({
        "componentType": component.kind.name(),
        "id": component.id,
        "name": component.label,
        "value": value,
    });
    if let Some(ext_value) = ext_value {
        entry["extValue"] = json!(ext_value);
    }
    if let Some(alias) = &component.alias {
        entry["bizAlias"] = json!(alias);
    }
    entry
}

/// An unfilled field reads as the text "null"; an unfilled table as the definitions of its columns.
fn unfilled(component: &Component) -> String {
    if component.kind != Kind::TableField {
        return "null".into();
    }
    let columns: Value = component
        .children
        .iter()
        .map(|child| {
            let mut shown = child.as_read();
            shown["componentType"] = json!(child.kind.name());
            shown
        })
        .collect();
    columns.to_string()
}

/// Checks one value; answers what reading shows as `value` and `extValue`.
fn check(state: &State, component: &Component, value: &str) -> Result<(String, Option<String>), Refusal> {
    let same = Ok((value.to_owned(), None));
    let fits = |fits: bool| if fits { same.clone() } else { Err(unfit(&component.label)) };
    match component.kind {
        Kind::TextField | Kind::TextareaField | Kind::AddressField | Kind::TextNote => same,
        Kind::NumberField | Kind::MoneyField => fits(value.trim().parse().is_ok_and(f64::is_finite)),
        Kind::StarRatingField => {
            let most = component.props.get("limit").and_then(Value::as_u64).unwrap_or(5);
            fits(value.parse().is_ok_and(|stars: u64| (1..=most).contains(&stars)))
        }
        Kind::DDSelectField => {
            let choice = component.options.iter().find(|choice| choice.value == value);
            let choice = choice.ok_or_else(|| unfit(&component.label))?;
            let ext_value = json!({"label": choice.value, "key": choice.key}).to_string();
            Ok((value.to_owned(), Some(ext_value)))
        }
        Kind::DDMultiSelectField => {
            let chosen = list_of_texts(value)?;
            fits(chosen.iter().all(|it| component.options.iter().any(|choice| choice.value == *it)))
        }
        Kind::DDDateField => fits(is_date(component, value)),
        Kind::DDDateRangeField => {
            let range = json_list(value)?;
            let dates: Vec<&str> = range.iter().take(2).filter_map(Value::as_str).collect();
            fits(dates.len() == 2 && dates.iter().all(|date| is_date(component, date)))
        }
        Kind::PhoneField => fits(value.chars().all(|it| it.is_ascii_digit() || "+- ".contains(it))),
        Kind::InnerContactField => contacts(state, component, value),
        Kind::DepartmentField => fits(
            value
                .split(',')
                .all(|id| id.trim().parse().is_ok_and(|id| state.people.department(id).is_some())),
        ),
        Kind::RelateField => fits(list_of_texts(value)?.iter().all(|id| state.instances.get(id).is_some())),
        Kind::DDPhotoField => fits(
            list_of_texts(value)?.iter().all(|it| it.starts_with("http://") || it.starts_with("https://")),
        ),
        Kind::DDAttachment => attachments(component, value),
        Kind::TimeAndLocationField => {
            json_list(value)?;
            same
        }
        Kind::TableField => Ok((table(state, component, value)?, None)),
    }
}

/// People are written as userIds and read as names.
fn contacts(state: &State, component: &Component, value: &str) -> Result<(String, Option<String>), Refusal> {
    let mut names = Vec::new();
    let mut people = Vec::new();
    for user_id in list_of_texts(value)? {
        let person = state.people.get(&user_id).ok_or_else(|| unfit(&component.label))?;
        names.push(person.name.clone());
        people.push(json!({
            "nick": person.name,
            "orgUserName": person.name,
            "emplId": person.user_id,
            "name": person.name,
            "avatar": "",
        }));
    }
    if people.len() > 1 && component.prop("choice") == Some("0") {
        return Err(unfit(&component.label));
    }
    Ok((names.join(","), Some(json!(people).to_string())))
}

/// File sizes are written as texts and read as numbers.
fn attachments(component: &Component, value: &str) -> Result<(String, Option<String>), Refusal> {
    let mut files = json_list(value)?;
    for file in &mut files {
        let complete =
            ["spaceId", "fileName", "fileType", "fileId"].iter().all(|field| file[*field].is_string());
        let size = file["fileSize"].as_u64().or_else(|| file["fileSize"].as_str()?.parse().ok());
        match size {
            Some(size) if complete => file["fileSize"] = json!(size),
            _ => return Err(unfit(&component.label)),
        }
    }
    Ok((json!(files).to_string(), None))
}

/// Rows are written as a list of lists, and read as `rowValue` and `rowNumber`.
fn table(state: &State, table: &Component, value: &str) -> Result<String, Refusal> {
    let mut rows = Vec::new();
    for row in json_list(value)? {
        let cells = row.as_array().ok_or_else(opaque)?;
        let mut read = Vec::new();
        for cell in cells {
            let at = place(&table.children, cell).or_else(|| by_key(&table.children, cell));
            let child = &table.children[at.ok_or_else(|| unfit(&table.label))?];
            let value = cell["value"].as_str().ok_or_else(opaque)?;
            read.push(cell_as_read(state, child, value)?);
        }
        let is_filled = |child: &Component| {
            read.iter().any(|cell| cell["key"] == child.id.as_str() && cell["value"] != "null")
        };
        if table.children.iter().any(|child| child.required && !is_filled(child)) {
            return Err(unfit(&table.label));
        }
        let number = state.world.random.letters_and_digits(12).to_uppercase();
        rows.push(json!({"rowValue": read, "rowNumber": format!("TableField_{number}")}));
    }
    Ok(json!(rows).to_string())
}

fn cell_as_read(state: &State, child: &Component, value: &str) -> Result<Value, Refusal> {
    let (value, ext_value) =
        if value.is_empty() { ("null".into(), None) } else { check(state, child, value)? };
    let mut cell = Map::new();
    cell.insert("componentType".into(), json!(child.kind.name()));
    cell.insert("label".into(), json!(child.label));
    cell.insert("value".into(), json!(value));
    cell.insert("key".into(), json!(child.id));
    if let Some(ext_value) = ext_value {
        cell.insert("extendValue".into(), json!(ext_value));
    }
    Ok(cell.into())
}

fn by_key(children: &[Component], cell: &Value) -> Option<usize> {
    let key = cell["key"].as_str()?;
    children.iter().position(|child| child.id == key)
}

/// A date must look as the template's `format` says.
fn is_date(component: &Component, value: &str) -> bool {
    let format = match component.prop("format") {
        Some("yyyy-MM-dd HH:mm") => "%Y-%m-%d %H:%M",
        Some("yyyy-MM-dd HH:mm:ss") => "%Y-%m-%d %H:%M:%S",
        _ => return jiff::civil::Date::strptime("%Y-%m-%d", value).is_ok(),
    };
    jiff::civil::DateTime::strptime(format, value).is_ok()
}

fn json_list(value: &str) -> Result<Vec<Value>, Refusal> {
    serde_json::from_str(value).map_err(|_| opaque())
}

fn list_of_texts(value: &str) -> Result<Vec<String>, Refusal> {
    let list = serde_json::from_str(value).map_err(|_| opaque())?;
    texts(&list).map_err(|_| opaque())
}

/// Wrong shapes come back as this meaningless code, spelt so.
fn opaque() -> Refusal {
    Refusal::v1("sysErrror", "系统错误")
}

fn unfit(label: &str) -> Refusal {
    Refusal::v1("formConverterError", format!("表单数据校验失败，失败控件：{label}"))
}
