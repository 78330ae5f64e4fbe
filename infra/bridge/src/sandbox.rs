//! A little world to rehearse in: a simulated DingTalk and a simulated Dataphin with the same people, a template, and
//! the variables that make a bridge stand between them. For the demo, the tests and the benchmark.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use shared::{
    config::Config,
    template::{Purpose, official::Definition},
    world::World,
};
use simulators::{
    dataphin,
    dingtalk::{self, FlowNode, Method, NewTemplate, PushOptions},
};

/// The one in the vendor's documentation, and so the simulator's unless it is told otherwise: the diagnosis refuses it.
const SAMPLE_ACCESS_TOKEN: &str = "6d1b2n1c";
/// `BRIDGE_SYSTEM_NAME` where it is not set.
const SYSTEM_NAME: &str = "Dataphin审批 Dataphin Approval";
const SERVICE_USER: &str = "bridge";

/// The two simulators, and what a bridge must know of them.
#[derive(Clone)]
pub struct Sandbox {
    /// The simulated DingTalk.
    pub dingtalk: dingtalk::Simulator,
    /// The simulated Dataphin.
    pub dataphin: dataphin::Simulator,
    variables: BTreeMap<&'static str, String>,
}

/// What differs from a plain sandbox.
#[derive(Default)]
pub struct SandboxSettings {
    /// DingTalk's settings.
    pub dingtalk: dingtalk::Settings,
    /// Which events DingTalk pushes, and how.
    pub pushes: PushOptions,
    /// Dataphin's settings.
    pub dataphin: dataphin::Settings,
    /// Whether no template is there yet: one is to be generated.
    pub without_template: bool,
}

impl Sandbox {
    /// Starts both simulators and brings Dataphin's people into DingTalk.
    pub async fn start(world: &World, mut settings: SandboxSettings) -> Result<Self> {
        if settings.dataphin.access_token == SAMPLE_ACCESS_TOKEN {
            settings.dataphin.access_token = world.random.letters_and_digits(16);
        }
        let app = settings.dingtalk.clone();
        let token = world.random.letters_and_digits(16);
        let aes_key = world.random.letters_and_digits(43);
        let access_token = settings.dataphin.access_token.clone();
        let dataphin_aes_key = settings.dataphin.aes_key.clone();
        let profile = settings.dataphin.profile;
        let people = settings.dataphin.people.clone();
        let dingtalk = dingtalk::Simulator::start(world.clone(), settings.dingtalk).await?;
        let dataphin = dataphin::Simulator::start(world.clone(), settings.dataphin).await?;
        // The second of them administers DingTalk and supervises the others.
        let administrator = people.get(1).map_or(SERVICE_USER, |person| &person.user_source_id);
        for person in &people {
            let id = &person.user_source_id;
            let known = dingtalk::Person::new(id, &person.user_name);
            dingtalk.add_person(if id == administrator {
                known.admin()
            } else {
                known.manager(administrator)
            });
        }
        dingtalk.add_person(dingtalk::Person::new(SERVICE_USER, "Approval Bridge"));
        dingtalk.set_push_options(settings.pushes);
        let without_template = settings.without_template;
        let mut variables = BTreeMap::from([
            ("DINGTALK_API_URL", dingtalk.url()),
            ("DINGTALK_OAPI_URL", dingtalk.url()),
            ("DINGTALK_APP_KEY", app.app_key),
            ("DINGTALK_APP_SECRET", app.app_secret),
            ("DINGTALK_AGENT_ID", app.agent_id.to_string()),
            ("DINGTALK_CORP_ID", app.corp_id),
            ("DINGTALK_CALLBACK_TOKEN", token),
            ("DINGTALK_CALLBACK_AES_KEY", aes_key),
            ("DINGTALK_SERVICE_USER_ID", SERVICE_USER.to_owned()),
            ("DATAPHIN_ACCESS_TOKEN", access_token),
            ("DATAPHIN_CALLBACK_URL", dataphin.callback_url()),
            ("DATAPHIN_CALLBACK_AES_KEY", dataphin_aes_key),
            ("DATAPHIN_CALLBACK_PROFILE", setting_of(profile).to_owned()),
        ]);
        if !without_template {
            let process_code = dingtalk.add_template(template(&people))?;
            variables.insert("DINGTALK_PROCESS_CODE", process_code.to_string());
        }
        Ok(Self { dingtalk, dataphin, variables })
    }

    /// The environment of a bridge that stands between the two.
    pub fn variables(&self) -> &BTreeMap<&'static str, String> {
        &self.variables
    }

    /// The same with a variable set otherwise.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.variables.insert(name, value.into());
    }

    /// The configuration that the variables make.
    pub fn config(&self) -> Result<Config> {
        Ok(Config::from(|name| self.variables.get(name).cloned())?)
    }

    /// Makes both ends know a bridge: Dataphin's *Submit Approval Request URL* and DingTalk's event subscription.
    pub async fn connect(&self, bridge: &str) -> Result<()> {
        self.dataphin.set_bridge(bridge);
        let (token, key) =
            (&self.variables["DINGTALK_CALLBACK_TOKEN"], &self.variables["DINGTALK_CALLBACK_AES_KEY"]);
        let saved = self.dingtalk.save_subscription(&format!("{bridge}/dingtalk/callback"), token, key).await;
        saved.context("DingTalk did not accept the callback address")
    }
}

/// The bridge's setting for a profile of Dataphin's.
fn setting_of(profile: dataphin::Profile) -> &'static str {
    match profile {
        dataphin::Profile::AesCbcPrefixed => r#"{"base":"aes-cbc","iv":"prefixed"}"#,
        dataphin::Profile::AesCbcZero => r#"{"base":"aes-cbc","iv":"zero"}"#,
        built_in => built_in.word(),
    }
}

/// The template, with the flow that decides requests that name no approvers.
fn template(people: &[dataphin::Person]) -> NewTemplate {
    let Definition { name, components, .. } = Definition::of(&Purpose::Default, SYSTEM_NAME);
    let components = components.as_array().cloned().unwrap_or_default();
    let template = components.into_iter().fold(NewTemplate::named(&name), NewTemplate::component);
    let approver = people.get(1).map_or(SERVICE_USER, |person| &person.user_source_id);
    template.flow(vec![FlowNode::members(&[approver], Method::OneByOne)])
}
