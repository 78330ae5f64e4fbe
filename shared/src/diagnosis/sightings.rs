//! What arrived lately, from DingTalk and from Dataphin, and what was turned away.

use jiff::{SignedDuration, Timestamp};

use super::{Failure, Outcome, Words, places, unreported::Unreported};
use crate::{
    dingtalk::{
        Ending,
        fingerprint::{Changed, Fingerprint},
    },
    store::{SEVERAL, Seen, Sighting, Sightings},
};

/// What is older says nothing about today's settings.
const LATELY: SignedDuration = SignedDuration::from_hours(24);
/// Where a good call came so shortly before a bad one, the settings cannot be what is wrong.
const SHORTLY: SignedDuration = SignedDuration::from_mins(5);
/// A clock that is farther off is told, though it does no harm yet.
const CLOCK_SKEW_MS: i64 = 60_000;

/// The code of a call under another access token.
pub(super) const ACCESS_TOKEN: &str = "access-token";
/// The code of calls of Dataphin that are refused for their timestamp.
pub(super) const TIMESTAMP: &str = "timestamp";

/// The code of an event that is addressed to another app.
pub(super) const OTHER_OWNER: &str = "refused-owner";

/// Judges DingTalk's events. `unreported`: approvals that have ended in DingTalk without an event, seen just now; `keys`: the
/// Tokens and aes_keys that are believed.
pub(super) fn events(
    sightings: &Sightings,
    unreported: &[Unreported],
    keys: &[Fingerprint],
    now: Timestamp,
) -> Outcome {
    if let Some(changed) = keys_changed(sightings, keys, now) {
        return changed.into();
    }
    let lately = |sighting| lately(sightings, sighting, now);
    let last = [Sighting::EventFinish, Sighting::EventTerminate, Sighting::EventOther];
    let last = last.into_iter().filter_map(lately).map(|seen| seen.at).max();
    let refused = lately(Sighting::CallbackRefused).filter(|refused| stands(sightings, refused, last));
    let untold = [Kind::Finish, Kind::Terminate].into_iter().find_map(|kind| {
        let (seen, reported) = kind.sightings();
        // An event that came after the end shows that they arrive again.
        let reported = lately(reported).map(|seen| seen.at);
        let stands_since = |ended_after: Timestamp| reported.is_none_or(|at| at <= ended_after);
        let ended =
            unreported.iter().filter(|it| Kind::of(it.ending) == kind && stands_since(it.ended_after));
        let ended = ended.count();
        let earlier = lately(seen).is_some_and(|seen| {
            stands(sightings, seen, None) && stands_since(seen.note.parse().unwrap_or(seen.at))
        });
        (ended > 0 || earlier).then_some((kind, ended))
    });
    if let Some(refused) = refused
        // Whoever knows our Token is DingTalk; anybody can sign with another one.
        && (matches!(refused.note.as_str(), "owner" | "cipher")
            || untold.is_some()
            || is_pattern(sightings, refused, last))
    {
        let failure = refused_event(&refused.note);
        return match believed_under(sightings, keys).filter(|_| refused.note != "owner") {
            Some(last) => changed_there(failure, now.duration_since(last)).into(),
            None => failure.into(),
        };
    }
    if let Some((kind, ended)) = untold {
        return kind.no_event(ended).into();
    }
    let (stranger, stranger_zh) = refused.map_or_else(Default::default, |seen| {
        let at = now.duration_since(seen.at);
        (
            format!("; somebody called with another Token {} ago", ago(at)),
            format!("；{}前有人用其他 Token 调用", ago_zh(at)),
        )
    });
    match last.map(|at| now.duration_since(at)) {
        Some(at) => Outcome::passed(Words::new(
            format!("the last event came {} ago{stranger}", ago(at)),
            format!("最近一次事件在{}前到达{stranger_zh}", ago_zh(at)),
        )),
        None => Outcome::skipped(Words::new(
            format!("no event within a day; `bridge template try` proves the way{stranger}"),
            format!("一天内没有事件；可用 `bridge template try` 验证链路{stranger_zh}"),
        )),
    }
}

/// When DingTalk's last event came, if it came under keys that are believed today.
fn believed_under(sightings: &Sightings, keys: &[Fingerprint]) -> Option<Timestamp> {
    let last = last_event(sightings)?;
    Fingerprint::read(&last.note).filter(|print| keys.contains(print)).map(|_| last.at)
}

/// The last believed event.
fn last_event(sightings: &Sightings) -> Option<&Seen> {
    let events = [Sighting::EventFinish, Sighting::EventTerminate, Sighting::EventOther];
    events.into_iter().filter_map(|event| sightings.get(&event)).max_by_key(|seen| seen.at)
}

/// A refused event after one that came under our keys: they were changed at the other end.
fn changed_there(failure: Failure, last: SignedDuration) -> Failure {
    let Failure { cause, mend, code } = failure;
    let cause = Words::new(
        format!(
            "{}; the event of {} ago came under the right ones, so Token or aes_key were changed in DingTalk's console",
            cause.en,
            ago(last)
        ),
        format!(
            "{}；{}前的事件使用的仍是正确的值，说明钉钉后台中的 Token 或 aes_key 已被更改",
            cause.zh,
            ago_zh(last)
        ),
    );
    let mend = mend.or(&places::subscription(
        ": enter the bridge's Token and aes_key again, and save",
        "：重新填入审批桥的 Token 与 aes_key 并保存",
    ));
    Failure { cause, mend, code }
}

/// Whether Token or aes_key were changed here since DingTalk's last event, which came under others: DingTalk still has those.
/// When a subscription is saved DingTalk sends an event, under what it has then.
fn keys_changed(sightings: &Sightings, keys: &[Fingerprint], now: Timestamp) -> Option<Failure> {
    let last = last_event(sightings)?;
    let changed = Fingerprint::read(&last.note)?.differs_from(keys).filter(|_| !keys.is_empty())?;
    let at = now.duration_since(last.at);
    let (what, what_zh, variable) = match changed {
        Changed::Token => ("Token was", "Token", "DINGTALK_CALLBACK_TOKEN"),
        Changed::Key => {
            ("aes_key (and perhaps the Token) was", "aes_key（可能还有 Token）", "DINGTALK_CALLBACK_AES_KEY")
        }
    };
    let cause = Words::new(
        format!(
            "the callback {what} changed in {variable} since DingTalk's last event of {} ago: DingTalk still has the one before",
            ago(at)
        ),
        format!(
            "自{}前钉钉最近一次事件以来，{variable} 中的回调 {what_zh} 已更改，而钉钉中仍是旧值",
            ago_zh(at)
        ),
    );
    let fix = places::subscription(
        ": enter the Token and aes_key of the bridge's environment and save the subscription again",
        "：填入审批桥环境中的 Token 与 aes_key，并重新保存订阅",
    );
    Some(Failure::new(cause, fix.or(&Words::variable(variable))).code("keys-changed"))
}

/// Whether refused calls are more than a stranger's: none was let in since the start, or several were refused and none
/// let in shortly before. (That none was let in since is [`stands`].)
fn is_pattern(sightings: &Sightings, refused: &Seen, good: Option<Timestamp>) -> bool {
    let started = sightings.get(&Sighting::Started).map(|seen| seen.at);
    let good = good.filter(|good| started.is_none_or(|started| *good >= started));
    good.is_none_or(|good| refused.times >= SEVERAL && refused.at.duration_since(good) > SHORTLY)
}

/// The last sighting of a kind, within a day.
fn lately(sightings: &Sightings, sighting: Sighting, now: Timestamp) -> Option<&Seen> {
    sightings.get(&sighting).filter(|seen| now.duration_since(seen.at) <= LATELY)
}

/// Whether a bad sighting still says something: nothing good came after it, and no start with other settings.
fn stands(sightings: &Sightings, bad: &Seen, good: Option<Timestamp>) -> bool {
    let started = sightings.get(&Sighting::Started).map(|seen| seen.at);
    good.max(started).is_none_or(|after| bad.at > after)
}

/// Why an event was refused, and where to mend it.
pub(crate) fn refused_event(note: &str) -> Failure {
    let failure = match note {
        "owner" => Failure::new(
            Words::new(
                "DingTalk's last event was refused: it is addressed to another app, neither to DINGTALK_APP_KEY nor to \
                 DINGTALK_CORP_ID",
                "钉钉最近一次事件被拒绝：事件的接收方既不是 DINGTALK_APP_KEY，也不是 DINGTALK_CORP_ID，属于另一个应用",
            ),
            places::variable("DINGTALK_CORP_ID").or(&places::subscription("", "")),
        ),
        "cipher" => Failure::new(
            Words::new(
                "DingTalk's last event was refused: it is encrypted with another aes_key than DINGTALK_CALLBACK_AES_KEY",
                "钉钉最近一次事件被拒绝：其加密所用的 aes_key 与 DINGTALK_CALLBACK_AES_KEY 不同",
            ),
            places::variable("DINGTALK_CALLBACK_AES_KEY"),
        ),
        "timestamp" => Failure::new(
            Words::new(
                "DingTalk's last event was refused: it was signed too far from now by this machine's clock (more than \
                 DINGTALK_EVENT_WINDOW_SECONDS): the clock is wrong, or somebody has sent an old event again",
                "钉钉最近一次事件被拒绝：其签名时间与本机时钟相差超过 DINGTALK_EVENT_WINDOW_SECONDS，本机时钟不准，或有人重放了旧事件",
            ),
            Words::new(
                "the clock of the machine that runs the bridge (NTP)",
                "运行审批桥的机器的系统时钟（NTP）",
            ),
        ),
        _ => Failure::new(
            Words::new(
                format!(
                    "the last event was refused: somebody called with another Token than DINGTALK_CALLBACK_TOKEN; if it was \
                     DingTalk, the two are to be made the same{}",
                    places::and_restart()
                ),
                format!(
                    "最近一次事件被拒绝：调用方使用的 Token 与 DINGTALK_CALLBACK_TOKEN 不同；如果调用方是钉钉，请将两者改为一致{}",
                    places::and_restart_zh()
                ),
            ),
            places::variable("DINGTALK_CALLBACK_TOKEN"),
        ),
    };
    failure.code(format!("refused-{}", if note.is_empty() { "signature" } else { note }))
}

/// An end that DingTalk reports by an event type of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Finish,
    Terminate,
}

impl Kind {
    fn of(ending: Ending) -> Self {
        if ending == Ending::Terminated { Self::Terminate } else { Self::Finish }
    }

    /// How it was seen without an event, and with one.
    fn sightings(self) -> (Sighting, Sighting) {
        match self {
            Self::Finish => (Sighting::UnreportedFinish, Sighting::EventFinish),
            Self::Terminate => (Sighting::UnreportedTerminate, Sighting::EventTerminate),
        }
    }

    fn no_event(self, ended: usize) -> Failure {
        let (kind, what, what_zh) = match self {
            Self::Finish => ("finish", "decided", "完成审批"),
            Self::Terminate => ("terminate", "revoked", "被撤销"),
        };
        let ended = ended.max(1);
        let cause = Words::new(
            format!(
                "{ended} approval(s) were {what} in DingTalk, and no event said so: the event subscription or its filter \
                 (type/{kind}) is missing, its address is another one, or the month's pushes are used up"
            ),
            format!(
                "{ended} 个审批单已在钉钉中{what_zh}，但没有收到事件：缺少事件订阅或其过滤条件（type/{kind}），订阅地址有误，或本月推送量已用完"
            ),
        );
        let fix = places::subscription(
            " > approval instance start and end (bpms_instance_change), its filter and its URL",
            " > 审批实例开始、结束（bpms_instance_change）及其过滤条件与 URL",
        );
        Failure::new(cause, fix).code("no-event")
    }
}

/// What a callback of ours under the access token showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OurToken {
    /// Dataphin takes it: another one is somebody else's.
    Taken,
    /// Dataphin does not take it.
    Refused,
    /// Nobody can say.
    Unknown,
}

/// The same where the running bridge holds another access token, which is told already.
pub(super) fn dataphin_beside_another_token(sightings: &Sightings, now: Timestamp) -> Outcome {
    match dataphin(sightings, OurToken::Unknown, now) {
        Outcome::Failed(failure) if failure.code.as_deref() == Some(ACCESS_TOKEN) => {
            Outcome::skipped(Words::new(
                "because the running bridge holds another Access Token",
                "因为运行中的审批桥使用另一个 Access Token",
            ))
        }
        outcome => outcome,
    }
}

/// Judges Dataphin's calls.
pub(super) fn dataphin(sightings: &Sightings, ours: OurToken, now: Timestamp) -> Outcome {
    let lately = |sighting| lately(sightings, sighting, now);
    let last = lately(Sighting::DataphinCall).map(|seen| seen.at);
    let standing = |sighting| lately(sighting).filter(|seen| stands(sightings, seen, last));
    let refused = standing(Sighting::DataphinRefusedToken);
    if let Some(seen) = refused
        && match ours {
            OurToken::Taken => false,
            OurToken::Refused => true,
            OurToken::Unknown => is_pattern(sightings, seen, last),
        }
    {
        return Failure::new(
            Words::new(
                format!(
                    "the last call to Dataphin's paths was refused: somebody called with another Access Token than \
                     DATAPHIN_ACCESS_TOKEN; if it was Dataphin, the two are to be made the same{}",
                    places::and_restart()
                ),
                format!(
                    "最近一次对 Dataphin 接口的调用被拒绝：调用方使用的 Access Token 与 DATAPHIN_ACCESS_TOKEN 不同；如果调用方是 Dataphin，请将两者改为一致{}",
                    places::and_restart_zh()
                ),
            ),
            places::variable("DATAPHIN_ACCESS_TOKEN"),
        )
        .code(ACCESS_TOKEN)
        .into();
    }
    if let Some(seen) = standing(Sighting::DataphinRefusedClock) {
        let cause = match offset(seen) {
            Some(offset) => Words::new(
                format!(
                    "Dataphin's last call was refused: its clock is {}, more than DATAPHIN_TIMESTAMP_WINDOW_SECONDS allows",
                    off(offset)
                ),
                format!(
                    "Dataphin 最近一次调用被拒绝：其时钟{}，超过 DATAPHIN_TIMESTAMP_WINDOW_SECONDS 允许的范围",
                    off_zh(offset)
                ),
            ),
            None => Words::new(
                "Dataphin's last call was refused: it bore no timestamp",
                "Dataphin 最近一次调用被拒绝：未携带时间戳",
            ),
        };
        let clock = Words::new(
            "the clock (NTP) of Dataphin's machine, or of ours",
            "Dataphin 或审批桥机器的时钟（NTP）",
        );
        return Failure::new(cause, clock.or(&Words::variable("DATAPHIN_TIMESTAMP_WINDOW_SECONDS")))
            .code(TIMESTAMP)
            .into();
    }
    if let Some(seen) = standing(Sighting::DataphinStray)
        && ["/check/connect", "/processinstance/create"].iter().any(|path| seen.note.ends_with(path))
    {
        return Failure::new(
            Words::new(
                format!(
                    "Dataphin called {}: its Submit Approval Request URL has too much at its end",
                    seen.note
                ),
                format!("Dataphin 调用了 {}：其“提交审批请求 URL”末尾有多余内容", seen.note),
            ),
            places::dataphin(
                "Submit Approval Request URL (our address, without /dataphin/…)",
                "提交审批请求 URL（审批桥地址，不含 /dataphin/…）",
            ),
        )
        .code("not-found")
        .into();
    }
    let (stranger, stranger_zh) = refused.map_or_else(Default::default, |seen| a_stranger(seen, ours, now));
    let Some(seen) = lately(Sighting::DataphinCall) else {
        return Outcome::skipped(Words::new(
            format!(
                "Dataphin has not called within a day: press Test Connection in its approval settings{stranger}"
            ),
            format!("Dataphin 一天内没有调用：请在其审批设置中点击“测试连接”{stranger_zh}"),
        ));
    };
    let clock = offset(seen).filter(|offset| offset.abs() > CLOCK_SKEW_MS);
    let (clock, clock_zh) = clock.map_or_else(Default::default, |offset| {
        (format!("; its clock is {}", off(offset)), format!("；其时钟{}", off_zh(offset)))
    });
    let at = now.duration_since(seen.at);
    Outcome::passed(Words::new(
        format!("the last call was let in {} ago{clock}{stranger}", ago(at)),
        format!("最近一次调用在{}前被接受{clock_zh}{stranger_zh}", ago_zh(at)),
    ))
}

/// A call under another access token that is no reason to worry.
fn a_stranger(seen: &Seen, ours: OurToken, now: Timestamp) -> (String, String) {
    let (by, by_zh) = if ours == OurToken::Taken {
        (", which is not Dataphin's", "（并非 Dataphin）")
    } else {
        ("", "")
    };
    let at = now.duration_since(seen.at);
    (
        format!("; somebody called with another Access Token{by} {} ago", ago(at)),
        format!("；{}前有人用其他 Access Token 调用{by_zh}", ago_zh(at)),
    )
}

fn offset(seen: &Seen) -> Option<i64> {
    seen.note.parse().ok()
}

fn off(offset_ms: i64) -> String {
    let direction = if offset_ms < 0 { "behind" } else { "ahead of" };
    format!("{} seconds {direction} ours", offset_ms.unsigned_abs() / 1000)
}

fn off_zh(offset_ms: i64) -> String {
    let direction = if offset_ms < 0 { "慢" } else { "快" };
    format!("比审批桥{direction} {} 秒", offset_ms.unsigned_abs() / 1000)
}

/// A span in a word or two.
pub(super) fn ago(span: SignedDuration) -> String {
    let (number, unit) = in_units(span);
    format!("{number} {}", ["s", "min", "h"][unit])
}

/// The same in Chinese.
pub(super) fn ago_zh(span: SignedDuration) -> String {
    let (number, unit) = in_units(span);
    format!(" {number} {}", ["秒", "分钟", "小时"][unit])
}

/// Seconds, minutes or hours.
fn in_units(span: SignedDuration) -> (i64, usize) {
    match span.as_secs() {
        seconds if seconds < 90 => (seconds.max(0), 0),
        seconds if seconds < 5400 => (seconds / 60, 1),
        seconds => (seconds / 3600, 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dingtalk::crypto::CallbackKeys;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn seen(list: &[(Sighting, i64, &str)]) -> Sightings {
        let seen = |(sighting, minutes, note): &(Sighting, i64, &str)| {
            let at = NOW - SignedDuration::from_mins(*minutes);
            (*sighting, Seen { at, note: (*note).to_owned(), times: SEVERAL })
        };
        list.iter().map(seen).collect()
    }

    fn event_code(list: &[(Sighting, i64, &str)]) -> String {
        word(&events(&seen(list), &[], &[], NOW))
    }

    fn word(outcome: &Outcome) -> String {
        match outcome {
            Outcome::Failed(failure) => failure.code.clone().unwrap_or_default(),
            other => other.word().to_owned(),
        }
    }

    #[test]
    fn a_refused_event_is_told_until_a_good_one_comes_or_the_bridge_starts_anew() {
        use Sighting::{CallbackRefused, EventFinish, EventOther, Started};
        assert_eq!(event_code(&[]), "skipped");
        assert_eq!(event_code(&[(EventOther, 5, "")]), "passed");
        assert_eq!(event_code(&[(EventFinish, 5, ""), (CallbackRefused, 3, "cipher")]), "refused-cipher");
        assert_eq!(event_code(&[(EventFinish, 3, ""), (CallbackRefused, 5, "cipher")]), "passed");
        assert_eq!(event_code(&[(CallbackRefused, 5, "signature"), (Started, 9, "")]), "refused-signature");
        assert_eq!(event_code(&[(CallbackRefused, 5, "signature"), (Started, 2, "")]), "skipped");
        assert_eq!(event_code(&[(CallbackRefused, 60 * 30, "owner")]), "skipped");
    }

    #[test]
    fn a_stranger_with_a_token_of_their_own_is_no_alarm() {
        use Sighting::{CallbackRefused, EventFinish, Started, UnreportedFinish};
        let good = |minutes| (EventFinish, minutes, "");
        let bad = (CallbackRefused, 1, "signature");
        let started = (Started, 90, "");
        assert_eq!(event_code(&[started, good(3), bad]), "passed", "a good one came shortly before");
        assert_eq!(
            event_code(&[started, good(60), bad]),
            "refused-signature",
            "several, and long no good one"
        );
        assert_eq!(event_code(&[started, good(3), bad, (UnreportedFinish, 1, "")]), "refused-signature");
        let mut once = seen(&[started, good(60), bad]);
        once.get_mut(&CallbackRefused).unwrap().times = 1;
        let Outcome::Passed { proved } = events(&once, &[], &[], NOW) else { panic!() };
        assert!(proved.en.ends_with("somebody called with another Token 60 s ago"), "{proved:?}");
        assert_eq!(
            word(&events(&once, &[Unreported::sample(Ending::Agreed, NOW)], &[], NOW)),
            "refused-signature",
            "an approval ended untold"
        );
    }

    #[test]
    fn another_access_token_is_a_strangers_where_dataphin_takes_ours() {
        use Sighting::{DataphinCall, DataphinRefusedToken, Started};
        let seen = seen(&[(Started, 90, ""), (DataphinCall, 3, "0"), (DataphinRefusedToken, 1, "")]);
        assert_eq!(word(&dataphin(&seen, OurToken::Unknown, NOW)), "passed");
        assert_eq!(word(&dataphin(&seen, OurToken::Refused, NOW)), ACCESS_TOKEN);
        let only = super::tests::seen(&[(DataphinRefusedToken, 1, "")]);
        assert_eq!(word(&dataphin(&only, OurToken::Unknown, NOW)), ACCESS_TOKEN);
        assert_eq!(word(&dataphin(&only, OurToken::Taken, NOW)), "skipped");
    }

    #[test]
    fn keys_that_were_changed_since_the_last_event_are_told_until_dingtalk_has_them() {
        use Sighting::{EventFinish, EventOther};
        let of = |token: &str, letter: char| {
            let key: String = std::iter::repeat_n(letter, 43).collect();
            CallbackKeys::new(token.into(), key.parse().unwrap()).fingerprint()
        };
        let (before, new_token, new_key) = (of("a", 'A'), of("b", 'A'), of("a", 'B'));
        let judged =
            |list: &[(Sighting, i64, &str)], keys: &[Fingerprint]| events(&seen(list), &[], keys, NOW);
        let old = before.to_string();
        let last = [(EventFinish, 60 * 50, old.as_str())];
        for (keys, what) in [(&new_token, "callback Token was"), (&new_key, "callback aes_key")] {
            let Outcome::Failed(failure) = judged(&last, std::slice::from_ref(keys)) else {
                panic!("{what}")
            };
            assert!(failure.cause.en.contains(what) && failure.cause.en.contains("50 h ago"), "{failure:?}");
            assert!(failure.mend.en.contains("save the subscription again"), "{failure:?}");
        }
        assert_eq!(word(&judged(&last, &[new_token.clone(), before])), "skipped", "both are believed");
        let new = new_token.to_string();
        let saved = [(EventFinish, 5, old.as_str()), (EventOther, 3, new.as_str())];
        assert_eq!(word(&judged(&saved, &[new_token])), "passed", "DingTalk has the new ones");
        assert_eq!(word(&judged(&[(EventFinish, 5, "")], &[new_key])), "passed", "of an older version");
    }

    #[test]
    fn an_end_without_an_event_is_told_by_its_kind() {
        use Sighting::{EventFinish, EventTerminate, UnreportedFinish, UnreportedTerminate};
        assert_eq!(event_code(&[(UnreportedFinish, 5, "")]), "no-event");
        assert_eq!(event_code(&[(UnreportedFinish, 5, ""), (EventFinish, 1, "")]), "passed");
        assert_eq!(event_code(&[(UnreportedTerminate, 5, ""), (EventFinish, 1, "")]), "no-event");
        assert_eq!(event_code(&[(UnreportedTerminate, 5, ""), (EventTerminate, 1, "")]), "passed");
    }

    #[test]
    fn an_event_that_came_after_the_end_clears_it() {
        use Sighting::{EventFinish, EventTerminate, Started, UnreportedFinish};
        let before = |minutes: i64| (NOW - SignedDuration::from_mins(minutes)).to_string();
        assert_eq!(event_code(&[(UnreportedFinish, 1, &before(30)), (EventFinish, 20, "")]), "passed");
        assert_eq!(event_code(&[(UnreportedFinish, 1, &before(30)), (EventFinish, 40, "")]), "no-event");
        assert_eq!(event_code(&[(UnreportedFinish, 1, &before(30)), (Started, 20, "")]), "no-event");
        assert_eq!(event_code(&[(UnreportedFinish, 5, &before(30)), (Started, 2, "")]), "skipped");
        let ended = |minutes| Unreported::sample(Ending::Agreed, NOW - SignedDuration::from_mins(minutes));
        let code =
            |list: &[(Sighting, i64, &str)], minutes| word(&events(&seen(list), &[ended(minutes)], &[], NOW));
        assert_eq!(code(&[(EventFinish, 5, "")], 3), "no-event");
        assert_eq!(code(&[(EventFinish, 2, "")], 3), "passed");
        assert_eq!(code(&[(EventTerminate, 2, "")], 3), "no-event");
    }

    #[test]
    fn dataphins_calls_tell_token_clock_and_address_apart() {
        use Sighting::{DataphinCall, DataphinRefusedClock, DataphinRefusedToken, DataphinStray};
        let code = |list: &[(Sighting, i64, &str)]| word(&dataphin(&seen(list), OurToken::Unknown, NOW));
        assert_eq!(code(&[]), "skipped");
        assert_eq!(code(&[(DataphinCall, 5, "200")]), "passed");
        assert_eq!(code(&[(DataphinCall, 25, "200"), (DataphinRefusedToken, 1, "")]), "access-token");
        assert_eq!(code(&[(DataphinRefusedClock, 1, "-7200000")]), "timestamp");
        let twice = "/dataphin/bpms/dataphin/bpms/check/connect";
        assert_eq!(code(&[(DataphinStray, 1, twice)]), "not-found");
        assert_eq!(code(&[(DataphinStray, 1, "/dataphin/bpms/something/new")]), "skipped");
        let Outcome::Passed { proved } =
            dataphin(&seen(&[(DataphinCall, 0, "-90000")]), OurToken::Unknown, NOW)
        else {
            panic!()
        };
        assert!(proved.en.ends_with("its clock is 90 seconds behind ours"), "{proved:?}");
    }
}
