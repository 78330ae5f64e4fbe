//! What is known of every check, as one table: the diagnosis, the command line and the README go by it.

use super::{Check, Facts};

const PLAIN: Facts =
    Facts { id: "", en: "", zh: "", proves: "", needs: &[], variables: &[], quick: false, paid: 0 };

/// What every call to the new API goes through.
const CALLED: &[Check] =
    &[Check::DingTalkApi, Check::Credentials, Check::AddressList, Check::Quota, Check::RateLimit];
/// What every contact call goes through.
const CALLED_OAPI: &[Check] =
    &[Check::DingTalkApi, Check::DingTalkOapi, Check::Credentials, Check::AddressList, Check::RateLimit];

impl Check {
    /// What is known of it.
    #[allow(clippy::too_many_lines)] // A table.
    pub fn facts(self) -> Facts {
        match self {
            Self::Configuration => Facts {
                id: "configuration",
                en: "Configuration",
                zh: "配置",
                proves: "every variable is there and can be read; no placeholder, no misspelt name, no address in the wrong place",
                quick: true,
                ..PLAIN
            },
            Self::Store => Facts {
                id: "store",
                en: "Store",
                zh: "存储",
                proves: "the table and both indexes are there and active, and can be written to; the running bridge works on the same ones, and finds its data file whole and writable",
                variables: &["BRIDGE_FILE", "BRIDGE_TABLE", "BRIDGE_DYNAMODB_ENDPOINT"],
                quick: true,
                ..PLAIN
            },
            Self::DingTalkApi => Facts {
                id: "dingtalk-api",
                en: "DingTalk's API",
                zh: "钉钉新版接口",
                proves: "DINGTALK_API_URL leads to DingTalk: name, connection, TLS, no page of a proxy",
                variables: &["DINGTALK_API_URL"],
                quick: true,
                ..PLAIN
            },
            Self::DingTalkOapi => Facts {
                id: "dingtalk-oapi",
                en: "DingTalk's older API",
                zh: "钉钉旧版接口",
                proves: "the same of DINGTALK_OAPI_URL",
                variables: &["DINGTALK_OAPI_URL"],
                quick: true,
                ..PLAIN
            },
            Self::Credentials => Facts {
                id: "credentials",
                en: "App credentials",
                zh: "应用凭证",
                proves: "DingTalk gives an access token for AppKey and AppSecret",
                needs: &[Self::DingTalkApi],
                variables: &["DINGTALK_APP_KEY", "DINGTALK_APP_SECRET"],
                quick: true,
                ..PLAIN
            },
            Self::AddressList => Facts {
                id: "address-list",
                en: "Server egress IP list",
                zh: "服务器出口 IP",
                proves: "this server's address may call DingTalk",
                needs: &[Self::DingTalkApi, Self::Credentials],
                quick: true,
                ..PLAIN
            },
            Self::Clock => Facts {
                id: "clock",
                en: "Clock",
                zh: "时钟",
                proves: "our clock and DingTalk's differ by a minute at most",
                needs: &[Self::DingTalkApi],
                quick: true,
                ..PLAIN
            },
            Self::Quota => Facts {
                id: "quota",
                en: "Monthly quota",
                zh: "月度调用量",
                proves: "the organisation's paid calls are not used up",
                needs: &[Self::DingTalkApi, Self::Credentials, Self::AddressList],
                quick: true,
                ..PLAIN
            },
            Self::RateLimit => Facts {
                id: "rate-limit",
                en: "Rate limit",
                zh: "频率限制",
                proves: "DingTalk does not turn our calls away for their number, and has not banned our address",
                needs: &[Self::Credentials, Self::AddressList],
                quick: true,
                ..PLAIN
            },
            Self::InstanceWrite => Facts {
                id: "permission-instance-write",
                en: "Permission Workflow.Instance.Write",
                zh: "工作流实例写权限",
                proves: "approvals may be started and withdrawn (a forecast for a template that does not exist)",
                needs: CALLED,
                quick: true,
                paid: 1,
                ..PLAIN
            },
            Self::InstanceRead => Facts {
                id: "permission-instance-read",
                en: "Permission Workflow.Instance.Read",
                zh: "工作流实例读权限",
                proves: "decisions may be read (an instance that does not exist)",
                needs: CALLED,
                quick: true,
                paid: 1,
                ..PLAIN
            },
            Self::FormRead => Facts {
                id: "permission-form-read",
                en: "Permission Workflow.Form.Read",
                zh: "工作流模板读权限",
                proves: "templates may be read (a template that does not exist)",
                needs: CALLED,
                quick: true,
                paid: 1,
                ..PLAIN
            },
            Self::FormWrite => Facts {
                id: "permission-form-write",
                en: "Permission Workflow.Form.Write",
                zh: "工作流模板写权限",
                proves: "templates may be generated (a template without a name, which DingTalk refuses)",
                needs: CALLED,
                quick: true,
                paid: 1,
                ..PLAIN
            },
            Self::Member => Facts {
                id: "permission-member",
                en: "Permission qyapi_get_member",
                zh: "成员信息读权限",
                proves: "people may be looked up (a userid that does not exist)",
                needs: CALLED_OAPI,
                quick: true,
                ..PLAIN
            },
            Self::MemberByMobile => Facts {
                id: "permission-member-by-mobile",
                en: "Permission qyapi_get_member_by_mobile",
                zh: "根据手机号获取成员基本信息权限",
                proves: "people may be found by mobile number, where DATAPHIN_ACCOUNT_KIND says so",
                needs: CALLED_OAPI,
                variables: &["DATAPHIN_ACCOUNT_KIND"],
                ..PLAIN
            },
            Self::ServicePerson => Facts {
                id: "service-person",
                en: "Service person",
                zh: "代发起人",
                proves: "DINGTALK_SERVICE_USER_ID is an active person with a department, whom the app may see",
                needs: &[Self::Member],
                variables: &["DINGTALK_SERVICE_USER_ID"],
                quick: true,
                ..PLAIN
            },
            Self::TestPerson => Facts {
                id: "test-person",
                en: "Test person",
                zh: "测试用户",
                proves: "the same of DINGTALK_TEST_USER_ID",
                needs: &[Self::Member],
                variables: &["DINGTALK_TEST_USER_ID"],
                ..PLAIN
            },
            Self::AgentId => Facts {
                id: "agent-id",
                en: "AgentId",
                zh: "AgentId",
                proves: "DingTalk takes DINGTALK_AGENT_ID (a create call that cannot succeed)",
                needs: &[Self::InstanceWrite, Self::ServicePerson, Self::TestPerson],
                variables: &["DINGTALK_AGENT_ID"],
                paid: 1,
                ..PLAIN
            },
            Self::Template => Facts {
                id: "template",
                en: "Template",
                zh: "审批模板",
                proves: "the template exists, is published and can be filled, and its flow can be foreseen",
                needs: &[Self::FormRead, Self::InstanceWrite],
                variables: &["DINGTALK_PROCESS_CODE"],
                quick: true,
                paid: 2,
            },
            Self::Callback => Facts {
                id: "callback",
                en: "Callback address",
                zh: "事件回调地址",
                proves: "BRIDGE_PUBLIC_URL is public, https and without redirect, and the bridge behind it answers check_url with the same token and AES key within 1.5 s, takes one of 250 KB, and was started with the settings of this environment",
                variables: &[
                    "BRIDGE_PUBLIC_URL",
                    "DINGTALK_CALLBACK_TOKEN",
                    "DINGTALK_CALLBACK_AES_KEY",
                    "DINGTALK_APP_KEY",
                    "DINGTALK_CORP_ID",
                ],
                ..PLAIN
            },
            Self::Events => Facts {
                id: "events",
                en: "DingTalk's events",
                zh: "钉钉事件",
                proves: "events arrive and are believed, and Token and aes_key are those of the last one; no approval ended without one (what still runs is listed, and up to four that do not are read)",
                needs: &[Self::Store, Self::Callback],
                variables: &["DINGTALK_CALLBACK_TOKEN", "DINGTALK_CALLBACK_AES_KEY"],
                paid: 6,
                ..PLAIN
            },
            Self::FailedPushes => Facts {
                id: "failed-pushes",
                en: "Failed pushes",
                zh: "推送失败列表",
                proves: "DingTalk holds no event that it could not push (those it holds are taken up), and qyapi_base is granted",
                needs: &[
                    Self::Store,
                    Self::DingTalkApi,
                    Self::DingTalkOapi,
                    Self::Credentials,
                    Self::AddressList,
                    Self::Quota,
                    Self::RateLimit,
                ],
                paid: 1,
                ..PLAIN
            },
            Self::DataphinRoute => Facts {
                id: "dataphin-route",
                en: "Dataphin's way to the bridge",
                zh: "Dataphin 到审批桥的链路",
                proves: "BRIDGE_PUBLIC_URL leads to the bridge for /dataphin, too, and the bridge that runs holds the same access token; bodies of 1 MB get through",
                needs: &[Self::Callback],
                variables: &["BRIDGE_PUBLIC_URL", "DATAPHIN_ACCESS_TOKEN"],
                ..PLAIN
            },
            Self::DataphinCalls => Facts {
                id: "dataphin-calls",
                en: "Dataphin's calls",
                zh: "Dataphin 的调用",
                proves: "Dataphin's last call was let in: address, access token and clock are right",
                needs: &[Self::Store],
                variables: &["DATAPHIN_ACCESS_TOKEN"],
                ..PLAIN
            },
            Self::DataphinCallback => Facts {
                id: "dataphin-callback",
                en: "Callback to Dataphin",
                zh: "回调 Dataphin",
                proves: "Dataphin is reached, its certificate trusted, and the profile understood (a dry run that decides nothing)",
                variables: &[
                    "DATAPHIN_CALLBACK_URL",
                    "DATAPHIN_ACCESS_TOKEN",
                    "DATAPHIN_CALLBACK_AES_KEY",
                    "DATAPHIN_CALLBACK_PROFILE",
                    "DATAPHIN_CA_FILE",
                ],
                ..PLAIN
            },
            Self::Deliveries => Facts {
                id: "deliveries",
                en: "Outcomes for Dataphin",
                zh: "待送达的审批结果",
                proves: "no outcome is parked, and none is tried again and again",
                needs: &[Self::Store, Self::DataphinCallback],
                ..PLAIN
            },
            Self::Waiting => Facts {
                id: "waiting",
                en: "Requests without an instance",
                zh: "未创建审批单的申请",
                proves: "no request needs an operator, is overdue, or waits because its create call failed",
                needs: &[
                    Self::Store,
                    Self::DingTalkApi,
                    Self::Credentials,
                    Self::AddressList,
                    Self::Quota,
                    Self::RateLimit,
                    Self::InstanceWrite,
                    Self::Template,
                ],
                ..PLAIN
            },
            Self::Withdrawals => Facts {
                id: "withdrawals",
                en: "Withdrawals",
                zh: "撤回",
                proves: "what was withdrawn in Dataphin could be withdrawn in DingTalk: the template lets its initiator revoke",
                needs: &[Self::Store, Self::InstanceWrite],
                ..PLAIN
            },
            Self::Refused => Facts {
                id: "refused",
                en: "Refused requests",
                zh: "被拒绝的申请",
                proves: "no request of the last day was refused for a reason that stands: a person whom DingTalk does not know (each is looked up again), the kind of accounts, a template, its flow",
                needs: &[Self::Store],
                variables: &["DATAPHIN_ACCOUNT_KIND"],
                ..PLAIN
            },
            Self::Exposure => Facts {
                id: "exposure",
                en: "Exposure",
                zh: "暴露面",
                proves: "tokens are too long to be guessed, and no proxy of the environment reads them on an http:// address; a warning, \
                         no failure",
                ..PLAIN
            },
        }
    }
}
