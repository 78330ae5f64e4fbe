//! The engine: advances one approval at a time, by the rule in [`crate::approval::next_action`].
//!
//! | file | idea |
//! |---|---|
//! | [`advance`] | load, next action, act, commit; until nothing is due |
//! | [`submit`], [`withdraw`], [`report`] | what the doors tell the engine; [`sweep`] and `lost_events` are the clock's |
//! | `catch_up` | what was missed while the process stood still, or its clock was set |
//! | `first` | the first commit of a request, under the one key that it is known by |
//! | `create`, `reconcile`, `read`, `terminate`, `deliver` | one executor an action |
//! | `look`, `announced`, `adopt` | looking for instances, what they must be, and whose they are |
//! | `second`, `unowned` | second instances of an approval, and instances that nobody owns |
//! | [`operator`] | what an operator decides where the bridge must not |
//! | `judge`, `whose` | what a read means for an approval, and whether it is about its instance |
//! | `leftovers` | ends what a check of ours left in DingTalk |
//! | `people`, `selection` | who the people of a request are in DingTalk, and where a template's flow asks for them |
//! | `templates` | which template a request gets |
//!
//! A step that changes something elsewhere (a create call, a delivery) is committed before the call, with the moment at
//! which someone else may take over. Looking, reading and terminating may be done twice. So two engines may run at once,
//! and either may die at any moment.

mod adopt;
mod advance;
mod announced;
mod catch_up;
mod create;
mod deliver;
mod first;
mod judge;
mod leftovers;
mod look;
mod lost_events;
pub mod operator;
mod people;
mod read;
mod reconcile;
mod report;
mod second;
mod selection;
mod submit;
mod sweep;
mod templates;
mod terminate;
mod unowned;
mod waiting;
mod whose;
mod withdraw;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use crate::{
    approval::{Approval, schedule::LookSchedule},
    dataphin::Dataphin,
    dingtalk::{AccountKind, DingTalk, DingTalkError},
    store::{CommitError, Store, StoreError},
    world::World,
};

use look::Looks;
use lost_events::InHand;
use templates::BookCopy;

pub use catch_up::CaughtUp;
pub(crate) use leftovers::REMARK;
pub use lost_events::TakeError;
pub use operator::OperatorError;
pub use submit::{SubmitError, Submitted};
pub use sweep::{Swept, WorkTime};
pub use withdraw::WithdrawError;

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    store: Store,
    dingtalk: DingTalk,
    dataphin: Dataphin,
    settings: EngineSettings,
    world: World,
    /// What looks for instances have seen; held while someone looks.
    looks: Arc<Mutex<Looks>>,
    /// The templates, as they were seconds ago.
    book: BookCopy,
    /// Places for work that calls DingTalk and that nobody waits for.
    places: Arc<Semaphore>,
    /// Of them, places for create calls that are announced.
    announced: Arc<Semaphore>,
    /// Undelivered events that are being taken up.
    in_hand: InHand,
    /// The uptime at which a gap was seen last.
    gap_seen: Arc<Mutex<Option<SignedDuration>>>,
}

/// How the engine behaves.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// How long a submit waits for the instance while the source holds the line.
    pub submit_wait: SignedDuration,
    /// What the source's account ids are in DingTalk.
    pub account_kind: AccountKind,
    /// When the instance of a create call without a clear answer is looked for.
    pub looks: LookSchedule,
    /// Whether work may go on after its submit was answered: not on Lambda, which freezes it in the middle.
    pub works_after_answer: bool,
    /// Whether a signed event may approve where the instance does not tell its outcome.
    pub event_may_approve: bool,
    /// Reads a day that no event asks for, in all.
    pub unasked_reads_a_day: u32,
}

/// The engine could not go on with an approval.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store failed; whatever is due stays due.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The people of a request could not be found just now.
    #[error("the people of the request cannot be found: {0}")]
    Participants(DingTalkError),
    /// An instance could not be read again just now.
    #[error("an instance cannot be read: {0}")]
    Instance(DingTalkError),
    /// Others kept changing the approval at the same time.
    #[error("the approval was changed by others too often")]
    Contended,
}

impl Engine {
    /// An engine over its parts.
    pub fn new(
        store: Store,
        dingtalk: DingTalk,
        dataphin: Dataphin,
        settings: EngineSettings,
        world: World,
    ) -> Self {
        let (looks, book, in_hand, gap_seen) = Default::default();
        let places = Arc::new(Semaphore::new(places(dingtalk.settings().calls_per_second)));
        Self(Arc::new(Inner {
            store,
            dingtalk,
            dataphin,
            settings,
            world,
            looks,
            book,
            places,
            announced: Arc::new(Semaphore::new(MAX_ANNOUNCED)),
            in_hand,
            gap_seen,
        }))
    }

    /// The same engine for work that nobody waits for: its store lets the doors go first.
    #[must_use]
    pub fn in_background(&self) -> Self {
        let Inner {
            store,
            dingtalk,
            dataphin,
            settings,
            world,
            looks,
            book,
            places,
            announced,
            in_hand,
            gap_seen,
        } = &*self.0;
        Self(Arc::new(Inner {
            store: store.clone().in_background(),
            dingtalk: dingtalk.clone(),
            dataphin: dataphin.clone(),
            settings: settings.clone(),
            world: world.clone(),
            looks: looks.clone(),
            book: book.clone(),
            places: places.clone(),
            announced: announced.clone(),
            in_hand: in_hand.clone(),
            gap_seen: gap_seen.clone(),
        }))
    }

    /// The store it works on.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The DingTalk it works with.
    pub fn dingtalk(&self) -> &DingTalk {
        &self.0.dingtalk
    }

    /// Whether Dataphin has not accepted our credentials since this was last asked: they may have been changed.
    pub fn turned_away(&self) -> bool {
        self.0.dataphin.turned_away()
    }

    /// A place for work that calls DingTalk, in turn; kept until the call is answered. Without it a backlog would have more
    /// calls waiting than DingTalk takes in time, and most would be put off again and again.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        self.0.places.clone().acquire_owned().await.ok()
    }

    fn now(&self) -> Timestamp {
        self.0.world.now()
    }

    /// A wait, a little longer by chance: so that many do not come back at once.
    fn jittered(&self, wait: SignedDuration) -> SignedDuration {
        let most = u64::try_from(wait.as_millis() / 5).unwrap_or(0);
        wait + SignedDuration::from_millis(i64::try_from(self.0.world.random.below(most)).unwrap_or(0))
    }
}

/// Create calls that are announced at the same time in the background. One that was announced must be sent soon: if too many were
/// announced at once on a slow machine, all of them would come too late, again and again.
const MAX_ANNOUNCED: usize = 8;

/// So many at once keep DingTalk busy at its rate, and none waits longer than two seconds for its call. 0: no limit.
fn places(calls_per_second: u32) -> usize {
    match calls_per_second {
        0 => Semaphore::MAX_PERMITS,
        calls => usize::try_from(calls).unwrap_or(usize::MAX).saturating_mul(2).min(Semaphore::MAX_PERMITS),
    }
}

/// How often a change is tried against others who change the same approval.
const MOST_TRIES: u32 = 10;

/// The approval as a step committed it; `None`: someone else committed first, so load it again.
type Step = Option<Approval>;

/// A conflict means "load again"; only a failing store is an error.
fn step<S>(committed: Result<Approval<S>, CommitError>) -> Result<Step, EngineError>
where
    Approval: From<Approval<S>>,
{
    match committed {
        Ok(approval) => Ok(Some(approval.into())),
        Err(CommitError::Conflict) => Ok(None),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}
