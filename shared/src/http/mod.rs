//! HTTP as the bridge speaks it: one client, one way to read a body, one way to answer an error.

pub mod answer;
pub mod client;
pub mod door;
pub mod guard;
pub mod guesses;
pub mod operator;
pub mod page;
pub mod peer;
pub mod probe;
pub mod refusals;

pub use answer::{AnsweredAs, NotLetIn, Problem, reference};
pub use client::{Http, HttpAnswer, SendError};
pub use guard::{Guard, Hold};
pub use peer::{Peer, TrustedProxies};
