//! `probe`: tries what is not published of the other end's contract, and shows what went to and fro.

mod advice;
mod print;

use std::str::FromStr;

use anyhow::{Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use shared::{
    approval::{ApplyId, Outcome, Tenant},
    assembly,
    config::DataphinConfig,
    dataphin::{DryRun, Exchange, Profile, TestRequest, profile::BadProfile},
    world::World,
};

use super::say::print_json;

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
    /// exist, so nothing is decided: a Dataphin that understands the profile answers that there is none.
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
        let test = self.test_request(&world);
        let mut tried = Vec::new();
        for candidate in self.candidates()? {
            let exchange = dataphin.with_profile(candidate.profile.clone()).probe(&test).await;
            let one = Tried { candidate, exchange };
            if !self.json {
                say!("{}\n", print::readable(&one));
            }
            tried.push(one);
        }
        let advice = advice::from(&tried, &config.settings.profile, self.apply_id.is_some());
        if self.json {
            print_json(&print::machine(&tried, &advice))?;
        } else {
            say!("{}\n{}", print::table(&tried), advice.words);
        }
        if !tried.iter().any(Tried::accepted) {
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

    fn test_request(&self, world: &World) -> TestRequest {
        let outcome = match self.result {
            Word::Approved => Outcome::Approved,
            Word::Rejected => Outcome::Rejected,
            Word::Withdrawn => Outcome::Withdrawn,
        };
        let request = match &self.apply_id {
            Some(id) => TestRequest {
                apply_id: ApplyId::new(id.trim()),
                tenant: Tenant::new(self.tenant.as_deref().unwrap_or_default().trim()),
                outcome,
            },
            None => TestRequest::impossible(&*world.random),
        };
        TestRequest { outcome, ..request }
    }
}
