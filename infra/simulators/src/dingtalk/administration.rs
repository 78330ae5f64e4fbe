//! What the organisation and its two consoles set: people, templates, event subscription, permission points, limits.

use jiff::SignedDuration;

use super::{
    errors::Refusal,
    faults::Fault,
    flow::FlowNode,
    ids::ProcessCode,
    new_template::{self, NewTemplate},
    people::{Department, Person},
    permissions,
    simulator::Simulator,
    subscribe::{self, Subscribed},
    subscription::{PushOptions, Rejection},
    templates::{Template, TemplateStatus},
};

/// People and templates.
impl Simulator {
    /// Adds a person, or replaces who had this userId.
    pub fn add_person(&self, person: Person) {
        self.with(|state| state.people.add(person));
    }

    /// A person, even one who has left.
    pub fn person(&self, user: &str) -> Option<Person> {
        self.with(|state| state.people.ever(user).cloned())
    }

    /// Adds or replaces a department.
    pub fn add_department(&self, department: Department) {
        self.with(|state| state.people.add_department(department));
    }

    /// Puts a department into the application's visible range, or takes it out.
    pub fn set_department_visible(&self, id: i64, visible: bool) {
        self.with(|state| state.people.set_department_visible(id, visible));
    }

    /// Makes a template, by the rules of the API.
    pub fn add_template(&self, template: NewTemplate) -> Result<ProcessCode, Refusal> {
        self.with(|state| new_template::add(state, template))
    }

    /// All templates.
    pub fn templates(&self) -> Vec<Template> {
        self.with(|state| state.templates.values().cloned().collect())
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

    /// Uses these components as branch conditions; false when there is no such template, or not all of them are there.
    pub fn set_conditions(&self, code: &str, ids: &[&str]) -> bool {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        self.with(|state| state.templates.get_mut(code).is_some_and(|template| template.set_conditions(ids)))
    }

    /// Keeps a template out of the lists of templates, or not; false when there is no such template.
    pub fn set_hidden(&self, code: &str, hidden: bool) -> bool {
        self.change_template(code, |template| template.hidden = hidden)
    }

    /// Deletes a template; false when there is none. Its instances stay.
    pub fn remove_template(&self, code: &str) -> bool {
        self.with(|state| state.templates.remove(code).is_some())
    }

    fn change_template(&self, code: &str, change: impl FnOnce(&mut Template)) -> bool {
        self.with(|state| state.templates.get_mut(code).map(change).is_some())
    }
}

/// The application: its subscription, its rights, its limits, and what goes wrong.
impl Simulator {
    /// Saves the event subscription, if the address passes the check.
    pub async fn save_subscription(&self, url: &str, token: &str, aes_key: &str) -> Result<(), Rejection> {
        subscribe::save(self.core(), url, token, aes_key).await
    }

    /// Changes the event subscription without the check, as if it was mistyped later; what is absent stays as it is.
    pub fn force_subscription(
        &self,
        url: Option<&str>,
        token: Option<&str>,
        aes_key: Option<&str>,
    ) -> Result<(), Rejection> {
        self.with(|state| subscribe::force(state, url, token, aes_key))
    }

    /// Removes the event subscription: nothing is pushed any more.
    pub fn remove_subscription(&self) {
        self.with(|state| state.subscription = None);
    }

    /// What is subscribed to, if anything; no secrets.
    pub fn subscription(&self) -> Option<Subscribed> {
        self.with(|state| state.subscription.as_deref().map(Subscribed::from))
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

    /// Sets by how much the platform's clock is off, in `Date` and in everything it shows.
    pub fn set_clock_skew(&self, skew: SignedDuration) {
        self.with(|state| state.settings.clock_skew = skew);
    }

    /// Sets how long a new instance stays out of the list of instance ids.
    pub fn set_list_delay(&self, delay: SignedDuration) {
        self.with(|state| state.settings.list_delay = delay);
    }

    /// Sets how long a template is not found by a new name.
    pub fn set_name_delay(&self, delay: SignedDuration) {
        self.with(|state| state.settings.name_delay = delay);
    }
}
