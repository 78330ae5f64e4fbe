//! Which of several callbacks Dataphin understood, by how its answers differ: what it could not read it answers alike, and what
//! it could read otherwise, even if every answer is a no.

use std::borrow::Borrow;

use shared::dataphin::{Acceptance, DryRun, Refusal, Unclear};

use super::Tried;

/// So few answers differ by chance.
const FEWEST: usize = 3;

/// What the answers show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// That this one was understood.
    One(usize),
    /// That several were taken alike.
    Several,
    /// Nothing.
    Nothing,
}

/// Looks for the one that was understood: of a request that was `made` for it, or of one that cannot exist.
pub(super) fn understood(tried: &[Tried], made: bool) -> Shown {
    let (mut confirmed, mut closed) = (Vec::new(), Vec::new());
    for (index, one) in tried.iter().enumerate() {
        match &one.exchange.verdict {
            DryRun::Accepted(Acceptance::Confirmed) => confirmed.push(index),
            // What one before it may have closed shows nothing.
            DryRun::Accepted(Acceptance::ClosedAlready(_))
                if !made || !tried[..index].iter().any(Tried::may_have_decided) =>
            {
                closed.push(index);
            }
            _ => {}
        }
    }
    // A request that is there is confirmed; one that cannot exist is named as such by a Dataphin that read its id.
    let best = match (made, confirmed.is_empty(), closed.is_empty()) {
        (true, false, _) | (_, _, true) => confirmed,
        _ => closed,
    };
    match (&best[..], odd_one_out(tried)) {
        ([one], _) => Shown::One(*one),
        (_, Some(one)) => Shown::One(one),
        ([], None) => Shown::Nothing,
        (_, None) => Shown::Several,
    }
}

/// The one whose answer differs from all others. An answer that did not come, or that says that the server cannot answer now, shows
/// nothing of a profile.
pub(super) fn odd_one_out<T: Borrow<Tried>>(tried: &[T]) -> Option<usize> {
    let known: Vec<(usize, &str)> = tried
        .iter()
        .enumerate()
        .map(|(index, one)| (index, one.borrow()))
        .filter(|(_, one)| !is_broken(one))
        .filter_map(|(index, one)| Some((index, one.exchange.likeness.as_deref()?)))
        .collect();
    let count = |likeness: &str| known.iter().filter(|(_, other)| *other == likeness).count();
    let mut single: Vec<usize> =
        known.iter().filter(|(_, likeness)| count(likeness) == 1).map(|(index, _)| *index).collect();
    if known.len() < FEWEST || single.len() == known.len() {
        return None;
    }
    // Others differ in how they could not be read.
    single.retain(|index| may_have_been_read(tried[*index].borrow()));
    match single[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// Whether the server could not answer this one.
pub(super) fn is_broken(one: &Tried) -> bool {
    matches!(&one.exchange.verdict, DryRun::Refused(Refusal::ServerError { .. } | Refusal::NotReached(_)))
}

/// Whether an answer may be one to what a callback says, and not to how it came.
fn may_have_been_read(one: &Tried) -> bool {
    const UNREAD: [&str; 38] = [
        "access",
        "auth",
        "busy",
        "crypt",
        "cipher",
        "decode",
        "forbidden",
        "frequen",
        "limit",
        "nonce",
        "too many",
        "timestamp",
        "unsupported",
        "加密",
        "密钥",
        "频繁",
        "限流",
        "繁忙",
        "稍后",
        "拦截",
        "parse",
        "pars",
        "body",
        "json",
        "format",
        "missing",
        "required",
        "token",
        "signature",
        "解密",
        "解析",
        "格式",
        "报文",
        "缺少",
        "不能为空",
        "签名",
        "令牌",
        "padding",
    ];
    let text = match &one.exchange.verdict {
        DryRun::Accepted(_) | DryRun::Unclear(Unclear::Undecipherable(_)) => return true,
        DryRun::Unclear(Unclear::Unknown { shape, .. }) => shape.to_lowercase(),
        DryRun::Refused(Refusal::NotUnderstood(said)) => {
            format!("{} {}", said.code.as_deref().unwrap_or_default(), said.message).to_lowercase()
        }
        DryRun::Unclear(_) | DryRun::Refused(_) => return false,
    };
    !UNREAD.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use shared::{
        dataphin::{Exchange, Said},
        http::SendError,
    };

    use super::*;

    fn tried(likeness: Option<&str>, verdict: DryRun) -> Tried {
        let exchange = Exchange {
            message: String::new(),
            request: None,
            answer: None,
            took: SignedDuration::ZERO,
            likeness: likeness.map(ToOwned::to_owned),
            by_bridge: false,
            verdict,
        };
        Tried { candidate: "plain".parse().expect("a profile"), exchange }
    }

    fn no(message: &str) -> Tried {
        let said = Said { status: 200, code: None, message: message.to_owned(), denied: true, because: None };
        tried(Some(message), DryRun::Refused(Refusal::NotUnderstood(said)))
    }

    fn broken() -> Tried {
        let said = Said { status: 500, code: None, message: String::new(), denied: false, because: None };
        tried(Some("HTTP 500"), DryRun::Refused(Refusal::ServerError { said, retry_after: None }))
    }

    fn silent() -> Tried {
        tried(None, DryRun::Refused(SendError::TimedOut.into()))
    }

    fn yes() -> Tried {
        tried(Some("yes"), DryRun::Accepted(Acceptance::Confirmed))
    }

    fn closed() -> Tried {
        let said = Said { status: 200, code: None, message: "none".to_owned(), denied: true, because: None };
        tried(Some("none"), DryRun::Accepted(Acceptance::ClosedAlready(said)))
    }

    #[test]
    fn the_one_that_is_answered_otherwise_was_understood() {
        let cannot = "cannot decrypt";
        for (answers, expected) in [
            (vec![no(cannot), no(cannot), no("the word is unknown"), no(cannot)], Shown::One(2)),
            (vec![no(cannot), closed(), no(cannot)], Shown::One(1)),
            (vec![yes(), yes(), yes(), no("no such thing"), yes()], Shown::One(3)),
            (
                vec![
                    no("the token is missing"),
                    no(cannot),
                    no(cannot),
                    no("the body is no JSON"),
                    no("word"),
                ],
                Shown::One(4),
            ),
            (vec![no(cannot), no(cannot), no("a"), no("b")], Shown::Nothing),
            (vec![no(cannot), no("other")], Shown::Nothing),
            (vec![no("a"), no("b"), no("c")], Shown::Nothing),
            (vec![no(cannot), no(cannot), no(cannot)], Shown::Nothing),
            (vec![yes(), yes(), yes()], Shown::Several),
        ] {
            assert_eq!(understood(&answers, false), expected);
        }
    }

    fn unclear() -> Tried {
        let answer = Unclear::Unknown { status: 200, shape: r#"{"foo":1}"#.to_owned(), accepts: None };
        tried(Some("foo"), DryRun::Unclear(answer))
    }

    #[test]
    fn an_answer_to_how_a_callback_came_shows_nothing() {
        let alike = || no("unknown request type");
        for odd in [
            "encrypt is required",
            "缺少参数 encrypt",
            "cannot decrypt",
            "accessToken is missing",
            "操作过于频繁",
            "too many requests",
        ] {
            let answers = vec![alike(), no(odd), alike(), alike()];
            assert_eq!(understood(&answers, false), Shown::Nothing, "{odd}");
        }
        let page = || tried(Some("page"), DryRun::Refused(Refusal::Html { status: 403 }));
        assert_eq!(understood(&[alike(), page(), alike()], false), Shown::Nothing);
        let said = Said {
            status: 404,
            code: None,
            message: "nothing here".to_owned(),
            denied: false,
            because: None,
        };
        for refusal in [Refusal::NotFound(said.clone()), Refusal::Unauthorized(said)] {
            let answers = [alike(), alike(), tried(Some("other"), DryRun::Refused(refusal))];
            assert_eq!(understood(&answers, false), Shown::Nothing);
        }
    }

    #[test]
    fn what_an_earlier_callback_may_have_closed_shows_nothing() {
        let answers = || [no("cannot decrypt"), unclear(), closed(), no("cannot decrypt")];
        assert_eq!(understood(&answers(), true), Shown::Nothing);
        assert_eq!(understood(&answers(), false), Shown::One(2), "of a request that cannot exist");
        assert_eq!(understood(&[unclear(), closed(), closed(), closed()], true), Shown::One(0));
        assert_eq!(understood(&[no("cannot decrypt"), closed()], true), Shown::One(1));
    }

    #[test]
    fn a_broken_server_and_a_silent_one_show_nothing() {
        for answers in [
            vec![broken(), broken(), broken()],
            vec![broken(), broken(), silent()],
            vec![no("cannot"), no("cannot"), no("cannot"), silent()],
            vec![no("cannot"), no("cannot"), no("cannot"), broken()],
        ] {
            assert_eq!(understood(&answers, false), Shown::Nothing);
        }
        assert_eq!(understood(&[no("cannot"), silent(), no("cannot"), no("word")], false), Shown::One(3));
    }
}
