//! Which of several callbacks Dataphin understood, by how its answers differ: what it could not read it answers alike, and what
//! it could read otherwise, even if every answer is a no.

use std::borrow::Borrow;

use shared::dataphin::{Acceptance, DryRun, Refusal};

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
    let taken = |acceptance| {
        let verdict = DryRun::Accepted(acceptance);
        let same = |(index, one): (usize, &Tried)| (one.exchange.verdict == verdict).then_some(index);
        tried.iter().enumerate().filter_map(same).collect::<Vec<_>>()
    };
    let (confirmed, closed) = (taken(Acceptance::Confirmed), taken(Acceptance::ClosedAlready));
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
    if single.len() > 1 {
        // Others differ in how they could not be read.
        single.retain(|index| may_have_been_read(tried[*index].borrow()));
    }
    match single[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// Whether the server could not answer this one.
pub(super) fn is_broken(one: &Tried) -> bool {
    matches!(&one.exchange.verdict, DryRun::Refused(Refusal::ServerError { .. } | Refusal::NotReached(_)))
}

fn may_have_been_read(one: &Tried) -> bool {
    const UNREAD: [&str; 20] = [
        "decrypt",
        "cipher",
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
    match &one.exchange.verdict {
        DryRun::Accepted(_) | DryRun::Unclear(_) => true,
        DryRun::Refused(Refusal::NotUnderstood(said)) => {
            let text =
                format!("{} {}", said.code.as_deref().unwrap_or_default(), said.message).to_lowercase();
            !UNREAD.iter().any(|word| text.contains(word))
        }
        DryRun::Refused(_) => false,
    }
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
            verdict,
        };
        Tried { candidate: "plain".parse().expect("a profile"), exchange }
    }

    fn no(message: &str) -> Tried {
        let said = Said { status: 200, code: None, message: message.to_owned(), denied: true };
        tried(Some(message), DryRun::Refused(Refusal::NotUnderstood(said)))
    }

    fn broken() -> Tried {
        let said = Said { status: 500, code: None, message: String::new(), denied: false };
        tried(Some("HTTP 500"), DryRun::Refused(Refusal::ServerError { said, retry_after: None }))
    }

    fn silent() -> Tried {
        tried(None, DryRun::Refused(SendError::TimedOut.into()))
    }

    fn yes() -> Tried {
        tried(Some("yes"), DryRun::Accepted(Acceptance::Confirmed))
    }

    fn closed() -> Tried {
        tried(Some("none"), DryRun::Accepted(Acceptance::ClosedAlready))
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
