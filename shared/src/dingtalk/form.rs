//! What an approval's form shows: the fields of the template, and their values for one approval.

use crate::approval::{ApprovalId, Person, Record};

/// A field of the template.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The label, at most 20 characters; values are matched to fields by it.
    pub label: &'static str,
    /// DingTalk's component.
    pub component: &'static str,
}

/// One line of text.
const LINE: &str = "TextField";
/// Long text; how much a line takes is not published, so whatever may be long goes here.
const AREA: &str = "TextareaField";

/// What is asked.
pub const TITLE: Field = Field { label: "标题 Title", component: AREA };
/// The type of request.
pub const KIND: Field = Field { label: "类型 Type", component: LINE };
/// Who asks.
pub const REQUESTER: Field = Field { label: "申请人 Requester", component: LINE };
/// What exactly is asked for.
pub const DETAILS: Field = Field { label: "内容 Details", component: AREA };
/// The approval's id: by it an instance is recognised as ours.
pub const REFERENCE: Field = Field { label: "单号 Reference", component: LINE };

/// The template's fields, in order.
pub const FIELDS: [Field; 5] = [TITLE, KIND, REQUESTER, DETAILS, REFERENCE];

/// Dataphin's types of request in words; open-ended.
const KINDS: [(&str, &str); 6] = [
    ("AUTH", "权限 permission"),
    ("PUBLISH", "发布 publish"),
    ("CODE_REVIEW", "代码评审 code review"),
    ("BIZ_PLANNING", "业务规划 business planning"),
    ("STANDARD_APPROVAL", "标准审批 standard review"),
    ("DEFAULT", "审批 approval"),
];

/// The values for one approval.
pub fn values(record: &Record, details: &str) -> Vec<(String, String)> {
    let Record { id, key, request, .. } = record;
    // People in DingTalk must be able to name the request in the source's own terms.
    let details = format!("{details}\n\n{}: {}", key.source.name(), key.apply_id);
    let known = KINDS.iter().find(|(word, _)| *word == request.kind);
    let kind = known.map_or_else(|| request.kind.clone(), |(word, meaning)| format!("{meaning} ({word})"));
    let requester = request.requester.as_ref().map_or("-", Person::shown);
    [
        (TITLE, request.title.as_str()),
        (KIND, &kind),
        (REQUESTER, requester),
        (DETAILS, details.trim_start()),
        (REFERENCE, id.as_str()),
    ]
    .map(|(field, value)| (field.label.to_owned(), value.to_owned()))
    .to_vec()
}

/// The approval that an instance with these fields was made for.
pub fn reference(fields: &[(String, String)]) -> Option<ApprovalId> {
    let (_, value) = fields.iter().find(|(label, _)| label == REFERENCE.label)?;
    Some(ApprovalId::new(value.as_str()))
}
