//! What whoever operates the bridge on AWS is told, and what nobody may do who should not.

#![allow(clippy::expect_used, clippy::panic)]

mod broken;
mod leftover;
mod log;
mod refused;
mod scene;
mod withdrawn;
