//! A try: a real instance from the administrator to themselves, to see the whole way once. Its event must come back through
//! the public callback; then the instance is withdrawn.
//!
//! Each look takes a trial one step further, whoever looks: the command line, or a page that asks again and again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Fill, Purpose, TemplateError, Templates, check::sample, fill};
use crate::{
    approval::{InstanceId, ProcessCode, UserId, schedule::WITHDRAW_AFTER},
    config::Home,
    diagnosis::{Failure, refused_event},
    dingtalk::{Approvers, Class, DingTalkError, NewInstance, NodeAction, SendBy},
    store::Sighting,
};

/// An event that has not come by then will not (DingTalk's second retry comes after 40 s).
const WAIT_FOR_EVENT: SignedDuration = SignedDuration::from_secs(60);
/// One that was refused was so by then.
const WAIT_FOR_REFUSAL: SignedDuration = SignedDuration::from_secs(3);
/// A create call is sent within this time or not at all.
const SEND_WITHIN: SignedDuration = SignedDuration::from_secs(5);
/// A refused withdrawal is tried again.
const WITHDRAW_AGAIN: SignedDuration = SignedDuration::from_secs(3);
const MOST_WITHDRAWALS: u32 = 3;
/// Looks for an instance whose create call got no answer.
const LOOKS: [SignedDuration; 2] = [SignedDuration::from_secs(2), SignedDuration::from_secs(5)];
/// So many pages are looked through: the window is short.
const MAX_PAGES: usize = 5;
/// The two clocks may differ a little.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);

/// How far a trial has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// Its instance.
    pub instance: InstanceId,
    /// The template it was made from.
    pub process_code: ProcessCode,
    /// The template's name.
    pub template: String,
    /// From whom, to whom.
    pub person: UserId,
    /// When the create call was sent.
    pub began_at: Timestamp,
    /// When DingTalk answered it.
    pub created_at: Timestamp,
    /// When the instance was seen running in DingTalk.
    pub seen_at: Option<Timestamp>,
    /// When the event of its start came back.
    pub start_reported_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
    /// When the event of its end came back.
    pub end_reported_at: Option<Timestamp>,
    /// Why something did not work.
    pub failures: Vec<String>,
    /// Whether there is nothing left to wait for.
    given_up: bool,
    /// Whether reading it is over, one way or the other.
    read: bool,
    /// Withdrawals so far, and when the next may be.
    withdrawals: u32,
    withdraw_not_before: Timestamp,
}

/// A leg of the way, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    /// What happened, or is to happen.
    pub name: &'static str,
    /// The same in Chinese.
    pub name_zh: &'static str,
    /// Milliseconds since the beginning; `None`: not (yet).
    pub after_ms: Option<i64>,
    /// Whether it is done without.
    pub skipped: bool,
}

/// How a trial stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Look again.
    UnderWay,
    /// The whole way works.
    Passed,
    /// It does not; `failures` say why.
    Failed,
}

impl Trial {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        match (self.end_reported_at.is_some() || self.given_up, self.failures.is_empty()) {
            (false, _) => Standing::UnderWay,
            (true, true) => Standing::Passed,
            (true, false) => Standing::Failed,
        }
    }

    /// The legs of the way, in order.
    pub fn legs(&self) -> Vec<Leg> {
        let leg = |name, name_zh, at: Option<Timestamp>, skipped| Leg {
            name,
            name_zh,
            after_ms: at
                .map(|at| i64::try_from(at.duration_since(self.began_at).as_millis()).unwrap_or(i64::MAX)),
            skipped: skipped && at.is_none(),
        };
        let ended = self.standing() != Standing::UnderWay;
        // Its start is not pushed where the subscription is filtered, which saves pushes.
        let without_start = self.withdrawn_at.is_some() || ended;
        let by_hand = self.end_reported_at.is_some();
        vec![
            leg("DingTalk created the instance", "钉钉已创建审批实例", Some(self.created_at), false),
            leg("it runs, and is on your desk in DingTalk", "实例运行中，已到您的待办", self.seen_at, ended),
            leg(
                "the event of its start came back",
                "实例开始事件已回到回调地址",
                self.start_reported_at,
                without_start,
            ),
            leg(
                "it was withdrawn again (DingTalk allows that after 15 s)",
                "实例已撤销（钉钉15秒后才允许）",
                self.withdrawn_at,
                by_hand,
            ),
            leg("the event of its end came back", "实例结束事件已回到回调地址", self.end_reported_at, false),
        ]
    }
}

impl Templates {
    /// Starts a trial of the template for a purpose: one paid call, and two more before it ends.
    pub async fn try_out(&self, purpose: &Purpose, user: Option<&UserId>) -> Result<Trial, TemplateError> {
        let template = self.template(purpose).await?;
        let person = self.person(user).await?;
        let began_at = self.world.now();
        self.store.expect_trial(began_at + WAIT_FOR_EVENT).await?;
        let new = NewInstance {
            process_code: template.process_code.clone(),
            originator: person.user_id.clone(),
            dept_id: person.dept_id,
            approvers: Approvers::Given(vec![(NodeAction::Alone, vec![person.user_id.clone()])]),
            values: sample(&template, &person, "测试 Test", &self.world),
        };
        let send_by = SendBy::within(SEND_WITHIN, began_at, &self.world);
        let instance = match self.dingtalk.create_instance(&new, send_by).await {
            Err(error) if error.class == Class::UnknownOutcome => {
                let reference = fill::reference_of(&template.fills, &new.values);
                let made = self.find_made(&new.process_code, &template.fills, reference, began_at).await?;
                made.ok_or_else(|| not_made(&error))?
            }
            created => created?,
        };
        let created_at = self.world.now();
        let trial = Trial {
            instance,
            process_code: template.process_code,
            template: template.name,
            person: person.user_id,
            began_at,
            created_at,
            seen_at: None,
            start_reported_at: None,
            withdrawn_at: None,
            end_reported_at: None,
            failures: Vec::new(),
            given_up: false,
            read: false,
            withdrawals: 0,
            withdraw_not_before: created_at + WITHDRAW_AFTER,
        };
        self.store.keep_trial(&trial).await?;
        Ok(trial)
    }

    /// After a create call without an answer: the instance it made all the same. It must not stay on a desk unseen.
    async fn find_made(
        &self,
        process_code: &ProcessCode,
        fills: &[Fill],
        reference: Option<&str>,
        began_at: Timestamp,
    ) -> Result<Option<InstanceId>, TemplateError> {
        for wait in LOOKS {
            self.world.sleep(wait).await;
            let (from, until) = (began_at - MARGIN, self.world.now() + MARGIN);
            let list = self.dingtalk.instance_ids(process_code, from, until, None, MAX_PAGES).await?;
            for id in list.ids {
                let shown = self.dingtalk.read_instance(&id).await?.fields;
                if reference.is_some() && fill::reference_field(fills, &shown) == reference {
                    return Ok(Some(id));
                }
            }
        }
        Ok(None)
    }

    /// A trial, one look further; `None` when there is no such trial.
    pub async fn look_at_trial(&self, instance: &InstanceId) -> Result<Option<Trial>, TemplateError> {
        let Some(mut trial) = self.store.trial(instance).await? else { return Ok(None) };
        if trial.standing() != Standing::UnderWay {
            return Ok(Some(trial));
        }
        let before = trial.clone();
        self.look(&mut trial).await?;
        if trial != before {
            self.store.keep_trial(&trial).await?;
        }
        Ok(Some(trial))
    }

    async fn look(&self, trial: &mut Trial) -> Result<(), TemplateError> {
        if !trial.read {
            match self.dingtalk.read_instance(&trial.instance).await {
                Ok(_) => (trial.read, trial.seen_at) = (true, Some(self.world.now())),
                Err(error)
                    if matches!(error.class, Class::Transient | Class::UnknownOutcome | Class::Throttled) => {
                }
                // It must not stay on the desk for that.
                Err(error) => {
                    trial.read = true;
                    trial.failures.push(TemplateError::from(error).to_string());
                }
            }
        }
        if trial.start_reported_at.is_none() {
            trial.start_reported_at = self.store.start_noted(&trial.instance).await?;
        }
        if let Some(hint) = self.store.early(&trial.instance).await? {
            trial.end_reported_at = Some(hint.received_at);
            return Ok(());
        }
        let now = self.world.now();
        match trial.withdrawn_at {
            None if now >= trial.withdraw_not_before => self.withdraw(trial, now).await,
            None => {}
            Some(withdrawn_at) => {
                let waited = now.duration_since(withdrawn_at);
                let refused =
                    self.refused_since(trial.began_at).await?.filter(|_| waited >= WAIT_FOR_REFUSAL);
                if let Some(why) = refused {
                    trial.failures.push(why);
                    trial.given_up = true;
                } else if waited >= WAIT_FOR_EVENT {
                    trial.failures.push(no_event(trial.start_reported_at.is_some()));
                    trial.given_up = true;
                }
            }
        }
        Ok(())
    }

    /// Why the callback refused an event while the trial was under way, if the last that came was refused.
    async fn refused_since(&self, began_at: Timestamp) -> Result<Option<String>, TemplateError> {
        let seen = self.store.sightings().await?;
        let good = [Sighting::EventFinish, Sighting::EventTerminate, Sighting::EventOther];
        let good = good.iter().filter_map(|kind| seen.get(kind)).map(|seen| seen.at).max();
        let refused = seen.get(&Sighting::CallbackRefused);
        // A second refusal within a minute is not written again.
        let refused = refused
            .filter(|refused| refused.at >= began_at - MARGIN && good.is_none_or(|good| refused.at > good));
        Ok(refused.map(|refused| {
            let Failure { cause, mend, .. } = refused_event(&refused.note);
            format!("{}: {} {}", cause.en, mend.en, mend.zh)
        }))
    }

    async fn withdraw(&self, trial: &mut Trial, now: Timestamp) {
        trial.withdrawals += 1;
        trial.withdraw_not_before = now + WITHDRAW_AGAIN;
        match self.dingtalk.terminate_instance(&trial.instance, "Approval Bridge: test").await {
            Ok(()) => trial.withdrawn_at = Some(self.world.now()),
            Err(_) if trial.withdrawals < MOST_WITHDRAWALS => {}
            Err(error) => {
                trial.given_up = true;
                trial.failures.push(not_withdrawn(&error));
            }
        }
    }
}

fn not_made(error: &DingTalkError) -> TemplateError {
    TemplateError::Cannot(format!(
        "DingTalk gave no answer to the create call ({}), and no instance of it is to be found; if one turns up on your desk \
         in DingTalk after all, revoke it there",
        error.code
    ))
}

fn not_withdrawn(error: &DingTalkError) -> String {
    format!(
        "the instance cannot be withdrawn ({}): allow the initiator to revoke an approval that is under way: OA approval \
         console > Templates > this template > Edit > Advanced Settings (OA审批管理后台 > 表单管理 > 编辑 > 高级设置 > \
         允许提交人撤销审批中的审批单); revoke this one by hand in DingTalk",
        error.code
    )
}

fn no_event(start_came: bool) -> String {
    if start_came {
        return "the event of the start came back, the one of the end did not: subscribe to `terminate` of \
                bpms_instance_change, too (developer console > your app > Event Subscription, 开发者后台 > 应用 > 事件订阅)"
            .to_owned();
    }
    let ours = match Home::here() {
        Home::Aws => {
            "that this stack's function `callback` runs behind that URL; the whole diagnosis on this page looks at each"
        }
        Home::Machine => {
            "that `bridge serve` runs behind that URL, on the data file (BRIDGE_FILE) of this command; `bridge doctor` looks \
             at each"
        }
    };
    format!(
        "no event came back within a minute: look at the event subscription (developer console > your app > Event \
         Subscription, 开发者后台 > 应用 > 事件订阅): its URL, token and aes_key, that *approval instance start and end* is \
         ticked, and that its filter names this template; and {ours}"
    )
}
