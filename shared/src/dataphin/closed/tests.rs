//! Wordings that a Dataphin may use, and wordings that look alike.

use super::ClosedRule;

fn closed(text: &str) -> bool {
    ClosedRule::usual().says_closed([text])
}

#[test]
fn the_usual_chinese_wordings_say_that_a_request_is_closed() {
    let mut missed = Vec::new();
    for text in [
        "审批单不存在",
        "申请单不存在",
        "该审批记录不存在",
        "审批单[1223]不存在",
        "审批单“1223”不存在",
        "“审批单”不存在",
        "【申请单】未找到",
        "申请单（编号：A-1223）未找到",
        "审批单 DP_TEST 不存在",
        "审批单号不存在",
        "申请编号 1223 不存在",
        "不存在该申请单",
        "不存在的审批单",
        "未找到对应的审批单",
        "未找到审批单：1223",
        "找不到该审批任务",
        "没有找到审批记录",
        "查无此申请",
        "查询不到该工单信息",
        "无此审批单",
        "没有该申请单",
        "没有对应的流程实例",
        "流程已经结束",
        "审批流程已结束",
        "流程实例不存在或已结束",
        "该流程早已结束",
        "任务已完成",
        "申请单状态为已完成",
        "当前申请处于已完成状态",
        "申请已被撤销",
        "该申请已经被申请人撤销",
        "申请单被撤回",
        "该任务已被他人处理",
        "任务已由其他审批人处理",
        "工单已处理，请勿重复提交",
        "单据已审批",
        "该审批单已经审批过了",
        "您已审批过该任务",
        "审批已通过",
        "申请已被驳回",
        "流程已终止",
        "单据已关闭",
        "工单已作废",
        "审批单重复",
        "重复的审批单",
        "重复提交审批单",
        "请勿重复审批",
        "操作失败：审批单不存在",
        "操作失败，流程已结束。",
        "系统中不存在该申请单",
        "不能对已完成的审批单进行操作",
        "任务在系统中已不存在",
        "applyId 不存在",
        "找不到用户对应的申请单",
    ] {
        missed.extend((!closed(text)).then_some(text));
    }
    assert_eq!(missed, Vec::<&str>::new());
}

#[test]
fn the_usual_english_wordings_say_that_a_request_is_closed() {
    let mut missed = Vec::new();
    for text in [
        "request not found",
        "request [123] not found",
        "request 'A-1' was not found",
        "Request with id 123 was not found.",
        "The request could not be found",
        "the approval request does not exist",
        "approval request (applyId=abc, tenant=t1) doesn't exist",
        "The request no longer exists",
        "apply id 1223 does not exist",
        "applyId: 1223 not found",
        "processInstanceId does not exist",
        "no such request",
        "No such approval process",
        "No approval request found with id 1223",
        "there is no request found for this id",
        "Cannot find the approval request",
        "can't find approval task 5",
        "could not find request 123 of tenant 5",
        "unable to find approval instance",
        "Not found: request 123",
        "apply record has been processed",
        "The request has already been closed.",
        "the approval request is already finished",
        "approval process is finished",
        "The approval has already been completed",
        "Task already completed",
        "This task has been handled by another user",
        "the workflow has ended",
        "approval flow terminated",
        "request was revoked by its applicant",
        "The request has been withdrawn",
        "the approval request has been cancelled",
        "request already approved",
        "approval request has already been rejected",
        "Your application has already been processed",
        "duplicate request",
        "Duplicated approval request 1223",
        "request is a duplicate",
        "operation failed: the request is closed",
        "Error: approval task not found or already finished",
        "cannot approve a finished request",
        "already processed: request 12",
        "DPN.OA.ApplyFinished",
        "DPN.OA.ApplyNotExist",
        "REQUEST_NOT_EXIST",
        "REQUEST_NOT_FOUND",
        "APPLYNOTEXIST",
        "TaskAlreadyCompleted",
        "E1001_APPLY_NOT_EXIST",
        "NoSuchRequest",
        "approval.closed",
    ] {
        missed.extend((!closed(text)).then_some(text));
    }
    assert_eq!(missed, Vec::<&str>::new());
}

#[test]
fn what_is_said_of_another_noun_is_not_said_of_the_request() {
    let mut taken = Vec::new();
    for text in [
        "用户不存在",
        "审批人不存在",
        "申请用户不存在",
        "审批单的审批人不存在",
        "申请单[1]的租户不存在",
        "审批单1223未找到审批人",
        "找不到审批单的审批人",
        "不存在审批流程对应的模板",
        "流程定义不存在",
        "审批节点不存在",
        "审批操作失败：用户不存在",
        "申请提交失败，部门未找到",
        "请求参数不存在",
        "请求路径不存在",
        "审批接口不存在",
        "审批单配置不存在",
        "任务的令牌已被撤销",
        "申请单不存在或无权限",
        "审批单签名已失效",
        "会话已关闭",
        "数据库连接已关闭，审批失败",
        "已结束流程的模板不存在",
        "user does not exist",
        "request failed: user does not exist",
        "approval user does not exist",
        "request user not found",
        "request failed (user not found)",
        "approver of the request not found",
        "cannot find the approver of the request",
        "no such user for request 5",
        "No such request mapping",
        "NoSuchRequestMapping",
        "No such route for request POST /api/oa",
        "POST /api/request not found",
        "Bad request: parameter signature does not exist",
        "request body does not exist",
        "request foo does not exist",
        "the requested page was not found",
        "process user u1 does not exist",
        "task type does not exist",
        "tenant of request 12 does not exist",
        "the access token of this application has been revoked",
        "license of the application ended",
        "application not found",
        "client closed request",
        "request failed: connection closed",
        "the request could not be sent: connection was closed",
        "net/http: request canceled",
        "your request was rejected",
        "UserNotExist",
        "REQUEST_USER_NOT_FOUND",
        "request does not exist or you have no permission",
    ] {
        taken.extend(closed(text).then_some(text));
    }
    assert_eq!(taken, Vec::<&str>::new());
}

#[test]
fn what_is_denied_or_not_yet_so_is_not_said() {
    let mut taken = Vec::new();
    for text in [
        "流程尚未结束",
        "流程未结束",
        "申请未完成",
        "任务还没有完成",
        "审批单正在处理",
        "请确认流程是否已结束",
        "如果流程已结束请忽略",
        "审批单必须已完成",
        "审批单并非不存在",
        "request is not finished",
        "the request has not been processed",
        "the request isn't closed yet",
        "the task is not yet completed",
        "the request could not be processed",
        "unable to process request",
        "failed to process: not found",
        "the request is being processed",
        "the request will be closed",
        "the request must be completed before",
        "check whether the request is closed",
        "request failed",
        "request timed out",
        "the request was refused",
        "bad request",
        "request accepted",
        "",
        "not found",
        "不存在",
        "已结束",
    ] {
        taken.extend(closed(text).then_some(text));
    }
    assert_eq!(taken, Vec::<&str>::new());
}

#[test]
fn code_and_message_are_judged_together_and_not_as_one_sentence() {
    let rule = ClosedRule::usual();
    assert!(rule.says_closed(["NOT_FOUND", "审批单 1223 不存在"]));
    assert!(!rule.says_closed(["REQUEST", "not found"]));
    assert!(!rule.says_closed(["UserNotExist", "审批单不存在"]));
    assert!(!rule.says_closed(["request not found", "user not found"]));
}

#[test]
fn the_rule_is_data() {
    let rule = ClosedRule { subjects: vec!["bestellung".to_owned()], ..ClosedRule::usual() };
    assert!(rule.says_closed(["Bestellung 5 not found"]) && !rule.says_closed(["request 5 not found"]));
    let rule = ClosedRule { phrases: vec!["erledigt".to_owned()], ..ClosedRule::usual() };
    assert!(rule.says_closed(["request 5 erledigt"]) && !rule.says_closed(["request 5 closed"]));
}

proptest::proptest! {
    #[test]
    fn any_text_is_judged(text in "\\PC{0,80}", words in proptest::collection::vec("request|not found|user|已|不存在|\\(|\"|…|审批单|: ", 0..20)) {
        closed(&text);
        closed(&words.concat());
    }
}
