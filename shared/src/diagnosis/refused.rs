//! What DynamoDB refuses, each with its own cause and fix.

use super::{Failure, Words, storage::Keeper};
use crate::store::Refusal;

/// The cause and the fix of a refusal.
pub(super) fn failure(refusal: &Refusal, keeper: Keeper) -> Failure {
    let code = refusal.code.as_str();
    let (cause, fix) = match code {
        "AccessDeniedException" => denied(refusal),
        "ExpiredTokenException" | "ExpiredToken" => {
            (Words::new("the AWS credentials have expired", "AWS 凭证已过期"), keeper.credentials())
        }
        "ResourceNotFoundException" => (
            Words::new("the table is not in this AWS account and region", "该 AWS 账号和区域中没有此表"),
            Words::variable("BRIDGE_TABLE").or(&Words::variable("AWS_REGION")),
        ),
        _ if code.starts_with("KMS") || code.contains("Encryption") => (
            Words::new(
                format!("the KMS key of the table cannot be used ({code})"),
                format!("该表的 KMS 密钥无法使用（{code}）"),
            ),
            Words::new(
                "AWS KMS > the table's key: enable it, and allow kms:Decrypt to the role that calls",
                "AWS KMS > 该表的密钥：启用密钥，并允许调用方角色 kms:Decrypt",
            ),
        ),
        _ => (
            Words::new(
                format!("DynamoDB throttles the table ({code})"),
                format!("DynamoDB 对该表限流（{code}）"),
            ),
            Words::new(
                "the table's capacity: on-demand mode, or more read and write units; the account's quotas",
                "表的容量：使用按需模式，或提高读写容量单位；并检查账号配额",
            ),
        ),
    };
    Failure::new(cause, fix).code(code)
}

/// AWS names the action and the resource; nothing else of its text is shown.
fn denied(refusal: &Refusal) -> (Words, Words) {
    let action = refusal.action.as_deref().unwrap_or("dynamodb:*");
    let (on, zh) = match &refusal.resource {
        Some(resource) => (format!(" on {resource}"), format!("（资源 {resource}）")),
        None => (String::new(), String::new()),
    };
    (
        Words::new(
            format!("AWS denies {action}{on} to the credentials in use"),
            format!("AWS 拒绝当前凭证执行 {action}{zh}"),
        ),
        Words::new(
            format!("AWS IAM: allow {action}{on} to the role or user of the bridge"),
            format!("AWS IAM：为审批桥的角色或用户授权 {action}{zh}"),
        ),
    )
}
