//! What the app may do, proved by calls that change nothing, whatever DingTalk answers to them.
//!
//! DingTalk's gateway looks at the permission before the API looks at the request: an answer of the API's own proves it, one of the
//! gateway's does not.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Api, Class, DingTalk, DingTalkError};
use crate::approval::{InstanceId, ProcessCode};

/// Nothing bears these ids.
const NO_TEMPLATE: &str = "PROC-00000000-0000-0000-0000-000000000000";
const NO_INSTANCE: &str = "approval-bridge-no-instance";
const NOBODY: &str = "approval-bridge-nobody";
const NO_MOBILE: &str = "00000000000";

/// A permission point that the bridge uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The names are DingTalk's.
pub enum Permission {
    InstanceWrite,
    InstanceRead,
    FormRead,
    FormWrite,
    Member,
    MemberByMobile,
}

impl Permission {
    /// DingTalk's name of the point.
    pub fn scope(self) -> &'static str {
        match self {
            Self::InstanceWrite => "Workflow.Instance.Write",
            Self::InstanceRead => "Workflow.Instance.Read",
            Self::FormRead => "Workflow.Form.Read",
            Self::FormWrite => "Workflow.Form.Write",
            Self::Member => "qyapi_get_member",
            Self::MemberByMobile => "qyapi_get_member_by_mobile",
        }
    }

    /// Whether it opens calls to the older API.
    pub fn is_oapi(self) -> bool {
        matches!(self, Self::Member | Self::MemberByMobile)
    }

    /// What the Chinese console calls it.
    pub fn zh(self) -> &'static str {
        match self {
            Self::InstanceWrite => "工作流实例写权限",
            Self::InstanceRead => "工作流实例读权限",
            Self::FormRead => "工作流模板读权限",
            Self::FormWrite => "工作流模板写权限",
            Self::Member => "成员信息读权限",
            Self::MemberByMobile => "根据手机号获取成员基本信息权限",
        }
    }
}

/// What DingTalk thinks of the AgentId.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentIdProof {
    /// It objects to it.
    Wrong(DingTalkError),
    /// It objects to something else, which shows that it does not object to this.
    Accepted,
    /// It objects to something that it may look at first.
    Unknown(DingTalkError),
    /// It started an instance all the same: that must be terminated.
    Started(InstanceId),
}

impl DingTalk {
    /// Proves a permission point. An error is either its refusal, or says that the call did not get so far.
    pub async fn prove(&self, permission: Permission) -> Result<(), DingTalkError> {
        let answered = match permission {
            Permission::InstanceWrite => {
                let body = json!({
                    "processCode": NO_TEMPLATE, "userId": NOBODY, "deptId": -1, "formComponentValues": [],
                });
                let path = "/v1.0/workflow/processes/forecast";
                self.call(Api::Forecast, Method::POST, path, &[], Some(&body)).await
            }
            Permission::InstanceRead => {
                let query = [("processInstanceId", NO_INSTANCE)];
                self.call(Api::ReadInstance, Method::GET, "/v1.0/workflow/processInstances", &query, None)
                    .await
            }
            Permission::FormRead => {
                let query = [("processCode", NO_TEMPLATE)];
                let path = "/v1.0/workflow/forms/schemas/processCodes";
                self.call(Api::ReadForm, Method::GET, path, &query, None).await
            }
            Permission::FormWrite => {
                // No name, no component, and a code that would make it an update of nothing.
                let body = json!({"processCode": NO_TEMPLATE, "formComponents": []});
                self.call(Api::SaveForm, Method::POST, "/v1.0/workflow/forms", &[], Some(&body)).await
            }
            Permission::Member => {
                let body = json!({"userid": NOBODY});
                self.call_oapi(Api::UserGet, Method::POST, "/topapi/v2/user/get", Some(&body)).await
            }
            Permission::MemberByMobile => {
                let body = json!({"mobile": NO_MOBILE});
                self.call_oapi(Api::UserByMobile, Method::POST, "/topapi/v2/user/getbymobile", Some(&body))
                    .await
            }
        };
        match answered {
            Err(error) if !is_of_the_api(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Proves the AgentId with a create call that cannot succeed: its approver does not exist, and it has no values.
    pub async fn prove_agent_id(
        &self,
        agent_id: i64,
        template: &ProcessCode,
        originator: &str,
        dept_id: i64,
    ) -> Result<AgentIdProof, DingTalkError> {
        let body = json!({
            "processCode": template,
            "originatorUserId": originator,
            "deptId": dept_id,
            "microappAgentId": agent_id,
            "approvers": [{"actionType": "NONE", "userIds": [NOBODY]}],
            "formComponentValues": [],
        });
        let path = "/v1.0/workflow/processInstances";
        let error = match self.call(Api::CreateInstance, Method::POST, path, &[], Some(&body)).await {
            Ok(answer) => {
                let instance = answer.get("instanceId").and_then(Value::as_str);
                return Ok(
                    instance.map_or(AgentIdProof::Accepted, |id| AgentIdProof::Started(InstanceId::new(id)))
                );
            }
            Err(error) => error,
        };
        Ok(match error.code.as_str() {
            "invalidAgentId" => AgentIdProof::Wrong(error),
            "processInstanceInvalidParameter" | "formConverterError" => AgentIdProof::Accepted,
            _ if is_of_the_api(&error) => AgentIdProof::Unknown(error),
            _ => return Err(error),
        })
    }
}

/// Whether an error is the API's own, so that the gateway had let the call pass.
fn is_of_the_api(error: &DingTalkError) -> bool {
    match error.class {
        // Nothing of ours and nothing of a stranger's; servers that failed prove nothing.
        Class::Permanent | Class::Transient | Class::UnknownOutcome => {
            error.is_dingtalks_own() && !error.is_own_failure() && !error.is_the_gateways()
        }
        Class::Throttled | Class::Token | Class::Permission | Class::Quota => false,
    }
}
