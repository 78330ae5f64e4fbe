//! Slows guessing at the doors. A credential is always looked at, and a right one passes: it is the wrong ones that wait.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use jiff::SignedDuration;
use tokio::sync::Semaphore;

use super::{
    Problem,
    answer::{AnsweredAs, NotLetIn, WrongCredential, reference},
    guesses::{Door, Guess, Guesses, Sum},
    peer::{Peer, TrustedProxies},
    probe,
    refusals::{Refusals, Unlogged},
};
use crate::world::World;

/// Answers that are held back at the same time; others go out at once, and their connections end.
const MAX_HELD: usize = 64;
/// No answer is held back for longer.
const MAX_HOLD: SignedDuration = SignedDuration::from_secs(3);
/// An answer is held back for this part of the time that its caller is told to wait.
const HOLD_PART: i32 = 20;

/// Whether answers to wrong credentials may be held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// They may: whoever guesses waits for each answer.
    Allowed,
    /// They may not: where time is paid for, the guesser would not be the one who pays.
    Never,
}

/// Counts wrong credentials. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    guesses: Mutex<Guesses>,
    refusals: Mutex<Refusals>,
    trusted: TrustedProxies,
    /// Places for answers that are held back; nowhere where none is.
    places: Option<Semaphore>,
    world: World,
}

impl Guard {
    /// One for a process.
    pub fn new(world: World, trusted: TrustedProxies, hold: Hold) -> Self {
        let places = (hold == Hold::Allowed).then(|| Semaphore::new(MAX_HELD));
        Self(Arc::new(Inner {
            guesses: Mutex::default(),
            refusals: Mutex::default(),
            trusted,
            places,
            world,
        }))
    }

    /// Writes the lines that are due: for whoever watches the clock.
    pub fn log_due(&self) {
        self.lock().due(self.0.world.now()).into_iter().for_each(log);
        self.refusals().due(self.0.world.now()).into_iter().for_each(log_unlogged);
    }

    /// Counts a refusal that is no wrong credential's: whether it has a line of its own in the log.
    pub(super) fn has_line(&self, code: &str, reference: &str) -> bool {
        let now = self.0.world.now();
        let (due, has_line) = {
            let mut refusals = self.refusals();
            (refusals.due(now), refusals.count(code, reference, now))
        };
        due.into_iter().for_each(log_unlogged);
        has_line
    }

    fn refusals(&self) -> std::sync::MutexGuard<'_, Refusals> {
        self.0.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Guesses> {
        self.0.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, guess: Guess<'_>, response: Response) -> Response {
        let (wait, line) = self.lock().count(guess, self.0.world.now());
        line.into_iter().for_each(log);
        let Some(wait) = wait else { return response };
        let mut limited = limited(wait, &response);
        match self.0.places.as_ref().map(Semaphore::try_acquire) {
            None => {}
            Some(Ok(_held)) => self.0.world.sleep((wait / HOLD_PART).min(MAX_HOLD)).await,
            Some(Err(_)) => {
                limited.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
        }
        limited
    }
}

/// The middleware: whatever a door answers to a wrong credential, for a caller who sends too many of them.
pub(super) async fn slow_guesses(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let address = guard.0.trusted.caller(peer, request.headers());
    let path = request.uri().path();
    let door = match path.get(1..).and_then(|path| path.split('/').next()) {
        Some("operator") => Door::Operator,
        Some("dingtalk") => Door::DingTalk,
        _ => Door::Dataphin,
    };
    let response = next.run(request).await;
    let Some(WrongCredential(reason)) = response.extensions().get().cloned() else { return response };
    let guess = Guess { address, door, reason: &reason, reference: &reference() };
    guard.answer(guess, response).await
}

fn limited(wait: SignedDuration, instead_of: &Response) -> Response {
    // Whole seconds, and never too early.
    let seconds = (wait + SignedDuration::from_millis(999)).as_secs().max(1);
    let message = format!(
        "too many wrong credentials came from this address: set the right one, which is let in at any time; another wrong one is \
         looked at in {seconds} seconds"
    );
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-wrong-credentials", message);
    let problem = problem.for_wrong_credential("");
    let mut response = match instead_of.extensions().get() {
        Some(AnsweredAs(answer)) => {
            let mut response = answer(&problem);
            *response.status_mut() = problem.status;
            response
        }
        None => problem.into_response(),
    };
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.unsigned_abs()));
    probe::hand_on(instead_of.headers(), response.headers_mut());
    if instead_of.extensions().get::<NotLetIn>().is_some() {
        response.extensions_mut().insert(NotLetIn);
    }
    response
}

fn log(sum: Sum) {
    let Sum { address, refusals: [dataphin, dingtalk, operator], reason, reference } = sum;
    tracing::warn!(
        address,
        dataphin,
        dingtalk,
        operator,
        last_reason = reason,
        last_reference = reference,
        "wrong credentials since the last line about this address"
    );
}

fn log_unlogged(Unlogged { code, refusals, reference }: Unlogged) {
    tracing::warn!(code, refusals, last_reference = reference, "refused without a line each");
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, routing::get};
    use jiff::Timestamp;
    use tower::ServiceExt;

    use super::*;
    use crate::{
        http::{door, operator},
        world::ManualClock,
    };

    /// A door behind which the operator's calls are, asked from one address.
    struct Site(Router);

    impl Site {
        fn under(hold: Hold, world: World) -> Self {
            let router = Router::new().route("/operator/x", get(async || "let in"));
            let router = operator::only(router, Some("a-long-operator-token".into()));
            let guard = Guard::new(world.clone(), TrustedProxies::default(), hold);
            Self(door::open(router, world, guard))
        }

        async fn ask(&self, token: &str, address: &str) -> Response {
            let request = Request::get("/operator/x").header("authorization", format!("Bearer {token}"));
            let mut request = request.body(Body::empty()).unwrap();
            request.extensions_mut().insert(Peer(address.parse().unwrap()));
            self.0.clone().oneshot(request).await.unwrap()
        }
    }

    #[tokio::test]
    async fn whoever_guesses_is_turned_away_and_whoever_knows_is_let_in() {
        let site = Site::under(Hold::Never, World::real());
        for n in 0..40 {
            let refused = site.ask("wrong", "203.0.113.7").await;
            let expected = if n < 10 { 401 } else { 429 };
            assert_eq!(refused.status().as_u16(), expected, "{n}");
            let waits =
                refused.headers().get("retry-after").map(|it| it.to_str().unwrap().parse::<u64>().unwrap());
            assert_eq!(waits.is_some_and(|seconds| seconds > 0), n >= 10, "{n}: {waits:?}");
            assert!(refused.extensions().get::<NotLetIn>().is_some(), "it counts as refused");
            // From behind the same proxy.
            assert_eq!(site.ask("a-long-operator-token", "203.0.113.7").await.status().as_u16(), 200);
        }
        assert_eq!(site.ask("wrong", "203.0.113.8").await.status().as_u16(), 401, "others are not concerned");
    }

    #[tokio::test]
    async fn an_answer_over_the_limit_is_held_back_until_its_time() {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH));
        let site = Site::under(Hold::Allowed, World { clock: clock.clone(), ..World::real() });
        for _ in 0..10 {
            assert_eq!(site.ask("wrong", "203.0.113.7").await.status().as_u16(), 401);
        }
        let mut held = std::pin::pin!(site.ask("wrong", "203.0.113.7"));
        assert!(poll_once(held.as_mut()).await.is_none(), "it waits");
        let known = site.ask("a-long-operator-token", "203.0.113.7").await;
        assert_eq!(known.status().as_u16(), 200, "nobody else does");
        clock.advance(MAX_HOLD);
        assert_eq!(held.await.status().as_u16(), 429);
    }

    #[tokio::test]
    async fn only_so_many_answers_are_held_and_the_rest_end_their_connections() {
        let clock = Arc::new(ManualClock::starting_at(Timestamp::UNIX_EPOCH));
        let site = Site::under(Hold::Allowed, World { clock, ..World::real() });
        for _ in 0..10 {
            site.ask("wrong", "203.0.113.7").await;
        }
        let mut held: Vec<_> = (0..MAX_HELD).map(|_| Box::pin(site.ask("wrong", "203.0.113.7"))).collect();
        for one in &mut held {
            assert!(poll_once(one.as_mut()).await.is_none());
        }
        let more = site.ask("wrong", "203.0.113.7").await;
        assert_eq!((more.status().as_u16(), &more.headers()["connection"]), (429, &"close".parse().unwrap()));
    }

    async fn poll_once<T>(mut work: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        std::future::poll_fn(|cx| match work.as_mut().poll(cx) {
            std::task::Poll::Ready(done) => std::task::Poll::Ready(Some(done)),
            std::task::Poll::Pending => std::task::Poll::Ready(None),
        })
        .await
    }
}
