//! What DingTalk's answers mean up to the gate of its APIs: address, credentials, address list, clock, limits.

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::Url;

use super::{
    Check, Failure, Outcome, Words,
    asked::{Answered, Asked},
    connect, places,
    reach::{OUT_OF_DATE, Unreached},
    report::Report,
    stranger::page,
    tls::TlsFault,
};
use crate::{
    config::DingTalkConfig,
    dingtalk::{Class, DingTalkError, Permission},
    http::HttpAnswer,
};

/// Clocks may differ by so much: DingTalk's own limit is not published.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Whoever takes so long for an answer is slow, not silent.
const SLOW: Duration = Duration::from_secs(1);
const TOO_SLOW: &str = "slow";
/// The code of an access token that DingTalk gives and does not accept.
const TOKEN_REFUSED: &str = "token-refused";

/// The errors of calls that came after all others.
pub(super) struct Late<'a> {
    /// Of the new API.
    pub api: Vec<&'a DingTalkError>,
    /// Of the older one.
    pub oapi: Vec<&'a DingTalkError>,
}

/// Judges all of it.
pub(super) fn judge(report: &mut Report, config: &DingTalkConfig, asked: &Asked, late: &Late<'_>) {
    let refusal = asked.token().err().flatten();
    let settings = &config.settings;
    let api = in_time(host("DINGTALK_API_URL", &settings.api_url, &asked.api), &asked.api, config.timeout);
    let api = answering(api, &asked.api, silence(asked, &late.api, false));
    let oapi = host("DINGTALK_OAPI_URL", &settings.oapi_url, &asked.oapi);
    let with_oapi = !matches!(oapi, Outcome::Failed(_));
    let oapi = answering(oapi, &asked.oapi, silence(asked, &late.oapi, true));
    let same = is_same(&api, &oapi)
        || matches!((&asked.api.value, &asked.oapi.value), (Err(api), Err(oapi)) if api.is_like(oapi));
    let late_oapi = late.oapi.iter().filter(|_| with_oapi);
    let errors = || {
        refusal.iter().chain(asked.errors(with_oapi)).chain(late.api.iter().chain(late_oapi.clone()).copied())
    };
    let api_failed = matches!(api, Outcome::Failed(_));
    report.judge(Check::DingTalkApi, asked.api.took, || api);
    report.judge(Check::DingTalkOapi, asked.oapi.took, || match oapi {
        Outcome::Failed(_) if same => Outcome::skipped(Words::new(
            "because DingTalk's API failed: it is not reached for the same reason",
            "因为钉钉新版接口检查失败：无法连通的原因相同",
        )),
        oapi => match (&asked.api.value, &asked.oapi.value) {
            (Ok(api), Ok(other))
                if api_failed && stranger(api).is_some() && stranger(api) == stranger(other) =>
            {
                Outcome::skipped(Words::new(
                    "because DingTalk's API failed: the same answers in its place",
                    "因为钉钉新版接口检查失败：应答的是同一个非钉钉服务",
                ))
            }
            _ => oapi,
        },
    });
    let taken_back = errors().find(|error| error.class == Class::Token);
    report.judge(Check::Credentials, asked.api.took, || match taken_back {
        Some(error) if refusal.is_none() => token_refused(error),
        _ => credentials(refusal.as_ref()),
    });
    report.judge(Check::AddressList, asked.api.took, || {
        address_list(errors().find(|error| error.is_address_refused()))
    });
    report.judge(Check::Clock, asked.api.took, || clock(asked.offset));
    report.judge(Check::Quota, asked.api.took, || quota(errors().find(|error| error.class == Class::Quota)));
    report.judge(Check::RateLimit, asked.api.took, || {
        rate_limit(errors().find(|error| error.class == Class::Throttled))
    });
}

/// Whether both hosts are slow, or their answers go astray: one cause.
fn is_same(api: &Outcome, oapi: &Outcome) -> bool {
    let code = |outcome: &Outcome| match outcome {
        Outcome::Failed(Failure { code, .. }) => code.clone(),
        _ => None,
    };
    let lost = |code: &String| code == TOO_SLOW || code == "timed-out" || code == "no-answer";
    code(api).is_some_and(|code| lost(&code)) && code(oapi).is_some_and(|code| lost(&code))
}

/// How a call after the first got no answer of DingTalk's.
fn silence<'a>(asked: &'a Asked, late: &[&'a DingTalkError], oapi: bool) -> Option<&'a DingTalkError> {
    let silent = |error: &&DingTalkError| {
        error.is_silence()
            || error.is_unreadable()
            || error.is_own_failure()
            || error.is_cut_short()
            || error.is_no_such_call()
    };
    // How DingTalk refuses a template without a name is not published: it may be with a failure of its own.
    let is_published = |permission: Permission, error: &DingTalkError| {
        permission != Permission::FormWrite || !error.is_own_failure()
    };
    let permissions = asked.permissions.iter().filter(|(permission, _)| permission.is_oapi() == oapi);
    let mut calls = permissions.filter_map(|(permission, proved)| {
        proved.value.as_ref().err().filter(|error| is_published(*permission, error))
    });
    let mut people = asked.service.iter().chain(&asked.test).filter_map(|person| person.value.as_ref().err());
    let mut late = late.iter().copied().chain(
        asked
            .agent
            .iter()
            .filter_map(|agent| agent.value.as_ref().err())
            .filter(|error| !error.is_own_failure()),
    );
    let of_contacts = calls.find(silent).or_else(|| people.find(silent).filter(|_| oapi));
    of_contacts.or_else(|| late.find(silent).filter(|_| !oapi))
}

/// Whether the bridge waits long enough for an answer that came.
fn in_time(outcome: Outcome, answered: &Answered, timeout: Duration) -> Outcome {
    if !matches!(outcome, Outcome::Passed { .. }) || answered.took <= timeout {
        return outcome;
    }
    let (took, timeout) = (answered.took.as_millis(), timeout.as_millis());
    let cause = Words::new(
        format!(
            "DingTalk answers after {took} ms, and the bridge gives up after {timeout} ms (DINGTALK_TIMEOUT_SECONDS)"
        ),
        format!("钉钉在 {took} 毫秒后才响应，而审批桥在 {timeout} 毫秒后即放弃（DINGTALK_TIMEOUT_SECONDS）"),
    );
    let seconds = Words::new(" (1 to 15 seconds)", "（1–15 秒）");
    let mend = Words::change(("raise", "调大"), "DINGTALK_TIMEOUT_SECONDS", &seconds);
    Failure::new(cause, mend.or(&places::machine("check its network and proxy", "检查网络与代理")))
        .code(TOO_SLOW)
        .into()
}

/// Whether DingTalk answers at an address.
fn host(variable: &str, url: &str, answered: &Answered) -> Outcome {
    let is_default = is_dingtalks(url);
    let way = || places::way_to_dingtalk(variable, is_default);
    let answer = match &answered.value {
        Err(unreached) => {
            // DingTalk's own certificate is not out of date: it is our clock.
            if is_default && unreached.is_out_of_date() {
                return Failure::new(unreached.words(), places::clock().or(&way())).code(OUT_OF_DATE).into();
            }
            // Nobody at an address that somebody typed: that is the likelier cause.
            let to = if is_default { way() } else { places::variable(variable).or(&places::network()) };
            if is_default
                && matches!(
                    unreached,
                    Unreached::Tls { why: TlsFault::OtherName(_) | TlsFault::UnknownHost, .. }
                )
            {
                let fix = connect::where_it_leads().or(&places::inspected());
                return Failure::new(unreached.words(), fix).code("tls").into();
            }
            let certificate = if is_default { places::inspected() } else { way() };
            return unreached.failure(variable, to, certificate).into();
        }
        Ok(answer) => answer,
    };
    if is_ban(url, answer) {
        return Outcome::passed(Words::new("DingTalk answers", "钉钉有响应"));
    }
    if let Some(page) = stranger(answer) {
        let (at, zh_at) = if is_default {
            (String::new(), String::new())
        } else {
            (format!(" at {variable}"), format!("{variable} 处"))
        };
        let cause = Words::new(
            format!("DingTalk does not answer{at}, but {}", page.en),
            format!("{zh_at}应答的不是钉钉，而是{}", page.zh),
        );
        return Failure::new(cause, way()).code(format!("http-{}", answer.status.as_u16())).into();
    }
    if let Some(code) = wrong_path(answer) {
        let cause = Words::new(
            format!("DingTalk answers at {variable} that there is no such API: the address is wrong"),
            format!("钉钉返回 {variable} 处没有该接口：地址有误"),
        );
        return Failure::new(cause, places::variable(variable)).code(code).into();
    }
    if answer.status.is_server_error() {
        let status = answer.status.as_u16();
        let cause = Words::new(
            format!("DingTalk itself fails (HTTP {status}): try again later"),
            format!("钉钉自身故障（HTTP {status}）：请稍后重试"),
        );
        return Failure::new(cause, not_ours()).code(format!("http-{status}")).into();
    }
    let took = answered.took.as_millis();
    Outcome::passed(Words::new(format!("DingTalk answers in {took} ms"), format!("钉钉在 {took} 毫秒内响应")))
}

/// Whether the calls that followed were answered, too.
fn answering(outcome: Outcome, answered: &Answered, silence: Option<&DingTalkError>) -> Outcome {
    let (Outcome::Passed { .. }, Some(error)) = (&outcome, silence) else { return outcome };
    let (cause, code) = if error.is_silence() && answered.took >= SLOW {
        let took = answered.took.as_secs_f64();
        let cause = Words::new(
            format!(
                "DingTalk answers too slowly: {took:.1} s for its first answer, and none in time for another call"
            ),
            format!("钉钉响应过慢：首次响应耗时 {took:.1} 秒，另一次调用未及时响应"),
        );
        (cause, TOO_SLOW)
    } else if error.is_cut_short() || error.is_no_such_call() {
        return on_the_way(error).into();
    } else if error.is_own_failure() {
        let code = &error.code;
        let cause = Words::new(
            format!("DingTalk gives a token, and fails itself at another call ({code}): try again later"),
            format!("钉钉已返回 token，但另一次调用时自身故障（{code}）：请稍后重试"),
        );
        return Failure::new(cause, not_ours()).code(code).into();
    } else {
        let what = &error.message;
        let cause = Words::new(
            format!("DingTalk gives a token, and to another call no answer that can be read ({what})"),
            format!("钉钉已返回 token，但另一次调用没有得到可读的响应（{}）", in_chinese(error)),
        );
        (cause, error.code.as_str())
    };
    let allow = Words::new(
        "have all paths of *.dingtalk.com allowed in the firewall, proxy or web filter of this network (上网行为管理)",
        "在本网络的防火墙、代理或上网行为管理中放行 *.dingtalk.com 的全部路径",
    );
    let fix = places::machine("check its network and proxy", "检查网络与代理");
    Failure::new(cause, if error.is_unreadable() { allow.or(&fix) } else { fix }).code(code).into()
}

/// A call that DingTalk gets, and not as it left.
fn on_the_way(error: &DingTalkError) -> Failure {
    let DingTalkError { code, message, .. } = error;
    let (cause, fix) = if error.is_cut_short() {
        (
            Words::new(
                format!("a part of the call does not arrive at DingTalk, which says: {message} ({code})"),
                format!("请求不完整：一部分在途中丢失，钉钉返回：{message}（{code}）"),
            ),
            Words::new(
                "the proxy on the way to DingTalk must pass headers (x-acs-dingtalk-access-token), query and body unchanged",
                "通往钉钉的代理须原样转发请求头（x-acs-dingtalk-access-token）、查询参数与请求体",
            ),
        )
    } else {
        (
            Words::new(
                format!(
                    "the call arrives at DingTalk under another path: there is no such API: {message} ({code})"
                ),
                format!("调用到达钉钉时路径已改变，没有该接口：{message}（{code}）"),
            ),
            Words::new(
                "the proxy on the way to DingTalk must pass the path on unchanged",
                "通往钉钉的代理须原样转发路径",
            )
            .or(&Words::variable("DINGTALK_API_URL")),
        )
    };
    Failure::new(cause, fix).code(code)
}

/// What our own words for an answer say, in Chinese; DingTalk's own stay as they are.
fn in_chinese(error: &DingTalkError) -> String {
    if error.is_silence() {
        format!("没有响应：{}", error.code)
    } else {
        let quoted = error.message.split_once('“').and_then(|(_, rest)| rest.split_once('”'));
        let text = quoted.map_or_else(|| error.code.clone(), |(title, _)| format!("“{title}”"));
        format!("应答的是审批桥与钉钉之间的其他服务，而不是钉钉：{text}")
    }
}

/// Nothing can be fixed here.
fn not_ours() -> Words {
    Words::new(
        "DingTalk: nothing to fix on our side; the bridge tries again by itself",
        "钉钉侧故障，无需处理；审批桥会自动重试",
    )
}

fn is_dingtalks(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(|it| it.ends_with(".dingtalk.com")))
}

/// The gateway's own answer to an address that called too often: JSON, or a page at DingTalk's own address.
fn is_ban(url: &str, answer: &HttpAnswer) -> bool {
    let is_dingtalk = is_dingtalks(url);
    let is_page = answer.body.trim_ascii_start().starts_with(b"<") && answer.status.as_u16() == 403;
    (is_dingtalk && is_page)
        || serde_json::from_slice::<serde_json::Value>(&answer.body)
            .is_ok_and(|body| body.get("punish").is_some())
}

/// What answers in DingTalk's place.
fn stranger(answer: &HttpAnswer) -> Option<Words> {
    page(answer).or_else(|| gateways_error(answer))
}

/// A gateway's own error in JSON: it bears no code of DingTalk's.
fn gateways_error(answer: &HttpAnswer) -> Option<Words> {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    let status = answer.status;
    let is_dingtalks = ["code", "errcode", "accessToken"].iter().any(|name| body.get(name).is_some());
    let refuses = status.is_server_error() || matches!(status.as_u16(), 401 | 403);
    let status = status.as_u16();
    (refuses && !is_dingtalks)
        .then(|| Words::new(format!("a gateway (HTTP {status})"), format!("网关（HTTP {status}）")))
}

fn wrong_path(answer: &HttpAnswer) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    let code = body.get("code").and_then(serde_json::Value::as_str);
    if let Some(code) = code.filter(|code| code.ends_with("NotFound")) {
        return Some(code.to_owned());
    }
    let errcode = body.get("errcode").and_then(serde_json::Value::as_i64);
    let is_dingtalk = code.is_some() || errcode.is_some() || body.get("accessToken").is_some();
    match (errcode, is_dingtalk) {
        (Some(404), _) => Some("404".to_owned()),
        (_, false) => Some(format!("http-{}", answer.status.as_u16())),
        _ => None,
    }
}

fn credentials(refusal: Option<&DingTalkError>) -> Outcome {
    let Some(error) = refusal else {
        return Outcome::passed(Words::new("DingTalk gave an access token", "钉钉已返回 access token"));
    };
    match error.class {
        Class::Token => Failure::new(
            Words::new(
                "DingTalk does not accept DINGTALK_APP_KEY and DINGTALK_APP_SECRET together: one of them is another app's, \
                 was reset, or was not copied whole",
                "钉钉不接受 DINGTALK_APP_KEY 与 DINGTALK_APP_SECRET 的组合：其中之一属于其他应用、已被重置，或未完整复制",
            ),
            places::credentials(),
        )
        .code(&error.code)
        .into(),
        _ if error.is_cut_short() || error.is_no_such_call() => on_the_way(error).into(),
        // These are named for themselves.
        Class::Throttled | Class::Quota => Outcome::skipped(Words::new(
            "DingTalk turned the call away before it looked",
            "钉钉未校验凭证即拒绝了调用",
        )),
        Class::Permission if error.is_address_refused() => {
            Outcome::skipped(Words::new(
                "DingTalk refused our address before it looked",
                "钉钉未校验凭证即拒绝了本机的出口 IP",
            ))
        }
        _ => Failure::new(
            Words::new(
                format!("DingTalk gives no access token: {}", error.message),
                format!("钉钉没有返回 access token：{}", error.message),
            ),
            if is_off(error) {
                places::app_page("enable the app, or publish it again", "启用该应用，或重新发布")
            } else {
                places::credentials()
            },
        )
        .code(&error.code)
        .into(),
    }
}

/// Whether DingTalk says that the app is switched off.
fn is_off(error: &DingTalkError) -> bool {
    let text = format!("{} {}", error.code, error.message).to_lowercase();
    ["停用", "禁用", "disabled"].iter().any(|word| text.contains(word))
}

/// A token that DingTalk has just given, and does not accept, a new one neither.
fn token_refused(error: &DingTalkError) -> Outcome {
    let cause = Words::new(
        format!(
            "DingTalk gives an access token, and then does not accept it ({}): {}",
            error.code, error.message
        ),
        format!("钉钉已返回 access token，但随后的调用不接受它（{}）：{}", error.code, error.message),
    );
    let addresses = Words::new(
        "DINGTALK_API_URL and DINGTALK_OAPI_URL must belong to the same DingTalk (unset them for DingTalk's own)",
        "DINGTALK_API_URL 与 DINGTALK_OAPI_URL 须属于同一钉钉环境（使用钉钉公有云时请删除这两个变量）",
    );
    let header = Words::new(
        "the proxy on the way to DingTalk must pass the header x-acs-dingtalk-access-token and the query unchanged",
        "通往钉钉的代理须原样转发请求头 x-acs-dingtalk-access-token 与查询参数",
    );
    Failure::new(cause, header.or(&addresses)).code(TOKEN_REFUSED).into()
}

fn address_list(refused: Option<&DingTalkError>) -> Outcome {
    let Some(error) = refused else {
        let may = Words::new("this server's address may call DingTalk", "本机的出口 IP 可以调用钉钉");
        return Outcome::passed(may);
    };
    let address = address_in(&error.message);
    let mut fix = places::address_list();
    if address.is_none() {
        fix = Words::new(
            format!("{} (`curl ifconfig.me` on the bridge's machine shows it)", fix.en),
            format!("{}（在审批桥所在机器上执行 `curl ifconfig.me` 可查询）", fix.zh),
        );
    }
    let address = address.map_or_else(String::new, |address| format!(" {address}"));
    Failure::new(
        Words::new(
            format!("this server's address{address} is not on the app's list of server egress IPs"),
            format!("本机的出口 IP{address} 不在应用的服务器出口 IP 列表中"),
        ),
        fix,
    )
    .code(&error.code)
    .into()
}

/// The address that DingTalk's message shows, if it shows one.
fn address_in(message: &str) -> Option<&str> {
    let parts = message.split(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':'));
    parts.map(|part| part.trim_matches(['.', ':'])).find(|part| part.parse::<std::net::IpAddr>().is_ok())
}

fn clock(offset: Option<SignedDuration>) -> Outcome {
    let Some(offset) = offset else {
        return Outcome::skipped(Words::new("DingTalk's answer says no time", "钉钉的响应中没有时间"));
    };
    if offset.abs() <= CLOCK_SKEW {
        return Outcome::passed(Words::new("our clock and DingTalk's agree", "本机时钟与钉钉一致"));
    }
    let (direction, zh) = if offset.is_negative() { ("ahead of", "快") } else { ("behind", "慢") };
    let (seconds, hours) = (offset.abs().as_secs(), zone_hours(offset));
    let off = match seconds / (24 * 3_600) {
        0 | 1 => Words::new(format!("{seconds} seconds"), format!("{seconds} 秒")),
        days => Words::new(format!("{days} days"), format!("{days} 天")),
    };
    let (zone, zone_zh) = match hours {
        Some(hours) => (
            format!(" ({hours} h: perhaps local time was set as UTC, or the other way round)"),
            format!("（{hours} 小时，多为本地时间与 UTC 混淆）"),
        ),
        None => (String::new(), String::new()),
    };
    let fix = match hours {
        Some(_) => places::machine(
            "set its time zone and its clock (timedatectl, NTP); the hardware clock holds UTC",
            "校正时区与系统时钟（timedatectl、NTP）；硬件时钟应为 UTC",
        ),
        None => places::clock(),
    };
    Outcome::failed(
        Words::new(
            format!("our clock is {} {direction} DingTalk's{zone}", off.en),
            format!("本机时钟比钉钉{zh} {}{zone_zh}", off.zh),
        ),
        fix,
    )
}

/// Whole hours, if the two clocks differ by that much: then it is a time zone.
fn zone_hours(offset: SignedDuration) -> Option<u64> {
    let seconds = offset.abs().as_secs().cast_unsigned();
    let hours = (seconds + 1_800) / 3_600;
    let is_zone = (1..=14).contains(&hours) && seconds.abs_diff(hours * 3_600) <= 120;
    is_zone.then_some(hours)
}

fn quota(used_up: Option<&DingTalkError>) -> Outcome {
    let Some(error) = used_up else {
        return Outcome::passed(Words::new("paid calls are left this month", "本月仍有剩余调用量"));
    };
    let cause = Words::new(
        "the organisation's monthly quota of paid API calls is used up",
        "企业本月的 API 调用量已用尽",
    );
    Failure::new(cause, places::plan()).code(&error.code).into()
}

fn rate_limit(throttled: Option<&DingTalkError>) -> Outcome {
    let Some(error) = throttled else {
        return Outcome::passed(Words::new("DingTalk turns no call away for its number", "钉钉没有限流"));
    };
    let change =
        |en: &str, zh: &str| Words::change((en, zh), "DINGTALK_CALLS_PER_SECOND", &Words::new("", ""));
    let fewer = change("lower", "调低");
    let (cause, mend) = if error.is_ban() {
        (
            Words::new(
                "DingTalk has banned this server's address for five minutes: too many calls came from it",
                "钉钉已将本机的出口 IP 封禁五分钟：来自该 IP 的调用过多",
            ),
            fewer.or(&Words::new(
                "slow down what else calls DingTalk from this address; then wait five minutes",
                "降低同一出口 IP 上其他程序调用钉钉的频率；然后等待五分钟",
            )),
        )
    } else if error.is_busy() {
        let cause = Words::new(
            "calls wait too long for their turn: DINGTALK_CALLS_PER_SECOND is very low",
            "调用排队过久：DINGTALK_CALLS_PER_SECOND 设置过低",
        );
        (cause, change("raise", "调高"))
    } else if error.code.ends_with("90002") {
        let cause = Words::new(
            "DingTalk has switched these calls off for a while (90002): too many came",
            "钉钉已暂时禁用此类调用（90002）：调用过多",
        );
        (cause, Words::new("wait some minutes", "等待几分钟").or(&fewer))
    } else if error.code.contains("Unavailable") {
        let cause = Words::new(
            "DingTalk itself turns calls away as unavailable: it is overloaded or under maintenance, or too many calls come from the app",
            "钉钉返回服务不可用：钉钉过载或维护中，或该应用的调用过多",
        );
        let wait = Words::new("wait some minutes", "等待几分钟");
        (cause, wait.or(&fewer))
    } else {
        (
            Words::new(
                "DingTalk turns calls away: more come from the app than its edition allows in a second",
                "钉钉限流：该应用每秒的调用次数超过其版本上限",
            ),
            fewer.or(&Words::new(
                "slow down what else calls DingTalk with this AppKey",
                "降低使用同一 AppKey 的其他程序的调用频率",
            )),
        )
    };
    Failure::new(cause, mend).code(&error.code).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_dingtalk_shows_is_named() {
        assert_eq!(address_in("访问ip不在白名单之中,request ip=47.98.1.2 appKey(ding)"), Some("47.98.1.2"));
        assert_eq!(address_in("访问ip不在白名单之中"), None);
    }

    #[test]
    fn a_clock_that_is_off_by_whole_hours_is_told_to_be_a_time_zone() {
        let hours = |seconds| zone_hours(SignedDuration::from_secs(seconds));
        assert_eq!(hours(8 * 3_600 + 20), Some(8));
        assert_eq!(hours(-8 * 3_600), Some(8));
        assert_eq!(hours(90), None);
        assert_eq!(hours(5_400), None);
        assert_eq!(hours(400 * 24 * 3_600), None);
    }
}
