//! What people do with instances, and whether they may: agree, refuse, transfer, countersign, comment, revoke, delete.
//!
//! Their calls (`act_calls`), their page and the tests all go through here.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    flow::Duty,
    ids::{InstanceId, TaskId, UserId},
    instances::{Instance, Status, Task, TaskStatus},
    state::State,
};

/// Why something could not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objection {
    /// There is no such instance.
    NoSuchInstance,
    /// The instance has ended.
    InstanceEnded,
    /// There is no such task.
    NoSuchTask,
    /// The task is not on anybody's desk now.
    TaskEnded,
    /// It is somebody else's task.
    NotTheirTask,
    /// There is no such person, or they cannot act.
    NoSuchPerson,
    /// Only the originator may do that.
    NotTheOriginator,
    /// An instance cannot be revoked in its first seconds.
    TooYoung,
    /// The template does not let its initiator revoke.
    RevokeSwitchedOff,
    /// Who handles (办理人) cannot refuse.
    CannotRefuse,
    /// Nobody was named to be added.
    NobodyAdded,
    /// People cannot add themselves.
    AddsThemselves,
}

impl Objection {
    /// In DingTalk's own words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoSuchInstance => "审批实例不存在",
            Self::InstanceEnded => "审批实例已结束",
            Self::NoSuchTask => "任务不存在",
            Self::TaskEnded => "任务已处理",
            Self::NotTheirTask => "您没有任务处理的权限",
            Self::NoSuchPerson => "用户不存在",
            Self::NotTheOriginator => "只有发起人可以撤销审批",
            Self::TooYoung => "审批实例发起15秒内不能撤销",
            Self::CannotRefuse => "办理节点不能拒绝",
            Self::NobodyAdded => "加签人不能为空",
            Self::AddsThemselves => "加签人不能包含当前操作人",
            Self::RevokeSwitchedOff => "您没有任务处理的权限，模板未开启允许提交人撤销审批中的审批单",
        }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({self:?})", self.words())
    }
}

impl std::error::Error for Objection {}

/// A task on somebody's desk, with what they see of it.
#[derive(Debug, Clone, Serialize)]
pub struct Todo {
    /// The task.
    pub task: TaskId,
    /// Whose desk it is on.
    pub user: UserId,
    /// Its instance.
    pub instance: InstanceId,
    /// The instance's title.
    pub title: String,
    /// Since when.
    pub since: Timestamp,
    /// The form: label and value.
    pub values: Vec<(String, String)>,
}

impl Todo {
    /// What the person of this task sees.
    pub(crate) fn of(instance: &Instance, task: &Task) -> Self {
        Self {
            task: task.id,
            user: task.user.clone(),
            instance: instance.id.clone(),
            title: instance.title.clone(),
            since: task.created,
            values: form(instance),
        }
    }
}

/// The form of an instance, label by label.
pub(crate) fn form(instance: &Instance) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    instance.values.iter().map(|entry| (text(&entry["name"]), text(&entry["value"]))).collect()
}

impl State {
    /// A person's to-dos, oldest first.
    pub fn todos_of(&self, user: &str) -> Vec<Todo> {
        let tasks = self.todos.of(user);
        tasks
            .filter_map(|id| {
                let instance = self.instance_of(id)?;
                Some(Todo::of(instance, instance.task(id)?))
            })
            .collect()
    }

    /// Agrees; `by` is checked against the task's owner where it is given.
    pub fn agree(&mut self, task: TaskId, by: Option<&str>, remark: &str) -> Result<(), Objection> {
        let id = self.open_task(task, by)?;
        self.moving(&id)?.agree(task, written(remark));
        Ok(())
    }

    /// Refuses, which ends the instance.
    pub fn refuse(&mut self, task: TaskId, by: Option<&str>, remark: &str) -> Result<(), Objection> {
        let id = self.open_task(task, by)?;
        if self.duty_of(task) == Some(Duty::Handle) {
            return Err(Objection::CannotRefuse);
        }
        self.moving(&id)?.refuse(task, written(remark));
        Ok(())
    }

    /// Hands the task to somebody else (转交).
    pub fn transfer(
        &mut self,
        task: TaskId,
        by: Option<&str>,
        to: &str,
        remark: &str,
    ) -> Result<(), Objection> {
        let id = self.open_task(task, by)?;
        let to = self.someone(to)?;
        self.moving(&id)?.transfer(task, to, written(remark));
        Ok(())
    }

    /// Adds approvers before or after the task (加签).
    pub fn countersign(
        &mut self,
        task: TaskId,
        by: Option<&str>,
        users: &[&str],
        before: bool,
        remark: &str,
    ) -> Result<(), Objection> {
        let id = self.open_task(task, by)?;
        let owner = self.instance_of(task).and_then(|instance| instance.task(task)).map(|it| it.user.clone());
        if users.is_empty() {
            return Err(Objection::NobodyAdded);
        }
        if users.iter().any(|user| owner.as_ref().is_some_and(|owner| owner.as_str() == *user)) {
            return Err(Objection::AddsThemselves);
        }
        let users = users.iter().map(|user| self.someone(user)).collect::<Result<_, _>>()?;
        self.moving(&id)?.add_approvers(task, users, before, written(remark));
        Ok(())
    }

    /// Writes a comment.
    pub fn comment(&mut self, id: &str, user: &str, text: &str) -> Result<(), Objection> {
        let user = self.someone(user)?;
        self.progress(id).ok_or(Objection::NoSuchInstance)?.comment(user, text.to_owned());
        Ok(())
    }

    /// Revokes a running instance: `by` the originator, or by the application when nobody is given.
    pub fn revoke(&mut self, id: &str, by: Option<&str>, remark: &str) -> Result<(), Objection> {
        let now = self.now();
        let instance = self.instances.get(id).ok_or(Objection::NoSuchInstance)?;
        if instance.status != Status::Running {
            return Err(Objection::InstanceEnded);
        }
        if by.is_some_and(|by| by != instance.originator.as_str()) {
            return Err(Objection::NotTheOriginator);
        }
        if now.duration_since(instance.created) < self.settings.revoke_after {
            return Err(Objection::TooYoung);
        }
        let template = self.templates.get(instance.process_code.as_str());
        if template.is_some_and(|template| !template.allow_revoke) {
            return Err(Objection::RevokeSwitchedOff);
        }
        self.moving(id)?.terminate(by.map(UserId::from), written(remark));
        Ok(())
    }

    /// Removes an instance, as an administrator can.
    pub fn delete_instance(&mut self, id: &str) -> Result<(), Objection> {
        self.progress(id).ok_or(Objection::NoSuchInstance)?.delete();
        Ok(())
    }

    fn duty_of(&self, task: TaskId) -> Option<Duty> {
        let instance = self.instance_of(task)?;
        Some(instance.nodes.get(instance.task(task)?.node)?.duty)
    }

    fn open_task(&self, task: TaskId, by: Option<&str>) -> Result<InstanceId, Objection> {
        let instance = self.instance_of(task).ok_or(Objection::NoSuchTask)?;
        let found = instance.task(task).ok_or(Objection::NoSuchTask)?;
        if instance.status != Status::Running {
            return Err(Objection::InstanceEnded);
        }
        if found.status != TaskStatus::Running {
            return Err(Objection::TaskEnded);
        }
        if by.is_some_and(|by| by != found.user.as_str()) {
            return Err(Objection::NotTheirTask);
        }
        Ok(instance.id.clone())
    }

    fn moving(&mut self, id: impl AsRef<str>) -> Result<super::progress::Progress<'_>, Objection> {
        self.progress(id.as_ref()).ok_or(Objection::NoSuchInstance)
    }

    fn someone(&self, user: &str) -> Result<UserId, Objection> {
        let user = UserId::from(user);
        if self.can_act(&user) { Ok(user) } else { Err(Objection::NoSuchPerson) }
    }
}

fn written(remark: &str) -> Option<String> {
    (!remark.is_empty()).then(|| remark.to_owned())
}
