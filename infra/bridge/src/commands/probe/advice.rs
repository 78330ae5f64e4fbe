//! Which profile to set, by what came of trying several.

use shared::dataphin::{Acceptance, DryRun, Profile, Refusal};

use super::Tried;

/// What an operator is advised to do.
pub(super) struct Advice {
    /// The value for `DATAPHIN_CALLBACK_PROFILE`, where one profile stands out.
    pub set: Option<String>,
    /// The advice in words.
    pub words: String,
}

/// Judges what was tried: with a request that was `made` for it, or one that cannot exist.
pub(super) fn from(tried: &[Tried], configured: &Profile, made: bool) -> Advice {
    let taken = |acceptance| {
        let verdict = DryRun::Accepted(acceptance);
        tried.iter().filter(|tried| tried.exchange.verdict == verdict).collect::<Vec<_>>()
    };
    let (confirmed, closed) = (taken(Acceptance::Confirmed), taken(Acceptance::ClosedAlready));
    // A request that is there is confirmed; one that cannot exist is named as such by a Dataphin that read its id.
    let best = match (made, confirmed.is_empty(), closed.is_empty()) {
        (_, true, true) => return Advice { set: None, words: nothing(tried) },
        (true, false, _) | (_, _, true) => confirmed,
        _ => closed,
    };
    let [one] = best[..] else {
        let names: Vec<&str> = best.iter().map(|tried| tried.candidate.setting.as_str()).collect();
        let words = format!(
            "Dataphin took several alike: {}. Make a request for this test in Dataphin, and try each with --profile \
             and --apply-id: the one that ends the request is the right one.",
            names.join(", ")
        );
        return Advice { set: None, words };
    };
    let setting = &one.candidate.setting;
    let mut words = if one.candidate.profile == *configured {
        format!("DATAPHIN_CALLBACK_PROFILE is right as it is: {setting}")
    } else {
        format!("Set DATAPHIN_CALLBACK_PROFILE={}", quoted(setting))
    };
    if !made && one.exchange.verdict == DryRun::Accepted(Acceptance::Confirmed) {
        words.push_str(
            "\nIt confirmed a request that cannot exist, so it may say yes to anything: make sure with --apply-id.",
        );
    }
    Advice { set: Some(setting.clone()), words }
}

/// Nothing was accepted: what to mend first.
fn nothing(tried: &[Tried]) -> String {
    let refusals = tried.iter().filter_map(|tried| match &tried.exchange.verdict {
        DryRun::Refused(refusal) => Some(refusal),
        DryRun::Accepted(_) => None,
    });
    let (unmade, sent): (Vec<_>, Vec<_>) =
        refusals.partition(|refusal| matches!(refusal, Refusal::NotMade(_)));
    let all = |is: fn(&Refusal) -> bool| sent.iter().all(|refusal| is(refusal));
    let mend = if sent.is_empty() {
        "Nothing was sent."
    } else if all(|refusal| matches!(refusal, Refusal::NotReached(_))) {
        "Dataphin cannot be reached: mend DATAPHIN_CALLBACK_URL, the network between, or DATAPHIN_CA_FILE."
    } else if all(|refusal| {
        matches!(refusal, Refusal::Redirect { .. } | Refusal::Html { .. } | Refusal::NotFound(_))
    }) {
        "Something else answers at this address: compare DATAPHIN_CALLBACK_URL with the Callback URL that Dataphin \
         shows."
    } else if all(|refusal| matches!(refusal, Refusal::ServerError { .. })) {
        "Dataphin cannot answer now: try again later."
    } else {
        "The answers above say why. Compare DATAPHIN_ACCESS_TOKEN and DATAPHIN_CALLBACK_AES_KEY with Dataphin's \
         approval settings first; then try other names and words, with --profile and a JSON object."
    };
    let keyless =
        if unmade.is_empty() { "" } else { " What needs DATAPHIN_CALLBACK_AES_KEY was not tried: set it." };
    format!("No profile was accepted. {mend}{keyless}")
}

/// For a shell.
fn quoted(setting: &str) -> String {
    if setting.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return setting.to_owned();
    }
    format!("'{}'", setting.replace('\'', r"'\''"))
}
