//! How an instance moves: from node to node, task to task, to its end. Every step is recorded and told as an event.
//!
//! No rule about who may do what is here; that is `acts`.

use jiff::Timestamp;
use shared::world::Random;

use super::{
    events::{self, Event},
    flow::{Duty, Method},
    ids::{TaskId, UserId},
    instances::{CopyAt, Instance, Lineage, Outcome, Record, Status, Task, TaskStatus},
    todos::Todos,
};

/// One instance, and what its steps touch beside it.
pub(crate) struct Progress<'a> {
    pub instance: &'a mut Instance,
    pub todos: &'a mut Todos,
    pub outbox: &'a mut Vec<Event>,
    pub random: &'a dyn Random,
    pub corp_id: &'a str,
    pub now: Timestamp,
}

impl Progress<'_> {
    /// Puts the instance on the first desks.
    pub fn start(&mut self) {
        let originator = self.instance.originator.clone();
        self.record("START_PROCESS_INSTANCE", Some(originator), None, None, None);
        self.tell("start");
        if self.instance.copy_at != CopyAt::Finish {
            self.send_copies();
        }
        self.open_node(0);
    }

    /// A task is agreed to.
    pub fn agree(&mut self, task: TaskId, remark: Option<String>) {
        let Some(done) = self.close(task, TaskStatus::Completed, Some(Outcome::Agree), remark) else {
            return;
        };
        if done.lineage == Lineage::Node && self.method(done.node) == Method::Or {
            self.cancel_open(Some(done.node));
        }
        // Who follows one that was added before is waited for like them.
        let lineage = if done.lineage == Lineage::Node { Lineage::After } else { done.lineage };
        for follower in &done.followers {
            self.open_task(follower.clone(), done.node, lineage);
        }
        if let Lineage::Before(waiting) = done.lineage {
            let held_up = |it: &Task| it.lineage == done.lineage && it.status.is_open();
            if !self.instance.tasks.iter().any(held_up) {
                self.resume(waiting);
            }
            return;
        }
        self.pass_on(done.node);
    }

    /// A task is refused, which ends the instance.
    pub fn refuse(&mut self, task: TaskId, remark: Option<String>) {
        if self.close(task, TaskStatus::Completed, Some(Outcome::Refuse), remark).is_some() {
            self.cancel_open(None);
            self.finish(Outcome::Refuse);
        }
    }

    /// A task goes to somebody else.
    pub fn transfer(&mut self, task: TaskId, to: UserId, remark: Option<String>) {
        let Some(done) = self.close(task, TaskStatus::Completed, Some(Outcome::Redirect), remark) else {
            return;
        };
        let heir = self.open_task(to, done.node, done.lineage);
        if let Some(heir) = self.instance.tasks.iter_mut().find(|it| it.id == heir) {
            heir.followers = done.followers;
        }
    }

    /// More people decide: before this task, which then waits, or after it.
    pub fn add_approvers(&mut self, task: TaskId, users: Vec<UserId>, before: bool, remark: Option<String>) {
        let Some(found) = self.instance.tasks.iter_mut().find(|it| it.id == task) else { return };
        let (owner, node) = (found.user.clone(), found.node);
        if before {
            found.status = TaskStatus::Paused;
            self.todos.take(task, &owner);
            self.record("APPEND_TASK_BEFORE", Some(owner), None, remark, Some(node));
            for user in users {
                self.open_task(user, node, Lineage::Before(task));
            }
        } else {
            found.followers.extend(users);
            self.record("APPEND_TASK_AFTER", Some(owner), None, remark, Some(node));
        }
    }

    /// Somebody writes a comment.
    pub fn comment(&mut self, user: UserId, text: String) {
        self.outbox.push(events::comment(self.instance, self.corp_id, self.random, &user, &text, self.now));
        self.record("ADD_REMARK", Some(user), None, Some(text), None);
    }

    /// The instance is revoked, by its originator or by the application.
    pub fn terminate(&mut self, by: Option<UserId>, remark: Option<String>) {
        self.end_open(None, TaskStatus::Terminated);
        self.record("TERMINATE_PROCESS_INSTANCE", by, None, remark, None);
        self.instance.status = Status::Terminated;
        self.instance.finished = Some(self.now);
        self.tell("terminate");
    }

    /// An administrator removes the instance.
    pub fn delete(&mut self) {
        self.end_open(None, TaskStatus::Canceled);
        self.instance.deleted = true;
        self.tell("delete");
    }

    fn open_node(&mut self, from: usize) {
        for index in from..self.instance.nodes.len() {
            let node = &mut self.instance.nodes[index];
            match node.duty {
                Duty::Copy => {
                    let told = node.users.clone();
                    self.tell_copies(told, Some(index));
                    continue;
                }
                Duty::AutoAgree => {
                    self.record("EXECUTE_TASK_NORMAL", None, Some(Outcome::Agree), None, Some(index));
                    continue;
                }
                Duty::AutoRefuse => {
                    self.record("EXECUTE_TASK_NORMAL", None, Some(Outcome::Refuse), None, Some(index));
                    self.finish(Outcome::Refuse);
                    return;
                }
                Duty::Approve | Duty::Handle if node.users.is_empty() => continue,
                Duty::Approve | Duty::Handle => {}
            }
            node.asked = if node.method == Method::OneByOne { 1 } else { node.users.len() };
            let asked: Vec<UserId> = node.users.iter().take(node.asked).cloned().collect();
            for user in asked {
                self.open_task(user, index, Lineage::Node);
            }
            return;
        }
        self.finish(Outcome::Agree);
    }

    /// Goes on once nothing holds this node up.
    fn pass_on(&mut self, index: usize) {
        if self.instance.tasks.iter().any(|task| task.node == index && task.status.is_open()) {
            return;
        }
        let Some(node) = self.instance.nodes.get_mut(index) else { return };
        if let Some(next) = node.users.get(node.asked).cloned() {
            node.asked += 1;
            self.open_task(next, index, Lineage::Node);
        } else {
            self.open_node(index + 1);
        }
    }

    fn finish(&mut self, outcome: Outcome) {
        self.instance.status = Status::Completed;
        self.instance.outcome = Some(outcome);
        self.instance.finished = Some(self.now);
        self.tell("finish");
        if self.instance.copy_at != CopyAt::Start {
            self.send_copies();
        }
    }

    fn open_task(&mut self, user: UserId, node: usize, lineage: Lineage) -> TaskId {
        let id = self.todos.open(&self.instance.id, &user);
        let task = Task {
            id,
            user,
            node,
            status: TaskStatus::Running,
            outcome: None,
            created: self.now,
            finished: None,
            lineage,
            followers: Vec::new(),
        };
        self.outbox.push(events::task(
            self.instance,
            self.corp_id,
            self.random,
            &task,
            "start",
            None,
            self.now,
        ));
        self.instance.tasks.push(task);
        id
    }

    /// Ends a task, records it and tells it; answers the task as it was.
    fn close(
        &mut self,
        id: TaskId,
        status: TaskStatus,
        outcome: Option<Outcome>,
        remark: Option<String>,
    ) -> Option<Task> {
        let task = self.instance.tasks.iter_mut().find(|task| task.id == id && task.status.is_open())?;
        task.status = status;
        task.outcome = outcome;
        task.finished = Some(self.now);
        let task = task.clone();
        self.todos.take(id, &task.user);
        let kind = if outcome.is_some() { "finish" } else { "cancel" };
        let event =
            events::task(self.instance, self.corp_id, self.random, &task, kind, remark.as_deref(), self.now);
        self.outbox.push(event);
        match outcome {
            Some(Outcome::Redirect) => {
                self.record("REDIRECT_TASK", Some(task.user.clone()), None, remark, Some(task.node));
            }
            Some(outcome) => {
                let user = Some(task.user.clone());
                self.record("EXECUTE_TASK_NORMAL", user, Some(outcome), remark, Some(task.node));
            }
            None => {}
        }
        Some(task)
    }

    fn resume(&mut self, id: TaskId) {
        let paused = self.instance.tasks.iter_mut().find(|it| it.id == id && it.status == TaskStatus::Paused);
        if let Some(task) = paused {
            task.status = TaskStatus::Running;
            self.todos.put(id, &task.user.clone());
        }
    }

    fn cancel_open(&mut self, node: Option<usize>) {
        self.end_open(node, TaskStatus::Canceled);
    }

    fn end_open(&mut self, node: Option<usize>, status: TaskStatus) {
        let concerned = |task: &&Task| task.status.is_open() && node.is_none_or(|node| task.node == node);
        let open: Vec<TaskId> = self.instance.tasks.iter().filter(concerned).map(|task| task.id).collect();
        for task in open {
            self.close(task, status, None, None);
        }
    }

    fn send_copies(&mut self) {
        let told = self.instance.copies.clone();
        self.tell_copies(told, None);
    }

    fn tell_copies(&mut self, told: Vec<UserId>, node: Option<usize>) {
        if !told.is_empty() {
            self.record("PROCESS_CC", None, None, None, node);
            if let Some(record) = self.instance.records.last_mut() {
                record.told = told;
            }
        }
    }

    fn method(&self, node: usize) -> Method {
        self.instance.nodes.get(node).map_or(Method::And, |node| node.method)
    }

    fn record(
        &mut self,
        kind: &'static str,
        user: Option<UserId>,
        outcome: Option<Outcome>,
        remark: Option<String>,
        node: Option<usize>,
    ) {
        let node = node.and_then(|node| self.instance.nodes.get(node));
        let activity_id = node.map(|node| node.activity_id.clone());
        let record = Record { kind, user, at: self.now, outcome, remark, activity_id, told: Vec::new() };
        self.instance.records.push(record);
    }

    fn tell(&mut self, kind: &'static str) {
        self.outbox.push(events::instance(self.instance, self.corp_id, self.random, kind, self.now));
    }
}
