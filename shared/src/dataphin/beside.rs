//! What a submit holds beside the members that are known: it is asked for, too, so it is shown and makes another request.

use super::tree::Tree;

const KNOWN: [&str; 9] = [
    "applyId",
    "applyUser",
    "applyUserInfo",
    "title",
    "content",
    "tenantId",
    "type",
    "templateCode",
    "approveNodes",
];

/// Members of the call, not of the request: they may differ when the same request is sent again, or be secret. Compared without
/// case and punctuation.
const OF_THE_CALL: [&str; 9] =
    ["accesstoken", "token", "sign", "signature", "timestamp", "nonce", "requestid", "traceid", "aeskey"];

/// Those members, in their order; those that hold nothing are left out.
pub(super) fn beside(body: &[u8]) -> Vec<(String, Tree)> {
    let Some(Tree::Object(mut members)) = Tree::read(body) else { return Vec::new() };
    let is_of_the_call = |name: &str| {
        let folded: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        OF_THE_CALL.contains(&folded.to_ascii_lowercase().as_str())
    };
    members.retain(|(name, value)| {
        *value != Tree::Null && !KNOWN.contains(&name.as_str()) && !is_of_the_call(name)
    });
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_asked_for_is_kept_and_nothing_of_the_call() {
        let body = br#"{"applyId": "1", "remark": "r", "access_token": "s", "content": "c", "requestId": 7, "nodes": null,
            "resourceName": {"a": 1.0}}"#;
        let names: Vec<String> = beside(body).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["remark", "resourceName"]);
        assert_eq!(beside(b"[]"), []);
    }
}
