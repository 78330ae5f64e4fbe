//! Which noun a phrase belongs to: its nearest. What is not certain belongs to nobody.

use super::{
    items::{Item, Phrase, Role},
    tokens::Kind,
};

/// What leads from a noun to the one that it belongs to: "the user *of* the request", "the user *in* process 5".
const PREPOSITIONS: [&str; 10] = ["of", "for", "in", "on", "from", "under", "within", "在", "于", "为"];
/// What leads to a place.
const PLACES: [&str; 7] = ["in", "on", "from", "under", "within", "在", "于"];
/// What follows a place: `审批流程中`.
const INSIDE: [&str; 3] = ["中", "里", "内"];
const CONTRASTS: [&str; 3] = ["but", "但", "however"];
const FAILURES: [&str; 3] = ["failed", "failure", "error"];
/// What begins something new after a Chinese phrase, without a comma.
const NEW_CLAUSES: [&str; 11] = ["完", "请", "勿", "且", "并", "故", "因", "而", "吧", "啦", "呢"];
/// Who may have done it.
const AGENTS: [&str; 6] = ["another", "other", "someone", "somebody", "else", "different"];
const STATES: [&str; 5] = ["state", "status", "result", "状态", "结果"];

/// Phrases that need no noun: they are about what was reported, or about the approval.
const WHOLE: [&str; 4] = ["重复回调", "重复的审批回调", "已审批过", "已经审批过"];

/// Whose a phrase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The request's.
    Subject,
    /// Another noun's.
    Other,
    /// Nobody's that we can tell, or it is denied.
    Nobody,
}

/// What a search meets first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Met {
    Noun(Owner),
    /// A word that we do not know: it may be the noun.
    Unknown,
    Nothing,
}

/// How far a search goes.
#[derive(Clone, Copy)]
struct Reach {
    /// Over commas and colons.
    pauses: bool,
    /// Into brackets and quotes.
    brackets: bool,
}

const CLAUSE: Reach = Reach { pauses: false, brackets: false };
const SENTENCE: Reach = Reach { pauses: true, brackets: false };
const BRACKETS: Reach = Reach { pauses: true, brackets: true };

/// Whose each phrase is.
pub(super) fn owners(items: &[Item]) -> impl Iterator<Item = Owner> {
    items.iter().enumerate().filter_map(|(at, item)| match &item.role {
        Role::Phrase(phrase) => Some(owner(items, at, phrase)),
        _ => None,
    })
}

fn owner(items: &[Item], at: usize, phrase: &Phrase) -> Owner {
    if is_denied(&items[..at], phrase) || goes_on(&items[at..], phrase) {
        return Owner::Nobody;
    }
    if items[at].is_one_of(&WHOLE)
        && items[..at].iter().all(|item| !matches!(item.role, Role::Other | Role::Unknown))
    {
        return Owner::Subject;
    }
    let next = items[at + 1..].iter().find(|item| !matches!(item.role, Role::Small | Role::Link));
    let is_before_a_noun = next.is_some_and(|next| matches!(next.role, Role::Subject | Role::Other));
    // "已关闭审批功能": the function.
    if phrase.after
        && is_before_a_noun
        && !phrase.negative
        && forwards(items, at, phrase, CLAUSE) == Met::Unknown
    {
        return Owner::Nobody;
    }
    let back = |reach| if phrase.after { backwards(items, at, phrase, reach) } else { Met::Nothing };
    let ahead = |reach| if phrase.before { forwards(items, at, phrase, reach) } else { Met::Nothing };
    let (behind, before) = (back(CLAUSE), ahead(CLAUSE));
    if let Some(owner) = nouns(behind, before) {
        return owner;
    }
    // "已结束的流程", "a finished request".
    // "completed tasks = 5" counts.
    let counts = items[at + 1..].iter().take(3).any(|item| item.term[0] == Kind::Mark);
    if phrase.after
        && is_before_a_noun
        && !counts
        && let Met::Noun(owner) = forwards(items, at, phrase, CLAUSE)
    {
        return owner;
    }
    if behind == Met::Unknown || before == Met::Unknown {
        return Owner::Nobody;
    }
    for reach in [SENTENCE, BRACKETS] {
        if let Some(owner) = nouns(back(reach), ahead(reach)) {
            return owner;
        }
        if back(reach) == Met::Unknown {
            return Owner::Nobody;
        }
    }
    // "Not found: request 123".
    match forwards(items, at, phrase, BRACKETS) {
        Met::Noun(owner) => owner,
        Met::Unknown | Met::Nothing => Owner::Nobody,
    }
}

/// A noun on one of its sides; another noun on either of them beats the request.
fn nouns(one: Met, other: Met) -> Option<Owner> {
    let met = |owner| one == Met::Noun(owner) || other == Met::Noun(owner);
    [Owner::Other, Owner::Subject].into_iter().find(|owner| met(*owner))
}

/// "not yet finished", "must be closed", "whether it is closed".
fn is_denied(before: &[Item], phrase: &Phrase) -> bool {
    let mut clause = before.iter().rev().take_while(|item| !matches!(item.role, Role::Pause | Role::End));
    let word = before.iter().rev().find(|item| !matches!(item.role, Role::Small));
    let negated = word.is_some_and(|item| item.role == Role::Negation) && !phrase.negative;
    negated || clause.any(|item| item.role == Role::Doubt)
}

/// Whether what follows a phrase says something else: "已处理失败", "已完成 50%", "processed partially", "closed by peer", "…, but not
/// saved".
fn goes_on(items: &[Item], phrase: &Phrase) -> bool {
    let Some((said, rest)) = items.split_first() else { return false };
    let is_with = rest.first().is_some_and(|item| item.is("with"));
    if !phrase.negative && (is_with || rest.iter().any(|item| item.is_one_of(&CONTRASTS))) {
        return true;
    }
    let Some(next) = rest.iter().find(|item| said.han || item.role != Role::Small) else { return false };
    let is_after_only = phrase.after && !phrase.before;
    // "已处理中".
    if said.han && !phrase.negative && rest.first().is_some_and(|next| next.is("中")) {
        return true;
    }
    match &next.role {
        Role::Unknown if said.han => next.han && !next.is_one_of(&NEW_CLAUSES),
        Role::Unknown => is_after_only && !phrase.negative && !next.is_one_of(&AGENTS),
        Role::Id => said.han && !phrase.negative && is_after_only,
        // "closed before an answer", "processed partially".
        Role::Negation if next.is("before") => rest.len() > 1,
        Role::Negation => next.is_one_of(&["without", "partially", "only", "等待", "待"]),
        // "finished: FAILED".
        Role::Pause => rest.get(1).is_some_and(|item| !phrase.negative && item.is_one_of(&FAILURES)),
        _ => false,
    }
}

fn backwards(items: &[Item], at: usize, phrase: &Phrase, reach: Reach) -> Met {
    let (depth, mut word, mut possessor) = (items[at].depth, false, None);
    for (index, item) in items[..at].iter().enumerate().rev() {
        if item.depth > depth && !reach.brackets {
            continue;
        }
        match &item.role {
            Role::End => break,
            Role::Pause if !reach.pauses => break,
            Role::Other => return Met::Noun(Owner::Other),
            // "to request", "could not process": a verb.
            Role::Subject if !item.han && index > 0 && items[index - 1].role == Role::Negation => {
                return Met::Unknown;
            }
            // A word that we do not know is a name to a Chinese noun, and maybe the noun itself after an English one.
            Role::Subject if word && !item.han => return Met::Unknown,
            // "the approver of the request", "审批流程中的用户": the approver, the user.
            Role::Subject if leads_on(items, index) => {
                possessor.get_or_insert(Met::Noun(Owner::Subject));
            }
            Role::Subject => return possessor.unwrap_or(Met::Noun(Owner::Subject)),
            // "could not be found".
            Role::Negation
                if phrase.negative && items[index + 1..at].iter().all(|item| item.role == Role::Small) => {}
            Role::Unknown if is_an_id(items, index) || (item.depth > depth && reach.brackets) => {}
            Role::Unknown if !item.han => word = true,
            Role::Unknown | Role::Negation | Role::Doubt => return Met::Unknown,
            // "the status of the request does not exist".
            Role::Small if phrase.negative && is_a_state(items, index) => return Met::Noun(Owner::Other),
            Role::Pause
            | Role::Phrase(_)
            | Role::Small
            | Role::Link
            | Role::IdFollows
            | Role::Id
            | Role::Veto => {}
        }
    }
    if word { Met::Unknown } else { possessor.unwrap_or(Met::Nothing) }
}

fn forwards(items: &[Item], at: usize, phrase: &Phrase, reach: Reach) -> Met {
    let depth = items[at].depth;
    let (mut met, mut han, mut linked) = (Met::Nothing, false, false);
    for (index, item) in items.iter().enumerate().skip(at + 1) {
        let has_noun = met != Met::Nothing;
        if item.depth > depth && !reach.brackets {
            continue;
        }
        match &item.role {
            Role::End => break,
            Role::Pause if has_noun || !reach.pauses => break,
            Role::Subject | Role::Other if has_noun && !linked && is_apart(items, index) => break,
            Role::Subject => (met, han, linked) = (Met::Noun(Owner::Subject), item.han, false),
            Role::Other => (met, han, linked) = (Met::Noun(Owner::Other), item.han, false),
            // "not found in the request".
            Role::Small if !has_noun && item.is_one_of(&PLACES) => break,
            Role::Link if has_noun => linked = true,
            Role::Unknown if is_an_id(items, index) => {}
            // A name after a Chinese noun; after an English one maybe the noun itself.
            Role::Unknown if has_noun && han && !item.han => break,
            Role::Unknown | Role::Negation | Role::Doubt => {
                return if has_noun && is_apart(items, index) { met } else { Met::Unknown };
            }
            Role::Phrase(_) if has_noun => break,
            Role::Pause
            | Role::Phrase(_)
            | Role::Small
            | Role::Link
            | Role::IdFollows
            | Role::Id
            | Role::Veto => {}
        }
    }
    let has_tail = || items[at + 1..].iter().any(|item| phrase.tails.contains(&item.term[0]));
    if phrase.tails.is_empty() || has_tail() { met } else { Met::Nothing }
}

/// Whether another noun, further to the front, is what is spoken of.
fn leads_on(items: &[Item], index: usize) -> bool {
    let is_led_to = index > 0
        && (items[index - 1].is_one_of(&PREPOSITIONS) || items[..index].iter().any(|item| item.is("who")));
    is_led_to || (items[index].han && items.get(index + 1).is_some_and(|next| next.is_one_of(&INSIDE)))
}

/// Whether it is a noun of what has states, or the system that holds it: "approval status", "approval system".
fn is_a_state(items: &[Item], index: usize) -> bool {
    let item = &items[index];
    let is_state = item.is_one_of(&STATES);
    let is_system = item.is("system") && index > 0 && !items[index - 1].is_one_of(&PREPOSITIONS);
    is_state || is_system
}

/// Whether a small word or an id stands before it: it begins something new.
fn is_apart(items: &[Item], index: usize) -> bool {
    index > 0 && matches!(items[index - 1].role, Role::Small | Role::Id | Role::IdFollows)
}

/// Whether the word before says that this one is an id.
fn is_an_id(items: &[Item], index: usize) -> bool {
    index > 0 && items[index - 1].role == Role::IdFollows
}
