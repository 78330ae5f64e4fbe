//! The data file of one machine, as the running bridge sees it. What a command opens beside it may be another file by now, so the
//! bridge itself is asked.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use serde_json::Value;

use super::{Failure, Words};
use crate::{
    config::{BridgeConfig, Home},
    http::Http,
};

/// The bridge is on this machine, or the answer is not worth waiting for.
const WITHIN: Duration = Duration::from_secs(1);

type Pair = (&'static str, &'static str);

/// What the running bridge can say of its data file: its code, what happened to the file, and the fix.
const TROUBLES: [(&str, Pair, Pair); 5] = [
    (
        "data-file-deleted",
        ("was deleted or moved while the bridge runs", "在审批桥运行期间被删除或移走"),
        (
            "move it (and the -wal file) back, or restore the backup; then restart `bridge serve`",
            "将其（及 -wal 文件）移回原处，或恢复备份；然后重启 `bridge serve`",
        ),
    ),
    (
        "data-file-replaced",
        ("was replaced by another file while the bridge runs", "在审批桥运行期间被另一个文件替换"),
        (
            "stop `bridge serve`, put the right file in place, and start it",
            "停止 `bridge serve`，放回正确的文件，再启动",
        ),
    ),
    (
        "data-file-damaged",
        ("is damaged", "已损坏"),
        (
            "stop `bridge serve`, restore the last backup, check the disk, and start it",
            "停止 `bridge serve`，恢复最近的备份并检查磁盘，再启动",
        ),
    ),
    (
        "data-file-not-writable",
        (
            "cannot be written: its disk is read-only or defective, or its rights were changed",
            "无法写入：磁盘只读或故障，或文件权限被更改",
        ),
        (
            "give the user of the bridge write access to the file and its folder, or mount the disk read-write; the bridge goes on \
             by itself",
            "为运行审批桥的用户授予该文件及其目录的写权限，或以读写方式挂载磁盘；之后审批桥会自动恢复",
        ),
    ),
    (
        "disk-full",
        (
            "cannot grow: its disk is full, or a quota or size limit is reached",
            "无法增长：磁盘已满，或已达到配额、文件大小限制",
        ),
        (
            "free space on the disk of the file; the bridge goes on by itself",
            "清理该文件所在磁盘的空间；之后审批桥会自动恢复",
        ),
    ),
];

/// What the bridge that runs says of its data file, if anything is wrong with it.
pub(super) async fn ask(bridge: Option<&BridgeConfig>, http: &Http, quick: bool) -> Option<Failure> {
    let bridge =
        bridge.filter(|bridge| bridge.dynamodb_endpoint.is_none() && Home::here() == Home::Machine)?;
    let here = local(bridge.listen).map(|address| format!("http://{address}"));
    let public = bridge.public_url.clone().filter(|_| !quick);
    for base in here.into_iter().chain(public) {
        let http = http.within(WITHIN);
        let Ok(request) = http.client().get(format!("{base}/health")).build() else { continue };
        let Ok(answer) = http.send(request).await else { continue };
        let said = serde_json::from_slice::<Value>(&answer.body).ok();
        let code = said.as_ref().and_then(|said| said["code"].as_str()).unwrap_or_default();
        if let Some(failure) = failure(code, &bridge.file) {
            return Some(failure);
        }
    }
    None
}

/// What a text of the running bridge's own store says of its data file: the code stands in it.
pub(super) fn in_text(text: &str, file: &str) -> Option<Failure> {
    let (code, ..) = TROUBLES.into_iter().find(|(code, ..)| text.contains(&format!("({code})")))?;
    failure(code, file)
}

/// Whether a code is one of the data file's.
pub(super) fn is_trouble(code: &str) -> bool {
    TROUBLES.iter().any(|(known, ..)| *known == code)
}

fn failure(code: &str, file: &str) -> Option<Failure> {
    let (code, what, fix) = TROUBLES.into_iter().find(|(known, ..)| *known == code)?;
    let cause = Words::new(
        format!("the data file {file} (BRIDGE_FILE) {}; the bridge accepts nothing", what.0),
        format!("数据文件 {file}（BRIDGE_FILE）{}，审批桥暂停接收", what.1),
    );
    Some(Failure::new(cause, Words::new(fix.0, fix.1)).code(code))
}

/// Where this machine reaches what listens there; `None`: not by a loopback address.
pub(super) fn local(listen: SocketAddr) -> Option<SocketAddr> {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    (ip.is_loopback() && listen.port() != 0).then(|| SocketAddr::new(ip, listen.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_asked() {
        let local = |address: &str| local(address.parse().unwrap()).map(|address| address.to_string());
        assert_eq!(local("0.0.0.0:8080").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(local("[::]:8080").as_deref(), Some("[::1]:8080"));
        assert_eq!(local("127.0.0.1:9090").as_deref(), Some("127.0.0.1:9090"));
        assert_eq!(local("10.0.0.7:8080"), None);
        assert_eq!(local("127.0.0.1:0"), None);
    }

    #[test]
    fn each_trouble_has_a_cause_and_a_fix_of_its_own() {
        let fixes: std::collections::BTreeSet<&str> = TROUBLES.iter().map(|(_, _, fix)| fix.0).collect();
        assert_eq!(fixes.len(), TROUBLES.len());
        let text = "the store is not available: an error (data-file-replaced)";
        assert_eq!(in_text(text, "/d/bridge.db").unwrap().code.as_deref(), Some("data-file-replaced"));
        assert_eq!(in_text("an error (InternalServerError)", "/d/bridge.db"), None);
    }
}
