//! A stateful DingTalk over real HTTP, as strict as the published protocol.
//!
//! One address serves both hosts, a page for people at `/`, and a control surface for scripts under `/simulator`.
//! Time and randomness come from the `World` that it is started with.
//!
//! | module | what it is |
//! |---|---|
//! | `simulator`, `administration` | the handle: start it, play its people, set its switches |
//! | `catalog`, `gate`, `call`, `errors` | which APIs there are, what stands in front of them, how they answer |
//! | `tokens`, `permissions`, `meter`, `faults`, `distort` | what a call needs, what it costs, what goes wrong |
//! | `people`, `contacts` | the directory and its calls |
//! | `templates`, `template_lists`, `new_template`, `components`, `form_values` | forms |
//! | `flow`, `steps`, `forecast` | approval flows |
//! | `instances`, `create`, `read`, `progress`, `todos`, `acts`, `act_calls` | an approval's life |
//! | `events`, `subscription`, `subscribe`, `push`, `failed` | what is told to the outside |
//! | `page`, `control`, `setup`, `switches` | for people, and for scripts |

mod act_calls;
mod acts;
mod administration;
mod call;
mod catalog;
mod components;
mod contacts;
mod control;
mod core;
mod create;
mod distort;
mod errors;
mod events;
mod failed;
mod faults;
mod flow;
mod forecast;
mod form_values;
mod gate;
mod ids;
mod instances;
mod meter;
mod new_template;
mod page;
mod people;
pub mod permissions;
mod progress;
mod push;
mod read;
mod settings;
mod setup;
mod simulator;
mod state;
mod steps;
mod subscribe;
mod subscription;
mod switches;
mod template_lists;
mod templates;
#[cfg(test)]
mod tests;
mod todos;
mod tokens;

pub use acts::{Objection, Todo};
pub use catalog::Api;
pub use components::{Choice, Component, Kind};
pub use errors::Refusal;
pub use events::{EventShape, INSTANCE_CHANGE, TASK_CHANGE};
pub use faults::{Fault, Spell, Trouble};
pub use flow::{Duty, FlowNode, Method};
pub use ids::{InstanceId, ProcessCode, TaskId, UserId};
pub use instances::{CopyAt, Instance, Lineage, Node, Outcome, Record, Status, Task, TaskStatus};
pub use meter::{Count, Counts};
pub use new_template::NewTemplate;
pub use people::{CONTACTS_ROOT, Department, Person, Standing, WORKFLOW_ROOT};
pub use push::{Push, PushOutcome};
pub use settings::Settings;
pub use simulator::Simulator;
pub use subscribe::Subscribed;
pub use subscription::{Filter, OwnerKey, PushOptions, Rejection, Rule};
pub use templates::{Template, TemplateStatus};
