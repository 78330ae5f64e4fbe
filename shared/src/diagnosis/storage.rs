//! The store: there, whole, and writable.

use std::path::Path;

use super::{Failure, Outcome, Words, data_file, places, refused};
use crate::{
    approval::Status,
    config::{BridgeConfig, Home, Variables},
    store::{Store, StoreError, TableFacts, TableFault, Unreached},
};

/// What there is of a store.
#[derive(Clone)]
pub enum Storage {
    /// It can be asked.
    Open(Store),
    /// There is none yet: it is made at the first start.
    NotYet(Words),
    /// It cannot be opened.
    Unusable(Failure),
    /// Nobody can say where it is.
    Unknown(Words),
}

impl Storage {
    /// The store, if it can be asked.
    pub(super) fn store(&self) -> Option<&Store> {
        match self {
            Self::Open(store) => Some(store),
            Self::NotYet(_) | Self::Unusable(_) | Self::Unknown(_) => None,
        }
    }
}

/// What a look at the table gave.
pub(super) type Looked = Result<Option<TableFacts>, StoreError>;

/// Looks at the table, writes a mark into it, and asks an index: each takes a right of its own.
pub(super) async fn look(store: &Store) -> Looked {
    let facts = store.table_facts().await?;
    // What a look at the table shows to be wrong needs no further proof.
    if facts.as_ref().is_some_and(|facts| facts.faults.is_empty()) {
        store.prove_writes().await?;
        store.list(Status::Received, None, 1, None).await?;
    }
    Ok(facts)
}

/// What keeps the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeper {
    /// AWS, as the functions see it; the table's stream is what wakes `relay`.
    Aws,
    /// What answers at BRIDGE_DYNAMODB_ENDPOINT.
    Endpoint,
    /// The file of one machine.
    File,
}

impl Keeper {
    /// The one that is configured.
    pub fn of(bridge: Option<&BridgeConfig>) -> Self {
        if Home::here() == Home::Aws {
            Self::Aws
        } else if bridge.is_some_and(|bridge| bridge.dynamodb_endpoint.is_some()) {
            Self::Endpoint
        } else {
            Self::File
        }
    }

    /// Where it is mended as a whole.
    pub fn place(self) -> Words {
        match self {
            Self::Aws => Words::new(
                "the AWS stack's table, its stream and the function's role",
                "AWS 堆栈中的表、数据流与函数角色",
            ),
            Self::Endpoint => Words::variable("BRIDGE_DYNAMODB_ENDPOINT"),
            Self::File => Words::new("the disk of BRIDGE_FILE", "BRIDGE_FILE 所在磁盘"),
        }
    }

    /// What is to be done where nothing listens.
    fn started(self) -> Words {
        match self {
            Self::Endpoint => Words::new(
                "start the DynamoDB that BRIDGE_DYNAMODB_ENDPOINT names",
                "启动 BRIDGE_DYNAMODB_ENDPOINT 所指的 DynamoDB 服务",
            )
            .or(&self.place()),
            Self::Aws | Self::File => self.place(),
        }
    }

    /// Where a table is mended that is not as it should be.
    fn table(self) -> Words {
        Words::variable("BRIDGE_TABLE").or(&self.place())
    }

    fn unreached(self, unreached: Unreached) -> Failure {
        let (mend, code) = match unreached {
            Unreached::Refused => (self.started(), "connection-refused"),
            Unreached::NoName => (self.place(), "name-not-resolved"),
            Unreached::NoConnection => (self.place(), "no-connection"),
            Unreached::NotDynamoDb => (self.place(), "not-dynamodb"),
            Unreached::NoCredentials => (self.credentials(), "no-credentials"),
            Unreached::WrongCredentials => (self.credentials(), "wrong-credentials"),
            Unreached::OtherTime => (places::clock(), "clock"),
            Unreached::OtherRegion => (Words::variable("AWS_REGION"), "other-region"),
            Unreached::NoRegion => (Words::variable("AWS_REGION"), "no-region"),
        };
        let (whose, zh) = match self {
            Self::Endpoint => (" (BRIDGE_DYNAMODB_ENDPOINT)", "（BRIDGE_DYNAMODB_ENDPOINT）"),
            Self::Aws | Self::File => ("", ""),
        };
        let why = match unreached {
            Unreached::Refused => "连接被拒绝",
            Unreached::NoName => "域名无法解析",
            Unreached::NoConnection => "无法建立连接",
            Unreached::NotDynamoDb => "该地址上应答的不是 DynamoDB",
            Unreached::NoCredentials => "没有 AWS 凭证（AWS_ACCESS_KEY_ID 与 AWS_SECRET_ACCESS_KEY，或角色）",
            Unreached::WrongCredentials => "AWS 凭证不被接受",
            Unreached::OtherTime => "请求的签名时间不被接受：本机时钟有误",
            Unreached::OtherRegion => "请求签名所用的区域（AWS_REGION）与其不同",
            Unreached::NoRegion => "未设置 AWS 区域（AWS_REGION）",
        };
        let (also, also_zh) = if unreached == Unreached::WrongCredentials && has_alibabas_key() {
            (
                "; AWS_ACCESS_KEY_ID begins with LTAI, as Alibaba Cloud's do: set AWS's (AKIA…, ASIA…)",
                "；AWS_ACCESS_KEY_ID 以 LTAI 开头，是阿里云的 AccessKey：请填写 AWS 的（AKIA…、ASIA…）",
            )
        } else {
            ("", "")
        };
        let cause = Words::new(
            format!("the store{whose} is not available: {unreached}{also}"),
            format!("存储{zh}不可用：{why}{also_zh}"),
        );
        Failure::new(cause, mend).code(code)
    }

    pub fn credentials(self) -> Words {
        match self {
            Self::Aws => self.place(),
            Self::Endpoint | Self::File => Words::new(
                Words::variable("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY").en,
                Words::variable("AWS_ACCESS_KEY_ID 与 AWS_SECRET_ACCESS_KEY").zh,
            ),
        }
    }
}

/// Whether the key of another cloud was typed in.
fn has_alibabas_key() -> bool {
    std::env::var("AWS_ACCESS_KEY_ID").is_ok_and(|key| key.trim().starts_with("LTAI"))
}

/// Whether the bridge that runs works on another store than the one that was looked at. `running`: what it calls its
/// own; `looked_at`: what ours is called.
pub(super) fn other_than(
    variables: &Variables,
    storage: &Storage,
    keeper: Keeper,
    running: Option<&str>,
    looked_at: Option<&str>,
) -> Option<Failure> {
    if running.is_none() || running == looked_at || !matches!(storage, Storage::Open(_) | Storage::NotYet(_))
    {
        return None;
    }
    if keeper == Keeper::Aws {
        let cause = Words::new(
            "the bridge behind BRIDGE_PUBLIC_URL works on another table than this AWS stack",
            "BRIDGE_PUBLIC_URL 背后的审批桥使用的表与此 AWS 堆栈不同",
        );
        let mend = Words::variable("BRIDGE_PUBLIC_URL").or(&Words::variable("BRIDGE_TABLE"));
        return Some(Failure::new(cause, mend).code("other-store"));
    }
    let file = variables.given("BRIDGE_FILE").unwrap_or("bridge.db");
    let (ours, mend) = if variables.given("BRIDGE_DYNAMODB_ENDPOINT").is_some() {
        let mend = Words::variable("BRIDGE_TABLE").or(&Words::variable("BRIDGE_DYNAMODB_ENDPOINT"));
        ("another table".to_owned(), mend)
    } else if Path::new(file).is_relative() {
        let ours =
            format!("another data file: BRIDGE_FILE ({file}) is relative, and another file in every folder");
        let absolute = Words::new(
            "BRIDGE_FILE in the environment of both: give the absolute path",
            "两边环境变量 BRIDGE_FILE：请写绝对路径",
        );
        (ours, absolute)
    } else {
        (
            format!("another data file than {file}"),
            Words::variable("BRIDGE_FILE").or(&Words::variable("BRIDGE_TABLE")),
        )
    };
    let cause = Words::new(
        format!(
            "the running bridge works on another store than this command ({ours}), or BRIDGE_PUBLIC_URL leads to another \
             bridge"
        ),
        "运行中的审批桥与本命令使用的存储不同，或 BRIDGE_PUBLIC_URL 指向另一个审批桥",
    );
    Some(Failure::new(cause, mend.or(&Words::variable("BRIDGE_PUBLIC_URL"))).code("other-store"))
}

/// Judges it. The quick list does not look at what does no harm today.
pub(super) fn judge(
    storage: &Storage,
    looked: Option<&Looked>,
    keeper: Keeper,
    file: &str,
    quick: bool,
) -> Outcome {
    let store = match storage {
        Storage::NotYet(what) => return Outcome::passed(what.clone()),
        Storage::Unknown(why) => return Outcome::skipped(why.clone()),
        Storage::Unusable(failure) => return failure.clone().into(),
        Storage::Open(store) => store,
    };
    match looked {
        None => Outcome::failed(
            Words::new("the store does not answer in time", "存储未在时限内应答"),
            keeper.place(),
        ),
        Some(Err(StoreError::Damaged)) => Outcome::failed(
            Words::new(
                "an item in the store is damaged, or was written by another version of the bridge",
                "存储中有记录已损坏，或由其他版本的审批桥写入",
            ),
            places::machine("the bridge's version", "审批桥版本"),
        ),
        Some(Err(StoreError::Unreached(unreached))) => keeper.unreached(*unreached).into(),
        Some(Err(StoreError::Refused(refusal))) => refused::failure(refusal, keeper).into(),
        Some(Err(error)) => unavailable(error, keeper, file),
        Some(Ok(None)) => Outcome::failed(
            Words::new(
                format!("there is no table {}", store.table()),
                format!("表 {} 不存在", store.table()),
            ),
            keeper.table(),
        ),
        Some(Ok(Some(facts))) => {
            let mut faults: Vec<Words> = facts.faults.iter().map(words_of).collect();
            if keeper == Keeper::Aws && !facts.streams {
                faults.push(Words::new(
                    "the table's stream is off: nothing wakes `relay`",
                    "表的数据流（Streams）未开启：没有什么会唤醒 `relay`",
                ));
            }
            if facts.expires == Some(false) && !quick {
                faults.push(Words::new(
                    "time to live is off for the attribute `expires`",
                    "未对属性 `expires` 开启 TTL",
                ));
            }
            if faults.is_empty() {
                let table = store.table();
                return Outcome::passed(Words::new(
                    format!("the table {table} is there, with both indexes, and can be written"),
                    format!("表 {table} 存在，两个索引齐全，且可写入"),
                ));
            }
            let join = |of: fn(&Words) -> &str, with| faults.iter().map(of).collect::<Vec<_>>().join(with);
            let zh = format!("表 {} 与所需不符：{}", store.table(), join(|fault| &fault.zh, "；"));
            // A table is made, and changed, in some minutes.
            let is_on_the_way =
                |fault: &TableFault| matches!(fault, TableFault::NotActive | TableFault::IndexNotActive(_));
            let fix = if facts.faults.len() == faults.len() && facts.faults.iter().all(is_on_the_way) {
                Words::new(
                    "wait some minutes until the table is ACTIVE, then run `bridge doctor` again",
                    "等待几分钟，待表变为 ACTIVE 状态后重新运行 `bridge doctor`",
                )
            } else if facts.faults.contains(&TableFault::KeyInaccessible) {
                Words::new(
                    "AWS KMS: enable the table's key, and let DynamoDB use it (key policy, grants)",
                    "AWS KMS：启用该表的密钥，并允许 DynamoDB 使用它（密钥策略与授权）",
                )
            } else {
                keeper.table()
            };
            Outcome::failed(Words::new(join(|fault| &fault.en, "; "), zh), fix)
        }
    }
}

/// A fault of the table, in words.
fn words_of(fault: &TableFault) -> Words {
    let zh = match fault {
        TableFault::NotActive => "表尚不可用（不是 ACTIVE 状态）".to_owned(),
        TableFault::KeyInaccessible => {
            "表的 KMS 密钥不可用（INACCESSIBLE_ENCRYPTION_CREDENTIALS）".to_owned()
        }
        TableFault::OtherKey => "表的主键与所需不同".to_owned(),
        TableFault::IndexMissing(name) => format!("缺少索引 `{name}`"),
        TableFault::IndexKeys(name, one, other) => format!("索引 `{name}` 的键不是 {one} 和 {other}"),
        TableFault::IndexNotActive(name) => format!("索引 `{name}` 尚不可用（不是 ACTIVE 状态）"),
    };
    Words::new(fault.to_string(), zh)
}

/// A store that answers with an error that is none of DynamoDB's known refusals.
fn unavailable(error: &StoreError, keeper: Keeper, file: &str) -> Outcome {
    let text = error.to_string();
    let found = match keeper {
        Keeper::File => data_file::in_text(&text, file),
        Keeper::Aws | Keeper::Endpoint => text.contains(INTERNAL).then(|| {
            let cause = Words::new(
                format!("DynamoDB itself fails ({INTERNAL})"),
                format!("DynamoDB 自身故障（{INTERNAL}）"),
            );
            let fix = Words::new(
                "nothing to fix on our side; AWS Health Dashboard, and try again in a few minutes",
                "本侧无需处理；请查看 AWS Health Dashboard，几分钟后重试",
            );
            Failure::new(cause, fix).code(INTERNAL)
        }),
    };
    let other = || {
        let code =
            text.rsplit_once("an error (").map_or(text.as_str(), |(_, code)| code.trim_end_matches(')'));
        let cause = Words::new(text.clone(), format!("存储不可用：返回错误 {code}"));
        Failure::new(cause, keeper.place()).code("store")
    };
    found.unwrap_or_else(other).into()
}

const INTERNAL: &str = "InternalServerError";
