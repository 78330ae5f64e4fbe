//! Looking through DingTalk's instances for those that bear a reference of ours.
//!
//! Listing and reading are paid calls, so a look is bounded, skips what is known, and one look answers for every approval whose
//! time it covers. A look that could not see everything says so: not seen is not absent.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use super::{Engine, EngineError, judge::is_not_there, people::distinct};
use crate::{
    approval::{ApprovalId, InstanceId, ProcessCode, Reference, UserId},
    dingtalk::{Class, DingTalkError, InstanceSnapshot},
    store::Owner,
    template::fill::{self, Shown},
};

/// The list's window around the moment of a call, by DingTalk's clock. It is wide: neither clock is certain, and a proxy may
/// deliver a call late.
const BEFORE: SignedDuration = SignedDuration::from_mins(5);
const AFTER: SignedDuration = SignedDuration::from_mins(10);
/// The same where the originator has very many instances.
const SHORTLY_BEFORE: SignedDuration = SignedDuration::from_mins(1);
const SHORTLY_AFTER: SignedDuration = SignedDuration::from_mins(3);
/// A call is delivered within this time or never.
const MAX_DELAY: SignedDuration = SignedDuration::from_hours(1);

const MAX_PAGES: usize = 10;
const MAX_PAGES_SHORTLY: usize = 20;
/// Instances that a look reads. The next goes on with the others.
const MAX_READS: usize = 40;
/// So many instances of a look may fail to be read before the look is ended.
const MAX_UNREAD: usize = 3;
/// Instances that are remembered as nobody's of ours.
const MAX_RULED_OUT: usize = 10_000;
/// An instance is nobody's of ours once it was read so often: an answer may be about another one.
const READS_TO_RULE_OUT: u8 = 2;

/// What looks have seen so far, for those that come after.
#[derive(Default)]
pub(super) struct Looks {
    pub last: Option<LastLook>,
    /// Instances that bear no reference of ours, and how often they were read.
    ruled_out: HashMap<InstanceId, u8>,
    /// A template that has too many instances to list them all.
    crowded: Option<ProcessCode>,
}

/// The last look.
pub(super) struct LastLook {
    process_code: ProcessCode,
    window: Window,
    /// When it was made, by DingTalk's clock and by ours.
    made: (Timestamp, Timestamp),
    pub seen: Result<Blind, DingTalkError>,
    /// Approvals that it has changed.
    pub changed: HashSet<ApprovalId>,
    /// Approvals that have an instance in it which is not certain to be theirs.
    pub held: HashSet<ApprovalId>,
}

/// What was listed; times by DingTalk's clock.
struct Window {
    from: Timestamp,
    until: Timestamp,
    /// Whose instances; `None`: everybody's.
    originator: Option<UserId>,
    /// Whether only the time around certain calls was listed.
    is_narrow: bool,
}

/// Instances that were read and did not show what their forms hold: each may be anybody's.
#[derive(Debug, Clone, Default)]
pub(super) struct Blind(Vec<InstanceSnapshot>);

/// What is looked for: the instance of a call.
pub(super) struct Wanted<'a> {
    pub process_code: &'a ProcessCode,
    pub originator: &'a UserId,
    /// When the first call was sent whose instance may exist, by DingTalk's clock.
    pub first_call: Timestamp,
    /// When the last call was sent.
    pub last_call: Timestamp,
    /// Not before this moment, by our clock.
    pub look_at: Timestamp,
}

/// An instance that bears a reference of ours.
pub(super) struct Candidate {
    pub id: InstanceId,
    pub reference: Reference,
    pub snapshot: InstanceSnapshot,
}

/// What a look found: candidates, and whether it saw everything.
pub(super) type Found = (Vec<Candidate>, Result<Blind, DingTalkError>);

impl LastLook {
    /// Whether it answers for what is wanted: it listed all that a look of its own would have listed then.
    pub fn answers(&self, wanted: &Wanted<'_>) -> bool {
        let (now, made_at) = self.made;
        let Window { from, until, originator, is_narrow } = &self.window;
        let covered = *from <= wanted.first_call - BEFORE && *until >= now.min(wanted.last_call + MAX_DELAY);
        let listed = originator.as_ref().is_none_or(|originator| originator == wanted.originator);
        let is_new = made_at >= wanted.look_at;
        !is_narrow && is_new && self.process_code == *wanted.process_code && covered && listed
    }
}

impl Blind {
    /// Whether one of them may be the instance of a call in this one's name, sent then by DingTalk's clock.
    pub fn may_hold(&self, originator: &UserId, called_at: Timestamp) -> bool {
        self.0.iter().any(|instance| {
            instance.originator.as_ref().is_none_or(|own| own == originator)
                && instance.created_at.is_none_or(|created_at| created_at + BEFORE >= called_at)
        })
    }
}

impl Engine {
    /// Looks for what is wanted. Gives all that it finds, and the look: to be kept once the candidates are handed over.
    pub(super) async fn look_for(
        &self,
        wanted: &Wanted<'_>,
        looks: &mut Looks,
    ) -> Result<(Vec<Candidate>, LastLook), EngineError> {
        let made_at = self.now();
        let now = made_at + self.dingtalk().clock_offset();
        let mut window = Window {
            from: wanted.first_call - BEFORE,
            until: now.min(wanted.last_call + MAX_DELAY) + AFTER,
            originator: None,
            is_narrow: false,
        };
        // Either clock may be wrong.
        let offset = self.dingtalk().clock_offset();
        window.from = window.from.min(window.from - offset);
        window.until = window.until.max(window.until - offset);
        let (ids, listed) = self.list_around(wanted, looks, &mut window).await;
        let (candidates, read) = self.read_all(ids, wanted.process_code, looks).await?;
        let (process_code, made) = (wanted.process_code.clone(), (now, made_at));
        let (changed, held) = Default::default();
        let seen = listed.and(read);
        Ok((candidates, LastLook { process_code, window, made, seen, changed, held }))
    }

    /// Lists the instances of the time around a call: everybody's, or only the originator's where those are too many, or
    /// theirs of the minutes around each call where those are, too. Gives what was listed, and whether that is all.
    async fn list_around(
        &self,
        wanted: &Wanted<'_>,
        looks: &mut Looks,
        window: &mut Window,
    ) -> (Vec<InstanceId>, Result<(), DingTalkError>) {
        let (dingtalk, code) = (self.dingtalk(), wanted.process_code);
        if looks.crowded.as_ref() != Some(code) {
            match dingtalk.instance_ids(code, window.from, window.until, None, MAX_PAGES).await {
                // Those that a look cannot read would hide the originator's own.
                Ok(all)
                    if all.complete && all.ids.iter().filter(|id| looks.is_new(id)).count() <= MAX_READS =>
                {
                    return (all.ids, Ok(()));
                }
                Ok(all) if all.complete => {}
                Ok(_) => looks.crowded = Some(code.clone()),
                Err(error) => return (Vec::new(), Err(error)),
            }
        }
        window.originator = Some(wanted.originator.clone());
        let originator = window.originator.as_ref();
        let mut ids =
            match dingtalk.instance_ids(code, window.from, window.until, originator, MAX_PAGES).await {
                Ok(theirs) if theirs.complete => return (theirs.ids, Ok(())),
                Ok(theirs) => theirs.ids,
                Err(error) => return (Vec::new(), Err(error)),
            };
        window.is_narrow = true;
        for call in distinct([wanted.first_call, wanted.last_call].into_iter()) {
            let (from, until) = (call - SHORTLY_BEFORE, call + SHORTLY_AFTER);
            match dingtalk.instance_ids(code, from, until, originator, MAX_PAGES_SHORTLY).await {
                Ok(near) if near.complete => ids.extend(near.ids),
                Ok(_) => return (distinct(ids.into_iter()), Err(too_many())),
                Err(error) => return (distinct(ids.into_iter()), Err(error)),
            }
        }
        (distinct(ids.into_iter()), Ok(()))
    }

    /// Reads those of the instances that nobody is known to own.
    pub(super) async fn read_all(
        &self,
        ids: Vec<InstanceId>,
        process_code: &ProcessCode,
        looks: &mut Looks,
    ) -> Result<Found, EngineError> {
        let template = self.template(process_code).await?;
        let (mut candidates, mut blind, mut unread, mut reads) =
            (Vec::new(), Blind::default(), Vec::new(), 0);
        for id in ids {
            if looks.has_ruled_out(&id) || self.store().owner(&id).await? != Owner::Nobody {
                continue;
            }
            if reads == MAX_READS {
                unread.push(too_many());
                break;
            }
            reads += 1;
            match self.dingtalk().read_instance(&id).await {
                Ok(snapshot) => match fill::reference(template.as_ref(), &snapshot.fields) {
                    Shown::Reference(reference) => candidates.push(Candidate { id, reference, snapshot }),
                    Shown::Nothing => blind.0.push(snapshot),
                    Shown::Another => looks.rule_out(id),
                },
                // Listed, and not there: one of the two is late.
                Err(error) if is_not_there(&error) => unread.push(error),
                // One that fails does not hide the others; a DingTalk that refuses all is not asked on.
                Err(error) => {
                    let passing = matches!(error.class, Class::UnknownOutcome | Class::Transient);
                    unread.push(error);
                    if !passing || unread.len() == MAX_UNREAD {
                        break;
                    }
                }
            }
        }
        Ok((candidates, unread.pop().map_or(Ok(blind), Err)))
    }
}

impl Looks {
    /// Remembers that an instance was read and is none of ours.
    pub fn rule_out(&mut self, instance: InstanceId) {
        if self.ruled_out.len() >= MAX_RULED_OUT {
            self.ruled_out.clear();
        }
        *self.ruled_out.entry(instance).or_default() += 1;
    }

    /// Whether a look would read it.
    fn is_new(&self, instance: &InstanceId) -> bool {
        !self.has_ruled_out(instance)
    }

    fn has_ruled_out(&self, instance: &InstanceId) -> bool {
        self.ruled_out.get(instance).is_some_and(|reads| *reads >= READS_TO_RULE_OUT)
    }
}

fn too_many() -> DingTalkError {
    DingTalkError::new(Class::Transient, "too-many-instances", "too many instances to look through")
}
