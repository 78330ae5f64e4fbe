//! Values that can be read and are none: placeholders, quotes that came along, characters that nobody sees.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Wrong;
use crate::{
    config::{Fallback, SECRETS, VARIABLES, Variables},
    diagnosis::{Failure, Words, places},
};

/// Values in which people's language, blanks and quotes have their place.
const FREE_TEXT: [&str; 4] =
    ["BRIDGE_SYSTEM_NAME", "BRIDGE_FILE", "DATAPHIN_CALLBACK_PROFILE", "DATAPHIN_CA_FILE"];

/// Several values with commas between them, and perhaps blanks.
const LISTS: [&str; 1] = ["BRIDGE_TRUSTED_PROXIES"];

/// Words that stand for "put something here".
const PLACEHOLDERS: [&str; 26] = [
    "changeme",
    "changeit",
    "todo",
    "tbd",
    "fixme",
    "replaceme",
    "replacethis",
    "placeholder",
    "dummy",
    "example",
    "sample",
    "null",
    "none",
    "undefined",
    "nil",
    "secret",
    "password",
    "token",
    "accesstoken",
    "appkey",
    "appsecret",
    "aeskey",
    "userid",
    "clientid",
    "clientsecret",
    "corpid",
];

/// What the vendors print in their documentation; it opens nothing, or opens it to everybody.
const SAMPLES: [&str; 7] = [
    "6d1b2n1c",
    "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij",
    "dingeqqpkv3xxxxxx",
    "GT-lsu-taDAxxxsTsxxxx",
    "suite4xxxxxxxxxxxxxxx",
    "1234567890123456789012345678901234567890123",
    "123456",
];

/// Hosts that are set aside for examples (RFC 2606).
const SAMPLE_HOSTS: [&str; 4] = ["example.com", "example.org", "example.net", "example"];

/// What is wrong with each value by itself.
pub(super) fn wrong(variables: &Variables) -> Wrong {
    let mut wrong = Wrong::new();
    for variable in VARIABLES.iter().copied().flatten() {
        let name = variable.name;
        let Some(value) = variables.given(name) else { continue };
        // A default that was typed out is no placeholder, whatever its word.
        if matches!(variable.fallback, Fallback::Is(default) if default == value) {
            continue;
        }
        let cause = if FREE_TEXT.contains(&name) {
            unseen(value).or_else(|| if name == "DATAPHIN_CALLBACK_PROFILE" { curly(value) } else { None })
        } else if SECRETS.contains(&name) && is_encoded(value) {
            Some(Words::new(
                "looks base64-encoded: set the plain value (a Kubernetes Secret's `data` is encoded once; `stringData` is plain)",
                "像是经过 Base64 编码的值：请填写原文（Kubernetes Secret 的 data 只编码一次，stringData 填原文）",
            ))
        } else if LISTS.contains(&name) {
            value.split(',').map(str::trim).filter(|entry| !entry.is_empty()).find_map(fault)
        } else {
            fault(value).or_else(|| lacks_slashes(value))
        };
        if let Some(cause) = cause {
            let cause = Words::new(format!("{name} {}", cause.en), format!("{name} {}", cause.zh));
            wrong.insert(name.to_owned(), Failure::new(cause, places::variable(name)));
        }
    }
    if variables.given("BRIDGE_LOG").is_some_and(|level| level.parse::<tracing::Level>().is_err()) {
        let cause = Words::new(
            "BRIDGE_LOG is no level: error, warn, info, debug or trace",
            "BRIDGE_LOG 不是有效的日志级别：error、warn、info、debug 或 trace",
        );
        wrong
            .entry("BRIDGE_LOG".to_owned())
            .or_insert_with(|| Failure::new(cause, places::variable("BRIDGE_LOG")));
    }
    wrong
}

/// A secret that decodes to text is no secret: keys and tokens are random, and decode to bytes that are none.
fn is_encoded(value: &str) -> bool {
    let printable = |bytes: Vec<u8>| bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b'\n');
    value.len() >= MIN_ENCODED && STANDARD.decode(value).is_ok_and(printable)
}

/// Fewer characters may decode to text by chance.
const MIN_ENCODED: usize = 16;

/// `https:/host`: some programs take it, and others do not.
fn lacks_slashes(value: &str) -> Option<Words> {
    let rest = value.strip_prefix("https:").or_else(|| value.strip_prefix("http:"))?;
    let fine = rest.starts_with("//") && !rest.starts_with("///");
    (!fine).then(|| {
        Words::new("must have two slashes after http: or https:", "的 http: 或 https: 之后须为两个斜杠")
    })
}

fn fault(value: &str) -> Option<Words> {
    let quotes = ['"', '\'', '`', '“', '”', '‘', '’'];
    if value.len() > 1 && value.starts_with(quotes) && value.ends_with(quotes) {
        return Some(Words::new(
            "is wrapped in quotes, which are taken as part of it: leave them out",
            "的值带有引号，引号会被当作值的一部分：请去掉",
        ));
    }
    unseen(value).or_else(|| placeholder(value)).or_else(|| {
        let (position, odd) = (1..).zip(value.chars()).find(|(_, c)| !c.is_ascii_graphic())?;
        Some(match odd {
            ' ' => Words::new(
                format!("has a blank inside (character {position})"),
                format!("的值中间有空格（第 {position} 个字符）"),
            ),
            '！'..='～' => Words::new(
                format!("has a full-width character (character {position}): type it again in half width"),
                format!("的值含有全角字符（第 {position} 个字符）：请改为半角"),
            ),
            _ => Words::new(
                format!("has a character that does not belong there (character {position}: “{odd}”)"),
                format!("的值含有不应出现的字符（第 {position} 个字符“{odd}”）"),
            ),
        })
    })
}

/// Quotes of a text processor, in JSON.
fn curly(value: &str) -> Option<Words> {
    let (position, odd) =
        (1..).zip(value.chars()).find(|(_, c)| matches!(c, '“' | '”' | '‘' | '’' | '：' | '，'))?;
    Some(Words::new(
        format!(
            "has “{odd}” (character {position}), where JSON has a plain one: type it again in half width"
        ),
        format!("的值含有“{odd}”（第 {position} 个字符），JSON 须使用半角符号：请改为半角"),
    ))
}

/// Characters that come along when something is copied from a page.
fn unseen(value: &str) -> Option<Words> {
    let (position, odd) = (1..).zip(value.chars()).find(|(_, c)| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{a0}' | '\u{3000}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    })?;
    Some(Words::new(
        format!("has an invisible character (character {position}, U+{:04X}): type it again", u32::from(odd)),
        format!("的值含有不可见字符（第 {position} 个字符，U+{:04X}）：请重新输入", u32::from(odd)),
    ))
}

fn placeholder(value: &str) -> Option<Words> {
    if SAMPLES.iter().any(|sample| sample.eq_ignore_ascii_case(value)) {
        return Some(Words::new(
            "is a sample from the vendor's documentation, which everybody knows",
            "的值是厂商文档中的示例，人人皆知",
        ));
    }
    if is_placeholder(value) {
        return Some(Words::new("is a placeholder: it was never filled in", "的值是占位符：尚未填写"));
    }
    let host = reqwest::Url::parse(value).ok()?.host_str()?.to_ascii_lowercase();
    let is_sample = |sample: &&str| host == **sample || host.ends_with(&format!(".{sample}"));
    let is_yours =
        host.split(['.', '-']).any(|part| part == "your" || part == "yourdomain" || part == "yourcompany");
    (SAMPLE_HOSTS.iter().any(is_sample) || is_yours)
        .then(|| Words::new("is a placeholder: its host is an example", "的值是占位符：主机名是示例域名"))
}

fn is_placeholder(value: &str) -> bool {
    let squeezed: String =
        value.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    let brackets = [('<', '>'), ('{', '}'), ('[', ']')];
    let first = value.chars().next();
    let repeated = value.chars().count() >= 3 && value.chars().all(|c| Some(c) == first);
    PLACEHOLDERS.contains(&squeezed.as_str())
        || repeated
        || is_yours(value)
        || brackets.iter().any(|(open, close)| value.contains(*open) && value.contains(*close))
        || value.starts_with('$')
        || ["xxxx", "XXXX", "***", "…", "..."].iter().any(|part| value.contains(part))
}

/// `your-app-key`, `your_secret`, `YOUR TOKEN`, `yourAppKey`.
fn is_yours(value: &str) -> bool {
    let Some((head, rest)) = value.split_at_checked(4) else { return false };
    let next = rest.chars().next();
    head.eq_ignore_ascii_case("your")
        && (next.is_none_or(|c| !c.is_ascii_alphanumeric() || c.is_ascii_uppercase())
            || ["token", "key", "secret", "app", "domain"].iter().any(|word| rest.starts_with(word)))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Setup,
            tests::{one_wrong, variables},
        },
        *,
    };
    use crate::world::World;

    #[test]
    fn placeholders_are_told_by_what_they_look_like() {
        for value in [
            "changeme",
            "CHANGE_ME",
            "change-me",
            "your-app-secret",
            "YOUR_SECRET",
            "yourAppSecret",
            "<AppSecret>",
            "xxxxxxxx",
            "abcxxxxdef",
            "***",
            "TODO",
            "aaaaaaaa",
            "000000",
            "${APP_SECRET}",
            "{{secret}}",
            "placeholder",
            "AppSecret",
        ] {
            let (name, cause) = one_wrong(&[("DINGTALK_APP_SECRET", value)]);
            assert_eq!(name, "DINGTALK_APP_SECRET");
            assert!(cause.contains("placeholder"), "{value}: {cause}");
        }
    }

    #[test]
    fn a_default_that_is_typed_out_is_no_placeholder() {
        let defaults = VARIABLES.iter().copied().flatten().filter_map(|variable| match variable.fallback {
            Fallback::Is(text) => Some((variable.name.to_owned(), text.to_owned())),
            Fallback::Required | Fallback::None => None,
        });
        assert_eq!(wrong(&defaults.collect()).len(), 0);
    }

    #[test]
    fn the_vendors_samples_are_known() {
        let table = [
            ("DATAPHIN_ACCESS_TOKEN", "6d1b2n1c"),
            ("DINGTALK_APP_KEY", "dingeqqpkv3xxxxxx"),
            ("DINGTALK_CALLBACK_AES_KEY", "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij"),
        ];
        for (name, value) in table {
            let (found, cause) = one_wrong(&[(name, value)]);
            assert_eq!(found, name);
            assert!(cause.contains("sample"), "{cause}");
        }
    }

    #[test]
    fn what_came_along_with_a_copy_is_named_by_its_place() {
        let table = [
            ("\"k3Vb81Qx\"", "quotes"),
            ("“k3Vb81Qx”", "quotes"),
            ("k3Vb\u{200b}81Qx", "invisible character (character 5, U+200B)"),
            ("\u{feff}k3Vb81Qx", "invisible character (character 1, U+FEFF)"),
            ("k3Vb81Ｑx", "full-width character (character 7)"),
            ("k3Vb 81Qx", "blank inside (character 5)"),
            ("azNWYjgxUXhrM1ZiODFReA==", "looks base64-encoded"),
        ];
        for (value, cause) in table {
            let (name, found) = one_wrong(&[("DINGTALK_CALLBACK_TOKEN", value)]);
            assert_eq!(name, "DINGTALK_CALLBACK_TOKEN");
            assert!(found.contains(cause), "{found}");
            assert!(!found.contains("k3Vb"), "a value is never repeated: {found}");
        }
        assert!(one_wrong(&[("BRIDGE_PUBLIC_URL", "https://bridge.example.com")]).1.contains("example"));
        for url in ["https:/dataphin.acme.cn/x", "https:dataphin.acme.cn/x", "https:///dataphin.acme.cn/x"] {
            assert!(one_wrong(&[("DATAPHIN_CALLBACK_URL", url)]).1.contains("two slashes"), "{url}");
        }
        let list = ("BRIDGE_TRUSTED_PROXIES", "127.0.0.0/8, 47.96.10.0/24");
        assert!(Setup::of(&variables(&[list])).wrong.is_empty());
        assert!(one_wrong(&[("BRIDGE_LOG", "verbose")]).1.contains("no level"));
    }

    #[test]
    fn random_keys_are_no_placeholders() {
        let random = World::real().random;
        for length in [8, 16, 32, 43] {
            for _ in 0..500 {
                assert_eq!(fault(&random.letters_and_digits(length)), None);
            }
        }
        for value in
            ["simulated-app-secret", "dingsimulatedappkey0", "DataphinSimulatorEncodingAesKeyForDemosOnl0"]
        {
            assert_eq!(fault(value), None);
        }
    }
}
