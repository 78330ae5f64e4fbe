//! A refusal in words for a person: what is wrong, and where to mend it.

use super::{Class, DingTalkError};

/// Codes of refusals that we found out ourselves: their words say what to do.
const OURS: [&str; 6] = [
    "person-not-in-dingtalk",
    "no-forecast",
    "too-few-selectable-nodes",
    "nobody-to-select",
    "approver-not-selectable",
    "only-one-selectable",
];

/// The reason for a person.
pub fn refusal(error: &DingTalkError) -> String {
    let code = &error.code;
    match error.class {
        Class::Permission if !error.scopes.is_empty() => format!(
            "the DingTalk app lacks a permission: {}; grant it in the developer console under Permission Management \
             (开发者后台 > 权限管理)",
            error.scopes.join(", ")
        ),
        Class::Permission => format!(
            "DingTalk does not let the app call from here ({code}): check its permissions and its server egress IP list in \
             the developer console"
        ),
        Class::Token => format!(
            "DingTalk does not accept the app's credentials ({code}): check DINGTALK_APP_KEY and DINGTALK_APP_SECRET"
        ),
        Class::Quota => {
            "the organisation's monthly quota of DingTalk API calls is used up: buy more or wait for the next month"
                .to_owned()
        }
        Class::Throttled => format!("DingTalk takes no more calls just now ({code}): try again in a minute"),
        Class::Transient | Class::UnknownOutcome if error.is_dingtalks_own() => {
            format!("DingTalk could not do it ({code}): {}", error.message)
        }
        Class::Transient | Class::UnknownOutcome => {
            format!("DingTalk did not answer, or not as it should ({code}): try again, and see `bridge doctor`")
        }
        Class::Permanent if OURS.contains(&code.as_str()) => error.message.clone(),
        Class::Permanent => match code.as_str() {
            "targetSelectApproverMissing" => {
                "the template's flow wants the initiator to select approvers, and the request names none: let Dataphin name \
                 approvers, or take the node *Selected by Initiator* out of the flow in the OA approval console"
                    .to_owned()
            }
            "processGetFailed" => {
                "the template is not enabled in DingTalk (processGetFailed): OA approval console > Templates > this \
                 template > Enable (OA审批管理后台 > 表单管理 > 启用)"
                    .to_owned()
            }
            _ => format!("DingTalk refused ({code}): {}", error.message),
        },
    }
}
