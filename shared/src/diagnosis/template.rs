//! The template: exists, is published, can be filled, its flow can be foreseen.
//!
//! The one place where findings about templates are added.

use super::{Check, Outcome, asked::Asked, report::Report};
use crate::config::DingTalkConfig;

/// Judges the templates.
pub(super) fn judge(report: &mut Report, config: &DingTalkConfig, _asked: &Asked) {
    let _ = &config.settings.process_code;
    report.judge(Check::Template, std::time::Duration::ZERO, || Outcome::skipped("not looked at yet"));
}
