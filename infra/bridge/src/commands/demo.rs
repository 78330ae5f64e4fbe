//! `demo`: the round trip on this machine, told as it happens.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use shared::{
    approval::{ApprovalId, Status},
    diagnosis::{Doctor, Outcome},
    template::{Generated, Purpose, Templates, Trial, trial::Standing},
    world::World,
};
use simulators::{
    dataphin::{Kind, Operator, Person, Request, RequestState, Verb},
    dingtalk::{Filter, PushOptions, Todo},
};
use tokio::{net::TcpListener, task::JoinHandle};

use super::{serve::asked_to_stop, show, template};
use crate::{
    host::{Host, Storage},
    sandbox::{Sandbox, SandboxSettings},
};

/// No step of the demo takes longer: DingTalk's rule of 15 seconds is the longest wait.
const PATIENCE: Duration = Duration::from_secs(40);

const OPERATOR_TOKEN_LENGTH: usize = 24;

#[derive(Args)]
pub(super) struct Demo {
    /// End after the round trips, with exit code 0 if every outcome is as expected
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub(super) async fn run(self) -> Result<()> {
        let world = World::real();
        let stage = Stage::set_up(&world).await?;
        stage.introduce();
        let played = stage.play().await;
        if let Err(error) = &played {
            stage.say(&format!("✗ {error:#}"));
        }
        if !self.once {
            stage.invite();
            asked_to_stop().await?;
        }
        stage.host.stop().await;
        played
    }
}

/// The simulators, the bridge between them, and the clock of the story.
struct Stage {
    sandbox: Sandbox,
    host: Host,
    bridge: String,
    operator: String,
    templates: Templates,
    doctor: Doctor,
    began: Timestamp,
    world: World,
}

impl Stage {
    async fn set_up(world: &World) -> Result<Self> {
        let pushes = PushOptions { filter: Filter::recommended(), ..PushOptions::default() };
        let settings = SandboxSettings { pushes, without_template: true, ..SandboxSettings::default() };
        let mut sandbox = Sandbox::start(world, settings).await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let bridge = format!("http://{}", listener.local_addr()?);
        let operator = world.random.letters_and_digits(OPERATOR_TOKEN_LENGTH);
        sandbox.set("BRIDGE_PUBLIC_URL", &bridge);
        sandbox.set("BRIDGE_OPERATOR_TOKEN", &operator);
        let config = sandbox.config()?;
        let host = Host::start(&config, Storage::Memory, world.clone(), listener).await?;
        sandbox.connect(&bridge).await?;
        let (store, dingtalk) = (host.engine().store().clone(), host.engine().dingtalk().clone());
        let templates = Templates::new(store, &dingtalk, world.clone(), &config.bridge.system_name);
        let doctor = Doctor::new(&config, host.engine(), world.clone())?;
        Ok(Self {
            sandbox,
            host,
            bridge,
            operator,
            templates,
            doctor,
            began: world.now(),
            world: world.clone(),
        })
    }

    fn introduce(&self) {
        say!("Approval Bridge, the round trip on this machine\n");
        say!("  Dataphin (simulated)  {}   people ask for permissions here", self.sandbox.dataphin.url());
        say!("  the bridge            {}", self.bridge);
        say!("  DingTalk (simulated)  {}   people decide here\n", self.sandbox.dingtalk.url());
        say!("0. Set up with one command each, as an administrator would");
    }

    fn invite(&self) {
        say!(
            "\nTry it yourself: the bridge keeps running until Ctrl-C (and keeps everything in memory only)."
        );
        say!("  file a request:  {}", self.sandbox.dataphin.url());
        say!("  decide it:       {}", self.sandbox.dingtalk.url());
        say!("  diagnose it, make and test templates:  {}/operator#token={}", self.bridge, self.operator);
    }

    /// A line of the story, with the time since it began.
    fn say(&self, what: &str) {
        let passed = self.world.now().duration_since(self.began);
        say!("{:>7.3}s  {what}", passed.as_secs_f64());
    }

    async fn play(&self) -> Result<()> {
        let trial = self.generate_and_try().await?;
        let test = self.sandbox.dataphin.test_connection().await;
        ensure!(test.passed, "Dataphin's connection test failed: {:?}", test.message);
        self.say("Dataphin tests the connection: success");
        let [li, wang, zhang, chen, liu, ..] = &self.sandbox.dataphin.settings().people[..] else {
            bail!("the sandbox has too few people");
        };
        self.diagnose().await?;
        self.chain(li, wang, zhang, chen).await?;
        self.refusal(liu, wang).await?;
        self.either_of_two(li, zhang, chen).await?;
        self.withdrawal(chen, liu).await?;
        self.finish_trial(trial).await?;
        ensure!(
            self.sandbox.dataphin.contradictions() == 0,
            "Dataphin was told two different outcomes of one request"
        );
        say!("\nAll four requests ended as their people decided, and Dataphin was told each outcome once.");
        Ok(())
    }

    /// `bridge template generate`, and `bridge template try`, which takes its time.
    async fn generate_and_try(&self) -> Result<JoinHandle<Result<Trial>>> {
        let Generated { template, .. } = self.templates.generate(&Purpose::Default, None).await?;
        self.say(&format!("bridge template generate: “{}” ({})", template.name, template.process_code));
        let trial = self.templates.try_out(&Purpose::Default, None).await?;
        self.say("bridge template try: an instance from the administrator to themselves is on its way …");
        Ok(tokio::spawn(watch(self.templates.clone(), self.world.clone(), trial)))
    }

    /// `bridge doctor`
    async fn diagnose(&self) -> Result<()> {
        let diagnosis = self.doctor.full().await;
        let passed =
            diagnosis.findings.iter().filter(|it| matches!(it.outcome, Outcome::Passed { .. })).count();
        if let Some(finding) = diagnosis.first_cause() {
            bail!("the diagnosis of a healthy bridge raises an alarm: {finding:?}");
        }
        self.say(&format!("bridge doctor: {passed} checks passed, none failed"));
        Ok(())
    }

    /// The try's legs, once its instance was withdrawn.
    async fn finish_trial(&self, trial: JoinHandle<Result<Trial>>) -> Result<()> {
        let trial = tokio::time::timeout(PATIENCE, trial)
            .await
            .context("the try of the template does not end")???;
        say!("\n5. What became of the try of the template");
        trial.legs().iter().for_each(|leg| say!("{}", template::leg_line(leg)));
        say!("{}", template::verdict(&trial));
        ensure!(trial.standing() == Standing::Passed, "the try of the template failed");
        Ok(())
    }

    async fn chain(&self, li: &Person, wang: &Person, zhang: &Person, chen: &Person) -> Result<()> {
        say!("\n1. Approved by a chain: {}, then both {} and {}", name(wang), name(zhang), name(chen));
        let request =
            Request::of(Kind::TablePermission).asked_by(li.clone()).titled("Read access to dwd_trade_order");
        let request =
            request.then(Operator::Or, [wang.clone()]).then(Operator::And, [zhang.clone(), chen.clone()]);
        let apply_id = self.file(request).await?;
        for approver in [wang, zhang, chen] {
            let todo = self.desk(approver).await?;
            self.sandbox.dingtalk.agree(todo.task, "fine with me")?;
            self.say(&format!("{} agrees in DingTalk: “fine with me”", name(approver)));
        }
        self.expect(&apply_id, RequestState::Approved).await
    }

    async fn refusal(&self, liu: &Person, wang: &Person) -> Result<()> {
        say!("\n2. Refused with a comment by {}", name(wang));
        let request =
            Request::of(Kind::Publish).asked_by(liu.clone()).titled("Publish daily_sales to production");
        let apply_id = self.file(request.then(Operator::Or, [wang.clone()])).await?;
        let todo = self.desk(wang).await?;
        self.sandbox.dingtalk.refuse(todo.task, "please add a test first")?;
        self.say(&format!("{} refuses in DingTalk: “please add a test first”", name(wang)));
        self.expect(&apply_id, RequestState::Rejected).await
    }

    async fn either_of_two(&self, li: &Person, zhang: &Person, chen: &Person) -> Result<()> {
        say!("\n3. Either of two may decide: {} or {}", name(zhang), name(chen));
        let request =
            Request::of(Kind::DataServiceApi).asked_by(li.clone()).titled("Call the customer-profile API");
        let apply_id = self.file(request.then(Operator::Or, [zhang.clone(), chen.clone()])).await?;
        let todo = self.desk(chen).await?;
        self.sandbox.dingtalk.agree(todo.task, "")?;
        self.say(&format!("{} agrees in DingTalk; {}'s to-do disappears", name(chen), name(zhang)));
        self.expect(&apply_id, RequestState::Approved).await
    }

    async fn withdrawal(&self, chen: &Person, liu: &Person) -> Result<()> {
        say!("\n4. Withdrawn by its requester before {} decides", name(liu));
        let request =
            Request::of(Kind::CodeReview).asked_by(chen.clone()).titled("Review of the churn model");
        let apply_id = self.file(request.then(Operator::Or, [liu.clone()])).await?;
        self.desk(liu).await?;
        let answer = self.sandbox.dataphin.withdraw(&apply_id, Verb::Revoke).await;
        ensure!(answer.is_ok_and(|answer| answer.accepted()), "the bridge did not take the withdrawal");
        self.say(&format!(
            "{} withdraws it in Dataphin; DingTalk lets go only after 15 seconds …",
            name(chen)
        ));
        self.expect(&apply_id, RequestState::Revoked).await
    }

    /// Files a request in Dataphin, which submits it to the bridge.
    async fn file(&self, request: Request) -> Result<String> {
        let filed = self.sandbox.dataphin.file(request).await;
        ensure!(filed.answer.accepted(), "the bridge did not accept the request: {}", filed.body());
        let record = self.sandbox.dataphin.request(&filed.apply_id);
        let (title, approval) = record.map_or_else(Default::default, |record| {
            (record.text("title").to_owned(), record.process_instance_id().unwrap_or_default())
        });
        self.say(&format!(
            "Dataphin submits request {} “{title}”; the bridge takes it as {approval}",
            filed.apply_id
        ));
        Ok(filed.apply_id)
    }

    /// Waits until a request is on someone's desk.
    async fn desk(&self, approver: &Person) -> Result<Todo> {
        let waited = self.world.now();
        loop {
            if let Some(todo) = self.sandbox.dingtalk.todos(&approver.user_source_id).into_iter().next() {
                self.say(&format!("it is on {}'s desk in DingTalk", name(approver)));
                return Ok(todo);
            }
            let waiting = self.world.now().duration_since(waited);
            ensure!(waiting.unsigned_abs() < PATIENCE, "nothing came to {}'s desk", name(approver));
            self.world.sleep(SignedDuration::from_millis(20)).await;
        }
    }

    /// Waits until Dataphin was told, and shows what the bridge noted.
    async fn expect(&self, apply_id: &str, expected: RequestState) -> Result<()> {
        let told = tokio::time::timeout(PATIENCE, self.sandbox.dataphin.told(apply_id)).await;
        let Ok(Some(_)) = told else {
            bail!("Dataphin was not told the outcome of request {apply_id} in time")
        };
        let record = self.sandbox.dataphin.request(apply_id);
        let Some(record) = record else { bail!("Dataphin does not know request {apply_id}") };
        ensure!(
            record.state == expected,
            "request {apply_id} is {:?} in Dataphin, not {expected:?}",
            record.state
        );
        ensure!(
            record.ledger.len() == 1,
            "Dataphin was told {} times of request {apply_id}",
            record.ledger.len()
        );
        let told = &record.ledger[0];
        let comment = told.comment.as_deref().filter(|comment| !comment.is_empty());
        let comment = comment.map_or(String::new(), |comment| format!(", “{comment}”"));
        self.say(&format!("✓ Dataphin shows request {apply_id} as {}{comment}", expected.word()));
        self.show(record.process_instance_id()).await
    }

    async fn show(&self, approval: Option<String>) -> Result<()> {
        let id = ApprovalId::new(approval.unwrap_or_default());
        // Dataphin knows a moment before the bridge has committed that it does.
        for _ in 0..100 {
            let approval = self.host.engine().store().load(&id).await?;
            if let Some(approval) = approval.filter(|approval| approval.state.status() == Status::Delivered) {
                show::readable(&approval).lines().for_each(|line| say!("          | {line}"));
                return Ok(());
            }
            self.world.sleep(SignedDuration::from_millis(20)).await;
        }
        bail!("the bridge did not note that Dataphin confirmed the outcome of {id}")
    }
}

/// Looks at a try until it is over.
async fn watch(templates: Templates, world: World, mut trial: Trial) -> Result<Trial> {
    while trial.standing() == Standing::UnderWay {
        world.sleep(SignedDuration::from_millis(100)).await;
        let further = templates.look_at_trial(&trial.instance).await?;
        trial = further.context("the try is gone from the store")?;
    }
    Ok(trial)
}

fn name(person: &Person) -> &str {
    &person.user_name
}
