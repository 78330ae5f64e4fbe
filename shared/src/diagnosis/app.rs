//! What the app may do and whom it sees: permissions, people, the AgentId.

use super::{
    Check, Failure, Outcome, Words,
    asked::{Asked, Person},
    places,
    report::Report,
};
use crate::{
    config::DingTalkConfig,
    dingtalk::{AccountKind, DingTalkError, Permission, proofs::AgentIdProof},
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
    for (permission, check) in PERMISSIONS {
        let proved = asked.permissions.get(&permission);
        let took = proved.map(|proved| proved.took).unwrap_or_default();
        report.judge(check, took, || match proved.map(|proved| &proved.value) {
            None if permission == Permission::MemberByMobile => {
                Outcome::skipped("DATAPHIN_ACCOUNT_KIND is not mobile: it is not needed")
            }
            None => Outcome::skipped("not asked"),
            Some(Ok(())) => Outcome::passed(format!("{} is granted", permission.scope())),
            Some(Err(error)) => missing(permission, error),
        });
    }
    let settings = &config.settings;
    let service = settings.service_user.as_ref().map(|_| "DINGTALK_SERVICE_USER_ID");
    person(
        report,
        Check::ServicePerson,
        service,
        asked.service.as_ref(),
        "DINGTALK_SERVICE_USER_ID is not set: it is needed only for requesters who are not in DingTalk",
    );
    let same = settings.test_user.is_some() && settings.test_user == settings.service_user;
    let why = if same {
        "it is the service person"
    } else {
        "DINGTALK_TEST_USER_ID is not set: nothing is tried in anybody's name"
    };
    let test = settings.test_user.as_ref().filter(|_| !same).map(|_| "DINGTALK_TEST_USER_ID");
    person(report, Check::TestPerson, test, asked.test.as_ref(), why);
    report.judge(Check::AgentId, asked.agent.as_ref().map(|agent| agent.took).unwrap_or_default(), || {
        agent_id(settings.agent_id, asked)
    });
}

fn missing(permission: Permission, error: &DingTalkError) -> Outcome {
    if !error.is_missing_permission() {
        let cause = format!("DingTalk answers the proof with {}: {}", error.code, error.message);
        return Failure::new(cause, places::permission(permission.scope(), permission.zh()))
            .code(&error.code)
            .into();
    }
    let scope = error.scopes.first().map_or(permission.scope(), String::as_str);
    let zh = if scope == permission.scope() { permission.zh() } else { "" };
    Failure::new(
        format!("the app lacks the permission {scope}, also with a new token"),
        places::permission(scope, zh),
    )
    .code(&error.code)
    .into()
}

fn person(report: &mut Report, check: Check, variable: Option<&str>, found: Option<&Person>, without: &str) {
    report.judge(check, found.map(|found| found.took).unwrap_or_default(), || {
        let (Some(variable), Some(found)) = (variable, found) else {
            return Outcome::skipped(without);
        };
        match &found.value {
            Ok(person) if !person.active => Outcome::failed(
                format!("{variable}: the person has never signed in to DingTalk, or is switched off"),
                places::contacts().or(&Words::variable(variable)),
            ),
            Ok(person) if !person.has_department => Outcome::failed(
                format!("{variable}: the person belongs to no department, and so can start no approval"),
                places::contacts(),
            ),
            Ok(_) => Outcome::passed("found, active, with a department"),
            Err(error) if error.is_out_of_sight() => Failure::new(
                format!("{variable}: the person exists, and the app may not see them"),
                places::visible_range(),
            )
            .code(&error.code)
            .into(),
            Err(error) if error.is_nobody() => Failure::new(
                format!(
                    "{variable}: nobody in DingTalk has this userid (it is the User ID of the member's page, no mobile \
                     number and no name)"
                ),
                places::variable(variable),
            )
            .code(&error.code)
            .into(),
            Err(error) => Failure::new(
                format!("{variable}: DingTalk could not be asked ({})", error.code),
                places::variable(variable),
            )
            .code(&error.code)
            .into(),
        }
    });
}

fn agent_id(agent_id: Option<i64>, asked: &Asked) -> Outcome {
    let Some(proof) = &asked.agent else {
        return Outcome::skipped(match agent_id {
            None => "DINGTALK_AGENT_ID is not set: it is needed only if the organisation's templates want it",
            Some(_) => "it takes a template and a person to ask with",
        });
    };
    match &proof.value {
        Ok(AgentIdProof::Accepted) => Outcome::passed("DingTalk does not object to it"),
        Ok(AgentIdProof::Wrong(error)) => {
            Failure::new("DINGTALK_AGENT_ID is not this app's AgentId", places::variable("DINGTALK_AGENT_ID"))
                .code(&error.code)
                .into()
        }
        Ok(AgentIdProof::Unknown(error)) => {
            Outcome::skipped(format!("DingTalk objects to something else first ({})", error.code))
        }
        Ok(AgentIdProof::Started(_)) => {
            Outcome::passed("DingTalk takes it (see what was started, and terminated)")
        }
        Err(error) => Outcome::skipped(format!("DingTalk could not be asked ({})", error.code)),
    }
}
