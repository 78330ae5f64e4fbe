//! `probe`: tries what is not published of the other end's contract, and shows what went to and fro.

mod advice;
mod contrast;
mod print;
mod words;

use std::str::FromStr;

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use shared::{
    approval::{Account, ApplyId, Approval, ApprovalKey, Outcome, Person, Source, Tenant},
    assembly,
    config::{BridgeConfig, DataphinConfig},
    dataphin::{Dataphin, DryRun, Exchange, Profile, TestRequest, profile::BadProfile},
    world::World,
};

use super::{say::print_json, show};
use advice::Advice;
use contrast::Shown;

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
    /// What Dataphin is told of the request
    #[arg(long, value_enum, default_value = "rejected")]
    result: Word,
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
        let (test, made) = (self.test_request(&world).await?, self.apply_id.is_some());
        let mut tried = Vec::new();
        for candidate in self.candidates()? {
            tried.push(self.try_one(&dataphin, candidate, &test).await);
        }
        let mut shown = contrast::understood(&tried, made);
        if let Shown::One(one) = shown
            && !tried[one].accepted()
        {
            let first = tried.len();
            for candidate in words::others(&tried[one].candidate) {
                tried.push(self.try_one(&dataphin, candidate, &test).await);
                // It is decided now: another word would be about a request that is over.
                if made && tried.last().is_some_and(Tried::accepted) {
                    break;
                }
            }
            let of_words: Vec<usize> = [one].into_iter().chain(first..tried.len()).collect();
            let taken = words::taken(&of_words.iter().map(|index| &tried[*index]).collect::<Vec<_>>());
            shown = Shown::One(taken.map_or(one, |taken| of_words[taken]));
        }
        let advice = advice::from(&tried, shown, &config.settings.profile, made);
        self.report(&tried, &advice)
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

    async fn test_request(&self, world: &World) -> Result<TestRequest> {
        let outcome = match self.result {
            Word::Approved => Outcome::Approved,
            Word::Rejected => Outcome::Rejected,
            Word::Withdrawn => Outcome::Withdrawn,
        };
        let impossible = TestRequest { outcome, ..TestRequest::impossible(&*world.random) };
        match &self.apply_id {
            Some(id) => self.real_request(ApplyId::new(id.trim()), impossible).await,
            None => Ok(impossible),
        }
    }

    /// The request as Dataphin knows it: with our id of it, and somebody who may decide it.
    async fn real_request(&self, apply_id: ApplyId, test: TestRequest) -> Result<TestRequest> {
        let stored = self.stored(&apply_id).await?;
        let tenant = match (&self.tenant, &stored) {
            (Some(tenant), _) => Tenant::new(tenant.trim()),
            (None, Some(approval)) => approval.record.tenant().clone(),
            (None, None) => Tenant::new(""),
        };
        let key =
            ApprovalKey { source: Source::Dataphin, tenant: tenant.clone(), apply_id: apply_id.clone() };
        let instance =
            self.instance_id.as_deref().map_or_else(|| key.id().to_string(), |id| id.trim().to_owned());
        let known = stored.as_ref().and_then(approver).cloned();
        let approver = match &self.approver {
            Some(account) => Person { account: Account::new(account.trim()), ..test.approver },
            None => known.unwrap_or(test.approver),
        };
        Ok(TestRequest { apply_id, tenant, instance, approver, ..test })
    }

    /// The approval that this machine's bridge keeps of the request, if it keeps one.
    async fn stored(&self, apply_id: &ApplyId) -> Result<Option<Approval>> {
        let Ok(Ok(store)) = BridgeConfig::from_env().map(|config| show::open(&config)) else {
            return Ok(None);
        };
        let tenant = self.tenant.as_deref().map(str::trim);
        let mut found = show::load(&store, apply_id.as_str(), tenant).await.unwrap_or_default();
        if found.len() > 1 {
            bail!("several tenants have a request {apply_id}: say which with --tenant");
        }
        Ok(found.pop())
    }
}

/// Who decided, or else who may.
fn approver(approval: &Approval) -> Option<&Person> {
    let decided = approval.state.decision().and_then(|decision| decision.by.as_ref()?.person.as_ref());
    decided.or_else(|| approval.record.request.nodes.first()?.approvers.first())
}
