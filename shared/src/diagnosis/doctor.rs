//! The doctor: asks everything side by side, then judges in the order of dependence.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::time::{timeout, timeout_at};

use super::{
    Check, Diagnosis, Failure, Outcome, Storage, Words, app,
    asked::{AgentProof, Asked},
    callback::{self, Door},
    configuration::Setup,
    data_file, dataphin,
    dataphins_words::CLOCK,
    exposure,
    gateway::{self, Late},
    leftover,
    limits::Limits,
    places,
    pushes::{self, Taken},
    reach::{Timed, timed},
    refusals::{self, Today},
    report::Report,
    requests::Requests,
    route::{self, Route},
    sightings,
    storage::{self, Keeper},
    stored::Stored,
    template,
    unreported::{self, Unreported},
    waiting::Creates,
};
use crate::{
    assembly,
    config::{Config, Home, Variables, taken_up},
    dingtalk::DingTalkError,
    engine::Engine,
    http::{Http, client::HttpSetupError},
    lambda::secrets::NoSecret,
    store::Sightings,
    template::TemplateBook,
    world::World,
};

/// Nobody's callback may be waited for longer than this, whatever DINGTALK_TIMEOUT_SECONDS says.
const HTTP_TIMEOUT: Duration = Duration::from_secs(8);
/// Everything else waits for this look into the store, so it is short.
const LOOK_UP: Duration = Duration::from_millis(700);

/// Looks at an installation. Cheap to clone.
#[derive(Clone)]
pub struct Doctor(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub variables: Variables,
    pub setup: Setup,
    pub storage: Storage,
    pub engine: Option<Engine>,
    http: Http,
    pub world: World,
}

impl Doctor {
    /// One for a running bridge.
    pub fn new(config: &Config, engine: &Engine, world: World) -> Result<Self, HttpSetupError> {
        let storage = Storage::Open(engine.store().clone());
        let setup = Setup::of(&config.variables);
        Self::build(config.variables.clone(), setup, storage, Some(engine.clone()), world)
    }

    /// One for whatever there is: an incomplete configuration, a store that cannot be opened.
    pub fn beside(variables: Variables, storage: Storage, world: World) -> Result<Self, HttpSetupError> {
        let config = Config::read(variables.clone()).ok();
        let engine = match (config, storage.store()) {
            // Without all of it nothing may be taken off DingTalk's list: it could not be taken up.
            (Some(config), Some(store)) => {
                assembly::engine(&config, store.clone(), world.clone(), false).ok()
            }
            _ => None,
        };
        let setup = Setup::of(&variables);
        Self::build(variables, setup, storage, engine, world)
    }

    /// One for a function that does not get its secret.
    pub fn without_secret(
        variables: Variables,
        error: &NoSecret,
        storage: Storage,
        world: World,
    ) -> Result<Self, HttpSetupError> {
        let cause = Words::new(error.to_string(), format!("无法读取密钥（{error}）"));
        let why = Failure::new(cause, places::secret()).code("no-secret");
        let setup = Setup::without_secret(&variables, why);
        Self::build(variables, setup, storage, None, world)
    }

    fn build(
        variables: Variables,
        setup: Setup,
        storage: Storage,
        engine: Option<Engine>,
        world: World,
    ) -> Result<Self, HttpSetupError> {
        // A client of its own would read the system's certificates again.
        let http = match &engine {
            Some(engine) => engine.dingtalk().http().within(HTTP_TIMEOUT),
            None => Http::new(HTTP_TIMEOUT)?,
        };
        Ok(Self(Arc::new(Inner { variables, setup, storage, engine, http, world })))
    }

    /// The quick subset: what Dataphin's *Test Connection* has time for.
    pub async fn quick(&self) -> Diagnosis {
        Box::pin(self.examine(true)).await
    }

    /// Everything.
    pub async fn full(&self) -> Diagnosis {
        Box::pin(self.examine(false)).await
    }

    async fn examine(&self, quick: bool) -> Diagnosis {
        let Inner { setup, storage, world, .. } = &*self.0;
        let limits = Limits::new(quick);
        let began = Instant::now();
        let book = self.book().await;
        let (file, stored, (asked, templates, pushes), (callback, route), dataphin) = tokio::join!(
            Box::pin(data_file::ask(setup.survey.bridge.as_ref(), &self.0.http, quick)),
            Box::pin(Stored::look(storage.store(), quick, limits)),
            Box::pin(self.question_dingtalk(quick, &book, limits)),
            Box::pin(self.knock(quick, limits)),
            Box::pin(timed(self.dry_run(quick, limits))),
        );
        let left = leftover::leave(asked.as_ref(), storage.store(), world).await;
        let kind = setup.account_kind();
        let works = asked.as_ref().filter(|asked| asked.token().is_ok()).map(|asked| &asked.dingtalk);
        let found = refusals::ask_again(stored.requests.as_ref(), works, kind, world.now(), limits).await;
        let (looked, seen) = self.unreported(quick, &stored, asked.as_ref(), limits).await;
        let unreported = looked.as_deref().unwrap_or_default();
        let own_store = self.own_store(callback.value.store.is_some()).await;
        let mut report = Report::new(quick);
        report.configuration(setup.wrong.clone().into_iter().collect(), Duration::ZERO);
        let keeper = Keeper::of(setup.survey.bridge.as_ref());
        report.judge(Check::Store, stored.table.took, || {
            if let Some(trouble) = file {
                return trouble.into();
            }
            match storage::judge(storage, stored.table.value.as_ref(), keeper, setup.data_file(), quick) {
                Outcome::Passed { proved } => {
                    let running = callback.value.store.as_deref();
                    storage::other_than(&self.0.variables, storage, keeper, running, own_store.as_deref())
                        .map_or(Outcome::Passed { proved }, Outcome::from)
                }
                outcome => outcome,
            }
        });
        if let (Some(config), Some(asked)) = (&setup.survey.dingtalk, &asked) {
            // The quick list has no time to wait for them.
            let of_templates = templates.value.iter().filter_map(|seen| seen.as_ref().err());
            let late = Late {
                api: of_templates.chain(looked.as_ref().err()).filter(|_| !quick).collect(),
                oapi: pushes.value.error().into_iter().collect(),
            };
            gateway::judge(&mut report, config, asked, &late);
            app::judge(&mut report, config, asked);
            template::judge(&mut report, &templates);
        }
        // Another app's AppKey is named once: events are addressed to it, too.
        let other_app = report.has_failed(Check::Credentials);
        let unless_other_app = |outcome: Outcome, code: &str| match outcome {
            Outcome::Failed(failure) if other_app && failure.code.as_deref() == Some(code) => {
                Outcome::skipped(Words::new(
                    "because App credentials failed: events are addressed to the AppKey",
                    "因“应用凭证”未通过：事件是发给该 AppKey 的",
                ))
            }
            outcome => outcome,
        };
        let may_run = Config::read(self.0.variables.clone()).is_ok() && !report.has_failed(Check::Store);
        let file_fails = report.code_of(Check::Store).is_some_and(data_file::is_trouble);
        report.judge(Check::Callback, callback.took, || match callback.value.outcome {
            Outcome::Failed(Failure { code: Some(code), .. })
                if !may_run && callback::NO_BRIDGE.contains(&code.as_str()) =>
            {
                Outcome::skipped(Words::new(
                    "the bridge cannot start with this configuration",
                    "按当前配置审批桥无法启动",
                ))
            }
            outcome => unless_other_app(unless_file_fails(outcome, file_fails), callback::NOT_BELIEVED),
        });
        let now = world.now();
        report.judge(Check::Events, stored.took, || match &seen {
            Some(seen) => unless_other_app(
                sightings::events(seen, unreported, &setup.fingerprints(), now),
                sightings::OTHER_OWNER,
            ),
            None => no_store(),
        });
        report.judge(Check::FailedPushes, pushes.took, || pushes.value.judge());
        judge_dataphin(&mut report, &stored, route, dataphin, now);
        let creates = asked.as_ref().map_or(Creates::Unknown, Asked::creates);
        judge_requests(&mut report, &stored, &Today::of(setup, &book, &found, creates, now));
        if let Some(failure) = self.not_taken_up(callback.value.settings.as_deref()) {
            report.unless_otherwise(Check::Callback, failure);
        }
        let diagnosis = self.conclude(report);
        let failed = diagnosis.failed().count();
        tracing::info!(quick, failed, ms = began.elapsed().as_millis(), "diagnosis");
        if let (Some(asked), Some(instance)) = (&asked, left) {
            leftover::end(instance, asked, storage.store(), world).await;
        }
        diagnosis
    }

    /// The findings, with what could be safer at their end.
    fn conclude(&self, mut report: Report) -> Diagnosis {
        let variables = &self.0.variables;
        report.exposure(exposure::warnings(variables, |name| std::env::var(name).ok()));
        report.done(variables)
    }

    /// The templates that the bridge uses; without a store, none but the operator's own choice.
    pub(super) async fn book(&self) -> TemplateBook {
        let Some(store) = self.0.storage.store() else { return TemplateBook::default() };
        timeout(LOOK_UP, store.templates()).await.ok().and_then(Result::ok).unwrap_or_default()
    }

    async fn look_at_templates(
        &self,
        quick: bool,
        book: &TemplateBook,
        asked: Option<&Asked>,
        limits: Limits,
    ) -> template::Looked {
        match asked.filter(|asked| asked.token().is_ok()) {
            Some(asked) => {
                let templates = book.in_use(asked.dingtalk.settings().process_code.as_ref());
                template::look(templates, quick, asked, limits, &self.0.world).await
            }
            None => Vec::new(),
        }
    }

    async fn prove_agent_id(
        &self,
        quick: bool,
        book: &TemplateBook,
        asked: Option<&Asked>,
        limits: Limits,
    ) -> Option<AgentProof> {
        let asked = asked.filter(|asked| !quick && asked.token().is_ok())?;
        let first = book.in_use(asked.dingtalk.settings().process_code.as_ref()).into_iter().next();
        asked.prove_agent_id(first.as_ref().map(|template| &template.process_code), limits).await
    }

    /// Asks DingTalk all there is to ask. What follows its first answers waits for nobody else's.
    async fn question_dingtalk(
        &self,
        quick: bool,
        book: &TemplateBook,
        limits: Limits,
    ) -> (Option<Asked>, Timed<template::Looked>, Timed<Taken>) {
        let mut asked = self.ask_dingtalk(quick, limits).await;
        let (templates, pushes, agent) = tokio::join!(
            timed(self.look_at_templates(quick, book, asked.as_ref(), limits)),
            timed(self.take_pushes(quick, asked.as_ref(), limits)),
            self.prove_agent_id(quick, book, asked.as_ref(), limits),
        );
        if let Some(asked) = &mut asked {
            asked.agent = agent;
        }
        (asked, templates, pushes)
    }

    async fn ask_dingtalk(&self, quick: bool, limits: Limits) -> Option<Asked> {
        let Inner { setup, http, world, .. } = &*self.0;
        let config = setup.survey.dingtalk.as_ref()?;
        let kind = setup.survey.dataphin.as_ref().map(|dataphin| dataphin.account_kind);
        Some(Asked::of(config, http.clone(), world, limits, &app::wanted(quick, kind)).await)
    }

    /// The way to us, as DingTalk comes, and then as Dataphin does. Where the first fails the second is not gone: a
    /// token must not travel to a stranger.
    async fn knock(&self, quick: bool, limits: Limits) -> (Timed<callback::Knocked>, Timed<Outcome>) {
        let Inner { setup, http, world, .. } = &*self.0;
        let callback = timed(async {
            match (&setup.survey.bridge, &setup.survey.dingtalk) {
                (Some(bridge), Some(dingtalk)) if !quick && !self.is_wrong(Check::Callback) => {
                    let (dataphin, store) = (setup.survey.dataphin.as_ref(), self.0.storage.store());
                    callback::check(&Door { bridge, dingtalk, dataphin, store, http, world, limits }).await
                }
                _ => incomplete().into(),
            }
        });
        let callback = callback.await;
        let led_to_us = callback.value.led_to_us();
        let base = setup.survey.bridge.as_ref().and_then(|bridge| bridge.public_url.as_deref());
        let route = timed(async {
            match (base.filter(|_| led_to_us), &setup.survey.dataphin) {
                (Some(base), Some(dataphin)) if !self.is_wrong(Check::DataphinRoute) => {
                    let store = callback.value.store.as_deref();
                    route::check(&Route { base, store, dataphin, http, world, limits }).await
                }
                _ if base.is_none() => {
                    Outcome::skipped(Words::new("BRIDGE_PUBLIC_URL is not set", "未设置 BRIDGE_PUBLIC_URL"))
                }
                _ => Outcome::skipped(Words::new(
                    "the callback address was not reached before it",
                    "此前的回调地址检查未到达审批桥",
                )),
            }
        });
        let route = route.await;
        (callback, route)
    }

    /// Whether the bridge that answered was started with other settings than these.
    fn not_taken_up(&self, running: Option<&str>) -> Option<Failure> {
        let (running, dingtalk) = (running?, self.0.setup.survey.dingtalk.as_ref()?);
        let ours = taken_up::fingerprint(&self.0.variables, &dingtalk.verifier);
        let differing = taken_up::differing(&ours, running);
        // The functions of a stack are deployed together, each with what it needs.
        if differing.is_empty() || Home::here() == Home::Aws {
            return None;
        }
        let names = differing.join(", ");
        let cause = Words::new(
            format!(
                "the running bridge was started with other values of {names} than this configuration has"
            ),
            format!("运行中的审批桥启动时使用的 {names} 与当前配置不同"),
        );
        let other = Words::new(
            format!("give this command the environment of `bridge serve` ({names})"),
            format!("让本命令使用与 `bridge serve` 相同的环境变量（{names}）"),
        );
        Some(Failure::new(cause, places::restart().or(&other)).code("not-taken-up"))
    }

    /// What the store that is looked at calls itself.
    async fn own_store(&self, asked_for: bool) -> Option<String> {
        let store = self.0.storage.store().filter(|_| asked_for)?;
        timeout(LOOK_UP, store.identity()).await.ok()?.ok()?
    }

    async fn dry_run(&self, quick: bool, limits: Limits) -> Outcome {
        let Inner { setup, world, .. } = &*self.0;
        match &setup.survey.dataphin {
            Some(config) if !quick && !self.is_wrong(Check::DataphinCallback) => {
                dataphin::check(config, world, limits).await
            }
            _ => incomplete(),
        }
    }

    /// The events that DingTalk could not push, taken up.
    async fn take_pushes(&self, quick: bool, asked: Option<&Asked>, limits: Limits) -> Taken {
        let works = asked.is_some_and(|asked| asked.token().is_ok());
        match self.0.engine.as_ref().filter(|_| !quick && works) {
            Some(engine) => pushes::take(engine, limits).await,
            None => Taken::Nobody,
        }
    }

    /// Approvals that ended without an event, and what arrived up to now. The engine reads them soon.
    async fn unreported(
        &self,
        quick: bool,
        stored: &Stored,
        asked: Option<&Asked>,
        limits: Limits,
    ) -> (Result<Vec<Unreported>, DingTalkError>, Option<Sightings>) {
        let Inner { storage, engine, world, .. } = &*self.0;
        let seen = stored.sightings.clone();
        let asked = asked.filter(|asked| !quick && seen.is_some() && asked.token().is_ok());
        let (Some(store), Some(asked)) = (storage.store(), asked) else { return (Ok(Vec::new()), seen) };
        let unreported = unreported::look(store, &asked.dingtalk, world, limits).await;
        let seen_now = timeout_at(limits.end(), store.sightings()).await;
        let seen = seen_now.ok().and_then(Result::ok).or(seen);
        if let (Some(engine), Ok(unreported)) = (engine, &unreported) {
            // What is not passed on is read by itself, later.
            let _ = timeout_at(limits.end(), unreported::pass_on(unreported, engine)).await;
        }
        (unreported, seen)
    }

    /// Whether a variable that a check uses is wrong.
    fn is_wrong(&self, check: Check) -> bool {
        check.facts().variables.iter().any(|variable| self.0.setup.wrong.contains_key(*variable))
    }
}

fn no_store() -> Outcome {
    Outcome::skipped(Words::new("the store is not there yet, or cannot be read", "存储尚未创建，或无法读取"))
}

fn incomplete() -> Outcome {
    Outcome::skipped(Words::new("the configuration is not complete", "配置不完整"))
}

/// Dataphin's way to us, and ours to Dataphin.
fn judge_dataphin(
    report: &mut Report,
    stored: &Stored,
    route: Timed<Outcome>,
    dataphin: Timed<Outcome>,
    now: Timestamp,
) {
    report.judge(Check::DataphinRoute, route.took, || route.value);
    let own_clock = report.has_failed(Check::Clock);
    let unless_own_clock = |outcome: Outcome| match outcome {
        Outcome::Failed(failure) if own_clock && failure.code.as_deref().is_some_and(is_about_clocks) => {
            Outcome::skipped(Words::new(
                "because Clock failed: our clock is off, Dataphin's need not be",
                "因“时钟”未通过：本机时钟有误，Dataphin 的时钟未必有误",
            ))
        }
        outcome => outcome,
    };
    let token_differs = report.code_of(Check::DataphinRoute) == Some(route::OTHER_TOKEN);
    report.judge(Check::DataphinCalls, stored.took, || match &stored.sightings {
        Some(seen) if token_differs => sightings::dataphin_beside_another_token(seen, now),
        Some(seen) => unless_own_clock(sightings::dataphin(seen, dataphin::our_token(&dataphin.value), now)),
        None => no_store(),
    });
    let token_differs =
        token_differs || report.code_of(Check::DataphinCalls) == Some(sightings::ACCESS_TOKEN);
    report.judge(Check::DataphinCallback, dataphin.took, || match dataphin.value {
        Outcome::Failed(failure) if token_differs && dataphin::is_about_secrets(&failure) => {
            Outcome::skipped(Words::new(
                "because the Access Token is named above: the same one signs the callback",
                "因上面已指出 Access Token 不一致：回调也用它签名",
            ))
        }
        other => unless_own_clock(other),
    });
}

/// Whether a code is that of two clocks that differ.
fn is_about_clocks(code: &str) -> bool {
    code == sightings::TIMESTAMP || code == CLOCK
}

/// What became of requests.
fn judge_requests(report: &mut Report, stored: &Stored, today: &Today<'_>) {
    let of_requests = |judge: &dyn Fn(&Requests) -> Outcome| match &stored.requests {
        Some(requests) => judge(requests),
        None => no_store(),
    };
    report.judge(Check::Deliveries, stored.took, || of_requests(&|requests| requests.deliveries()));
    report.judge(Check::Waiting, stored.took, || {
        of_requests(&|requests| requests.waiting(today.creates, today.now))
    });
    report.judge(Check::Withdrawals, stored.took, || of_requests(&|requests| requests.withdrawals()));
    report.judge(Check::Refused, stored.took, || of_requests(&|requests| requests.refused(today)));
}

/// A bridge whose data file fails answers nobody: that is named once.
fn unless_file_fails(outcome: Outcome, file_fails: bool) -> Outcome {
    match outcome {
        Outcome::Failed(Failure { code: Some(code), .. }) if file_fails && code == "http-503" => {
            Outcome::skipped(Words::new(
                "because Store failed: the bridge accepts nothing meanwhile",
                "因为“存储”检查未通过：审批桥暂停接收",
            ))
        }
        outcome => outcome,
    }
}
