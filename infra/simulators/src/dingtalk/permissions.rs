//! The permission points that DingTalk's console grants an application.

use std::collections::BTreeSet;

/// Start, end, comment on and decide instances.
pub const INSTANCE_WRITE: &str = "Workflow.Instance.Write";
/// Read instances, their ids and to-do counts.
pub const INSTANCE_READ: &str = "Workflow.Instance.Read";
/// Create, change and delete templates.
pub const FORM_WRITE: &str = "Workflow.Form.Write";
/// Read templates.
pub const FORM_READ: &str = "Workflow.Form.Read";
/// Premium interfaces; they also need the premium edition.
pub const PREMIUM: &str = "Premium.Workflow.ReadWrite.All";
/// Read a person by userId or unionId.
pub const MEMBER: &str = "qyapi_get_member";
/// Find a person by mobile number.
pub const MEMBER_BY_MOBILE: &str = "qyapi_get_member_by_mobile";
/// List departments.
pub const DEPARTMENTS: &str = "qyapi_get_department_list";
/// List the people of a department.
pub const DEPARTMENT_MEMBERS: &str = "qyapi_get_department_member";
/// Search people by name.
pub const SEARCH: &str = "qyapi_addresslist_search";
/// See mobile numbers (企业员工手机号信息): without it the field is absent.
pub const MOBILE_FIELD: &str = "fieldMobile";
/// See e-mail addresses (邮箱等个人信息): without it the fields are absent.
pub const EMAIL_FIELD: &str = "fieldEmail";
/// Tokens and the failed list; every application has it.
pub const BASE: &str = "qyapi_base";

/// All of them, in the order in which the page shows them.
pub const ALL: [&str; 13] = [
    INSTANCE_WRITE,
    INSTANCE_READ,
    FORM_WRITE,
    FORM_READ,
    PREMIUM,
    MEMBER,
    MEMBER_BY_MOBILE,
    DEPARTMENTS,
    DEPARTMENT_MEMBERS,
    SEARCH,
    MOBILE_FIELD,
    EMAIL_FIELD,
    BASE,
];

/// A set of permission points.
pub(crate) type Grants = BTreeSet<&'static str>;

/// The point of this name.
pub fn find(name: &str) -> Option<&'static str> {
    ALL.into_iter().find(|point| *point == name)
}
