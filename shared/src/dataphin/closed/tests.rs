//! Wordings that a Dataphin may use, and wordings that look alike.

use std::sync::LazyLock;

use super::ClosedRule;

fn closed(text: &str) -> bool {
    static USUAL: LazyLock<ClosedRule> = LazyLock::new(ClosedRule::usual);
    USUAL.says_closed([text])
}

const CLOSED: &str = include_str!("../../../tests/fixtures/dataphin/closed.txt");
const NOT_CLOSED: &str = include_str!("../../../tests/fixtures/dataphin/not-closed.txt");

#[test]
fn the_usual_wordings_say_that_a_request_is_closed() {
    let missed: Vec<&str> = CLOSED.lines().filter(|text| !closed(text)).collect();
    assert_eq!(missed, Vec::<&str>::new());
}

/// What is said of another noun, or is denied, or not yet so.
#[test]
fn what_only_looks_alike_does_not() {
    let taken: Vec<&str> = NOT_CLOSED.lines().filter(|text| closed(text)).collect();
    assert_eq!(taken, Vec::<&str>::new());
    assert!(!closed(""));
}

#[test]
fn code_and_message_are_judged_together_and_not_as_one_sentence() {
    let rule = ClosedRule::usual();
    assert!(rule.says_closed(["NOT_FOUND", "审批单 1223 不存在"]));
    assert!(!rule.says_closed(["REQUEST", "not found"]));
    assert!(!rule.says_closed(["UserNotExist", "审批单不存在"]));
    assert!(!rule.says_closed(["SIGN_ERROR", "审批单不存在"]));
    assert!(!rule.says_closed(["request not found", "user not found"]));
    for code in ["INSTANCE_NOT_FOUND", "InstanceNotFound", "DPN.BPMS.INSTANCE_NOT_FOUND"] {
        assert!(rule.says_closed([code, "流程实例不存在"]), "{code}");
        assert!(rule.says_closed([code, "the process instance does not exist"]), "{code}");
        assert!(!rule.says_closed([code, "审批单不存在"]), "{code}: another instance, perhaps");
        assert!(!rule.says_closed([code, "服务实例不存在"]), "{code}");
        assert!(!rule.says_closed([code, "not found"]), "{code}");
    }
    for code in ["USER_INSTANCE_NOT_FOUND", "REDIS_INSTANCE_NOT_FOUND", "EC2 instance not found"] {
        assert!(!rule.says_closed([code, "流程实例不存在"]), "{code}");
    }
    assert!(!rule.says_closed(["EC2 instance terminated. The process instance is finished"]));
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
