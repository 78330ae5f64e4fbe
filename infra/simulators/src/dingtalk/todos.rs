//! Whose desk has which tasks.

use std::collections::{BTreeSet, HashMap};

use super::ids::{InstanceId, TaskId, UserId};

/// Whose desk has what.
pub(crate) struct Todos {
    next: i64,
    instances: HashMap<TaskId, InstanceId>,
    desks: HashMap<UserId, BTreeSet<TaskId>>,
}

impl Todos {
    pub fn starting_at(next: i64) -> Self {
        Self { next, instances: HashMap::new(), desks: HashMap::new() }
    }

    /// The instance of a task, open or not.
    pub fn instance_of(&self, task: TaskId) -> Option<&InstanceId> {
        self.instances.get(&task)
    }

    /// A person's open tasks, oldest first.
    pub fn of(&self, user: &str) -> impl Iterator<Item = TaskId> {
        self.desks.get(user).into_iter().flatten().copied()
    }

    pub fn count(&self, user: &str) -> usize {
        self.desks.get(user).map_or(0, BTreeSet::len)
    }

    /// A new task of an instance, on a person's desk.
    pub fn open(&mut self, instance: &InstanceId, user: &UserId) -> TaskId {
        let id = TaskId(self.next);
        self.next += 1;
        self.instances.insert(id, instance.clone());
        self.put(id, user);
        id
    }

    /// Puts a task on a person's desk.
    pub fn put(&mut self, task: TaskId, user: &UserId) {
        self.desks.entry(user.clone()).or_default().insert(task);
    }

    /// Takes it off again.
    pub fn take(&mut self, task: TaskId, user: &UserId) {
        if let Some(desk) = self.desks.get_mut(user.as_str()) {
            desk.remove(&task);
        }
    }
}
