//! Places for connections: when none is free, whoever keeps the bridge waiting longest makes room for the next.
//!
//! A connection whose request is being answered keeps its place. Of the others one without a request goes before one whose body is
//! awaited, and one of the address that has most of them before one of an address with few; a trusted proxy is many callers.

use std::{
    collections::HashMap,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Instant,
};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use shared::http::TrustedProxies;
use tokio::sync::Notify;

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The caller: for a head, the first or the next.
    Head,
    /// The caller: for the rest of a body.
    Body,
    /// The bridge.
    Answer,
}

/// All places of a server.
pub(crate) struct Places {
    limit: usize,
    trusted: TrustedProxies,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    next: u64,
    held: HashMap<u64, Held>,
}

struct Held {
    address: IpAddr,
    phase: Phase,
    since: Instant,
    leave: Arc<Notify>,
}

impl Places {
    /// So many.
    pub(crate) fn new(limit: usize, trusted: TrustedProxies) -> Arc<Self> {
        Arc::new(Self { limit: limit.max(1), trusted, taken: Mutex::default(), freed: Notify::new() })
    }

    /// A place; it is waited for only while every connection is being answered.
    pub(crate) async fn take(self: &Arc<Self>, address: IpAddr) -> Place {
        loop {
            let freed = self.freed.notified();
            if let Some(place) = self.try_take(address) {
                return place;
            }
            freed.await;
        }
    }

    fn try_take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut taken = self.lock();
        if taken.held.len() >= self.limit {
            let leaves = self.who_leaves(&taken.held)?;
            let leaves = taken.held.remove(&leaves)?;
            leaves.leave.notify_one();
        }
        let (id, leave) = (taken.next, Arc::new(Notify::new()));
        taken.next += 1;
        let held = Held { address, phase: Phase::Head, since: Instant::now(), leave: leave.clone() };
        taken.held.insert(id, held);
        Some(Place { places: self.clone(), id, leave })
    }

    fn who_leaves(&self, held: &HashMap<u64, Held>) -> Option<u64> {
        let mut of_address: HashMap<IpAddr, usize> = HashMap::new();
        for Held { address, .. } in held.values() {
            *of_address.entry(*address).or_default() += 1;
        }
        let share = |address| if self.trusted.has(address) { 0 } else { of_address[&address] };
        let waiting = held.iter().filter(|(_, held)| held.phase != Phase::Answer);
        let longest = waiting.max_by_key(|(_, held)| {
            (held.phase == Phase::Head, share(held.address), std::cmp::Reverse(held.since))
        });
        longest.map(|(id, _)| *id)
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place, until it is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    id: u64,
    leave: Arc<Notify>,
}

impl Place {
    /// Resolves when somebody else needs it.
    pub(crate) async fn needed(&self) {
        self.leave.notified().await;
    }

    /// What the connection waits for from now on.
    pub(crate) fn waits_for(&self, phase: Phase) {
        if let Some(held) = self.places.lock().held.get_mut(&self.id) {
            (held.phase, held.since) = (phase, Instant::now());
        }
        if phase != Phase::Answer {
            self.places.freed.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().held.remove(&self.id);
        self.places.freed.notify_one();
    }
}

/// A request's body that says when the bridge no longer waits for it.
pub(crate) struct Awaited {
    body: Incoming,
    place: Arc<Place>,
}

impl Awaited {
    pub(crate) fn new(body: Incoming, place: Arc<Place>) -> Self {
        place.waits_for(if body.is_end_stream() { Phase::Answer } else { Phase::Body });
        Self { body, place }
    }
}

impl Body for Awaited {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() {
            self.place.waits_for(Phase::Answer);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(limit: usize, trusted: &str) -> Arc<Places> {
        Places::new(limit, trusted.parse().unwrap_or_default())
    }

    fn take(places: &Arc<Places>, address: &str) -> Option<Place> {
        places.try_take(address.parse().unwrap())
    }

    fn left(place: &Place) -> bool {
        !place.places.lock().held.contains_key(&place.id)
    }

    #[test]
    fn whoever_waits_longest_without_a_request_makes_room() {
        let places = places(3, "");
        let [answered, body, idle] = ["192.0.2.1"; 3].map(|address| take(&places, address).unwrap());
        answered.waits_for(Phase::Answer);
        body.waits_for(Phase::Body);
        let next = take(&places, "192.0.2.1").unwrap();
        assert_eq!([&answered, &body, &idle].map(left), [false, false, true]);
        next.waits_for(Phase::Answer);
        let last = take(&places, "192.0.2.1").unwrap();
        assert_eq!([&answered, &body, &next].map(left), [false, true, false]);
        last.waits_for(Phase::Answer);
        assert!(take(&places, "192.0.2.1").is_none(), "all are being answered");
    }

    #[test]
    fn the_address_with_most_connections_gives_one_up_unless_it_is_a_proxy() {
        let places = places(4, "192.0.2.9");
        let few = take(&places, "192.0.2.1").unwrap();
        let proxy: Vec<_> = (0..2).map(|_| take(&places, "192.0.2.9").unwrap()).collect();
        let greedy = take(&places, "192.0.2.2").unwrap();
        let more = take(&places, "192.0.2.2").unwrap();
        assert_eq!([&few, &proxy[0], &proxy[1], &greedy].map(left), [true, false, false, false]);
        let _most = take(&places, "192.0.2.3").unwrap();
        assert_eq!([&proxy[0], &proxy[1], &greedy, &more].map(left), [false, false, true, false]);
    }
}
