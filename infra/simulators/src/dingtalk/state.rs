//! All that the simulated platform knows. Acts on it are plain functions; the lock is in `core`.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;
use shared::world::World;

use super::{
    errors::short_request_id,
    events::Event,
    failed::FailedList,
    faults::Faults,
    ids::{InstanceId, ProcessCode, TaskId, UserId},
    instances::Instance,
    meter::Meter,
    people::Directory,
    permissions::{self, Grants},
    progress::Progress,
    push::{Held, Push},
    settings::Settings,
    subscription::{PushOptions, Subscription},
    templates::Template,
    todos::Todos,
    tokens::Tokens,
};

/// The platform's memory.
pub(crate) struct State {
    pub world: World,
    pub settings: Settings,
    pub tokens: Tokens,
    pub grants: Grants,
    pub address_refused: bool,
    pub faults: Faults,
    pub meter: Meter,
    pub people: Directory,
    pub templates: BTreeMap<ProcessCode, Template>,
    pub instances: Instances,
    pub todos: Todos,
    pub outbox: Vec<Event>,
    pub subscription: Option<Arc<Subscription>>,
    pub push_options: PushOptions,
    pub pushes: VecDeque<Push>,
    pub held: Vec<Held>,
    pub failed: FailedList,
}

/// The instances, findable by id, and in the order of their creation.
#[derive(Default)]
pub(crate) struct Instances {
    by_id: HashMap<InstanceId, Instance>,
    in_order: Vec<InstanceId>,
    by_template: HashMap<ProcessCode, Vec<(Timestamp, InstanceId)>>,
}

impl Instances {
    pub fn add(&mut self, instance: Instance) {
        let of_template = self.by_template.entry(instance.process_code.clone()).or_default();
        // Its clock may have been set back.
        let place = of_template.partition_point(|(created, _)| *created <= instance.created);
        of_template.insert(place, (instance.created, instance.id.clone()));
        self.in_order.push(instance.id.clone());
        self.by_id.insert(instance.id.clone(), instance);
    }

    /// One that was not deleted.
    pub fn get(&self, id: &str) -> Option<&Instance> {
        self.by_id.get(id).filter(|instance| !instance.deleted)
    }

    /// The newest ones first.
    pub fn newest(&self) -> impl Iterator<Item = &Instance> {
        self.in_order.iter().rev().filter_map(|id| self.get(id.as_str()))
    }

    /// A template's instances, created from `from` to `to`, oldest first.
    pub fn created(
        &self,
        process_code: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> impl Iterator<Item = &Instance> {
        let all = self.by_template.get(process_code).map(Vec::as_slice).unwrap_or_default();
        let first = all.partition_point(|(created, _)| *created < from);
        let end = all.partition_point(|(created, _)| *created <= to).max(first);
        all[first..end].iter().filter_map(|(_, id)| self.get(id.as_str()))
    }
}

impl State {
    pub fn new(world: World, settings: Settings) -> Self {
        Self {
            tokens: Tokens::default(),
            grants: BTreeSet::from(permissions::ALL),
            address_refused: false,
            faults: Faults::default(),
            meter: Meter::new(&settings),
            people: Directory::new(&settings.corp_name),
            templates: BTreeMap::new(),
            instances: Instances::default(),
            todos: Todos::starting_at(
                100_000_000_000 + i64::try_from(world.random.below(1 << 30)).unwrap_or(0),
            ),
            outbox: Vec::new(),
            subscription: None,
            push_options: PushOptions::default(),
            pushes: VecDeque::new(),
            held: Vec::new(),
            failed: FailedList::default(),
            world,
            settings,
        }
    }

    /// The platform's own time, by which everything it shows goes; waits go by the world's.
    pub fn now(&self) -> Timestamp {
        let now = self.world.now();
        now.checked_add(self.settings.clock_skew).unwrap_or(now)
    }

    pub fn short_request_id(&self) -> String {
        short_request_id(self.world.random.as_ref())
    }

    /// What moves this instance on; `None` when there is no such instance.
    pub fn progress(&mut self, id: &str) -> Option<Progress<'_>> {
        let now = self.now();
        let instance = self.instances.by_id.get_mut(id).filter(|instance| !instance.deleted)?;
        Some(Progress {
            instance,
            todos: &mut self.todos,
            outbox: &mut self.outbox,
            random: self.world.random.as_ref(),
            corp_id: &self.settings.corp_id,
            now,
        })
    }

    /// The instance that a task belongs to.
    pub fn instance_of(&self, task: TaskId) -> Option<&Instance> {
        self.instances.get(self.todos.instance_of(task)?.as_str())
    }

    /// Whether the user can be given a task.
    pub fn can_act(&self, user: &UserId) -> bool {
        self.people.can_act(user.as_str())
    }
}
