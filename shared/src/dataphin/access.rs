//! Who may call us: whoever knows the access token, and whose clock is not far off.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use subtle::{Choice, ConstantTimeEq};

use crate::{
    http::Problem,
    store::{Sighting, Store},
};

/// The credentials that Dataphin sends in the query.
#[derive(Deserialize)]
pub struct AccessQuery {
    #[serde(rename = "accessToken")]
    access_token: Option<SecretString>,
    timestamp: Option<String>,
}

/// What we compare them with.
#[derive(Clone)]
pub struct Access {
    /// The access token typed into Dataphin's approval settings.
    pub token: SecretString,
    /// The one before it was changed, while both are about.
    pub previous: Option<SecretString>,
    /// How far Dataphin's clock may be from ours; zero: its timestamp is not looked at.
    pub window: SignedDuration,
}

impl Access {
    /// Lets the caller in, or says why not. Nothing but "wrong credentials" is said before the token is right.
    pub fn check(&self, query: &AccessQuery, now: Timestamp) -> Result<(), Problem> {
        let given = query.access_token.as_ref().map_or("", |token| token.expose_secret());
        let known = [Some(&self.token), self.previous.as_ref()].into_iter().flatten();
        let same = |token: &SecretString| token.expose_secret().as_bytes().ct_eq(given.as_bytes());
        if !bool::from(known.map(same).fold(Choice::from(0), |any, one| any | one)) {
            return Err(denied(
                "access-token",
                "the access token is not the one that the bridge is configured with",
            )
            .for_wrong_credential("access-token"));
        }
        if self.window.is_zero() {
            return Ok(());
        }
        let Some(off) = query.offset(now) else {
            return Err(denied(TIMESTAMP, "the query has no timestamp in milliseconds"));
        };
        let off = off.abs();
        if off > self.window {
            let message = format!(
                "the request's timestamp is {} seconds off; set the clock of Dataphin or of the bridge right, or widen \
                 DATAPHIN_TIMESTAMP_WINDOW_SECONDS",
                off.as_secs()
            );
            return Err(denied(TIMESTAMP, message));
        }
        Ok(())
    }
}

impl Access {
    /// The same, and remembers for the diagnosis what came.
    pub async fn admit(&self, query: &AccessQuery, now: Timestamp, store: &Store) -> Result<(), Problem> {
        let checked = self.check(query, now);
        let offset = query.offset(now).map_or_else(String::new, |offset| offset.as_millis().to_string());
        match checked.as_ref().map_err(|problem| problem.code.as_str()) {
            Ok(()) => store.saw(Sighting::DataphinCall, &offset).await,
            Err(TIMESTAMP) => store.saw(Sighting::DataphinRefusedClock, &offset).await,
            // A call without any token is nobody's who was set up to call us.
            Err(_) if query.access_token.as_ref().is_some_and(|token| !token.expose_secret().is_empty()) => {
                store.saw(Sighting::DataphinRefusedToken, "").await;
            }
            Err(_) => {}
        }
        checked
    }
}

impl AccessQuery {
    /// How far the caller's clock is ahead of ours.
    fn offset(&self, now: Timestamp) -> Option<SignedDuration> {
        let ms = self.timestamp.as_deref()?.trim().parse().ok()?;
        Some(Timestamp::from_millisecond(ms).ok()?.duration_since(now))
    }
}

const TIMESTAMP: &str = "timestamp";

fn denied(code: &str, message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: Option<&str>, timestamp: Option<&str>) -> Result<(), String> {
        let access = Access {
            token: "6d1b2n1c".into(),
            previous: Some("older-token".into()),
            window: SignedDuration::from_hours(1),
        };
        let query =
            AccessQuery { access_token: token.map(Into::into), timestamp: timestamp.map(ToOwned::to_owned) };
        let now = Timestamp::from_millisecond(1_654_156_836_531).unwrap();
        access.check(&query, now).map_err(|problem| problem.code)
    }

    #[test]
    fn only_the_right_token_with_a_recent_timestamp_is_let_in() {
        let now = Some("1654156836531");
        assert_eq!(check(Some("6d1b2n1c"), now), Ok(()));
        assert_eq!(check(Some("older-token"), now), Ok(()), "while both are about");
        assert_eq!(check(Some("6d1b2n1C"), now), Err("access-token".to_owned()));
        assert_eq!(check(None, now), Err("access-token".to_owned()));
        assert_eq!(check(Some("6d1b2n1c"), Some("1654153000000")), Err("timestamp".to_owned()));
        for nonsense in [None, Some("soon"), Some("99999999999999999999"), Some("")] {
            assert_eq!(check(Some("6d1b2n1c"), nonsense), Err("timestamp".to_owned()));
        }
    }
}
