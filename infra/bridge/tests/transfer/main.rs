//! `bridge export` and `bridge import`: everything to another place and back, the same to the byte.

#![allow(clippy::expect_used)]

mod at_work;
mod broken;
mod filled;
mod moved;
mod place;
