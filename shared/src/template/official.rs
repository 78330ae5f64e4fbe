//! The template that one command generates: within what every edition of DingTalk takes (at most 20 components, labels of
//! at most 20 characters, tables of simple columns).

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Content, Fill, Purpose, fill::KINDS};
use crate::{
    dingtalk::forms::{Form, FormField},
    hex::hex,
};

/// A field of the official template.
#[derive(Debug, Clone)]
pub struct Field {
    /// What goes into it.
    pub content: Content,
    /// The label, at most 20 characters.
    pub label: &'static str,
    /// DingTalk's component. How much a `TextField` takes is not published, so whatever may be long is a text area.
    pub component: &'static str,
    /// What people see in it while it is empty.
    pub hint: &'static str,
}

/// The fields, in order.
pub const FIELDS: [Field; 6] = [
    field(Content::Title, "标题 Title", "TextareaField", "What is asked for"),
    field(Content::Type, "类型 Type", "TextField", ""),
    field(Content::Requester, "申请人 Requester", "TextField", ""),
    field(Content::Items, "资源 Resources", "TableField", ""),
    field(Content::Details, "内容 Details", "TextareaField", ""),
    field(Content::Reference, "单号 Reference", "TextField", "Filled by the bridge: leave it alone"),
];

/// The columns of the table.
const COLUMNS: [(&str, &str); 2] = [("项目 Item", "TextField"), ("说明 Value", "TextareaField")];

/// Quick BI's own one-click template bears such a name.
const QUICK_BI: &str = "Quick BI审批 Quick BI Approval";

const fn field(content: Content, label: &'static str, component: &'static str, hint: &'static str) -> Field {
    Field { content, label, component, hint }
}

/// A template as it is to be in DingTalk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name, unique in the organisation.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its components, as the interface takes them.
    pub components: Value,
}

impl Definition {
    /// The official template for a purpose, under the name of the approval system.
    pub fn of(purpose: &Purpose, system_name: &str) -> Self {
        let name = match purpose {
            Purpose::Default => system_name.to_owned(),
            Purpose::Type(kind) => {
                let known = KINDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(kind));
                format!("{system_name} - {}", known.map_or(kind.as_str(), |(_, meaning)| meaning))
            }
            Purpose::Code(code) => format!("{system_name} - {code}"),
            Purpose::QuickBi => QUICK_BI.to_owned(),
        };
        let description =
            "由审批桥创建和维护，请勿手工发起。Made and kept by Approval Bridge; it starts the approvals.";
        Self { name, description: description.to_owned(), components: FIELDS.iter().map(component).collect() }
    }

    /// Changes when the definition does.
    pub fn digest(&self) -> String {
        let text = format!("{}\n{}\n{}", self.name, self.description, self.components);
        hex(&Sha256::digest(text)[..16])
    }
}

fn component(field: &Field) -> Value {
    let mut component = one(field.label, field.component, &format!("{:?}", field.content));
    if !field.hint.is_empty() {
        component["props"]["placeholder"] = json!(field.hint);
    }
    if field.component == "TableField" {
        let column = |(label, component): &(&str, &str)| {
            one(label, component, label.rsplit(' ').next().unwrap_or(label))
        };
        component["children"] = COLUMNS.iter().map(column).collect();
    }
    component
}

/// Ids stay the same for ever, so that an update keeps what conditions and old instances refer to.
fn one(label: &str, component: &str, name: &str) -> Value {
    let id = format!("{component}-{}", name.to_ascii_uppercase());
    json!({"componentType": component, "props": {"componentId": id, "label": label, "required": false}})
}

/// What goes into a template made by hand with these fields and no table.
pub fn by_hand() -> Vec<Fill> {
    let simple = FIELDS.into_iter().filter(|field| field.component != "TableField");
    let fill = |field: Field| {
        let form_field = FormField {
            label: field.label.to_owned(),
            component: field.component.to_owned(),
            ..FormField::default()
        };
        Fill::new(&form_field, field.content)
    };
    simple.map(fill).collect()
}

/// What goes into a form that has every field of the official template and wants no other; `None` when it does not.
pub fn fills(form: &Form) -> Option<Vec<Fill>> {
    let fill = |field: &Field| {
        let same = |found: &&FormField| found.label == field.label && found.component == field.component;
        let found = form.fields.iter().find(same).filter(|found| field.content.fits(found))?;
        Some(Fill::new(found, field.content.clone()))
    };
    let fills: Vec<Fill> = FIELDS.iter().map(fill).collect::<Option<_>>()?;
    let is_ours = |field: &FormField| fills.iter().any(|fill| fill.label == field.label);
    let wants_more = form.fields.iter().any(|field| field.required && !is_ours(field));
    (!wants_more).then_some(fills)
}

/// Whether a form was once made by this: then it may be brought up to date.
pub fn is_ours(form: &Form) -> bool {
    let reference = format!("TextField-{:?}", Content::Reference).to_ascii_uppercase();
    form.fields.iter().any(|field| {
        field.id.to_ascii_uppercase() == reference
            || FIELDS.iter().any(|ours| ours.content == Content::Reference && ours.label == field.label)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_stays_within_what_every_edition_takes() {
        let definition = Definition::of(&Purpose::Default, "Dataphin审批 Dataphin Approval");
        let components = definition.components.as_array().unwrap();
        assert!(components.len() <= 20);
        let children = components.iter().flat_map(|it| it["children"].as_array().into_iter().flatten());
        for component in components.iter().chain(children) {
            assert!(component["props"]["label"].as_str().unwrap().chars().count() <= 20, "{component}");
            assert!(component["props"]["componentId"].as_str().unwrap().len() <= 64, "{component}");
        }
        assert!(definition.description.chars().count() <= 300);
    }

    #[test]
    fn a_name_says_what_the_template_is_for() {
        let name = |purpose: &str| Definition::of(&purpose.parse().unwrap(), "Acme").name;
        assert_eq!(name("default"), "Acme");
        assert_eq!(name("type:AUTH"), "Acme - 权限 permission");
        assert_eq!(name("type:HOLOGRAM"), "Acme - HOLOGRAM");
        assert_eq!(name("quick-bi"), QUICK_BI);
    }
}
