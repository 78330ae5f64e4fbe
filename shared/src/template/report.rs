//! What is wrong with a template, as far as can be seen without starting an instance: its form and its flow.

use serde::Serialize;

use super::{Template, Way, fill::shows_content};
use crate::{
    approval::UserId,
    dingtalk::{
        DingTalkError,
        forecast::{ForecastNode, NodeRole, Selection},
        forms::{Form, FormField, FormStatus},
    },
};

/// What was found out about a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The template.
    pub template: Template,
    /// What keeps approvals from being made or decided.
    pub problems: Vec<Problem>,
    /// What an administrator should know, and may be meant so.
    pub remarks: Vec<String>,
    /// The nodes of its flow.
    pub nodes: Vec<Node>,
}

impl Report {
    /// Whether approvals can be made from it.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Something that is wrong, and where to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Stable, for machines.
    pub code: &'static str,
    /// For a person.
    pub what: String,
    /// The same in Chinese.
    pub what_zh: String,
    /// Where to mend it, in the vendor's words.
    pub mend_en: String,
    /// The same in Chinese.
    pub mend_zh: String,
}

/// A node of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its name in the flow.
    pub name: String,
    /// What kind it is, in the console's words.
    pub kind: String,
    /// Whether the bridge can work with it.
    pub supported: bool,
    /// Who they would be for the person who was asked about.
    pub people: Vec<String>,
}

const SELECTED: &str = "Selected by Initiator 发起人自选";
const SUPERVISOR: &str = "Direct Supervisor 直属主管";
const MEMBERS: &str = "Specified Members 指定成员";

/// Components that the interface can fill; any other that is required makes a template unusable.
const FILLABLE: [&str; 18] = [
    "TextField",
    "TextareaField",
    "NumberField",
    "MoneyField",
    "DDSelectField",
    "DDMultiSelectField",
    "DDDateField",
    "DDDateRangeField",
    "PhoneField",
    "InnerContactField",
    "DepartmentField",
    "RelateField",
    "DDPhotoField",
    "DDAttachment",
    "AddressField",
    "TimeAndLocationField",
    "TableField",
    "StarRatingField",
];

/// Judges a form against what the bridge fills in it.
pub fn judge_form(template: &Template, form: &Form) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let FormStatus::Not(status) = &form.status {
        problems.push(problem(
            "not-published",
            format!(
                "template “{}” is not published (its status is {status}): nobody can start it",
                form.name
            ),
            format!("模板“{}”未发布（状态为 {status}），无法发起审批", form.name),
            "OA approval console > Templates > this template > Enable, or Edit > Publish",
            "OA审批管理后台 > 表单管理 > 该模板 > 启用，或 编辑 > 发布",
        ));
    }
    for fill in &template.fills {
        let by_id = |field: &&FormField| fill.id.as_deref() == Some(field.id.as_str());
        let by_label = |field: &&FormField| fill.id.is_none() && field.label == fill.label;
        match form.fields.iter().find(|field| by_id(field) || by_label(field)) {
            None => problems.push(problem(
                "field-missing",
                format!("the template has no field “{}” any more, into which the bridge writes the {}", fill.label, fill.content.name()),
                format!("模板中已没有控件“{}”，而审批桥要将 {} 写入其中", fill.label, fill.content.name()),
                "run `bridge template adopt` (own templates) or `bridge template generate` (the official one) again",
                "重新运行 `bridge template adopt`（自有模板）或 `bridge template generate`（官方模板）",
            )),
            Some(field) if !fill.content.fits(field) => problems.push(problem(
                "field-unfit",
                format!("field “{}” is a {} and cannot hold the {}", field.label, field.component, fill.content.name()),
                format!("控件“{}”的类型为 {}，无法容纳 {}", field.label, field.component, fill.content.name()),
                "OA approval console > Templates > this template > Edit > Form: make it a text (for details, of several lines), or adopt the template with another mapping",
                "OA审批管理后台 > 表单管理 > 编辑 > 表单设计：改为文本控件（内容须为多行输入框），或以其他映射重新采用该模板",
            )),
            Some(_) => {}
        }
    }
    if !shows_content(&template.fills) {
        problems.push(problem(
            "content-not-shown",
            format!("template “{}” has no field that shows what is asked for: requests of it are refused", form.name),
            format!("模板“{}”没有可显示申请内容的控件：使用它的申请会被拒绝", form.name),
            "OA approval console > Templates > this template > Edit > Form: add a multi-line text “内容 Details” (or a table with two \
             columns of text), and run `bridge template adopt` again",
            "OA审批管理后台 > 表单管理 > 编辑 > 表单设计：添加多行输入框“内容 Details”（或含两个文本列的明细），并重新运行 `bridge template adopt`",
        ));
    }
    let is_filled = |field: &FormField| {
        template.fills.iter().any(|fill| match &fill.id {
            Some(id) => *id == field.id,
            None => fill.label == field.label,
        })
    };
    for field in form.fields.iter().filter(|field| field.required && !is_filled(field)) {
        problems.push(required(field));
    }
    problems
}

fn required(field: &FormField) -> Problem {
    if !FILLABLE.contains(&field.component.as_str()) {
        return problem(
            "component-unwritable",
            format!("field “{}” is required, and no interface can fill a {}", field.label, field.component),
            format!("控件“{}”为必填，而接口无法填写 {} 类型的控件", field.label, field.component),
            "OA approval console > Templates > this template > Edit > Form: make the field optional or take it out",
            "OA审批管理后台 > 表单管理 > 编辑 > 表单设计：将该控件设为非必填或移除",
        );
    }
    problem(
        "required-unfilled",
        format!(
            "field “{}” ({}) is required, and the bridge fills nothing into it",
            field.label, field.component
        ),
        format!("控件“{}”（{}）为必填，而审批桥没有可填入的内容", field.label, field.component),
        "OA approval console > Templates > this template > Edit > Form: make the field optional; or say what goes into it: \
         `bridge template adopt … --field '<label>=<value>'`",
        "OA审批管理后台 > 表单管理 > 编辑 > 表单设计：将该控件设为非必填；或指定其内容：`bridge template adopt … --field '<控件名>=<值>'`",
    )
}

/// Judges a flow as it would run for a person with this supervisor.
pub fn judge_flow(
    template: &Template,
    forecast: &Result<Vec<ForecastNode>, DingTalkError>,
    supervisor: Option<&UserId>,
) -> (Vec<Problem>, Vec<String>, Vec<Node>) {
    let nodes = match forecast {
        Ok(nodes) => nodes,
        Err(error) => return (vec![no_forecast(error)], Vec::new(), Vec::new()),
    };
    let (mut problems, mut remarks) = (Vec::new(), Vec::new());
    let shown: Vec<Node> = nodes.iter().map(|node| shown(node, supervisor)).collect();
    for node in shown.iter().filter(|node| !node.supported) {
        let text =
            format!("node “{}” is of the kind {}, with which the bridge does not work", node.name, node.kind);
        // The source's approvers replace the flow, so its nodes do not matter then.
        if template.way == Way::Template {
            problems.push(problem(
                "node-unsupported",
                text,
                format!("节点“{}”的类型为 {}，审批桥不支持", node.name, node.kind),
                "OA approval console > Templates > this template > Edit > Flow: use Selected by Initiator, Specified Members or Direct Supervisor",
                "OA审批管理后台 > 表单管理 > 编辑 > 流程设计：请使用 发起人自选、指定成员 或 直属主管",
            ));
        } else {
            remarks.push(text);
        }
    }
    let selects = nodes.iter().any(|node| matches!(node.selection, Selection::ByInitiator(_)));
    if !selects {
        remarks.push(
            "the flow has no node *Selected by Initiator* (发起人自选): by its own flow the template works peer-to-peer only"
                .to_owned(),
        );
    }
    let choices = nodes.iter().filter(|node| {
        node.role == NodeRole::Approver && matches!(node.selection, Selection::ByInitiator(_))
    });
    let choices = choices.count();
    if template.way == Way::Template && choices > 0 {
        remarks.push(format!(
            "a request may bring {choices} node(s) of approvers: the flow leaves so many to the initiator"
        ));
    }
    if !nodes.iter().any(|node| node.role == NodeRole::Approver) {
        problems.push(problem(
            "nobody-decides",
            "no node of the flow has an approver: an instance would end without a decision of people"
                .to_owned(),
            "流程中没有审批人节点：审批单无人决定就会结束".to_owned(),
            "OA approval console > Templates > this template > Edit > Flow: add an approver",
            "OA审批管理后台 > 表单管理 > 编辑 > 流程设计：添加审批人",
        ));
    }
    (problems, remarks, shown)
}

/// How DingTalk says that somebody may not start a template.
const MAY_NOT_START: [&str; 6] = [
    "noStartPermission",
    "processSetupNoPermission",
    "可见范围",
    "无权发起",
    "没有发起",
    "no permission to start",
];

fn no_forecast(error: &DingTalkError) -> Problem {
    if MAY_NOT_START.iter().any(|words| error.code.contains(words) || error.message.contains(words)) {
        return problem(
            "may-not-start",
            format!("the person asked for may not start this template ({}): {}", error.code, error.message),
            format!("测试所用的发起人没有发起该模板的权限（{}）：{}", error.code, error.message),
            "OA approval console > Templates > this template > Edit > Basic Settings: who may start it: everybody, or at least \
             all requesters",
            "OA审批管理后台 > 表单管理 > 编辑 > 基础设置 > 谁可以发起：设为全员，或至少包括所有申请人",
        );
    }
    problem(
        "forecast-failed",
        format!("DingTalk cannot foresee the template's flow ({}): {}", error.code, error.message),
        format!("钉钉无法预测该模板的审批流程（{}）：{}", error.code, error.message),
        "OA approval console > Templates > this template > Edit > Flow: every node must lead to somebody; and look at the \
         initiator's department and supervisor in the address book",
        "OA审批管理后台 > 表单管理 > 编辑 > 流程设计：每个节点须能找到审批人；并检查通讯录中发起人的部门与直属主管",
    )
}

fn shown(node: &ForecastNode, supervisor: Option<&UserId>) -> Node {
    let (kind, supported) = match (&node.selection, node.role) {
        (Selection::ByInitiator(_), _) => (SELECTED.to_owned(), true),
        (_, NodeRole::Notified) => ("Copied 抄送人".to_owned(), true),
        (_, NodeRole::Handler) => ("Handler 办理人".to_owned(), false),
        (_, NodeRole::Automatic) => ("Automatic 自动通过或拒绝".to_owned(), false),
        (Selection::ByLabel(labels), _) => {
            (format!("Role 角色 {}", labels.join(", ")).trim().to_owned(), false)
        }
        (Selection::ByFlow, NodeRole::Approver) => match (&node.people[..], supervisor) {
            ([(person, _)], Some(supervisor)) if person == supervisor => (SUPERVISOR.to_owned(), true),
            ([_], None) => (format!("{MEMBERS} (or {SUPERVISOR})"), true),
            _ => (MEMBERS.to_owned(), true),
        },
    };
    let people =
        node.people.iter().map(|(id, name)| if name.is_empty() { id.to_string() } else { name.clone() });
    Node { name: node.name.clone(), kind, supported, people: people.collect() }
}

fn problem(code: &'static str, what: String, what_zh: String, mend_en: &str, mend_zh: &str) -> Problem {
    Problem { code, what, what_zh, mend_en: mend_en.to_owned(), mend_zh: mend_zh.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{approval::ProcessCode, dingtalk::forecast::Choice, template::Content};

    #[test]
    fn whoever_may_not_start_a_template_is_told_from_a_flow_that_leads_to_nobody() {
        let said = |code: &str, message: &str| {
            no_forecast(&DingTalkError::new(crate::dingtalk::Class::Permanent, code, message)).code
        };
        assert_eq!(said("noStartPermission", "x"), "may-not-start");
        assert_eq!(said("invalidParameter", "发起人不在该审批模板的可见范围内"), "may-not-start");
        assert_eq!(said("invalidParameter", "发起人不在发起部门中"), "forecast-failed");
    }

    fn by_hand(way: Way) -> Template {
        Template { way, ..Template::by_hand(ProcessCode::new("PROC-1")) }
    }

    fn form(extra: Option<FormField>) -> Form {
        let fields = by_hand(Way::Source).fills.into_iter().map(|fill| FormField {
            id: fill.label.clone(),
            label: fill.label,
            component: fill.component,
            ..FormField::default()
        });
        Form { name: "own".to_owned(), status: FormStatus::Published, fields: fields.chain(extra).collect() }
    }

    fn codes(problems: &[Problem]) -> Vec<&str> {
        problems.iter().map(|problem| problem.code).collect()
    }

    fn required(component: &str) -> FormField {
        let (label, component) = ("extra".to_owned(), component.to_owned());
        FormField { id: "extra".to_owned(), label, component, required: true, ..FormField::default() }
    }

    #[test]
    fn a_form_is_good_if_the_bridge_can_fill_all_it_must() {
        let judge = |form: Form| judge_form(&by_hand(Way::Source), &form);
        assert_eq!(codes(&judge(form(None))), Vec::<&str>::new());
        assert_eq!(codes(&judge(form(Some(required("TextField"))))), ["required-unfilled"]);
        assert_eq!(codes(&judge(form(Some(required("SignatureField"))))), ["component-unwritable"]);
        let stopped = Form { status: FormStatus::Not("INVALID".to_owned()), ..form(None) };
        assert_eq!(codes(&judge(stopped)), ["not-published"]);
        let mut changed = form(None);
        changed.fields[0].component = "NumberField".to_owned();
        changed.fields.pop();
        assert_eq!(codes(&judge(changed)), ["field-unfit", "field-missing"]);
        let mut mute = by_hand(Way::Source);
        mute.fills.retain(|fill| fill.content != Content::Details);
        assert_eq!(codes(&judge_form(&mute, &form(None))), ["content-not-shown"]);
    }

    fn node(role: NodeRole, selection: Selection, people: &[&str]) -> ForecastNode {
        let people = people.iter().map(|id| (UserId::new(*id), String::new())).collect();
        ForecastNode { name: "审批人".to_owned(), role, selection, people }
    }

    fn chosen() -> Selection {
        let actor_key = "key".to_owned();
        Selection::ByInitiator(Choice { actor_key, required: true, several: true, among: Vec::new() })
    }

    #[test]
    fn every_kind_of_node_is_named_in_the_consoles_words() {
        let supervisor = UserId::new("boss");
        let kind = |node: ForecastNode| {
            let Node { kind, supported, .. } = shown(&node, Some(&supervisor));
            (kind, supported)
        };
        let approver = NodeRole::Approver;
        assert_eq!(kind(node(approver, chosen(), &[])), (SELECTED.to_owned(), true));
        assert_eq!(kind(node(approver, Selection::ByFlow, &["boss"])), (SUPERVISOR.to_owned(), true));
        assert_eq!(kind(node(approver, Selection::ByFlow, &["a", "b"])), (MEMBERS.to_owned(), true));
        assert!(kind(node(NodeRole::Notified, Selection::ByFlow, &["a"])).1);
        assert!(!kind(node(NodeRole::Handler, Selection::ByFlow, &["a"])).1);
        assert!(!kind(node(NodeRole::Automatic, Selection::ByFlow, &[])).1);
        assert!(!kind(node(approver, Selection::ByLabel(vec!["财务".to_owned()]), &["a"])).1);
    }

    #[test]
    fn a_flow_without_self_select_works_peer_to_peer_only_and_is_told_so() {
        let own = by_hand(Way::Template);
        let peer = Ok(vec![node(NodeRole::Approver, Selection::ByFlow, &["a"])]);
        let (problems, remarks, _) = judge_flow(&own, &peer, None);
        assert!(problems.is_empty());
        assert!(remarks[0].contains("works peer-to-peer only"), "{remarks:?}");
        let (_, remarks, _) = judge_flow(&own, &Ok(vec![node(NodeRole::Approver, chosen(), &[])]), None);
        assert!(remarks.len() == 1 && remarks[0].contains("1 node(s)"), "{remarks:?}");
    }

    #[test]
    fn unsupported_nodes_matter_only_where_the_flow_runs() {
        let flow = Ok(vec![node(NodeRole::Handler, Selection::ByFlow, &["a"])]);
        let problems = |way| judge_flow(&by_hand(way), &flow, None).0;
        assert_eq!(codes(&problems(Way::Source)), ["nobody-decides"]);
        assert_eq!(codes(&problems(Way::Template)), ["node-unsupported", "nobody-decides"]);
    }
}
