//! HTTP as the bridge speaks it: one client, one way to read a body, one way to answer an error.

pub mod answer;
pub mod client;
pub mod door;
pub mod operator;

pub use answer::{NotLetIn, Problem, reference};
pub use client::{Http, HttpAnswer, SendError};
