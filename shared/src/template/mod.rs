//! Templates: which DingTalk OA form an approval is made from, and what goes into its fields.
//!
//! | file | idea |
//! |---|---|
//! | [`book`] | the templates that the bridge uses, and which of them a request gets |
//! | [`fill`] | what of an approval goes into which field |
//! | `table` | what is asked for as rows |
//! | [`official`] | the template that one command generates |
//! | [`mapping`] | which field of an administrator's own template is for what |
//! | [`report`] | what is wrong with a template, as far as can be seen without starting an instance |
//! | [`templates`] | what an administrator does with them: `generate`, `adopt`, `check` |
//! | [`trial`] | an instance from the administrator to themselves, to see the whole way once |

mod adopt;
pub mod book;
mod check;
pub mod fill;
mod fix;
mod generate;
pub mod mapping;
pub mod official;
#[cfg(test)]
mod promise_tests;
pub mod report;
mod table;
pub mod templates;
pub mod trial;

pub use adopt::Which;
pub use book::{NoPurpose, Purpose, Template, TemplateBook, Unpicked, Way};
pub use check::look_at;
pub use fill::{Content, Fill};
pub use generate::{Generated, Making};
pub use report::{Problem, Report};
pub use templates::{TemplateError, Templates};
pub use trial::Trial;
