//! What goes wrong on AWS: nothing is lost, nothing is doubled, and the alarm's metric moves.

#![allow(clippy::expect_used, clippy::panic)]

mod alarms;
mod at_once;
mod cut_off;
mod damaged;
mod scene;
mod secret;
mod stream;
mod sweep;
mod throttled;
