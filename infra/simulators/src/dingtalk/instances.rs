//! An approval instance: its nodes, its people's tasks, and the record of what was done to it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use shared::world::Random;

use super::{
    errors::local,
    flow::{Duty, Method},
    ids::{InstanceId, ProcessCode, TaskId, UserId},
    steps::Step,
};

/// Where an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// People are deciding.
    Running,
    /// Revoked.
    Terminated,
    /// Decided.
    Completed,
}

/// What was decided: of a completed instance, and of a finished task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Agreed.
    Agree,
    /// Refused.
    Refuse,
    /// Transferred to somebody else; of tasks only.
    Redirect,
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TaskStatus {
    /// On the person's desk.
    Running,
    /// Waits for an approver who was added before.
    Paused,
    /// Somebody else decided.
    Canceled,
    /// Decided or transferred.
    Completed,
    /// The instance was revoked.
    Terminated,
}

impl TaskStatus {
    /// Whether the task still holds its node up.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }
}

/// Where a task came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lineage {
    /// From the node itself.
    Node,
    /// Added before another task, which waits for it.
    Before(TaskId),
    /// Added after a task that was agreed to.
    After,
}

/// One person's task.
#[derive(Debug, Clone, Serialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// Whose it is.
    pub user: UserId,
    /// The node, counted from 0.
    pub node: usize,
    /// Where it stands.
    pub status: TaskStatus,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// When it began.
    pub created: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    pub(crate) lineage: Lineage,
    /// Who decides once this task is agreed to (added after).
    pub(crate) followers: Vec<UserId>,
}

/// One node of an instance.
#[derive(Debug, Clone, Serialize)]
pub struct Node {
    /// Its id in tasks and records.
    pub activity_id: String,
    /// What people see.
    pub name: String,
    /// What is asked of its people.
    pub duty: Duty,
    /// Its people; a node without any is passed.
    pub users: Vec<UserId>,
    /// How they decide.
    pub method: Method,
    /// How many of them have been asked: those of a one-by-one node wait.
    pub(crate) asked: usize,
}

impl Node {
    /// A node of approvers whom the caller named, with a fresh id.
    pub(crate) fn new(users: Vec<UserId>, method: Method, random: &dyn Random) -> Self {
        let activity_id = format!("{:04x}_{:04x}", random.below(0x1_0000), random.below(0x1_0000));
        let duty = Duty::Approve;
        Self { activity_id, name: duty.words().into(), duty, users, method, asked: 0 }
    }

    /// A node of the template's own flow, with its people settled.
    pub(crate) fn of(step: Step<'_>, users: Vec<UserId>) -> Self {
        let Step { activity_id, name, duty, method, .. } = step;
        Self { activity_id, name: name.into(), duty, users, method, asked: 0 }
    }
}

/// One entry of an instance's record.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// `START_PROCESS_INSTANCE`, `EXECUTE_TASK_NORMAL` and the like.
    pub kind: &'static str,
    /// Who did it; nobody when the application did.
    pub user: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// Agreed or refused, where that was done.
    pub outcome: Option<Outcome>,
    /// What they wrote.
    pub remark: Option<String>,
    /// The node's id.
    pub activity_id: Option<String>,
    /// Who was told (PROCESS_CC).
    pub told: Vec<UserId>,
}

/// When copies go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)]
pub enum CopyAt {
    Start,
    Finish,
    Both,
}

/// An approval instance.
#[derive(Debug, Clone, Serialize)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Its template.
    pub process_code: ProcessCode,
    /// The 21-digit number that people see.
    pub business_id: String,
    /// `<originator>提交的<template>`
    pub title: String,
    /// Who asks.
    pub originator: UserId,
    /// Their department, by the id of the workflow interfaces (root -1).
    pub department: i64,
    /// The department's name.
    pub department_name: String,
    /// Where it stands.
    pub status: Status,
    /// What was decided, once it is completed.
    pub outcome: Option<Outcome>,
    /// When it was created.
    pub created: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Its nodes, in order.
    pub nodes: Vec<Node>,
    /// All tasks so far.
    pub tasks: Vec<Task>,
    /// What was done, in order.
    pub records: Vec<Record>,
    /// The form, as reading the instance shows it.
    pub values: Vec<Value>,
    /// The approvers given at creation; empty when the template's flow was used.
    pub approvers: Vec<UserId>,
    /// Who gets copies.
    pub copies: Vec<UserId>,
    /// When they get them.
    pub copy_at: CopyAt,
    /// Whether an administrator deleted it.
    pub deleted: bool,
}

impl Instance {
    /// The tasks that are on somebody's desk.
    pub fn open_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| task.status == TaskStatus::Running)
    }

    /// The value of the field with this label, as reading shows it.
    pub fn value(&self, label: &str) -> Option<&str> {
        self.values.iter().find(|entry| entry["name"] == label)?["value"].as_str()
    }

    /// The node with this id.
    pub(crate) fn node(&self, activity_id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.activity_id == activity_id)
    }

    /// One of its tasks.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.iter().find(|task| task.id == id)
    }
}

/// 22 characters, 4 digits and the Unix second, as in every id that was captured.
pub(crate) fn new_id(now: Timestamp, random: &dyn Random) -> InstanceId {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    let (text, digits) = (URL_SAFE_NO_PAD.encode(bytes), random.below(10_000));
    format!("{text}{digits:04}{:010}", now.as_second()).into()
}

/// Local `yyyyMMddHHmm00` and 7 digits.
pub(crate) fn new_business_id(now: Timestamp, random: &dyn Random) -> String {
    format!("{}00{:07}", local(now, "%Y%m%d%H%M"), random.below(10_000_000))
}
