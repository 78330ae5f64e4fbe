//! The handle of a running simulator: how tests and the demo start it, play its people and set its switches.

use std::{io, net::SocketAddr, sync::Arc};

use axum::Router;
use secrecy::SecretString;
use shared::{
    dingtalk::crypto::{AesKey, CallbackKeys},
    world::World,
};
use tokio::{net::TcpListener, sync::watch};

use super::{
    acts::{Objection, Todo},
    control,
    core::{Core, until_stopped},
    errors::Refusal,
    faults::Fault,
    flow::FlowNode,
    gate,
    ids::{InstanceId, ProcessCode, TaskId},
    instances::Instance,
    meter::Counts,
    new_template::{self, NewTemplate},
    page,
    people::{Department, Person},
    permissions,
    push::{Push, owner_key, within},
    settings::Settings,
    state::State,
    subscription::{PushOptions, Rejection, Subscription},
    templates::{Template, TemplateStatus},
};

/// A running DingTalk. Clones share it; it stops when the last one is dropped.
#[derive(Clone)]
pub struct Simulator {
    running: Arc<Running>,
}

struct Running {
    core: Arc<Core>,
    address: SocketAddr,
    /// Everything that runs waits for this to go.
    _stop: watch::Sender<()>,
}

/// Starting, and what is seen from outside.
impl Simulator {
    /// Starts on the address of the settings.
    pub async fn start(world: World, settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        Self::start_on(listener, world, settings)
    }

    /// Starts on a listener that is already there.
    pub fn start_on(listener: TcpListener, world: World, settings: Settings) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(io::Error::other)?;
        let (stop, stopped) = watch::channel(());
        let core = Arc::new(Core::new(State::new(world, settings), client, stopped.clone()));
        let router: Router = Router::new()
            .merge(page::routes())
            .merge(control::routes())
            .fallback(gate::answer)
            .with_state(core.clone());
        let server = axum::serve(listener, router).with_graceful_shutdown(until_stopped(stopped));
        tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the DingTalk simulator stopped serving");
            }
        });
        Ok(Self { running: Arc::new(Running { core, address, _stop: stop }) })
    }

    /// The base address of both hosts, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// All instances, newest first.
    pub fn instances(&self) -> Vec<Instance> {
        self.with(|state| state.instances.newest().cloned().collect())
    }

    /// One instance.
    pub fn instance(&self, id: &str) -> Option<Instance> {
        self.with(|state| state.instances.get(id).cloned())
    }

    /// A person's to-dos, oldest first.
    pub fn todos(&self, user: &str) -> Vec<Todo> {
        self.with(|state| state.todos_of(user))
    }

    /// How often each API was called, and what counts for the month.
    pub fn calls(&self) -> Counts {
        self.with(|state| state.meter.counts.clone())
    }

    /// Every attempt to push an event (the last 5,000), oldest first.
    pub fn pushes(&self) -> Vec<Push> {
        self.with(|state| state.pushes.iter().cloned().collect())
    }

    /// Waits until no push is under way; one that waits for its next attempt is not.
    pub async fn pushes_settled(&self) {
        self.running.core.settled().await;
    }

    /// How many events are in the failed list or on their way there.
    pub fn failed_pushes(&self) -> usize {
        self.with(|state| state.failed.len())
    }
}

/// The organisation and its console.
impl Simulator {
    /// Adds a person, or replaces who had this userId.
    pub fn add_person(&self, person: Person) {
        self.with(|state| state.people.add(person));
    }

    /// Adds or replaces a department.
    pub fn add_department(&self, department: Department) {
        self.with(|state| state.people.add_department(department));
    }

    /// Makes a template, by the rules of the API.
    pub fn add_template(&self, template: NewTemplate) -> Result<ProcessCode, Refusal> {
        self.with(|state| new_template::add(state, template))
    }

    /// One template.
    pub fn template(&self, code: &str) -> Option<Template> {
        self.with(|state| state.templates.get(code).cloned())
    }

    /// Sets a template's approval flow; false when there is no such template.
    pub fn set_flow(&self, code: &str, flow: Vec<FlowNode>) -> bool {
        self.change_template(code, |template| template.flow = flow)
    }

    /// Publishes, stops or withdraws a template; false when there is no such template.
    pub fn set_status(&self, code: &str, status: TemplateStatus) -> bool {
        self.change_template(code, |template| template.status = status)
    }

    /// The switch "allow the initiator to revoke"; false when there is no such template.
    pub fn set_allow_revoke(&self, code: &str, allow: bool) -> bool {
        self.change_template(code, |template| template.allow_revoke = allow)
    }

    /// Saves the event subscription, if the address passes the check.
    pub async fn save_subscription(&self, url: &str, token: &str, aes_key: &str) -> Result<(), Rejection> {
        save_subscription(&self.running.core, url, token, aes_key).await
    }

    /// Which events are pushed, in which shape and addressed to which key.
    pub fn set_push_options(&self, options: PushOptions) {
        self.with(|state| state.push_options = options);
    }

    /// Grants a permission point; tokens that are issued from now on have it.
    pub fn grant(&self, point: &str) {
        self.with(|state| permissions::find(point).map(|point| state.grants.insert(point)));
    }

    /// Withdraws a permission point at once.
    pub fn deny(&self, point: &str) {
        self.with(|state| state.grants.remove(point));
    }

    /// Whether calls come from an address outside the allow-list.
    pub fn refuse_address(&self, refuse: bool) {
        self.with(|state| state.address_refused = refuse);
    }

    /// Ends every token at once.
    pub fn expire_tokens(&self) {
        self.with(|state| state.tokens.expire());
    }

    /// Sets the calls a second for each API; `None` is no limit.
    pub fn set_qps(&self, limit: Option<u32>) {
        self.with(|state| state.meter.qps = limit);
    }

    /// Sets the month's paid calls; `None` is no limit.
    pub fn set_api_quota(&self, quota: Option<u64>) {
        self.with(|state| state.meter.api_quota = quota);
    }

    /// Sets the month's pushes; `None` is no limit.
    pub fn set_push_quota(&self, quota: Option<u64>) {
        self.with(|state| state.meter.push_quota = quota);
    }

    /// Sets a fault.
    pub fn fault(&self, fault: Fault) {
        self.with(|state| state.faults.0.push(fault));
    }

    /// Clears all faults. An event that is held back is pushed with the next one.
    pub fn clear_faults(&self) {
        self.with(|state| state.faults.0.clear());
    }

    fn change_template(&self, code: &str, change: impl FnOnce(&mut Template)) -> bool {
        self.with(|state| state.templates.get_mut(code).map(change).is_some())
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        self.running.core.with(act)
    }
}

/// What people do.
impl Simulator {
    /// Agrees; an empty remark is none.
    pub fn agree(&self, task: TaskId, remark: &str) -> Result<(), Objection> {
        self.with(|state| state.agree(task, None, remark))
    }

    /// Refuses, which ends the instance.
    pub fn refuse(&self, task: TaskId, remark: &str) -> Result<(), Objection> {
        self.with(|state| state.refuse(task, None, remark))
    }

    /// Hands the task to somebody else.
    pub fn transfer(&self, task: TaskId, to: &str, remark: &str) -> Result<(), Objection> {
        self.with(|state| state.transfer(task, None, to, remark))
    }

    /// Adds approvers who decide before this task, or after it.
    pub fn countersign(
        &self,
        task: TaskId,
        users: &[&str],
        before: bool,
        remark: &str,
    ) -> Result<(), Objection> {
        self.with(|state| state.countersign(task, None, users, before, remark))
    }

    /// Writes a comment.
    pub fn comment(&self, instance: &InstanceId, user: &str, text: &str) -> Result<(), Objection> {
        self.with(|state| state.comment(instance.as_str(), user, text))
    }

    /// Revokes as the originator.
    pub fn revoke(&self, instance: &InstanceId, remark: &str) -> Result<(), Objection> {
        self.with(|state| {
            let originator = state.instances.get(instance.as_str()).map(|it| it.originator.clone());
            let originator = originator.ok_or(Objection::NoSuchInstance)?;
            state.revoke(instance.as_str(), Some(originator.as_str()), remark)
        })
    }

    /// Deletes as an administrator.
    pub fn delete(&self, instance: &InstanceId) -> Result<(), Objection> {
        self.with(|state| state.delete_instance(instance.as_str()))
    }
}

/// What the console does when a subscription is saved: `check_url`, and the reply must be right.
pub(crate) async fn save_subscription(
    core: &Arc<Core>,
    url: &str,
    token: &str,
    aes_key: &str,
) -> Result<(), Rejection> {
    let is_plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !(3..=32).contains(&token.len()) || !is_plain {
        return Err(Rejection::BadForm("the token has 3 to 32 letters and digits"));
    }
    let key: AesKey = aes_key.parse().map_err(|_| Rejection::BadForm("the aes_key has 43 characters"))?;
    if !(url.starts_with("http://") || url.starts_with("https://")) {
        return Err(Rejection::BadForm("the address begins with http:// or https://"));
    }
    let keys = CallbackKeys::new(SecretString::from(token), key);
    let subscription = Subscription { url: url.to_owned(), keys };
    let (owner_key, deadline) = core.with(|state| (owner_key(state), state.settings.push_deadline));
    within(core, &subscription, &owner_key, br#"{"EventType":"check_url"}"#, deadline).await?;
    core.with(|state| state.subscription = Some(Arc::new(subscription)));
    Ok(())
}
