//! What the accounts of a request look like, which says whether DATAPHIN_ACCOUNT_KIND can be right.

use super::Words;
use crate::{
    approval::{Account, Person, Request},
    dingtalk::AccountKind,
};

/// What accounts of another kind than the configured one look like, and the advice.
pub(super) struct OtherKind {
    /// What they look like.
    pub looks: Words,
    /// What to do.
    pub advice: Words,
}

/// Whether all accounts of a request are of another kind than the configured one.
pub(super) fn other_kind(request: &Request, kind: AccountKind) -> Option<OtherKind> {
    let ((looks, looks_zh), (advice, advice_zh)) = hint(common_shape(request)?, kind)?;
    Some(OtherKind { looks: Words::new(looks, looks_zh), advice: Words::new(advice, advice_zh) })
}

/// All people of a request.
pub(super) fn people(request: &Request) -> impl Iterator<Item = &Person> {
    request.nodes.iter().flat_map(|node| &node.approvers).chain(&request.requester)
}

/// The shape that all accounts of a request have.
fn common_shape(request: &Request) -> Option<Shape> {
    let mut shapes =
        people(request).filter_map(Person::account).map(|account| shape(Account::as_str(account)));
    let first = shapes.next()?;
    shapes.all(|shape| shape == first).then_some(first)
}

/// What an account looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Mobile,
    Email,
    UnionId,
    Other,
    /// Too long to tell.
    Long,
}

fn shape(account: &str) -> Shape {
    let digits = account.trim_start_matches("+86").trim_start_matches('-');
    if digits.len() == 11 && digits.starts_with('1') && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Shape::Mobile
    } else if account.contains('@') {
        Shape::Email
    } else if account.len() >= 20 && account.ends_with("iE") {
        Shape::UnionId
    } else if account.len() >= 20 {
        Shape::Long
    } else {
        Shape::Other
    }
}

type Pair = (&'static str, &'static str);

const USERID: Pair = (
    "set DATAPHIN_ACCOUNT_KIND=userid, if they are DingTalk's userids",
    "如果它们是钉钉 userid，请设置 DATAPHIN_ACCOUNT_KIND=userid",
);

/// What an account of this shape says about the setting.
fn hint(shape: Shape, kind: AccountKind) -> Option<(Pair, Pair)> {
    match (shape, kind) {
        (Shape::Mobile, AccountKind::UserId | AccountKind::UnionId) => Some((
            ("mobile numbers", "手机号"),
            ("set DATAPHIN_ACCOUNT_KIND=mobile", "请设置 DATAPHIN_ACCOUNT_KIND=mobile"),
        )),
        (Shape::UnionId, AccountKind::UserId | AccountKind::Mobile) => Some((
            ("unionids", "unionId"),
            ("set DATAPHIN_ACCOUNT_KIND=unionid", "请设置 DATAPHIN_ACCOUNT_KIND=unionid"),
        )),
        (Shape::Email, _) => Some((
            ("e-mail addresses", "邮箱地址"),
            (
                "DingTalk finds nobody by those; Dataphin's accounts must be userids, mobile numbers or unionids",
                "钉钉不支持按邮箱查找成员；Dataphin 的账号须为钉钉 userid、手机号或 unionId",
            ),
        )),
        (Shape::Other, AccountKind::UnionId) => Some((("anything but unionids", "不是 unionId"), USERID)),
        (Shape::Other | Shape::Long, AccountKind::Mobile) => {
            Some((("anything but mobile numbers", "不是手机号"), USERID))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_told_by_its_shape() {
        let table = [
            ("13800138000", Shape::Mobile),
            ("+86-13800138000", Shape::Mobile),
            ("li.na@acme.cn", Shape::Email),
            ("nMt1aAiPZ6xLiSiPDiiJ6iSsxgiEiE", Shape::UnionId),
            ("manager7078", Shape::Other),
            ("emp1001", Shape::Other),
            ("a-userid-that-is-rather-long", Shape::Long),
        ];
        for (account, expected) in table {
            assert_eq!(shape(account), expected, "{account}");
        }
        assert_eq!(hint(Shape::Other, AccountKind::UserId), None);
        assert!(hint(Shape::Mobile, AccountKind::UserId).is_some());
        assert!(hint(Shape::Other, AccountKind::UnionId).is_some());
        assert_eq!(hint(Shape::Long, AccountKind::UnionId), None);
    }
}
