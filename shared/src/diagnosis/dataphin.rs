//! Dataphin's callback: a dry run that decides nothing.

use tokio::time::timeout_at;

use super::{
    Failure, Outcome, Words,
    limits::Limits,
    places,
    reach::{self, Unreached},
};
use crate::{
    assembly,
    config::DataphinConfig,
    dataphin::{Acceptance, DryRun, Refusal},
    http::SendError,
    world::World,
};

/// Tells Dataphin the outcome of a request that cannot exist, and judges the answer.
pub(super) async fn check(config: &DataphinConfig, world: &World, limits: Limits) -> Outcome {
    let Ok(dataphin) = assembly::dataphin(config, world.clone()) else {
        let cause = "DATAPHIN_CA_FILE holds no certificate that can be used";
        return Outcome::failed(cause, places::variable("DATAPHIN_CA_FILE"));
    };
    let verdict = timeout_at(limits.ask_until(), dataphin.dry_run()).await;
    match verdict.unwrap_or(DryRun::Refused(SendError::TimedOut.into())) {
        DryRun::Accepted(Acceptance::Confirmed) => {
            Outcome::passed("Dataphin takes the callback of a request that does not exist")
        }
        DryRun::Accepted(Acceptance::ClosedAlready) => {
            Outcome::passed("Dataphin understands the callback, and knows no such request, as it should be")
        }
        DryRun::Refused(Refusal::NotReached(error)) => {
            let unreached = reach::why(&config.settings.callback_url, &error, limits.until()).await;
            let mend = match &unreached {
                Unreached::Tls { .. } => Words::new(
                    "DATAPHIN_CA_FILE in the bridge's environment (the authority that signed Dataphin's certificate, in \
                     PEM)",
                    "网桥环境变量 DATAPHIN_CA_FILE（签发 Dataphin 证书的 CA，PEM 格式）",
                ),
                _ => places::variable("DATAPHIN_CALLBACK_URL"),
            };
            let failure = unreached.failure(mend);
            Failure { cause: format!("Dataphin is not reached: {}", failure.cause), ..failure }.into()
        }
        DryRun::Refused(refusal) => refused(&refusal).into(),
    }
}

/// Whether a callback was refused for what both sides must share.
pub(super) fn is_about_secrets(failure: &Failure) -> bool {
    failure.code.as_deref() == Some(UNAUTHORIZED)
}

/// [`Refusal::name`] of a callback that is not let in.
const UNAUTHORIZED: &str = "unauthorized";

fn refused(refusal: &Refusal) -> Failure {
    let url = || places::variable("DATAPHIN_CALLBACK_URL");
    let profile = || {
        Words::new(
            "`bridge probe dataphin` tries every profile; then DATAPHIN_CALLBACK_PROFILE in the bridge's environment",
            "先运行 `bridge probe dataphin` 逐一尝试，再设置网桥环境变量 DATAPHIN_CALLBACK_PROFILE",
        )
    };
    let secrets =
        || places::variable("DATAPHIN_ACCESS_TOKEN").or(&places::variable("DATAPHIN_CALLBACK_AES_KEY"));
    let (cause, mend) = match refusal {
        Refusal::NotMade(why) => (why.to_string(), places::variable("DATAPHIN_CALLBACK_AES_KEY")),
        Refusal::Unauthorized(said) => (
            format!(
                "Dataphin does not let the callback in: Access Token, Encoding AES Key or profile are not the same on both \
                 sides ({said})"
            ),
            secrets().or(&profile()),
        ),
        Refusal::NotFound(said) => {
            (format!("Dataphin serves nothing at the path of DATAPHIN_CALLBACK_URL ({said})"), url())
        }
        Refusal::ServerError { said, .. } => (
            format!("Dataphin, or the gateway before it, cannot answer now ({said})"),
            Words::new("Dataphin's state, and the gateway before it", "Dataphin 的运行状态及其前置网关")
                .or(&url()),
        ),
        Refusal::NotUnderstood(said) => (
            format!(
                "Dataphin does not understand the callback: profile or Encoding AES Key are others ({said})"
            ),
            profile().or(&places::variable("DATAPHIN_CALLBACK_AES_KEY")),
        ),
        Refusal::Undecipherable(why) => (
            format!("Dataphin's encrypted answer cannot be opened: its Encoding AES Key is another ({why})"),
            places::variable("DATAPHIN_CALLBACK_AES_KEY"),
        ),
        Refusal::NotReached(_) | Refusal::Redirect { .. } | Refusal::Html { .. } => {
            (format!("DATAPHIN_CALLBACK_URL does not lead to Dataphin: {refusal}"), url())
        }
    };
    Failure::new(cause, mend).code(refusal.name())
}
