//! What DingTalk is asked, all side by side, and what it answered. Judged elsewhere.

use std::collections::HashMap;

use jiff::SignedDuration;
use serde_json::Value;
use tokio::{task::JoinSet, time::timeout_at};

use super::{
    limits::Limits,
    reach::{self, Timed, Unreached, timed},
    waiting::Creates,
};
use crate::{
    approval::{InstanceId, ProcessCode},
    config::DingTalkConfig,
    dingtalk::{
        AccountKind, Contact, DingTalk, DingTalkError, Permission, answer, clock_offset, proofs::AgentIdProof,
    },
    http::{Http, HttpAnswer, SendError},
    world::World,
};

/// What one of the two hosts answered.
pub(super) type Answered = Timed<Result<HttpAnswer, Unreached>>;

/// Everything that was asked.
pub(super) struct Asked {
    /// A token, of the new API.
    pub api: Answered,
    /// How far DingTalk's clock is ahead of ours.
    pub offset: Option<SignedDuration>,
    /// A call without parameters, of the older API.
    pub oapi: Answered,
    /// The permissions.
    pub permissions: HashMap<Permission, Timed<Result<(), DingTalkError>>>,
    /// The service person.
    pub service: Option<Person>,
    /// The test person, where that is another one.
    pub test: Option<Person>,
    /// The AgentId.
    pub agent: Option<AgentProof>,
    /// What to ask further questions with.
    pub dingtalk: DingTalk,
}

/// What is known of a person.
pub(super) type Person = Timed<Result<Contact, DingTalkError>>;

/// What DingTalk thinks of the AgentId.
pub(super) type AgentProof = Timed<Result<AgentIdProof, DingTalkError>>;

impl Asked {
    /// Asks. Nothing is taken from a cache: a client of its own gets a token of its own.
    pub async fn of(
        config: &DingTalkConfig,
        http: Http,
        world: &World,
        limits: Limits,
        permissions: &[Permission],
    ) -> Self {
        let settings = &config.settings;
        let patience = SignedDuration::try_from(limits.patience()).unwrap_or(SignedDuration::ZERO);
        let dingtalk = DingTalk::new(settings.clone(), http, world.clone());
        let dingtalk = dingtalk.patient_until(world.now() + patience);
        // What hangs at one host holds up no question to the other.
        let of_api = async {
            let api = reached(&dingtalk, Host::Api, limits).await;
            let found = match token(&api) {
                Ok(()) => Found::of(&dingtalk, limits, permissions).await,
                Err(_) => Found::default(),
            };
            (api, found)
        };
        let ((api, found), oapi) = tokio::join!(of_api, reached(&dingtalk, Host::Oapi, limits));
        let offset =
            api.value.as_ref().ok().and_then(|answer| clock_offset::offset(&answer.headers, world.now()));
        let Found { permissions, service, test } = found;
        Self { api, offset, oapi, permissions, service, test, agent: None, dingtalk }
    }

    /// What the answer to the question for a token means.
    pub fn token(&self) -> Result<(), Option<DingTalkError>> {
        token(&self.api)
    }

    /// Every error that a call met; those of the older API only where that is reached at all.
    pub fn errors(&self, with_oapi: bool) -> impl Iterator<Item = &DingTalkError> {
        let of = move |permission: &Permission| with_oapi || !permission.is_oapi();
        let permissions = self.permissions.iter().filter(move |(permission, _)| of(permission));
        let permissions = permissions.filter_map(|(_, proved)| proved.value.as_ref().err());
        let people = self.service.iter().chain(&self.test).filter(move |_| with_oapi);
        let people = people.filter_map(|person| person.value.as_ref().err());
        permissions.chain(people).chain(self.agent.iter().filter_map(|agent| agent.value.as_ref().err()))
    }

    /// The AgentId, proved with this template; it takes a person to ask with.
    pub async fn prove_agent_id(&self, template: Option<&ProcessCode>, limits: Limits) -> Option<AgentProof> {
        let (agent_id, originator) = (self.dingtalk.settings().agent_id?, self.person()?);
        let user = originator.user_id.as_str();
        let proof = self.dingtalk.prove_agent_id(agent_id, template?, user, originator.dept_id);
        Some(timed(within(limits, proof)).await)
    }

    /// In whose name a flow can be foreseen: who can start an approval.
    pub fn person(&self) -> Option<&Contact> {
        let people =
            [&self.test, &self.service].into_iter().flatten().filter_map(|it| it.value.as_ref().ok());
        people.into_iter().find(|person| person.active && person.has_department)
    }

    /// Whether DingTalk answers a create call.
    pub fn creates(&self) -> Creates {
        match self.agent.as_ref().map(|agent| &agent.value) {
            Some(Ok(_)) => Creates::Work,
            Some(Err(error)) if error.is_silence() || error.is_own_failure() => Creates::Fail,
            Some(Err(_)) | None => Creates::Unknown,
        }
    }

    /// The instance that must not be there.
    pub fn started(&self) -> Option<&InstanceId> {
        match self.agent.as_ref()?.value.as_ref() {
            Ok(AgentIdProof::Started(instance)) => Some(instance),
            _ => None,
        }
    }
}

/// What the questions after the first found.
#[derive(Default)]
struct Found {
    permissions: HashMap<Permission, Timed<Result<(), DingTalkError>>>,
    service: Option<Person>,
    test: Option<Person>,
}

impl Found {
    async fn of(dingtalk: &DingTalk, limits: Limits, permissions: &[Permission]) -> Self {
        let mut proofs = JoinSet::new();
        for permission in permissions.iter().copied() {
            let dingtalk = dingtalk.clone();
            proofs
                .spawn(async move { (permission, timed(within(limits, dingtalk.prove(permission))).await) });
        }
        let settings = dingtalk.settings();
        let service = settings.service_user.as_ref().map(|user| user.as_str());
        let test =
            settings.test_user.as_ref().map(|user| user.as_str()).filter(|test| Some(*test) != service);
        let person = async |user: Option<&str>| match user {
            Some(user) => Some(timed(within(limits, dingtalk.contact(AccountKind::UserId, user))).await),
            None => None,
        };
        let (service, test) = tokio::join!(person(service), person(test));
        let mut permissions = HashMap::new();
        while let Some(proved) = proofs.join_next().await {
            permissions.extend(proved);
        }
        Self { permissions, service, test }
    }
}

/// What the answer to the question for a token means.
fn token(api: &Answered) -> Result<(), Option<DingTalkError>> {
    let answer = api.value.as_ref().map_err(|_| None)?;
    match taken(answer, Host::Api) {
        Ok(body) if body.get("accessToken").is_some() => Ok(()),
        Ok(_) => Err(None),
        Err(error) => Err(Some(error)),
    }
}

/// DingTalk's two hosts.
#[derive(Clone, Copy)]
enum Host {
    Api,
    Oapi,
}

/// Asks, and where that fails looks why. What is turned away for its number is asked again, and what DingTalk itself failed at, once;
/// the last time counts.
async fn reached(dingtalk: &DingTalk, host: Host, limits: Limits) -> Answered {
    let mut failed = false;
    loop {
        let ask = async {
            match host {
                Host::Api => dingtalk.ask_for_token().await,
                Host::Oapi => dingtalk.ask_oapi().await,
            }
        };
        let Timed { value, took } = timed(timeout_at(limits.ask_until(), ask)).await;
        let value = match value.unwrap_or(Err(SendError::TimedOut)) {
            Ok(answer) => match taken(&answer, host) {
                Err(error) if dingtalk.comes_again(&error).await => continue,
                Err(error) if !failed && dingtalk.tries_again(&error).await => {
                    failed = true;
                    continue;
                }
                _ => Ok(answer),
            },
            Err(error) => {
                let settings = dingtalk.settings();
                let url = match host {
                    Host::Api => &settings.api_url,
                    Host::Oapi => &settings.oapi_url,
                };
                Err(reach::why(url, &error, limits.until()).await)
            }
        };
        return Timed { value, took };
    }
}

fn taken(answer: &HttpAnswer, host: Host) -> Result<Value, DingTalkError> {
    let taken = match host {
        Host::Api => answer::new_style(answer),
        Host::Oapi => answer::old_style(answer),
    };
    taken.map_err(DingTalkError::harmless)
}

/// The answer to a call, or that there was none in time.
pub(super) async fn within<T>(
    limits: Limits,
    call: impl Future<Output = Result<T, DingTalkError>>,
) -> Result<T, DingTalkError> {
    timeout_at(limits.for_a_probe(), call).await.unwrap_or_else(|_| Err(DingTalkError::too_slow()))
}
