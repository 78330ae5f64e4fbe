//! `probe`: tries what is not published of the other end's contract, and shows what went to and fro.

mod advice;
mod contrast;
mod print;
mod stored;
mod words;

use std::str::FromStr;

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use shared::{
    approval::{Account, ApplyId, ApprovalKey, Outcome, Person, Source, Tenant},
    assembly,
    config::DataphinConfig,
    dataphin::{Acceptance, Dataphin, DryRun, Exchange, Profile, Refusal, TestRequest, profile::BadProfile},
    http::SendError,
    world::World,
};

use super::say::print_json;
use advice::Advice;
use contrast::Shown;
use stored::Stored;

#[derive(Args)]
pub(super) struct Probe {
    #[command(subcommand)]
    target: Target,
}

#[derive(Subcommand)]
enum Target {
    /// Find out how Dataphin wants to be told: one callback by each profile, and what it answered
    ///
    /// Needs only the variables of Dataphin. Unless --apply-id is given, each callback names a request that cannot
    /// exist, so nothing is decided: a Dataphin that understands the profile answers that there is none, or at least otherwise
    /// than to the others.
    Dataphin(ProbeDataphin),
}

#[derive(Args)]
struct ProbeDataphin {
    /// A profile to try, as in DATAPHIN_CALLBACK_PROFILE; may be repeated. Without it: all that are built in
    #[arg(long = "profile", value_name = "NAME|JSON")]
    profiles: Vec<Candidate>,
    /// A request in Dataphin that was made for this test: THIS DECIDES IT, with the first profile that is understood
    #[arg(long, value_name = "ID")]
    apply_id: Option<String>,
    /// The tenant of that request
    #[arg(long, value_name = "ID", requires = "apply_id")]
    tenant: Option<String>,
    /// Our id of that request (processInstanceId); without it: the one that it has in this machine's store, or would have
    #[arg(long, value_name = "ID", requires = "apply_id")]
    instance_id: Option<String>,
    /// The account of an approver of that request; without it: as this machine's store has it
    #[arg(long, value_name = "ACCOUNT", requires = "apply_id")]
    approver: Option<String>,
    /// What Dataphin is told of the request; without it: its outcome in this machine's store, or else rejected
    #[arg(long, value_enum)]
    result: Option<Word>,
    /// For machines
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Word {
    Approved,
    Rejected,
    Withdrawn,
}

impl Word {
    fn outcome(self) -> Outcome {
        match self {
            Self::Approved => Outcome::Approved,
            Self::Rejected => Outcome::Rejected,
            Self::Withdrawn => Outcome::Withdrawn,
        }
    }
}

/// A profile, and the setting that makes it.
#[derive(Clone)]
struct Candidate {
    setting: String,
    profile: Profile,
}

impl FromStr for Candidate {
    type Err = BadProfile;

    fn from_str(setting: &str) -> Result<Self, BadProfile> {
        // An empty setting is the default, as in the environment.
        let setting = if setting.trim().is_empty() { "encrypted" } else { setting.trim() };
        Ok(Self { setting: setting.to_owned(), profile: Profile::parse(setting)? })
    }
}

/// A profile that was tried.
struct Tried {
    candidate: Candidate,
    exchange: Exchange,
}

impl Tried {
    fn accepted(&self) -> bool {
        matches!(self.exchange.verdict, DryRun::Accepted(_))
    }

    /// Whether the request, if it is a real one, may be decided by it.
    fn may_have_decided(&self) -> bool {
        match &self.exchange.verdict {
            DryRun::Accepted(acceptance) => *acceptance == Acceptance::Confirmed,
            DryRun::Unclear(_) => true,
            DryRun::Refused(Refusal::NotReached(error)) => !matches!(error, SendError::NotSent(_)),
            DryRun::Refused(_) => false,
        }
    }
}

impl Probe {
    pub(super) async fn run(self) -> Result<()> {
        match self.target {
            Target::Dataphin(probe) => probe.run().await,
        }
    }
}

impl ProbeDataphin {
    async fn run(self) -> Result<()> {
        let (config, world) = (DataphinConfig::from_env()?, World::real());
        let dataphin = assembly::dataphin(&config, world.clone())?;
        let stored = match &self.apply_id {
            Some(id) => Stored::find(id.trim(), self.tenant(), self.result.map(Word::outcome)).await?,
            None => None,
        };
        let test = stored.as_ref().map_or_else(|| self.test_request(&world), |stored| stored.test.clone());
        let (test, made) = (self.as_said(test), self.apply_id.is_some());
        match &stored {
            Some(stored) => stored.announce(&world).await?,
            None if made && !self.json => {
                say!("This machine's store does not know the request: Dataphin is told {}\n", test.outcome);
            }
            None => {}
        }
        let (tried, shown) = self.try_all(&dataphin, &test, made).await?;
        let advice = advice::from(&tried, shown, &config.settings.profile, made);
        let reported = self.report(&tried, &advice);
        if let Some(stored) = &stored {
            stored.conclude(&tried, &world).await?;
        }
        reported
    }

    /// Sends the callbacks, and finds the one that was understood.
    async fn try_all(
        &self,
        dataphin: &Dataphin,
        test: &TestRequest,
        made: bool,
    ) -> Result<(Vec<Tried>, Shown)> {
        let mut tried: Vec<Tried> = Vec::new();
        for candidate in self.candidates()? {
            // A request hears one word only, once it may be decided.
            let is_other_word = |one: &Tried| {
                one.may_have_decided()
                    && one.candidate.profile.result(test.outcome) != candidate.profile.result(test.outcome)
            };
            if made && tried.iter().any(is_other_word) {
                self.leave_out(&candidate);
                continue;
            }
            tried.push(self.try_one(dataphin, candidate, test).await);
        }
        let shown = contrast::understood(&tried, made);
        let Shown::One(one) = shown else { return Ok((tried, shown)) };
        if tried[one].accepted() || made && tried.iter().any(Tried::may_have_decided) {
            return Ok((tried, shown));
        }
        let first = tried.len();
        for candidate in words::others(&tried[one].candidate) {
            tried.push(self.try_one(dataphin, candidate, test).await);
            // It is over: another word would be about a request that is decided.
            if made && tried.last().is_some_and(|one| one.accepted() || one.may_have_decided()) {
                break;
            }
        }
        let of_words: Vec<usize> = [one].into_iter().chain(first..tried.len()).collect();
        let taken = words::taken(&of_words.iter().map(|index| &tried[*index]).collect::<Vec<_>>(), made);
        Ok((tried, Shown::One(taken.map_or(one, |taken| of_words[taken]))))
    }

    fn leave_out(&self, candidate: &Candidate) {
        if !self.json {
            say!(
                "=== {}\n--- not sent: another word was sent, and may have decided the request\n",
                candidate.setting
            );
        }
    }

    /// Sends one callback, and shows it.
    async fn try_one(&self, dataphin: &Dataphin, candidate: Candidate, test: &TestRequest) -> Tried {
        let exchange = dataphin.with_profile(candidate.profile.clone()).probe(test).await;
        let one = Tried { candidate, exchange };
        if !self.json {
            say!("{}\n", print::readable(&one));
        }
        one
    }

    fn report(&self, tried: &[Tried], advice: &Advice) -> Result<()> {
        if self.json {
            print_json(&print::machine(tried, advice))?;
        } else {
            say!("{}\n{}", print::table(tried), advice.words);
        }
        if advice.set.is_none() && advice.accept.is_none() && !tried.iter().any(Tried::accepted) {
            bail!("Dataphin accepted none of the profiles");
        }
        Ok(())
    }

    fn candidates(&self) -> Result<Vec<Candidate>> {
        if self.profiles.is_empty() {
            return Ok(Profile::CANDIDATES.into_iter().map(str::parse).collect::<Result<_, _>>()?);
        }
        Ok(self.profiles.clone())
    }

    /// What is told of a request that this machine's bridge does not keep.
    fn test_request(&self, world: &World) -> TestRequest {
        let outcome = self.result.map_or(Outcome::Rejected, Word::outcome);
        let test = TestRequest { outcome, ..TestRequest::impossible(&*world.random) };
        let Some(id) = &self.apply_id else { return test };
        let (apply_id, tenant) = (ApplyId::new(id.trim()), Tenant::new(self.tenant()));
        let key =
            ApprovalKey { source: Source::Dataphin, tenant: tenant.clone(), apply_id: apply_id.clone() };
        TestRequest { apply_id, tenant, instance: key.id().to_string(), ..test }
    }

    /// The same with what the operator says of it.
    fn as_said(&self, test: TestRequest) -> TestRequest {
        let said = |text: &Option<String>| text.as_deref().map(|text| text.trim().to_owned());
        let approver = match said(&self.approver) {
            Some(account) => Person { account: Account::new(account), ..Person::default() },
            None => test.approver,
        };
        TestRequest { instance: said(&self.instance_id).unwrap_or(test.instance), approver, ..test }
    }

    fn tenant(&self) -> &str {
        self.tenant.as_deref().unwrap_or_default().trim()
    }
}
