//! Which field of an administrator's own template is for what: proposed by its label, and what the administrator says
//! instead.

use super::{Content, Fill, fill::shows_content};
use crate::dingtalk::forms::{Form, FormField};

/// Labels by which a field is recognised, best first; compared without case, blanks and punctuation.
const LABELS: [(Content, &[&str]); 6] = [
    (
        Content::Reference,
        &[
            "单号",
            "审批单号",
            "申请单号",
            "流水号",
            "编号",
            "reference",
            "approval id",
            "request id",
            "ticket",
        ],
    ),
    (Content::Title, &["标题", "主题", "申请标题", "title", "subject", "summary"]),
    (Content::Type, &["类型", "申请类型", "审批类型", "type", "request type", "category"]),
    (Content::Requester, &["申请人", "发起人", "提交人", "requester", "applicant", "requested by"]),
    (Content::Items, &["资源", "资源明细", "明细", "申请明细", "resources", "items", "details table"]),
    (
        Content::Details,
        &[
            "内容",
            "申请内容",
            "详情",
            "申请详情",
            "说明",
            "申请说明",
            "理由",
            "申请理由",
            "details",
            "content",
            "description",
            "reason",
        ],
    ),
];

/// A mapping that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmapped {
    /// A setting names a field that the form does not have.
    #[error("the template has no field “{label}”; it has: {known}")]
    NoSuchField {
        /// The label given.
        label: String,
        /// The labels there are.
        known: String,
    },
    /// A field cannot hold what it is to hold.
    #[error("field “{label}” ({component}) cannot hold {content}{options}")]
    Unfit {
        /// The field.
        label: String,
        /// Its component.
        component: String,
        /// What it is to hold.
        content: String,
        /// What it can be chosen from, if so.
        options: String,
    },
    /// One field cannot hold two things: a title in the reference's place would be read as one.
    #[error("field “{label}” is set twice: say once what goes into it")]
    Twice {
        /// The field, as it was named.
        label: String,
    },
    /// Two fields would hold the reference, or a field of its label: nobody could tell which to believe.
    #[error(
        "the field for the reference, “{label}”, shares its label with another field: an instance is read by labels, so give it \
         a label of its own in the OA approval console"
    )]
    AmbiguousReference {
        /// The label.
        label: String,
    },
    /// Without a reference an instance whose create call got no answer could not be found again.
    #[error(
        "the template has no field for the reference: add a single-line text named “单号 Reference” to it in the OA \
         approval console, or say which field it is with --field '<label>=reference'"
    )]
    NoReference,
    /// Nobody would see what they approve.
    #[error(
        "the template has no field for what is asked for: add a multi-line text (多行输入框) named “内容 Details” to it in the OA \
         approval console, or a table with two columns of text; or say which field it is with --field '<label>=details'"
    )]
    NoContent,
}

/// What goes into which field: as proposed by the labels, and as `settings` (label, content) say.
pub fn mapping(form: &Form, settings: &[(String, Content)]) -> Result<Vec<Fill>, Unmapped> {
    let mut fills: Vec<Fill> = Vec::new();
    for (label, content) in settings {
        let free =
            |field: &&FormField| !fills.iter().any(|fill| fill.id.as_deref() == Some(field.id.as_str()));
        let by_id = form.fields.iter().find(|field| field.id == *label);
        // Of two fields of one label, the first that nothing is set for yet.
        let by_label = || form.fields.iter().filter(free).find(|field| same(&field.label, label));
        let field = by_id.or_else(by_label);
        let field = field.ok_or_else(|| no_such_field(form, label))?;
        if !free(&field) {
            return Err(Unmapped::Twice { label: label.clone() });
        }
        if !content.fits(field) {
            return Err(unfit(field, content));
        }
        fills.push(Fill::new(field, content.clone()));
    }
    for (content, labels) in LABELS {
        if settings.iter().any(|(_, set)| *set == content) {
            continue;
        }
        let free = |field: &&FormField| {
            content.fits(field) && !fills.iter().any(|fill| fill.id.as_deref() == Some(field.id.as_str()))
        };
        let candidates: Vec<&FormField> = form.fields.iter().filter(free).collect();
        if let Some(field) = best(&candidates, labels) {
            fills.push(Fill::new(field, content));
        }
    }
    let mut references = fills.iter().filter(|fill| fill.content == Content::Reference);
    let reference = references.next().ok_or(Unmapped::NoReference)?;
    let of_its_label = form.fields.iter().filter(|field| field.label == reference.label);
    if references.next().is_some() || of_its_label.count() > 1 {
        return Err(Unmapped::AmbiguousReference { label: reference.label.clone() });
    }
    if !shows_content(&fills) {
        return Err(Unmapped::NoContent);
    }
    // In the order of the form, as people see it.
    let place = |fill: &Fill| form.fields.iter().position(|field| Some(&field.id) == fill.id.as_ref());
    fills.sort_by_key(place);
    Ok(fills)
}

/// The field whose label is one of `labels`, else one whose label has such a word in it.
fn best<'a>(fields: &[&'a FormField], labels: &[&str]) -> Option<&'a FormField> {
    let whole = |label: &&str| fields.iter().find(|field| same(&field.label, label));
    let part =
        |label: &&str| fields.iter().find(|field| parts(&field.label).iter().any(|part| same(part, label)));
    labels.iter().find_map(whole).or_else(|| labels.iter().find_map(part)).copied()
}

/// The Chinese and the other part of a label in two languages, and what stands between brackets or slashes.
fn parts(label: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut last_is_ascii = None;
    for c in label.chars() {
        let breaks = matches!(c, '/' | '(' | ')' | '（' | '）' | '|' | '·' | '-' | '—');
        if breaks {
            last_is_ascii = None;
        } else if c == ' ' || last_is_ascii == Some(c.is_ascii()) {
            parts.last_mut().into_iter().for_each(|part| part.push(c));
        } else {
            last_is_ascii = Some(c.is_ascii());
            parts.push(c.to_string());
        }
    }
    parts
}

fn same(one: &str, other: &str) -> bool {
    let folded = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    folded(one) == folded(other)
}

fn no_such_field(form: &Form, label: &str) -> Unmapped {
    let known: Vec<String> =
        form.fields.iter().map(|field| format!("{} ({})", field.label, field.id)).collect();
    Unmapped::NoSuchField { label: label.to_owned(), known: known.join(", ") }
}

fn unfit(field: &FormField, content: &Content) -> Unmapped {
    let choices = if field.options.is_empty() {
        String::new()
    } else {
        format!("; choose one of {}", field.options.join(", "))
    };
    Unmapped::Unfit {
        label: field.label.clone(),
        component: field.component.clone(),
        content: content.name(),
        options: choices,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dingtalk::forms::FormStatus;

    fn form(fields: &[(&str, &str)]) -> Form {
        let field = |(label, component): &(&str, &str)| FormField {
            id: format!("id-{label}"),
            label: (*label).to_owned(),
            component: (*component).to_owned(),
            ..FormField::default()
        };
        Form {
            name: "own".to_owned(),
            status: FormStatus::Published,
            fields: fields.iter().map(field).collect(),
        }
    }

    fn named(fills: &[Fill]) -> Vec<(&str, String)> {
        fills.iter().map(|fill| (fill.label.as_str(), fill.content.name())).collect()
    }

    #[test]
    fn fields_are_recognised_by_their_labels_in_either_language() {
        let own = form(&[
            ("申请标题", "TextField"),
            ("Reason", "TextareaField"),
            ("申请人", "InnerContactField"),
            ("编号 / Ticket", "TextField"),
            ("Budget", "MoneyField"),
        ]);
        let fills = mapping(&own, &[]).unwrap();
        let expected = [
            ("申请标题", "title"),
            ("Reason", "details"),
            ("申请人", "requester"),
            ("编号 / Ticket", "reference"),
        ];
        assert_eq!(named(&fills), expected.map(|(label, content)| (label, content.to_owned())));
    }

    #[test]
    fn what_the_administrator_says_wins() {
        let own = form(&[
            ("A", "TextField"),
            ("标题", "TextField"),
            ("单号", "TextField"),
            ("内容", "TextareaField"),
        ]);
        let settings = [("a".to_owned(), Content::Title), ("标题".to_owned(), Content::read("fixed"))];
        let fills = mapping(&own, &settings).unwrap();
        let expected = [("A", "title"), ("标题", "“fixed”"), ("单号", "reference"), ("内容", "details")];
        assert_eq!(named(&fills), expected.map(|(label, content)| (label, content.to_owned())));
    }

    #[test]
    fn a_mapping_that_cannot_work_is_refused_with_what_to_do() {
        let own = form(&[("单号", "NumberField"), ("附件", "DDAttachment")]);
        assert_eq!(mapping(&own, &[]), Err(Unmapped::NoReference));
        let set =
            |label: &str| mapping(&own, &[(label.to_owned(), Content::Reference)]).unwrap_err().to_string();
        assert_eq!(set("附件"), "field “附件” (DDAttachment) cannot hold reference");
        let known = "it has: 单号 (id-单号), 附件 (id-附件)";
        assert_eq!(set("nowhere"), format!("the template has no field “nowhere”; {known}"));
    }

    #[test]
    fn a_form_that_would_not_show_what_is_asked_for_is_refused() {
        let own = |component| form(&[("标题", "TextField"), ("单号", "TextField"), ("内容", component)]);
        assert_eq!(mapping(&own("TextField"), &[]), Err(Unmapped::NoContent), "in one line");
        assert_eq!(mapping(&own("DDAttachment"), &[]), Err(Unmapped::NoContent));
        assert!(mapping(&own("TextareaField"), &[]).is_ok());
    }

    #[test]
    fn a_title_never_serves_as_the_reference() {
        let own = form(&[("标题", "TextField"), ("单号", "TextField"), ("内容", "TextareaField")]);
        let set = |settings: &[(&str, Content)]| {
            let settings: Vec<_> =
                settings.iter().map(|(label, content)| ((*label).to_owned(), content.clone())).collect();
            mapping(&own, &settings)
        };
        let twice = |label: &str| Err(Unmapped::Twice { label: label.to_owned() });
        assert_eq!(set(&[("id-标题", Content::Title), ("id-标题", Content::Reference)]), twice("id-标题"));
        assert_eq!(set(&[("标题", Content::Title), ("id-标题", Content::Reference)]), twice("id-标题"));
        let both = set(&[("标题", Content::Reference), ("单号", Content::Reference)]);
        assert!(matches!(both, Err(Unmapped::AmbiguousReference { .. })), "{both:?}");
        let fills = set(&[("标题", Content::Reference)]).unwrap();
        assert!(fills.iter().all(|fill| fill.content != Content::Title), "the field holds nothing but it");
        // What an instance shows is found by its label: a title of the same label would be read for it.
        let mut alike = form(&[("Text", "TextField"), ("Text", "TextField")]);
        alike.fields[1].id = "another".to_owned();
        let settings = [("Text".to_owned(), Content::Title), ("Text".to_owned(), Content::Reference)];
        assert!(matches!(mapping(&alike, &settings), Err(Unmapped::AmbiguousReference { .. })));
    }

    #[test]
    fn a_label_falls_into_its_parts() {
        assert_eq!(parts("单号 Reference"), ["单号 ", "Reference"]);
        assert_eq!(parts("编号（Ticket no）"), ["编号", "Ticket no"]);
        assert_eq!(parts(""), Vec::<String>::new());
    }
}
