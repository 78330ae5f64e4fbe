//! What the app may do and whom it sees: permissions, people, the AgentId.

use super::{
    Check, Failure, Outcome, Words,
    asked::{Asked, Person},
    places,
    report::Report,
};
use crate::{
    config::DingTalkConfig,
    dingtalk::{AccountKind, Class, DingTalkError, Permission, proofs::AgentIdProof},
};

/// Each permission with its check.
const PERMISSIONS: [(Permission, Check); 6] = [
    (Permission::InstanceWrite, Check::InstanceWrite),
    (Permission::InstanceRead, Check::InstanceRead),
    (Permission::FormRead, Check::FormRead),
    (Permission::FormWrite, Check::FormWrite),
    (Permission::Member, Check::Member),
    (Permission::MemberByMobile, Check::MemberByMobile),
];

/// The permissions that are looked at.
pub(super) fn wanted(quick: bool, accounts: Option<AccountKind>) -> Vec<Permission> {
    let wanted = |permission: Permission, check: Check| match permission {
        Permission::MemberByMobile => accounts == Some(AccountKind::Mobile) && !quick,
        _ => !quick || check.facts().quick,
    };
    PERMISSIONS
        .into_iter()
        .filter(|(permission, check)| wanted(*permission, *check))
        .map(|(it, _)| it)
        .collect()
}

/// Judges all of it.
pub(super) fn judge(report: &mut Report, config: &DingTalkConfig, asked: &Asked) {
    let created = asked.agent.as_ref().and_then(|proof| proof.value.as_ref().err());
    let refused = created.filter(|error| error.is_missing_permission());
    let mut said: Vec<&str> = Vec::new();
    for (permission, check) in PERMISSIONS {
        let proved = asked.permissions.get(&permission);
        let took = proved.map(|proved| proved.took).unwrap_or_default();
        report.judge(check, took, || match proved.map(|proved| &proved.value) {
            None if permission == Permission::MemberByMobile => Outcome::skipped(Words::new(
                "not asked: DATAPHIN_ACCOUNT_KIND is not mobile, so it is not needed",
                "未询问：DATAPHIN_ACCOUNT_KIND 不是 mobile，不需要该权限",
            )),
            None => Outcome::skipped(not_asked()),
            // The forecast is let through where the create call is not.
            Some(Ok(())) if permission == Permission::InstanceWrite && refused.is_some() => {
                refused.map_or_else(|| Outcome::skipped(not_asked()), |error| missing(permission, error))
            }
            Some(Ok(())) => Outcome::passed(Words::new(
                format!("{} is granted", permission.scope()),
                format!("已授予 {}", permission.scope()),
            )),
            Some(Err(error)) => match named_elsewhere(error) {
                Some(outcome) => outcome,
                // What DingTalk says of the app as a whole is said once.
                None if !error.is_missing_permission() && said.contains(&error.code.as_str()) => {
                    Outcome::skipped(Words::new(
                        format!("DingTalk answers as before ({})", error.code),
                        format!("钉钉的返回与前面相同（{}）", error.code),
                    ))
                }
                None => {
                    said.push(&error.code);
                    missing(permission, error)
                }
            },
        });
    }
    let settings = &config.settings;
    let service = settings.service_user.as_ref().map(|_| "DINGTALK_SERVICE_USER_ID");
    person(
        report,
        Check::ServicePerson,
        service,
        asked.service.as_ref(),
        Words::new(
            "DINGTALK_SERVICE_USER_ID is not set: it is needed only for requesters who are not in DingTalk",
            "未设置 DINGTALK_SERVICE_USER_ID：仅当申请人不在钉钉中时才需要",
        ),
    );
    let same = settings.test_user.is_some() && settings.test_user == settings.service_user;
    let why = if same {
        Words::new("it is the service person", "与代发起人是同一人")
    } else {
        Words::new(
            "DINGTALK_TEST_USER_ID is not set: nothing is tried in anybody's name",
            "未设置 DINGTALK_TEST_USER_ID：不以任何人的名义测试",
        )
    };
    let test = settings.test_user.as_ref().filter(|_| !same).map(|_| "DINGTALK_TEST_USER_ID");
    person(report, Check::TestPerson, test, asked.test.as_ref(), why);
    report.judge(Check::AgentId, asked.agent.as_ref().map(|agent| agent.took).unwrap_or_default(), || {
        agent_id(settings.agent_id, asked)
    });
}

fn missing(permission: Permission, error: &DingTalkError) -> Outcome {
    if !error.is_missing_permission() {
        let cause = Words::new(
            format!("DingTalk answers the test call with {}: {}", error.code, error.message),
            format!("调用权限检测接口时，钉钉返回 {}：{}", error.code, error.message),
        );
        if is_of_organisation(error) {
            let fix = Words::new(
                "the organisation's main administrator sees the reason in the DingTalk admin console, and asks DingTalk's support to lift \
                 it: no permission of the app is at fault",
                "由组织主管理员在钉钉管理后台查看原因，并联系钉钉客服解除；与应用权限无关",
            );
            return Failure::new(cause, fix).code(&error.code).into();
        }
        let app = places::app_page(
            "whether it is published and enabled; and the organisation's OA approval edition",
            "确认应用已发布并启用；并检查组织的 OA 审批版本",
        );
        let fix = places::permission(permission.scope(), permission.zh()).or(&app);
        return Failure::new(cause, fix).code(&error.code).into();
    }
    let scope = error.scopes.first().map_or(permission.scope(), String::as_str);
    let zh = if scope == permission.scope() { permission.zh() } else { "" };
    Failure::new(
        Words::new(
            format!("the app lacks the permission {scope}, also with a new token"),
            format!("应用缺少权限 {scope}（换用新的 access token 后仍然如此）"),
        ),
        places::permission(scope, zh),
    )
    .code(&error.code)
    .into()
}

/// Whether DingTalk says that the organisation itself may do nothing.
fn is_of_organisation(error: &DingTalkError) -> bool {
    let text = format!("{} {}", error.code, error.message).to_lowercase();
    ["corpfrozen", "组织已被冻结", "企业已被冻结", "组织已冻结", "企业已冻结"]
        .iter()
        .any(|words| text.contains(words))
}

fn person(report: &mut Report, check: Check, variable: Option<&str>, found: Option<&Person>, without: Words) {
    report.judge(check, found.map(|found| found.took).unwrap_or_default(), || {
        let (Some(variable), Some(found)) = (variable, found) else {
            return Outcome::skipped(without);
        };
        match &found.value {
            Ok(person) if !person.active => Outcome::failed(
                Words::new(
                    format!("{variable}: the person has never signed in to DingTalk, or is switched off"),
                    format!("{variable}：该成员从未登录钉钉（未激活），或账号已被停用"),
                ),
                Words::new(
                    format!("let them sign in to DingTalk, or enable the account ({})", places::contacts().en),
                    format!("请该成员登录钉钉以激活，或启用其账号（{}）", places::contacts().zh),
                )
                .or(&Words::variable(variable)),
            ),
            Ok(person) if !person.has_department => Outcome::failed(
                Words::new(
                    format!("{variable}: the person belongs to no department, and so can start no approval"),
                    format!("{variable}：此人不属于任何部门，无法发起审批"),
                ),
                places::contacts(),
            ),
            Ok(_) => Outcome::passed(Words::new("found, active, with a department", "已找到，已激活，有所属部门")),
            Err(error) if error.is_out_of_sight() => Failure::new(
                Words::new(
                    format!("{variable}: the person exists, and the app may not see them"),
                    format!("{variable}：此人存在，但不在应用的可见范围（通讯录授权范围）内"),
                ),
                places::visible_range(),
            )
            .code(&error.code)
            .into(),
            Err(error) if error.is_nobody() => Failure::new(
                Words::new(
                    format!(
                        "{variable}: nobody in DingTalk has this userid (it is the User ID of the member's page, no mobile \
                         number and no name; or the person has left)"
                    ),
                    format!(
                        "{variable}：钉钉中没有此 userid 的成员（应填成员详情页中的“员工 UserID”，不是手机号或姓名；或此人已离职）"
                    ),
                ),
                places::variable(variable),
            )
            .code(&error.code)
            .into(),
            Err(error) => named_elsewhere(error).unwrap_or_else(|| unknown_person(variable, error)),
        }
    });
}

/// What says nothing about a permission or a person: another check names it.
pub(super) fn named_elsewhere(error: &DingTalkError) -> Option<Outcome> {
    match error.class {
        Class::Token => Some(Outcome::skipped(Words::new(
            "because App credentials failed: DingTalk does not accept the access token",
            "因“应用凭证”未通过：钉钉不接受 access token",
        ))),
        _ if error.is_silence() || error.is_own_failure() => Some(Outcome::skipped(silent(error))),
        _ if error.is_cut_short() || error.is_no_such_call() => Some(Outcome::skipped(Words::new(
            format!("the call does not reach DingTalk's API whole ({})", error.code),
            format!("调用没有完整到达钉钉接口（{}）", error.code),
        ))),
        _ => None,
    }
}

fn unknown_person(variable: &str, error: &DingTalkError) -> Outcome {
    let DingTalkError { code, message, .. } = error;
    Failure::new(
        Words::new(
            format!("{variable}: DingTalk does not show this person: {message} ({code})"),
            format!("{variable}：钉钉没有返回此人的信息：{message}（{code}）"),
        ),
        places::variable(variable),
    )
    .code(code)
    .into()
}

fn agent_id(agent_id: Option<i64>, asked: &Asked) -> Outcome {
    let Some(proof) = &asked.agent else {
        return Outcome::skipped(match agent_id {
            None => Words::new(
                "DINGTALK_AGENT_ID is not set: it is needed only if the organisation's templates want it",
                "未设置 DINGTALK_AGENT_ID：仅当组织的模板要求时才需要",
            ),
            Some(_) => Words::new(
                "not asked: it takes a template and a person to ask with",
                "未询问：需要有模板和测试用户",
            ),
        });
    };
    match &proof.value {
        Ok(AgentIdProof::Accepted) => {
            Outcome::passed(Words::new("DingTalk does not object to it", "钉钉接受该 AgentId"))
        }
        Ok(AgentIdProof::Wrong(error)) => Failure::new(
            Words::new(
                "DINGTALK_AGENT_ID is not this app's AgentId",
                "DINGTALK_AGENT_ID 不是该应用的 AgentId",
            ),
            places::variable("DINGTALK_AGENT_ID"),
        )
        .code(&error.code)
        .into(),
        Ok(AgentIdProof::Unknown(error)) => Outcome::skipped(Words::new(
            format!("DingTalk objects to something else first ({})", error.code),
            format!("钉钉先因其他原因拒绝（{}）", error.code),
        )),
        Ok(AgentIdProof::Started(_)) => Outcome::passed(Words::new(
            "DingTalk takes it (see what was started, and terminated)",
            "钉钉接受该 AgentId（测试中发起的审批单已撤销）",
        )),
        Err(error) => Outcome::skipped(silent(error)),
    }
}

/// Nobody asked.
fn not_asked() -> Words {
    Words::new(
        "not asked: what comes before it was not answered, or there was no time",
        "未询问：前面的问题没有得到应答，或时间不足",
    )
}

/// Somebody asked, and got no answer to it.
fn silent(error: &DingTalkError) -> Words {
    if !error.is_silence() {
        return Words::new(
            format!("asked, and DingTalk answered with something else ({})", error.code),
            format!("已询问，但钉钉的应答与此无关（{}）", error.code),
        );
    }
    Words::new(
        format!("asked, and DingTalk gave no answer to it ({})", error.code),
        format!("已询问，但钉钉未应答（{}）", error.code),
    )
}
