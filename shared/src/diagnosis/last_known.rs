//! What the store still knows to be wrong: for Dataphin's connection test, which has no time to look at everything anew. Only what
//! came within a day, and stands.

use std::{collections::HashSet, time::Duration};

use tokio::time::timeout;

use super::{
    Check, Diagnosis, Doctor, Finding, Outcome,
    limits::Limits,
    refusals::{self, Today},
    requests::Requests,
    sightings::{self, OurToken},
    waiting::Creates,
};

/// The connection test waits no longer for this.
const WITHIN: Duration = Duration::from_millis(2_500);

/// Something that was wrong when it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastKnown {
    /// What.
    pub finding: Finding,
    /// Whether the test passes all the same: its fix is typed into Dataphin's own settings, which may be saved only after a test that
    /// passes, or it is a person's matter and not the connection's.
    pub may_pass: bool,
}

impl Doctor {
    /// What the store knows to be wrong. A store that fails is named by the checks of the store itself.
    pub async fn last_known(&self) -> Vec<LastKnown> {
        timeout(WITHIN, self.remember()).await.unwrap_or_default()
    }

    async fn remember(&self) -> Vec<LastKnown> {
        let inner = &*self.0;
        let Some(store) = inner.storage.store() else { return Vec::new() };
        let (book, seen, requests) =
            tokio::join!(self.book(), store.sightings(), Box::pin(Requests::of(store)));
        let (Ok(seen), Ok(requests)) = (seen, requests) else { return Vec::new() };
        let (setup, now) = (&inner.setup, inner.world.now());
        let dingtalk = inner.engine.as_ref().map(|engine| engine.dingtalk());
        let asked =
            refusals::ask_again(Some(&requests), dingtalk, setup.account_kind(), now, Limits::new(true));
        let found: HashSet<_> = asked.await;
        let (deliveries, in_settings) = requests.last_deliveries(now);
        let refused = requests.refused(&Today::of(setup, &book, &found, Creates::Unknown, now));
        let of_people =
            matches!(&refused, Outcome::Failed(failure) if failure.code.as_deref() == Some(refusals::PERSON));
        let judged = [
            (Check::Events, sightings::events(&seen, &[], &setup.fingerprints(), now), false),
            (Check::DataphinCalls, sightings::dataphin(&seen, OurToken::Unknown, now), true),
            (Check::Deliveries, deliveries, in_settings),
            // What passes by itself keeps nobody from saving settings.
            (Check::Waiting, requests.waiting(Creates::Work, now), false),
            (Check::Refused, refused, of_people),
        ];
        let failed = judged.into_iter().filter(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_)));
        let (findings, may_pass): (Vec<_>, Vec<_>) = failed
            .map(|(check, outcome, may_pass)| {
                (Finding { check, variable: None, outcome, took: Duration::ZERO }, may_pass)
            })
            .unzip();
        let findings = Diagnosis { findings }.without_secrets(&inner.variables).findings;
        let known = findings.into_iter().zip(may_pass);
        known.map(|(finding, may_pass)| LastKnown { finding, may_pass }).collect()
    }
}
