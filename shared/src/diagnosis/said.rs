//! What DingTalk's (and our own) codes about a create call mean, each with its fix.

use super::{Words, places};

/// What a code means.
pub(super) struct Said {
    /// The cause, as a clause.
    pub cause: Words,
    /// How it is fixed.
    pub fix: Words,
    /// Whether another check asks DingTalk for the same today: then what it says counts.
    pub asked_today: bool,
}

/// A template's form, flow and settings in the console.
fn console(en: &str, zh: &str) -> Words {
    Words::new(
        format!("OA approval console > Templates > the template of these requests > {en}"),
        format!("OA审批管理后台 > 表单管理 > 此类申请的模板 > {zh}"),
    )
}

fn flow(en: &str, zh: &str) -> Words {
    console(&format!("Edit > Flow: {en}"), &format!("编辑 > 流程设计：{zh}"))
}

fn check_template() -> Words {
    Words::new("`bridge template check` shows what is wrong", "运行 `bridge template check` 查看问题所在")
}

impl Said {
    fn new(en: &str, zh: &str, fix: Words) -> Self {
        Self { cause: Words::new(en, zh), fix, asked_today: false }
    }

    fn asked_today(self) -> Self {
        Self { asked_today: true, ..self }
    }

    /// What a code means. `kind`: the requests' type, which names their template.
    pub fn of(code: &str, kind: &str) -> Self {
        let code = code.strip_prefix("88/").unwrap_or(code);
        Self::of_template(code).or_else(|| Self::of_flow(code)).or_else(|| Self::of_call(code)).unwrap_or_else(|| {
            let kind = if kind.is_empty() { "-" } else { kind };
            Self::new(
                &format!("DingTalk's answer was {code} (requests of the type {kind})"),
                &format!("钉钉返回 {code}（申请类型 {kind}）"),
                Words::new(
                    "`bridge show` of such a request has DingTalk's words; look the code up in DingTalk's error codes",
                    "用 `bridge show` 查看该申请中钉钉的原始提示，并在钉钉错误码文档中查询该代码",
                ),
            )
        })
    }

    /// Which template, and whether it can be used at all.
    fn of_template(code: &str) -> Option<Self> {
        let said = match code {
            "unknown-template-code" => Self::new(
                "Dataphin names a template code that the bridge does not know",
                "Dataphin 指定的模板编码在审批桥中不存在",
                Words::new(
                    "`bridge template adopt <PROC-…> --for code:<the code>`, or clear the template code in Dataphin's approval \
                     settings",
                    "运行 `bridge template adopt <PROC-…> --for code:<该编码>`，或在 Dataphin 审批设置中清空模板编码",
                ),
            ),
            "content-not-shown" => Self::new(
                "the template of these requests has no field that shows what is asked for",
                "此类申请的模板没有可显示申请内容的控件",
                console(
                    "Edit > Form: add a multi-line text “内容 Details”; then `bridge template adopt` it again",
                    "编辑 > 表单设计：添加多行输入框“内容 Details”，然后重新运行 `bridge template adopt`",
                ),
            ),
            "no-template" => Self::new(
                "the bridge has no template for these requests",
                "审批桥没有可用于此类申请的模板",
                Words::new("run `bridge template generate`", "运行 `bridge template generate`"),
            ),
            "processGetFailed" | "processCodeError" | "processGroupGetFailed" | "820001" => Self::new(
                "the template was not enabled in DingTalk, or was deleted",
                "模板未在钉钉中启用，或已被删除",
                console("Enable; or `bridge template check`", "启用；或运行 `bridge template check`"),
            )
            .asked_today(),
            "formConverterError"
            | "illegalComponent"
            | "processInstanceInvalidParameter"
            | "invalidParameter" => Self::new(
                "DingTalk did not take what the bridge writes into the template's form",
                "钉钉不接受审批桥填入模板表单的内容",
                check_template(),
            ),
            "processSetupNoPermission" | "needAuth" => Self::new(
                "the initiator may not start this template",
                "发起人没有发起该模板的权限",
                console("Edit > Basic Settings: who may start it", "编辑 > 基础设置：谁可以发起"),
            ),
            "invalidAgentId" => Self::new(
                "DingTalk did not take DINGTALK_AGENT_ID",
                "钉钉不接受 DINGTALK_AGENT_ID",
                places::variable("DINGTALK_AGENT_ID"),
            )
            .asked_today(),
            "benefitStatusInvalid" => Self::new(
                "the organisation's OA approval edition does not include this",
                "组织当前的 OA 审批版本不包含此能力",
                places::plan(),
            ),
            _ => return None,
        };
        Some(said)
    }

    /// Whom the template's flow lets be chosen.
    fn of_flow(code: &str) -> Option<Self> {
        let said = match code {
            "no-forecast" | "processInstanceStartFailed" => Self::new(
                "DingTalk could not foresee the template's flow for the initiator",
                "钉钉无法为发起人预测模板的审批流程",
                flow(
                    "every node must lead to somebody; and the initiator's department and supervisor in Contacts",
                    "每个节点须能找到审批人；并检查通讯录中发起人的部门与直属主管",
                ),
            ),
            "targetSelectApproverMissing" | "nobody-to-select" => Self::new(
                "the template's flow wants the initiator to select approvers, and the requests name none",
                "模板流程要求发起人自选审批人，而申请未指定审批人",
                flow(
                    "take the node *Selected by Initiator* out, or let Dataphin name approvers",
                    "移除“发起人自选”节点，或由 Dataphin 指定审批人",
                ),
            ),
            "too-few-selectable-nodes" => Self::new(
                "the requests have more nodes of approvers than the template's flow leaves to the initiator",
                "申请的审批节点数多于模板流程中“发起人自选”的节点数",
                flow(
                    "add nodes *Selected by Initiator*; or `bridge template adopt … --way source`",
                    "增加“发起人自选”节点；或运行 `bridge template adopt … --way source`",
                ),
            ),
            "targetSelectApproverScopeError" | "approver-not-selectable" => Self::new(
                "the template's flow does not let the approvers of these requests be selected",
                "模板流程不允许选择此类申请的审批人",
                flow("widen the range of the node *Selected by Initiator*", "扩大“发起人自选”节点的可选范围"),
            ),
            "only-one-selectable" => Self::new(
                "all of several approvers must agree, and the template's flow lets only one be selected",
                "申请要求多名审批人全部同意，而模板流程只允许选择一人",
                flow(
                    "allow several people in the node *Selected by Initiator*",
                    "将“发起人自选”节点设为可选多人",
                ),
            ),
            _ => return None,
        };
        Some(said)
    }

    /// What stood in the way of the call itself. Today's questions tell whether it still does.
    fn of_call(code: &str) -> Option<Self> {
        let said = match code {
            "InvalidAuthentication"
            | "invalidClientIdOrSecret"
            | "invalid.client"
            | "unauthorized.client"
            | "40001"
            | "40014"
            | "40096"
            | "41001"
            | "42001" => Self::new(
                "DingTalk did not accept the app's credentials",
                "钉钉不接受应用凭证",
                places::credentials(),
            ),
            _ if code.contains("IpNotInWhiteList") || code == "60020" => Self::new(
                "this server's address was not on the app's list of server egress IPs",
                "服务器地址不在应用的服务器出口 IP 列表中",
                places::address_list(),
            ),
            _ if code.contains("PermissionDenied") || code == "60011" => Self::new(
                "the app lacked a permission",
                "应用缺少接口权限",
                places::app_page("Permission Management", "权限管理"),
            ),
            _ if code.contains("ApiCountLimit") || code == "90020" => Self::new(
                "the organisation's monthly quota of DingTalk API calls was used up",
                "组织本月的钉钉接口调用量已用完",
                places::plan(),
            ),
            _ if code.contains("QpsLimit")
                || code.contains("QpmLimit")
                || code.to_ascii_lowercase().starts_with("throttling") =>
            {
                Self::new(
                    "DingTalk took no more calls for their number",
                    "钉钉因调用频率过高而拒绝调用",
                    Words::change(("lower", "调低"), "DINGTALK_CALLS_PER_SECOND", &Words::new("", "")),
                )
            }
            "too-many-calls-waiting" | "autoflowLikeTriggerRateLimited" | "90002" | "90018" => Self::new(
                "too many calls to DingTalk at once",
                "同时对钉钉的调用过多",
                Words::change(("lower", "调低"), "DINGTALK_CALLS_PER_SECOND", &Words::new("", "")),
            ),
            "no-connection" | "timed-out" | "no-answer" => {
                return Some(Self::new("DingTalk did not answer", "钉钉没有应答", places::network()));
            }
            "unreadable-answer" => {
                return Some(Self::new(
                    "what answered was not DingTalk, or not as it should",
                    "应答者不是钉钉，或应答内容异常",
                    places::network(),
                ));
            }
            _ => {
                let status = code.strip_prefix("http-").filter(|status| status.starts_with('5'));
                let itself = matches!(
                    code,
                    "systemError" | "system.error" | "unknownError" | "server.error" | "internalError"
                ) || code.starts_with("ServiceUnavailable");
                if status.is_none() && !itself {
                    return None;
                }
                let shown = status.map_or_else(|| code.to_owned(), |status| format!("HTTP {status}"));
                return Some(Self::new(
                    &format!("DingTalk itself fails ({shown})"),
                    &format!("钉钉自身故障（{shown}）"),
                    Words::new(
                        "nothing to fix on our side: the bridge tries again by itself; `bridge show` has DingTalk's words",
                        "无需处理，审批桥会自动重试；可用 `bridge show` 查看钉钉的原始提示",
                    ),
                ));
            }
        };
        Some(said.asked_today())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_told_in_words_of_both_languages() {
        for code in [
            "unknown-template-code",
            "content-not-shown",
            "no-template",
            "processGetFailed",
            "needAuth",
            "no-forecast",
            "approver-not-selectable",
            "Forbidden.AccessDenied.IpNotInWhiteList",
            "Forbidden.AccessDenied.QpsLimitForApi",
            "88/90018",
            "http-500",
            "systemError",
            "somethingNew",
        ] {
            let Said { cause, fix, .. } = Said::of(code, "AUTH");
            assert!(!cause.zh.is_ascii() && !fix.zh.is_ascii() && cause.en.is_ascii(), "{code}: {cause:?}");
        }
        assert!(Said::of("somethingNew", "AUTH").cause.en.contains("somethingNew"));
        assert!(Said::of("Forbidden.AccessDenied.AccessTokenPermissionDenied", "").asked_today);
        assert!(!Said::of("http-500", "").asked_today);
    }
}
