//! Who may call us: whoever knows the access token, and whose clock is not far off.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use subtle::{Choice, ConstantTimeEq};

use crate::{
    http::{Problem, probe::Unmet},
    store::{Sighting, Store},
    words::Words,
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
        // A raw `+` in a query means a space; whoever did not encode it sends the token all the same.
        let with_plus = SecretString::from(given.replace(' ', "+"));
        let known = [Some(&self.token), self.previous.as_ref()].into_iter().flatten();
        let same = |token: &SecretString| {
            let token = token.expose_secret().as_bytes();
            token.ct_eq(given.as_bytes()) | token.ct_eq(with_plus.expose_secret().as_bytes())
        };
        if !bool::from(known.map(same).fold(Choice::from(0), |any, one| any | one)) {
            let message = match given {
                "" => Words::new(
                    "the query has no accessToken: set the access token in Dataphin's approval settings",
                    "请求没有 accessToken 参数：请在 Dataphin 审批设置中填写 Access Token",
                ),
                _ => Words::new(
                    "the access token is not the one that the bridge is configured with: type in the same in Dataphin's approval \
                     settings (Access Token) and in DATAPHIN_ACCESS_TOKEN",
                    "Access Token 与审批桥配置的不一致：请在 Dataphin 审批设置（Access Token）与审批桥的 DATAPHIN_ACCESS_TOKEN 中填写相同的值",
                ),
            };
            return Err(denied(ACCESS_TOKEN, &message).for_wrong_credential(ACCESS_TOKEN));
        }
        if self.window.is_zero() {
            return Ok(());
        }
        let Some(off) = query.offset(now) else {
            let message = Words::new(
                "the query has no timestamp in milliseconds",
                "请求没有以毫秒为单位的 timestamp 参数",
            );
            return Err(denied(TIMESTAMP, &message));
        };
        let off = off.abs();
        if off > self.window {
            if let Some(unit) = query.other_unit(now, self.window) {
                let message = Words::new(
                    format!(
                        "the timestamp is in {}: milliseconds since 1970 are expected, 13 digits",
                        unit.en
                    ),
                    format!("timestamp 以{}为单位：应为自 1970 年起的毫秒数（13 位）", unit.zh),
                );
                return Err(denied(TIMESTAMP, &message));
            }
            let seconds = off.as_secs();
            let message = Words::new(
                format!(
                    "the request's timestamp is {seconds} seconds off; set the clock of Dataphin or of the bridge right, or widen \
                     DATAPHIN_TIMESTAMP_WINDOW_SECONDS"
                ),
                format!(
                    "请求的时间戳与审批桥相差 {seconds} 秒：请校准 Dataphin 或审批桥的时钟（NTP），或调大 DATAPHIN_TIMESTAMP_WINDOW_SECONDS"
                ),
            );
            return Err(denied(TIMESTAMP, &message));
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
    /// What a probe did not meet that was refused with this problem.
    pub fn unmet(&self, problem: &Problem) -> Option<Unmet> {
        let is_given = |token: &SecretString| !token.expose_secret().is_empty();
        match problem.code.as_str() {
            ACCESS_TOKEN if self.access_token.as_ref().is_some_and(is_given) => Some(Unmet::Token),
            TIMESTAMP if self.timestamp.is_some() => Some(Unmet::Timestamp),
            ACCESS_TOKEN | TIMESTAMP => Some(Unmet::Query),
            _ => None,
        }
    }

    /// How far the caller's clock is ahead of ours.
    fn offset(&self, now: Timestamp) -> Option<SignedDuration> {
        // Beyond what a clock can show it is another unit, or far off.
        let ms = self.number()?;
        let end = if ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Some(Timestamp::from_millisecond(ms).unwrap_or(end).duration_since(now))
    }

    /// The timestamp's whole number; some send a fraction, too.
    fn number(&self) -> Option<i64> {
        let text = self.timestamp.as_deref()?.trim();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
        whole.parse().ok().filter(|_| is_fraction)
    }

    /// The unit in which the timestamp is about now, if it is not in milliseconds.
    fn other_unit(&self, now: Timestamp, window: SignedDuration) -> Option<Words> {
        let number = self.number()?;
        let units = [
            ("seconds", "秒", Timestamp::from_second(number)),
            ("microseconds", "微秒", Timestamp::from_microsecond(number)),
            ("nanoseconds", "纳秒", Timestamp::from_nanosecond(number.into())),
        ];
        let is_near = |at: Timestamp| at.duration_since(now).abs() <= MAX_OFF_IN_ANOTHER_UNIT.max(window);
        let unit = units.into_iter().find(|(_, _, at)| at.as_ref().is_ok_and(|at| is_near(*at)));
        unit.map(|(en, zh, _)| Words::new(en, zh))
    }
}

const ACCESS_TOKEN: &str = "access-token";
const TIMESTAMP: &str = "timestamp";
/// Read in another unit, a timestamp this near is no accident, however wrong the clock is.
const MAX_OFF_IN_ANOTHER_UNIT: SignedDuration = SignedDuration::from_hours(24 * 365);

/// Chinese first, for whoever looks at Dataphin.
fn denied(code: &str, message: &Words) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, format!("{} / {}", message.zh, message.en))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(token: Option<&str>, timestamp: Option<&str>) -> Result<(), String> {
        of("6d1b2n1c", token, timestamp).map_err(|problem| problem.code)
    }

    fn of(right: &str, token: Option<&str>, timestamp: Option<&str>) -> Result<(), Problem> {
        let access = Access {
            token: right.into(),
            previous: Some("older-token".into()),
            window: SignedDuration::from_hours(1),
        };
        let query =
            AccessQuery { access_token: token.map(Into::into), timestamp: timestamp.map(ToOwned::to_owned) };
        let now = Timestamp::from_millisecond(1_654_156_836_531).unwrap();
        access.check(&query, now)
    }

    #[test]
    fn a_plus_that_arrives_as_a_space_is_a_plus() {
        let now = Some("1654156836531");
        for given in ["a+b+c", "a b c", "a+b c"] {
            assert_eq!(of("a+b+c", Some(given), now), Ok(()), "{given}");
        }
        assert_eq!(of("a b", Some("a b"), now), Ok(()));
        for (right, given) in [("a b", "a+b"), ("a+b", "a%2Bb"), ("a+b", "ab"), ("a+b", "a  b")] {
            assert_eq!(of(right, Some(given), now).unwrap_err().code, "access-token", "{given}");
        }
    }

    #[test]
    fn a_probe_learns_whether_its_token_arrived_and_no_more_of_a_wrong_one() {
        let unmet = |token: Option<&str>, timestamp: Option<&str>| {
            let query =
                AccessQuery { access_token: token.map(Into::into), timestamp: timestamp.map(Into::into) };
            query.unmet(&of("t", token, timestamp).unwrap_err())
        };
        assert_eq!(unmet(None, Some("1654156836531")), Some(Unmet::Query));
        assert_eq!(unmet(Some(""), None), Some(Unmet::Query));
        assert_eq!(unmet(Some("x"), None), Some(Unmet::Token));
        assert_eq!(unmet(Some("t"), None), Some(Unmet::Query));
        assert_eq!(unmet(Some("t"), Some("1")), Some(Unmet::Timestamp));
    }

    #[test]
    fn a_missing_token_is_told_from_a_wrong_one() {
        let message = |token| of("t", token, Some("1654156836531")).unwrap_err().message;
        assert!(message(None).contains("no accessToken") && message(Some("")).contains("no accessToken"));
        assert!(message(Some("x")).contains("is not the one"));
    }

    #[test]
    fn a_timestamp_may_have_a_fraction_and_one_in_another_unit_is_named() {
        for taken in ["1654156836531.0", "1654156836531.75", " 1654156836531 "] {
            assert_eq!(check(Some("6d1b2n1c"), Some(taken)), Ok(()), "{taken}");
        }
        let message = |timestamp| of("t", Some("t"), Some(timestamp)).unwrap_err().message;
        for (timestamp, word) in [
            ("1654156836.531", "is in seconds"),
            ("1654156836531000", "is in microseconds"),
            ("1654156836531000.5", "is in microseconds"),
            ("1654156836531000000", "is in nanoseconds"),
            ("1654156836531.", "no timestamp in milliseconds"),
            ("1654156836531.x", "no timestamp in milliseconds"),
            ("9223372036854775807", "seconds off"),
        ] {
            assert!(message(timestamp).contains(word), "{timestamp}: {}", message(timestamp));
        }
    }

    #[test]
    fn a_timestamp_in_seconds_is_told_that_milliseconds_are_expected() {
        let message = |timestamp| of("t", Some("t"), Some(timestamp)).unwrap_err().message;
        assert!(message("1654156836").contains("milliseconds since 1970 are expected"));
        assert!(message("1654150000000").contains("seconds off"));
        assert!(message("1e12").contains("no timestamp in milliseconds"));
        assert!(message("0").contains("seconds off"));
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
