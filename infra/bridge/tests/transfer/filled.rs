//! A store with approvals in every state, and with every other kind of item.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use shared::{
    approval::{
        Account, ApplyId, Approval, ApprovalKey, Details, Hint, HintResult, Identity, Instance, InstanceId,
        Node, Origin, Pending, Person, ProcessCode, Received, Record, Request, Rule, Source, Tenant, UserId,
    },
    store::{Sighting, Store},
    template::{Template, TemplateBook},
};
use tokio::task::JoinSet;

use crate::place::{Endpoint, Folder, done};

const AT_ONCE: usize = 4;
/// Every so-many'th request comes with details as long as a form takes them.
const HUGE_EVERY: usize = 7_007;

/// Fills a store with so many approvals; gives the number of items that are alive.
pub async fn fill(store: &Store, approvals: usize) -> usize {
    let (mut work, mut items) = (JoinSet::new(), 0);
    for n in 0..approvals {
        if work.len() >= AT_ONCE {
            items += work.join_next().await.expect("work").expect("it is put");
        }
        let store = store.clone();
        work.spawn(async move { put(&store, n).await });
    }
    for put in work.join_all().await {
        items += put;
    }
    items + fill_the_rest(store).await
}

/// An archive of so many approvals, and how many items it holds.
pub async fn archive_of(folder: &Folder, approvals: usize) -> (String, usize) {
    let (archive, from) = (folder.path("archive"), Endpoint::new().await);
    let items = fill(&from.store().await, approvals).await;
    done(&["export", &archive], &[("BRIDGE_DYNAMODB_ENDPOINT", &from.address)]).await;
    (archive, items)
}

async fn fill_the_rest(store: &Store) -> usize {
    let now = Timestamp::now();
    let book =
        TemplateBook { templates: vec![Template::by_hand(ProcessCode::new("PROC-标准"))], version: 0 };
    store.commit_templates(book).await.expect("templates");
    store.identity_made().await.expect("a name");
    store.claim_turn("lost-events", now, now).await.expect("a mark");
    store.set_secret_version("today before").await.expect("a mark");
    for left in ["of a check", "another"] {
        store.leave(&InstanceId::new(left), now).await.expect("a leftover");
    }
    store.saw(Sighting::Started, "").await;
    store.saw(Sighting::DataphinCall, "-12 \u{1F600}").await;
    store.expect_trial(now).await.expect("a mark");
    let instance = InstanceId::new("of a trial");
    store.note_start(&instance, now).await.expect("a start");
    let trial = json!({
        "instance": instance, "processCode": "PROC-1", "template": "试用", "person": "u", "beganAt": now,
        "createdAt": now, "seenAt": null, "startReportedAt": now, "withdrawnAt": null, "endReportedAt": null,
        "failures": ["x"], "givenUp": false, "read": true, "withdrawals": 0, "withdrawNotBefore": now,
    });
    store.keep_trial(&serde_json::from_value(trial).expect("a trial")).await.expect("a trial");
    for (name, age) in [("early", 1), ("expired", 72)] {
        let at = now - SignedDuration::from_hours(age);
        let hint = Hint { result: HintResult::Agreed, finished_at: Some(at), received_at: at };
        store.keep_early(&InstanceId::new(name), None, &hint).await.expect("an early event");
    }
    // The first request that was committed with its alias looked the tenants up.
    12
}

/// Commits the `n`th approval in the state that is its turn; gives the number of items.
async fn put(store: &Store, n: usize) -> usize {
    let now = Timestamp::now() - SignedDuration::from_secs(60 + i64::try_from(n).expect("a number"));
    let approval = match n % 7 {
        // As it was before details had an item of their own.
        0 if n % 2 == 1 => {
            let mut approval = received(n, now);
            approval.state.details = Some(details(n));
            approval.into_any()
        }
        0 => {
            let approval = received(n, now);
            let key = &approval.record.key;
            let known = store.known_as(key.source, &key.apply_id).await.expect("an answer");
            store.commit_first(approval.into_any(), &details(n), &known).await.expect("it is put");
            return 3;
        }
        1 | 2 => {
            let mut pending = pending(received(n, now), n, now);
            if n % 7 == 2 {
                let hint = Hint { result: HintResult::Finished, finished_at: None, received_at: now };
                pending = pending.end_reported("finish".into(), hint, now);
            }
            let instance = pending.state.instance.id.clone();
            store.commit_with_instance(&instance, |_| pending.clone()).await.expect("it is put");
            return 2;
        }
        3 => received(n, now).failed("no-template".into(), "没有模板".into(), now).into_any(),
        4 => {
            let decided = received(n, now).withdrawn(now).attempting(now);
            decided.delivery_failed("Dataphin 不可达 (HTTP 503)".into(), None, now)
        }
        5 => received(n, now).withdrawn(now).delivered(now).into_any(),
        _ => {
            Approval::turn_away(record(n, now), "approver-unknown", "审批人不在钉钉中".into(), now).into_any()
        }
    };
    store.commit(approval).await.expect("it is put");
    1
}

fn record(n: usize, now: Timestamp) -> Record {
    let apply_id = ApplyId::new(format!("apply-{n}"));
    let key = ApprovalKey { source: Source::Dataphin, tenant: Tenant::new("300023201"), apply_id };
    let person = |id: usize| Person {
        user_id: format!("{}", 300_000 + id),
        account: Account::new(format!("account-{id}")),
        name: "张三".into(),
    };
    let request = Request {
        title: format!("申请表 “ods_订单_{n}” 的查询权限\u{1F600}"),
        kind: "AUTH".into(),
        template: Some(String::new()),
        requester: Some(person(n % 300)),
        nodes: vec![
            Node { rule: Rule::Any, approvers: (0..3).map(person).collect() },
            Node { rule: Rule::All, approvers: (3..5).map(person).collect() },
        ],
    };
    Record::of(key, request, format!("{n:064x}"), now)
}

fn received(n: usize, now: Timestamp) -> Approval<Received> {
    Approval::receive(record(n, now), ProcessCode::new("PROC-1"), now)
}

fn details(n: usize) -> Details {
    let lines = if n % HUGE_EVERY == 7 { 1_000 } else { 20 + n % 100 };
    let items = (0..lines).map(|line| (format!("字段 {line}"), "用于月度经营分析报表\r\n\"x\"".to_owned()));
    Details { items: items.collect(), text: "理由：\u{1}\u{2028}\tline two\n".into() }
}

fn pending(approval: Approval<Received>, n: usize, now: Timestamp) -> Approval<Pending> {
    let instance = Instance {
        id: InstanceId::new(format!("instance-{n}")),
        process_code: ProcessCode::new("PROC-1"),
        originator: UserId::new("manager4220"),
        created_at: now,
    };
    let approvers: Vec<Identity> = (approval.record.request.nodes.iter().flat_map(|node| &node.approvers))
        .map(|person| Identity { person: person.clone(), user_id: UserId::new("manager4220") })
        .collect();
    approval.created(instance, approvers, Origin::Created, None, now)
}
