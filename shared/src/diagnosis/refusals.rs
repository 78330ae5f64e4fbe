//! Requests that were refused within a day, each with its cause and fix. A refusal stands until something shows that its cause is
//! gone: DingTalk knows the person now, a template is there now, or a request was accepted since.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use super::{
    Failure, Outcome, Words,
    accounts::{other_kind, people},
    asked::within,
    configuration::Setup,
    limits::Limits,
    places,
    requests::Requests,
    said::Said,
    sightings::{ago, ago_zh},
    waiting::Creates,
};
use crate::{
    approval::{self, Account, Approval, Basis, Happening, Person, ProcessCode, Request, State},
    dingtalk::{AccountKind, DingTalk, nobody::Reason},
    template::TemplateBook,
};

const LATELY: SignedDuration = SignedDuration::from_hours(24);
/// So many requests are not refused because of one odd account.
const MORE_THAN_CHANCE: usize = 2;
/// Beside so many accepted requests one person who cannot be asked is that person's matter.
const MANY: usize = 3;
/// People whom DingTalk is asked about once more; such calls are free.
const MAX_ASKED: usize = 4;
/// The code of a refusal because of a person.
pub(super) const PERSON: &str = "person-not-in-dingtalk";
/// Codes of refusals for want of a template.
const UNPICKED: [&str; 3] = ["no-template", "unknown-template-code", "content-not-shown"];
/// The code of a request that was tried for a day.
const GIVEN_UP: &str = "given-up";
const SERVICE: &str = "DINGTALK_SERVICE_USER_ID";

/// What is so today, whatever was so when a request was refused.
pub(super) struct Today<'a> {
    /// What accounts are looked up as.
    pub kind: Option<AccountKind>,
    /// The templates.
    pub book: &'a TemplateBook,
    /// The operator's own choice of a template.
    pub configured: Option<&'a ProcessCode>,
    /// Whether somebody originates requests whose requester is not in DingTalk.
    pub has_service_person: bool,
    /// Those of the people who could not be asked whom DingTalk knows now.
    pub found: &'a HashSet<Account>,
    /// Whether create calls work.
    pub creates: Creates,
    pub now: Timestamp,
}

impl<'a> Today<'a> {
    /// What a configuration and the store say.
    pub fn of(
        setup: &'a Setup,
        book: &'a TemplateBook,
        found: &'a HashSet<Account>,
        creates: Creates,
        now: Timestamp,
    ) -> Self {
        let settings = setup.survey.dingtalk.as_ref().map(|dingtalk| &dingtalk.settings);
        Self {
            kind: setup.account_kind(),
            book,
            configured: settings.and_then(|settings| settings.process_code.as_ref()),
            has_service_person: settings.is_some_and(|settings| settings.service_user.is_some()),
            found,
            creates,
            now,
        }
    }
}

/// A request that was refused, while the source waited or afterwards.
struct Refusal<'a> {
    at: Timestamp,
    code: &'a str,
    message: &'a str,
    request: &'a Request,
}

impl<'a> Refusal<'a> {
    fn of(approval: &'a Approval) -> Option<Self> {
        let request = &approval.record.request;
        if let State::Refused(refused) = &approval.state {
            return Some(Self { at: refused.at, code: &refused.code, message: &refused.message, request });
        }
        let decision = approval.state.decision()?;
        if decision.outcome != approval::Outcome::Failed || decision.basis != Basis::Bridge {
            return None;
        }
        let code = approval.record.timeline.entries().iter().rev().find_map(|entry| match &entry.what {
            Happening::CreateFailed { code, retry: false } => Some(code.as_str()),
            _ => None,
        })?;
        Some(Self {
            at: decision.at,
            code,
            message: decision.comment.as_deref().unwrap_or_default(),
            request,
        })
    }

    fn is_of_people(&self) -> bool {
        self.code == PERSON
    }

    /// The person it is about.
    fn person(&self) -> Option<&'a Person> {
        let named = |person: &&Person| self.message.contains(&person.in_a_line());
        people(self.request).filter(named).max_by_key(|person| person.in_a_line().len())
    }

    /// What DingTalk said about the person.
    fn reason(&self) -> Reason {
        let shown = self.person().map(Person::in_a_line).filter(|shown| !shown.is_empty());
        Reason::in_text(
            &shown.map_or_else(|| self.message.to_owned(), |shown| self.message.replace(&shown, "")),
        )
    }

    /// Who it is about, and why they cannot be asked.
    fn of_whom(&self) -> Words {
        let Reason { code, why, .. } = self.reason();
        let code = if code.is_empty() { String::new() } else { format!(" ({code})") };
        match self.person() {
            Some(person) => {
                let who = person.in_a_line();
                Words::new(format!("person {who}: {}{code}", why.0), format!("人员 {who}：{}{code}", why.1))
            }
            None => Words::new(
                format!("the requests name no requester, and {SERVICE} is not set"),
                format!("申请未指明申请人，且未设置 {SERVICE}"),
            ),
        }
    }

    /// Whether its cause is gone, or another check tells it.
    fn is_over(&self, today: &Today<'_>) -> bool {
        if self.is_of_people() {
            let wants_service = self.message.starts_with("requester ") || self.person().is_none();
            let known =
                self.person().and_then(Person::account).is_some_and(|account| today.found.contains(account));
            return known || self.message.starts_with(SERVICE) || (wants_service && today.has_service_person);
        }
        if UNPICKED.contains(&self.code) {
            return today.book.pick(self.request, today.configured).is_ok();
        }
        Said::of(self.code, &self.request.kind).asked_today
    }
}

impl Requests {
    /// Requests that were refused.
    pub fn refused(&self, today: &Today<'_>) -> Outcome {
        let all = self.refusals(today.now);
        if all.is_empty() {
            return Outcome::passed(Words::new(
                "no request was refused within a day",
                "一天内没有申请被拒绝",
            ));
        }
        let standing: Vec<&Refusal<'_>> = all
            .iter()
            .filter(|refusal| !refusal.is_over(today) && !self.is_accepted_since(refusal))
            .collect();
        let of_people: Vec<&Refusal<'_>> = standing.iter().copied().filter(|it| it.is_of_people()).collect();
        // One odd account among others is a person's matter, not the setting's.
        let other = of_people.iter().find_map(|refusal| other_kind(refusal.request, today.kind?));
        if let Some(other) = other {
            let cause = people_of(&of_people);
            let cause = Words::new(
                format!(
                    "{}; their accounts in Dataphin look like {}: {}",
                    cause.en, other.looks.en, other.advice.en
                ),
                format!(
                    "{}；其 Dataphin 账号看起来{}：{}",
                    cause.zh,
                    shape_zh(&other.looks.zh),
                    other.advice.zh
                ),
            );
            return Failure::new(cause, Words::variable("DATAPHIN_ACCOUNT_KIND")).code(PERSON).into();
        }
        let first =
            standing.iter().find(|refusal| !(refusal.is_of_people() && self.is_odd(&of_people, today)));
        match first {
            Some(refusal) if refusal.is_of_people() => self.because_of(refusal, &of_people, today),
            Some(refusal) => {
                let alike = standing.iter().filter(|it| it.code == refusal.code).count();
                because(refusal, alike, today)
            }
            None => told(&all),
        }
    }

    /// Those of the last day, the newest first.
    fn refusals(&self, now: Timestamp) -> Vec<Refusal<'_>> {
        let lately = |refusal: &Refusal<'_>| now.duration_since(refusal.at) <= LATELY;
        let mut all: Vec<Refusal<'_>> = self.all().filter_map(Refusal::of).filter(lately).collect();
        all.sort_by_key(|refusal| std::cmp::Reverse(refusal.at));
        all
    }

    /// Whether a request that the cause would have hit as well got its instance afterwards.
    fn is_accepted_since(&self, refusal: &Refusal<'_>) -> bool {
        let alike = |request: &Request| refusal.is_of_people() || request.kind == refusal.request.kind;
        self.all().any(|approval| {
            let created = approval.state.instance().map(|instance| instance.created_at);
            created.is_some_and(|at| at > refusal.at) && alike(&approval.record.request)
        })
    }

    /// Requests that got their instance within a day.
    fn accepted(&self, now: Timestamp) -> usize {
        let created = |approval: &&Approval| {
            let instance = approval.state.instance();
            instance.is_some_and(|instance| now.duration_since(instance.created_at) <= LATELY)
        };
        self.all().filter(created).count()
    }

    /// Whether all of it is about one person, beside many requests that were accepted.
    fn is_odd(&self, of_people: &[&Refusal<'_>], today: &Today<'_>) -> bool {
        let who: HashSet<Option<String>> =
            of_people.iter().map(|refusal| refusal.person().map(Person::in_a_line)).collect();
        who.len() == 1 && self.accepted(today.now) >= MANY
    }

    fn because_of(&self, refusal: &Refusal<'_>, of_people: &[&Refusal<'_>], today: &Today<'_>) -> Outcome {
        let (cause, whom) = (people_of(of_people), refusal.of_whom());
        let at = today.now.duration_since(refusal.at);
        let cause = Words::new(
            format!("{}, and none was accepted since; the last, {} ago: {}", cause.en, ago(at), whom.en),
            format!("{}，此后没有申请被接受；最近一次在{}前：{}", cause.zh, ago_zh(at), whom.zh),
        );
        if refusal.person().is_none() {
            return Failure::new(cause, Words::variable(SERVICE)).code(PERSON).into();
        }
        let Reason { fix, .. } = refusal.reason();
        let mut fix = Words::new(fix.0, fix.1);
        if refusal.message.starts_with("requester ") && !today.has_service_person {
            fix = fix.or(&Words::new(
                format!(
                    "name who asks in the place of requesters whom DingTalk does not know: {}",
                    Words::variable(SERVICE).en
                ),
                format!("为不在钉钉中的申请人指定代发起人：{}", Words::variable(SERVICE).zh),
            ));
        }
        if of_people.len() >= MORE_THAN_CHANCE && self.accepted(today.now) == 0 {
            let range = places::visible_range();
            if !fix.en.contains("Visible range") {
                fix = fix.or(&range);
            }
            fix = fix.or(&Words::variable("DATAPHIN_ACCOUNT_KIND"));
        }
        Failure::new(cause, fix).code(PERSON).into()
    }

    /// People who could not be asked, to be looked up once more.
    fn people_in_doubt(&self, now: Timestamp) -> Vec<Account> {
        let mut accounts: Vec<Account> = Vec::new();
        for refusal in self.refusals(now).iter().filter(|refusal| refusal.is_of_people()) {
            let account = refusal.person().and_then(Person::account);
            accounts.extend(account.filter(|account| !accounts.contains(account)).cloned());
        }
        accounts.truncate(MAX_ASKED);
        accounts
    }
}

/// Asks DingTalk whether it knows the people now who could not be asked.
pub(super) async fn ask_again(
    requests: Option<&Requests>,
    dingtalk: Option<&DingTalk>,
    kind: Option<AccountKind>,
    now: Timestamp,
    limits: Limits,
) -> HashSet<Account> {
    let (Some(requests), Some(dingtalk), Some(kind)) = (requests, dingtalk, kind) else {
        return HashSet::new();
    };
    let mut lookups = JoinSet::new();
    for account in requests.people_in_doubt(now) {
        let dingtalk = dingtalk.clone();
        lookups.spawn(async move {
            let contact = within(limits, dingtalk.contact(kind, account.as_str())).await;
            contact.is_ok_and(|contact| contact.active).then_some(account)
        });
    }
    lookups.join_all().await.into_iter().flatten().collect()
}

fn people_of(refusals: &[&Refusal<'_>]) -> Words {
    let count = refusals.len();
    Words::new(
        format!("{count} request(s) were refused within a day because of people"),
        format!("一天内有 {count} 个申请因人员问题被拒绝"),
    )
}

fn shape_zh(looks: &str) -> String {
    if looks.starts_with('不') { looks.to_owned() } else { format!("是{looks}") }
}

fn because(refusal: &Refusal<'_>, alike: usize, today: &Today<'_>) -> Outcome {
    let Refusal { at, code, request, .. } = refusal;
    let at = today.now.duration_since(*at);
    let Said { cause, fix, .. } = match today.book.pick(request, today.configured) {
        // It says which template, and what to do.
        Err(unpicked) if unpicked.code() == *code => {
            let said = Said::of(code, &request.kind);
            Said { cause: Words::new(unpicked.to_string(), said.cause.zh), ..said }
        }
        _ if *code == GIVEN_UP => Said {
            cause: Words::new(
                "DingTalk could not be brought to create the approval within a day",
                "一天内始终未能在钉钉中创建审批单",
            ),
            fix: Words::new("`bridge show` of such a request", "用 `bridge show` 查看该申请"),
            asked_today: false,
        },
        _ => Said::of(code, &request.kind),
    };
    let cause = Words::new(
        format!(
            "{alike} request(s) were refused within a day, and none like them was accepted since; the last, {} ago: {}",
            ago(at),
            cause.en
        ),
        format!(
            "一天内有 {alike} 个申请被拒绝，此后没有同类申请被接受；最近一次在{}前：{}",
            ago_zh(at),
            cause.zh
        ),
    );
    Failure::new(cause, fix).code(*code).into()
}

/// What is only worth knowing.
fn told(all: &[Refusal<'_>]) -> Outcome {
    let mut why: Vec<Words> = Vec::new();
    for refusal in all {
        let said = if refusal.is_of_people() {
            refusal.of_whom()
        } else {
            Said::of(refusal.code, &refusal.request.kind).cause
        };
        if !why.contains(&said) {
            why.push(said);
        }
    }
    why.truncate(3);
    let join = |of: fn(&Words) -> &str, with: &str| why.iter().map(of).collect::<Vec<_>>().join(with);
    Outcome::passed(Words::new(
        format!(
            "{} request(s) were refused within a day, and that is no fault of the set-up now (`bridge list refused`): {}",
            all.len(),
            join(|words| &words.en, "; ")
        ),
        format!(
            "一天内有 {} 个申请被拒绝，目前配置并无问题（`bridge list refused`）：{}",
            all.len(),
            join(|words| &words.zh, "；")
        ),
    ))
}
