//! What the store promises, on the embedded engine and on any other that speaks DynamoDB's API.

#![allow(clippy::expect_used, clippy::panic)]

mod allowance;
mod approvals;
mod by_id;
mod everything;
mod first_commits;
mod identity;
mod instances;
mod large;
mod leftovers;
mod lists;
mod lost_answers;
mod sightings;
mod table;
mod templates;
mod trials;
mod turns;
