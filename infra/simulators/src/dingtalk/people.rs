//! The organisation's directory: people and departments, found by userId, mobile number and unionId without a walk.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::ids::UserId;

/// The root department's id in the contacts interfaces.
pub const CONTACTS_ROOT: i64 = 1;
/// The root department's id in the workflow interfaces.
pub const WORKFLOW_ROOT: i64 = -1;

/// Whether a person can act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// In service, with an activated account.
    Active,
    /// In service, but the account was never activated.
    NotActivated,
    /// No longer in service.
    Left,
}

/// A person of the organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Person {
    /// userId.
    pub user_id: UserId,
    /// The name that others see.
    pub name: String,
    /// unionId.
    pub union_id: String,
    /// Mobile number.
    pub mobile: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// E-mail address in the organisation.
    pub org_email: Option<String>,
    /// Position.
    pub title: String,
    /// Staff number.
    pub job_number: String,
    /// Departments, by the ids of the contacts interfaces (root 1).
    pub departments: Vec<i64>,
    /// The direct supervisor.
    pub manager: Option<UserId>,
    /// Departments that the person leads, by the ids of the contacts interfaces.
    pub leads: Vec<i64>,
    /// The names of the person's roles.
    pub roles: Vec<String>,
    /// Whether the person manages approvals.
    pub admin: bool,
    /// Whether the person can act.
    pub standing: Standing,
    /// Whether the application may see the person.
    pub visible: bool,
}

impl Person {
    /// An active person in the root department.
    pub fn new(user_id: &str, name: &str) -> Self {
        Self {
            user_id: user_id.into(),
            name: name.into(),
            union_id: format!("union-{user_id}"),
            mobile: None,
            email: None,
            org_email: None,
            title: String::new(),
            job_number: String::new(),
            departments: vec![CONTACTS_ROOT],
            manager: None,
            leads: Vec::new(),
            roles: Vec::new(),
            admin: false,
            standing: Standing::Active,
            visible: true,
        }
    }

    /// Whether the person still belongs to the organisation.
    pub fn is_in_service(&self) -> bool {
        self.standing != Standing::Left
    }

    /// With a mobile number.
    #[must_use]
    pub fn mobile(mut self, mobile: &str) -> Self {
        self.mobile = Some(mobile.into());
        self
    }

    /// With an e-mail address.
    #[must_use]
    pub fn email(mut self, email: &str) -> Self {
        self.email = Some(email.into());
        self
    }

    /// In these departments only.
    #[must_use]
    pub fn departments(mut self, departments: &[i64]) -> Self {
        self.departments = departments.to_vec();
        self
    }

    /// Reporting to this person.
    #[must_use]
    pub fn manager(mut self, manager: &str) -> Self {
        self.manager = Some(manager.into());
        self
    }

    /// Leading these departments.
    #[must_use]
    pub fn leads(mut self, departments: &[i64]) -> Self {
        self.leads = departments.to_vec();
        self
    }

    /// With a role more.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        self.roles.push(role.into());
        self
    }

    /// In this standing.
    #[must_use]
    pub fn standing(mut self, standing: Standing) -> Self {
        self.standing = standing;
        self
    }

    /// Managing approvals.
    #[must_use]
    pub fn admin(mut self) -> Self {
        self.admin = true;
        self
    }

    /// Outside the application's visible range.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.visible = false;
        self
    }

    /// The id that the contacts interfaces have for this department of the workflow interfaces, if the person is in it.
    pub(crate) fn department(&self, in_workflow: i64) -> Option<i64> {
        let in_contacts = match in_workflow {
            WORKFLOW_ROOT => CONTACTS_ROOT,
            CONTACTS_ROOT => return None,
            other => other,
        };
        self.departments.contains(&in_contacts).then_some(in_contacts)
    }
}

/// A role's id, as contacts and forecasts show it: nine digits.
pub(crate) fn role_id(role: &str) -> u64 {
    let sum = role.bytes().fold(0_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 100_000_000);
    200_000_000 + sum
}

/// A department.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Department {
    /// Its id; the root is 1.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The department above; the root has none.
    pub parent: Option<i64>,
}

/// Everybody and every department.
pub(crate) struct Directory {
    people: BTreeMap<UserId, Person>,
    departments: BTreeMap<i64, Department>,
    hidden_departments: BTreeSet<i64>,
    by_mobile: HashMap<String, UserId>,
    by_union: HashMap<String, UserId>,
}

impl Directory {
    /// An organisation with nobody in it.
    pub fn new(corp_name: &str) -> Self {
        let root = Department { id: CONTACTS_ROOT, name: corp_name.into(), parent: None };
        Self {
            people: BTreeMap::new(),
            departments: BTreeMap::from([(CONTACTS_ROOT, root)]),
            hidden_departments: BTreeSet::new(),
            by_mobile: HashMap::new(),
            by_union: HashMap::new(),
        }
    }

    /// Adds the person, or replaces who had this userId.
    pub fn add(&mut self, person: Person) {
        if let Some(before) = self.people.remove(person.user_id.as_str()) {
            self.by_union.remove(&before.union_id);
            before.mobile.map(|mobile| self.by_mobile.remove(&mobile));
        }
        self.by_union.insert(person.union_id.clone(), person.user_id.clone());
        if let Some(mobile) = &person.mobile {
            self.by_mobile.insert(mobile.clone(), person.user_id.clone());
        }
        self.people.insert(person.user_id.clone(), person);
    }

    /// Adds or renames a department.
    pub fn add_department(&mut self, department: Department) {
        self.departments.insert(department.id, department);
    }

    /// Somebody in service.
    pub fn get(&self, user_id: &str) -> Option<&Person> {
        self.people.get(user_id).filter(|person| person.is_in_service())
    }

    /// Somebody, even one who has left.
    pub fn ever(&self, user_id: &str) -> Option<&Person> {
        self.people.get(user_id)
    }

    /// Whether the person can be given a task.
    pub fn can_act(&self, user_id: &str) -> bool {
        self.get(user_id).is_some_and(|person| person.standing == Standing::Active)
    }

    /// Somebody in service with this mobile number.
    pub fn by_mobile(&self, mobile: &str) -> Option<&Person> {
        self.get(self.by_mobile.get(mobile)?.as_str())
    }

    /// Somebody in service with this unionId.
    pub fn by_union(&self, union_id: &str) -> Option<&Person> {
        self.get(self.by_union.get(union_id)?.as_str())
    }

    /// Everybody in service, by userId.
    pub fn everybody(&self) -> impl Iterator<Item = &Person> {
        self.people.values().filter(|person| person.is_in_service())
    }

    /// A department, by its id in the contacts interfaces.
    pub fn department(&self, id: i64) -> Option<&Department> {
        self.departments.get(&id)
    }

    /// Puts a department into the application's visible range, or takes it out.
    pub fn set_department_visible(&mut self, id: i64, visible: bool) {
        if visible {
            self.hidden_departments.remove(&id);
        } else {
            self.hidden_departments.insert(id);
        }
    }

    /// Whether the application may see the department.
    pub fn is_department_visible(&self, id: i64) -> bool {
        !self.hidden_departments.contains(&id)
    }

    /// The departments right below that the application may see.
    pub fn below(&self, id: i64) -> impl Iterator<Item = &Department> {
        let is_shown = move |it: &&Department| it.parent == Some(id) && self.is_department_visible(it.id);
        self.departments.values().filter(is_shown)
    }

    /// The person's name, or the id where nobody has it.
    pub fn name_of(&self, user_id: &UserId) -> String {
        self.ever(user_id.as_str()).map_or_else(|| user_id.to_string(), |person| person.name.clone())
    }
}
