//! The APIs that are served, as one table: name, method, path, host, permission point and price.
//!
//! Spec sections 1, 2.0, 3 and 4.4.

use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::{
    act_calls,
    call::Call,
    contacts, create,
    errors::{Answer, Host},
    failed, forecast, permissions as point, read,
    state::State,
    template_lists, templates, tokens,
};

/// Whether a call counts for the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Price {
    Free,
    Paid,
}

/// What opens an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// Nothing: it hands out tokens.
    None,
    /// A token with this permission point.
    Token(&'static str),
}

/// One row of the table.
pub(crate) struct Row {
    pub api: Api,
    pub host: Host,
    pub key: Key,
    pub price: Price,
    pub act: fn(&mut State, &Call) -> Answer,
    method: Method,
    path: &'static str,
}

macro_rules! catalog {
    ($($(#[$doc:meta])* $name:ident $text:literal $method:ident $path:literal $host:ident $key:expr, $price:ident, $act:path;)*) => {
        /// An API that the simulator serves.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Api {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Api {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in counts, faults and on the page.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }

        static TABLE: &[Row] = &[$(Row {
            api: Api::$name,
            host: Host::$host,
            key: $key,
            price: Price::$price,
            act: $act,
            method: Method::$method,
            path: $path,
        },)*];
    };
}

catalog! {
    /// App token.
    AccessToken "accessToken" POST "/v1.0/oauth2/accessToken" V1 Key::None, Free, tokens::access_token;
    /// Unified token.
    CorpToken "corpToken" POST "/v1.0/oauth2/{corpId}/token" V1 Key::None, Free, tokens::corp_token;
    /// Legacy token.
    GetToken "gettoken" GET "/gettoken" Oapi Key::None, Free, tokens::get_token;
    /// Create or update a template.
    SaveForm "saveForm" POST "/v1.0/workflow/forms" V1 Key::Token(point::FORM_WRITE), Paid, templates::save_call;
    /// Read a template's schema.
    ReadForm "readForm" GET "/v1.0/workflow/forms/schemas/processCodes" V1 Key::Token(point::FORM_READ), Paid, templates::read;
    /// Process code by template name.
    FormByName "formByName" GET "/v1.0/workflow/processCentres/schemaNames/processCodes" V1 Key::Token(point::FORM_READ), Paid, template_lists::by_name;
    /// Delete a template.
    DeleteForm "deleteForm" DELETE "/v1.0/workflow/processCentres/schemas" V1 Key::Token(point::FORM_WRITE), Paid, templates::delete;
    /// Templates visible to a user.
    VisibleForms "visibleForms" GET "/v1.0/workflow/processes/userVisibilities/templates" V1 Key::Token(point::FORM_READ), Paid, template_lists::visible;
    /// Templates that a manager can manage.
    ManagedForms "managedForms" GET "/v1.0/workflow/processes/managements/templates" V1 Key::Token(point::FORM_READ), Paid, template_lists::managed;
    /// Components used as branch conditions.
    ConditionComponents "conditionComponents" GET "/v1.0/workflow/processes/conditions/components" V1 Key::Token(point::FORM_READ), Paid, template_lists::conditions;
    /// Forecast the nodes.
    Forecast "forecast" POST "/v1.0/workflow/processes/forecast" V1 Key::Token(point::INSTANCE_WRITE), Paid, forecast::forecast;
    /// Create an instance.
    CreateInstance "createInstance" POST "/v1.0/workflow/processInstances" V1 Key::Token(point::INSTANCE_WRITE), Paid, create::create;
    /// Read an instance.
    GetInstance "getInstance" GET "/v1.0/workflow/processInstances" V1 Key::Token(point::INSTANCE_READ), Paid, read::get;
    /// Terminate an instance.
    TerminateInstance "terminateInstance" POST "/v1.0/workflow/processInstances/terminate" V1 Key::Token(point::INSTANCE_WRITE), Paid, act_calls::terminate;
    /// Comment on an instance.
    CommentInstance "commentInstance" POST "/v1.0/workflow/processInstances/comments" V1 Key::Token(point::INSTANCE_WRITE), Paid, act_calls::comment;
    /// List instance ids.
    ListInstanceIds "listInstanceIds" POST "/v1.0/workflow/processes/instanceIds/query" V1 Key::Token(point::INSTANCE_READ), Paid, read::list_ids;
    /// Agree or refuse.
    ExecuteTask "executeTask" POST "/v1.0/workflow/processInstances/execute" V1 Key::Token(point::INSTANCE_WRITE), Paid, act_calls::execute;
    /// Transfer a task.
    RedirectTask "redirectTask" POST "/v1.0/workflow/tasks/redirect" V1 Key::Token(point::INSTANCE_WRITE), Paid, act_calls::redirect;
    /// Count a person's to-dos.
    CountTodos "countTodos" GET "/v1.0/workflow/processes/todoTasks/numbers" V1 Key::Token(point::INSTANCE_READ), Paid, read::count_todos;
    /// Add an approver (premium).
    AppendTask "appendTask" POST "/v1.0/workflow/premium/tasks/append" V1 Key::Token(point::PREMIUM), Paid, act_calls::append;
    /// A person by userId.
    GetUser "getUser" POST "/topapi/v2/user/get" Oapi Key::Token(point::MEMBER), Free, contacts::get;
    /// A person by mobile number.
    GetUserByMobile "getUserByMobile" POST "/topapi/v2/user/getbymobile" Oapi Key::Token(point::MEMBER_BY_MOBILE), Free, contacts::get_by_mobile;
    /// A person by unionId.
    GetUserByUnionId "getUserByUnionId" POST "/topapi/user/getbyunionid" Oapi Key::Token(point::MEMBER), Free, contacts::get_by_union_id;
    /// The departments below one.
    ListSubDepartments "listSubDepartments" POST "/topapi/v2/department/listsub" Oapi Key::Token(point::DEPARTMENTS), Free, contacts::list_sub_departments;
    /// The people of a department.
    ListUsers "listUsers" POST "/topapi/v2/user/list" Oapi Key::Token(point::DEPARTMENT_MEMBERS), Free, contacts::list;
    /// People by name.
    SearchUsers "searchUsers" POST "/v1.0/contact/users/search" V1 Key::Token(point::SEARCH), Free, contacts::search;
    /// Events whose push failed.
    FailedPushes "failedPushes" GET "/call_back/get_call_back_failed_result" Oapi Key::Token(point::BASE), Paid, failed::legacy;
    /// Events whose push failed, v1.0.
    FailedPushesV1 "failedPushesV1" GET "/v1.0/event/callbacks/failedResults" V1 Key::Token(point::BASE), Paid, failed::v1;
}

/// The API at this method and path, with the path's parameter where it has one.
pub(crate) fn find(method: &Method, path: &str) -> Option<(&'static Row, Option<String>)> {
    TABLE.iter().filter(|row| row.method == *method).find_map(|row| {
        let parameter = parameter(row.path, path)?;
        Some((row, (!parameter.is_empty()).then(|| parameter.to_owned())))
    })
}

/// What stands in the place of a pattern's `{…}`: empty where it has none, `None` where the path does not match.
fn parameter<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, rest)) = pattern.split_once('{') else {
        return (pattern == path).then_some("");
    };
    let after = rest.split_once('}')?.1;
    let value = path.strip_prefix(before)?.strip_suffix(after)?;
    (!value.is_empty() && !value.contains('/')).then_some(value)
}
