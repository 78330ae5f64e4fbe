//! Why a person cannot be asked in DingTalk, by DingTalk's code, and how that is fixed.

use super::error::code;

/// The code of a person for whom Dataphin names no account.
pub const NO_ACCOUNT: &str = "no-source-account";

/// What a code says about a person, in English and Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// DingTalk's code, or ours.
    pub code: &'static str,
    /// What it means.
    pub why: (&'static str, &'static str),
    /// How it is fixed.
    pub fix: (&'static str, &'static str),
}

const ACCOUNT: (&str, &str) = (
    "correct the person's account in Dataphin, or add the person to DingTalk (admin console > Contacts > Members)",
    "在 Dataphin 中更正此人的账号，或将此人加入钉钉（管理后台 > 通讯录 > 成员管理）",
);
const VISIBLE: (&str, &str) = (
    "DingTalk developer console > your app > Version Management and Release > Visible range, and Permission Management > \
     Contacts scope: include the person",
    "钉钉开发者后台 > 应用详情 > 版本管理与发布 > 可见范围，以及 权限管理 > 通讯录接口权限范围：加入此人",
);

const REASONS: [Reason; 9] = [
    Reason {
        code: "60121",
        why: (
            "DingTalk has no such user: the account is wrong, or the person has left the organisation",
            "钉钉中找不到该用户：账号有误，或此人已离开组织",
        ),
        fix: ACCOUNT,
    },
    Reason {
        code: "33012",
        why: ("the account is no valid userid of DingTalk's", "该账号不是有效的钉钉 userid"),
        fix: ACCOUNT,
    },
    Reason {
        code: "40104",
        why: ("nobody in the organisation has this mobile number", "组织内没有使用该手机号的成员"),
        fix: ACCOUNT,
    },
    Reason {
        code: "50002",
        why: ("the person is outside the app's visible range", "此人不在应用的可见范围（通讯录授权范围）内"),
        fix: VISIBLE,
    },
    Reason {
        code: "50004",
        why: (
            "the person's department is outside the app's visible range",
            "此人所在部门不在应用的可见范围（通讯录授权范围）内",
        ),
        fix: VISIBLE,
    },
    Reason {
        code: "400002",
        why: ("DingTalk does not take the account for an id", "钉钉不接受该账号作为用户标识"),
        fix: ACCOUNT,
    },
    Reason {
        code: code::EXTERNAL_CONTACT,
        why: ("an external contact, who cannot approve", "此人是外部联系人，不能审批"),
        fix: (
            "name a member of the organisation in Dataphin in this person's place",
            "在 Dataphin 中改为指定组织内的成员",
        ),
    },
    Reason {
        code: code::NOT_ACTIVE,
        why: (
            "the person has never signed in to DingTalk, or is switched off there",
            "此人从未登录钉钉，或账号已被停用",
        ),
        fix: (
            "DingTalk admin console > Contacts > Members: activate the person; or name somebody else in Dataphin",
            "钉钉管理后台 > 通讯录 > 成员管理：激活此人；或在 Dataphin 中改为指定其他人",
        ),
    },
    Reason {
        code: NO_ACCOUNT,
        why: (
            "Dataphin does not say who the person is in its account system (userSourceId)",
            "Dataphin 未提供此人在账号体系中的标识（userSourceId）",
        ),
        fix: (
            "give the person an account of the source account system in Dataphin",
            "在 Dataphin 中为此人设置来源账号（userSourceId）",
        ),
    },
];

/// Any other code that says that nobody can be asked.
const UNKNOWN: Reason =
    Reason { code: "", why: ("DingTalk does not know the person", "钉钉不认识此人"), fix: ACCOUNT };

impl Reason {
    /// What a code says.
    pub fn of(code: &str) -> Self {
        let code = code.strip_prefix("88/").unwrap_or(code);
        REASONS.into_iter().find(|reason| reason.code == code).unwrap_or(UNKNOWN)
    }

    /// The one whose code stands in parentheses in a text.
    pub fn in_text(text: &str) -> Self {
        let stands = |reason: &Reason| text.contains(&format!("({})", reason.code));
        REASONS.into_iter().find(stands).unwrap_or(UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dingtalk::{Class, DingTalkError};

    #[test]
    fn every_code_that_says_nobody_has_words_of_its_own() {
        for reason in REASONS {
            let error = DingTalkError::new(Class::Permanent, reason.code, "");
            assert!(error.is_nobody() || reason.code == NO_ACCOUNT, "{}", reason.code);
            assert_eq!(Reason::in_text(&format!("approver x ({}): y", reason.code)), reason);
        }
        assert_eq!(Reason::of("88/60121").code, "60121");
    }
}
