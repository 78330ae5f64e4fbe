//! `template`: generate, adopt, check and try the DingTalk templates.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use serde::Serialize;
use shared::{
    approval::UserId,
    config::Survey,
    dingtalk::DingTalk,
    http::Http,
    template::{
        Content, Generated, Making, Purpose, Report, Template as OurTemplate, Templates, Trial, Way, Which,
        trial::{Leg, Standing},
    },
    visible::visible,
    world::World,
};

use super::say::print_json;
use crate::host::{self, Storage};

/// How often a try is looked at.
const LOOK_EVERY: SignedDuration = SignedDuration::from_millis(500);

#[derive(Args)]
pub(super) struct Template {
    #[command(subcommand)]
    what: What,
    /// For machines
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum What {
    /// Make the official template, or bring it up to date; never a second one
    Generate(Generate),
    /// Use a template of your own, by its code (PROC-…) or its name
    Adopt(Adopt),
    /// Look at a template as it is in DingTalk: its form and its flow
    Check(ForAndUser),
    /// Start a real instance from yourself to yourself, wait for its event, withdraw it
    Try(ForAndUser),
    /// List the templates that the bridge uses
    List,
    /// Use no template of its own for these requests any more; it stays in DingTalk
    Forget(For),
}

#[derive(Args)]
struct For {
    /// Which requests: default, type:<type, like AUTH>, code:<Dataphin's templateCode>, quick-bi
    #[arg(long = "for", value_name = "REQUESTS", default_value = "default")]
    purpose: Purpose,
}

#[derive(Args)]
struct Generate {
    #[command(flatten)]
    requests: For,
    /// Who decides: source (Dataphin's approvers) or template (the flow designed in DingTalk) [default: as it is]
    #[arg(long)]
    way: Option<Way>,
}

#[derive(Args)]
struct ForAndUser {
    #[command(flatten)]
    requests: For,
    /// In whose name, by userid [default: DINGTALK_TEST_USER_ID, else the service user]
    #[arg(long)]
    user: Option<String>,
}

#[derive(Args)]
struct Adopt {
    /// Its code (PROC-…), or its name
    template: String,
    #[command(flatten)]
    requests: For,
    /// Who decides: source (Dataphin's approvers) or template (the flow designed in DingTalk)
    #[arg(long, default_value = "source")]
    way: Way,
    /// What goes into a field: '<label>=title', type, requester, items, details or reference; or any fixed text
    #[arg(long = "field", value_name = "LABEL=CONTENT", value_parser = field)]
    fields: Vec<(String, Content)>,
}

fn field(text: &str) -> Result<(String, Content), String> {
    let (label, content) = text.split_once('=').ok_or("write it as '<label>=<content>'")?;
    Ok((label.trim().to_owned(), Content::read(content.trim())))
}

impl Template {
    pub(super) async fn run(self) -> Result<()> {
        let json = self.json;
        let done = self.carry_out().await;
        if let (Err(error), true) = (&done, json) {
            print_json(&serde_json::json!({"success": false, "message": format!("{error:#}")}))?;
        }
        done
    }

    async fn carry_out(self) -> Result<()> {
        let world = World::real();
        let templates = open(&world).await?;
        let output = Output { json: self.json };
        match self.what {
            What::Generate(Generate { requests, way }) => {
                let generated = templates.generate(&requests.purpose, way).await?;
                output.show(&generated, || made(&generated));
                warn_of_choice(&templates, &generated.template);
                if !generated.published {
                    bail!(
                        "nobody can start it: it is not enabled in DingTalk; OA approval console > Templates > this template > \
                         Enable (OA审批管理后台 > 表单管理 > 启用)"
                    );
                }
            }
            What::Adopt(Adopt { template, requests, way, fields }) => {
                let adopted =
                    templates.adopt(&requests.purpose, &Which::read(&template), way, &fields).await?;
                output.show(&adopted, || fields_of(&adopted));
                warn_of_choice(&templates, &adopted);
            }
            What::Check(ForAndUser { requests, user }) => {
                let report = templates.check(&requests.purpose, user.map(UserId::new).as_ref()).await?;
                output.show(&report, || report_of(&report));
                if !report.is_good() {
                    bail!("approvals cannot be made from this template as it is");
                }
            }
            What::Try(ForAndUser { requests, user }) => {
                let trial = templates.try_out(&requests.purpose, user.map(UserId::new).as_ref()).await?;
                let trial = watch(&templates, &world, trial, &output).await?;
                output.show(&trial, || say!("{}", verdict(&trial)));
                if trial.standing() == Standing::Failed {
                    bail!("the way is not open yet");
                }
            }
            What::List => {
                let book = templates.book().await?;
                output.show(&book.templates, || {
                    book.templates.iter().for_each(|template| say!("{}", line(template)));
                });
                if let Some(configured) = templates.configured().filter(|_| !self.json) {
                    say!("{:<12} {configured}  (DINGTALK_PROCESS_CODE: wins over the default)", "default");
                }
            }
            What::Forget(For { purpose }) => templates.forget(&purpose).await?,
        }
        Ok(())
    }
}

/// The templates of the bridge that the environment describes; Dataphin need not be known yet.
async fn open(world: &World) -> Result<Templates> {
    let Survey { dingtalk, bridge, problems, .. } = Survey::of(|name| std::env::var(name).ok());
    let (Some(dingtalk), Some(bridge)) = (dingtalk, bridge) else { return Err(problems.into()) };
    let (store, _) = host::open_store(&bridge, Storage::Beside, world.clone())?;
    store.create_table_if_missing().await?;
    let client = DingTalk::new(dingtalk.settings, Http::new(dingtalk.timeout)?, world.clone());
    Ok(Templates::new(store, &client, world.clone(), &bridge.system_name))
}

struct Output {
    json: bool,
}

impl Output {
    fn show(&self, value: &impl Serialize, readable: impl FnOnce()) {
        if self.json {
            // What cannot be written is not said: nobody reads.
            let _ = print_json(value);
        } else {
            readable();
        }
    }
}

fn made(generated: &Generated) {
    let template = &generated.template;
    let what = match generated.making {
        Making::Created => "made",
        Making::Updated => "brought up to date",
        Making::Adopted => "found by its name, and taken up",
        Making::Unchanged => "as it should be",
    };
    say!("{}: template “{}” ({})", what, visible(&template.name), template.process_code);
    say!("  for requests: {}", template.purpose);
    subscription(template);
}

/// What is to be typed into DingTalk's console, so that an approval costs one push.
fn subscription(template: &OurTemplate) {
    say!("  event subscription, filters (developer console > your app > Event Subscription):");
    for end in ["finish", "terminate"] {
        say!("    /v1.0/event/bpms_instance_change/processCode/{}/type/{end}", template.process_code);
    }
    say!("  next: bridge template check --for {0}; bridge template try --for {0}", template.purpose);
}

fn fields_of(template: &OurTemplate) {
    say!(
        "taken up: template “{}” ({}), for requests: {}",
        visible(&template.name),
        template.process_code,
        template.purpose
    );
    for fill in &template.fills {
        say!("  {:<24} <- {}", visible(&fill.label), visible(&fill.content.name()));
    }
    subscription(template);
}

fn report_of(report: &Report) {
    let template = &report.template;
    let way =
        if template.way == Way::Source { "Dataphin's approvers decide" } else { "its own flow decides" };
    say!("template “{}” ({}), {way}", visible(&template.name), template.process_code);
    for node in &report.nodes {
        let mark = if node.supported { "✓" } else { "–" };
        let (name, people) = (visible(&node.name), visible(&node.people.join(", ")));
        say!("  {mark} node {name}: {}  {people}", node.kind);
    }
    for problem in &report.problems {
        say!("  ✗ {} [{}]", visible(&problem.what), problem.code);
        say!("      {}", problem.mend_en);
        say!("      {}", problem.mend_zh);
    }
    report.remarks.iter().for_each(|remark| say!("  – {}", visible(remark)));
    if report.is_good() {
        say!("  ✓ approvals can be made from it");
    }
}

/// Looks until the try is over, and tells each leg as it is done.
async fn watch(templates: &Templates, world: &World, mut trial: Trial, output: &Output) -> Result<Trial> {
    let mut told = Vec::new();
    if !output.json {
        say!(
            "trying template “{}” ({}) from and to {}",
            visible(&trial.template),
            trial.process_code,
            trial.person
        );
    }
    loop {
        let legs = trial.legs();
        for leg in legs.iter().filter(|_| !output.json) {
            if (leg.after_ms.is_some() || leg.skipped) && !told.contains(&leg.name) {
                told.push(leg.name);
                say!("{}", leg_line(leg));
            }
        }
        if trial.standing() != Standing::UnderWay {
            return Ok(trial);
        }
        world.sleep(LOOK_EVERY).await;
        match templates.look_at_trial(&trial.instance).await? {
            Some(further) => trial = further,
            None => bail!("the try is gone from the store"),
        }
    }
}

/// A leg with its time, as the demo and the command line show it.
pub(super) fn leg_line(leg: &Leg) -> String {
    let time = leg.after_ms.map_or("      –  ".to_owned(), |ms| {
        format!("{:>7.3} s", SignedDuration::from_millis(ms).as_secs_f64())
    });
    let note = if leg.skipped { " (not subscribed to, or not waited for)" } else { "" };
    format!("  {time}  {} {}{note}", leg.name, leg.name_zh)
}

/// What the try has shown.
pub(super) fn verdict(trial: &Trial) -> String {
    match trial.standing() {
        Standing::Passed => {
            "  ✓ the whole way works: DingTalk, the event subscription, the public callback; \
             that `type/finish` is subscribed to as well as `type/terminate` shows with the first decision"
                .to_owned()
        }
        Standing::UnderWay => "  … under way".to_owned(),
        Standing::Failed => trial
            .failures
            .iter()
            .map(|failure| format!("  ✗ {}", visible(failure)))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

fn line(template: &OurTemplate) -> String {
    let way = if template.way == Way::Source { "by Dataphin's approvers" } else { "by its own flow" };
    let origin = if template.generated_from.is_some() { "generated" } else { "your own" };
    let purpose = template.purpose.to_string();
    format!("{purpose:<12} {}  “{}”, {origin}, {way}", template.process_code, visible(&template.name))
}

/// What an administrator has set by hand goes first, and must not surprise them.
fn warn_of_choice(templates: &Templates, template: &OurTemplate) {
    if let Some(configured) = templates.configured()
        && template.purpose == Purpose::Default
        && *configured != template.process_code
    {
        eprintln!(
            "note: DINGTALK_PROCESS_CODE names another template ({configured}), which is used for requests that name none; \
             unset it to use this one"
        );
    }
}
