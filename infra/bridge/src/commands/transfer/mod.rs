//! `export` and `import`: everything to another place, approvals in flight included.

mod export;
mod held;
mod import;
mod judge;
mod progress;
mod proved;
mod tally;

pub(super) use export::Export;
pub(super) use import::Import;
