//! Why the data file cannot be opened: each cause with its own fix.

use shared::diagnosis::{Failure, Words};

/// With less room on its disk a data file cannot grow.
pub(super) const ROOM: u64 = 64 * 1024;

/// Parts of an error's text, with the code, the cause and the fix they stand for.
const CAUSES: [Known; 11] = [
    Known {
        parts: &["was emptied"],
        code: "data-file-emptied",
        cause: (
            "is empty, though its log (-wal) is not: somebody emptied it",
            "为空，而其日志（-wal）不为空：文件被清空",
        ),
        fix: (
            "stop `bridge serve`, restore the last backup, and start it",
            "停止 `bridge serve`，恢复最近的备份，再启动",
        ),
    },
    Known {
        parts: &["of another program"],
        code: "data-file-foreign",
        cause: (
            "is the database of another program, and stays as it is",
            "是其他程序的数据库，审批桥不会写入",
        ),
        fix: ("give BRIDGE_FILE the path of a file of its own", "将 BRIDGE_FILE 设为审批桥自己的文件路径"),
    },
    Known {
        parts: &["not a database", "malformed", "corrupt"],
        code: "data-file-corrupt",
        cause: ("is damaged, or is no data file of the bridge", "已损坏，或不是审批桥的数据文件"),
        fix: (
            "stop the bridge and restore the data file from the last backup (or correct BRIDGE_FILE)",
            "停止审批桥，用最近的备份恢复数据文件（或更正 BRIDGE_FILE）",
        ),
    },
    Known {
        parts: &["newer", "unsupported schema", "schema version"],
        code: "data-file-newer",
        cause: ("was written by a newer version of the bridge", "由更新版本的审批桥写入"),
        fix: ("install that version of the bridge, or a newer one", "安装该版本或更新版本的审批桥"),
    },
    Known {
        parts: &["disk is full", "no space left", "disk full"],
        code: "disk-full",
        cause: ("cannot be written: the disk is full", "无法写入：磁盘已满"),
        fix: ("free space on the disk of BRIDGE_FILE", "清理 BRIDGE_FILE 所在磁盘的空间"),
    },
    Known {
        parts: &["readonly", "read-only"],
        code: "data-file-read-only",
        cause: ("is read-only for this user, or its disk is", "对当前用户只读，或所在磁盘只读"),
        fix: (
            "give the user of the bridge write access to the file and its folder; mount the disk read-write",
            "为运行审批桥的用户授予该文件及其目录的写权限；磁盘以读写方式挂载",
        ),
    },
    Known {
        parts: &["locked", "busy"],
        code: "data-file-locked",
        cause: ("is locked by another process", "被另一个进程锁定"),
        fix: (
            "stop the other process that has the file open (`fuser` shows it)",
            "停止占用该文件的其他进程（可用 `fuser` 查看）",
        ),
    },
    Known {
        parts: &["symbolic link"],
        code: "data-file-link",
        cause: ("is a symbolic link, which is not followed", "是符号链接，审批桥不跟随链接"),
        fix: (
            "name the file itself in BRIDGE_FILE, and mount the disk that it is on",
            "在 BRIDGE_FILE 中填写实际文件的路径，并挂载其所在磁盘",
        ),
    },
    Known {
        parts: &["unable to open database file"],
        code: "data-file-companions",
        cause: (
            "cannot be opened: no file can be made beside it (-wal, -shm)",
            "无法打开：其旁边无法创建文件（-wal、-shm）",
        ),
        fix: (
            "give the user of the bridge write access to the folder, and free space and inodes on its disk (`df -h`, `df -i`); the \
             data file itself stays as it is",
            "为运行审批桥的用户授予该目录的写权限，并清理磁盘空间与 inode（`df -h`、`df -i`）；数据文件本身请勿改动",
        ),
    },
    Known {
        parts: &["permission denied"],
        code: "data-file-denied",
        cause: ("cannot be opened by this user (permission denied)", "当前用户无权打开（permission denied）"),
        fix: (
            "run this command as the user that runs `bridge serve` (`sudo -u`), or give that user the file and its folder",
            "以运行 `bridge serve` 的用户执行本命令（`sudo -u`），或将该文件及其目录的属主改为该用户",
        ),
    },
    Known {
        parts: &["no such file"],
        code: "data-file-folder",
        cause: (
            "cannot be made: its folder does not exist (`~` is not expanded in the environment)",
            "无法创建：所在目录不存在（环境变量中的 `~` 不会展开）",
        ),
        fix: (
            "make the folder, or correct BRIDGE_FILE (an absolute path)",
            "创建该目录，或更正 BRIDGE_FILE（使用绝对路径）",
        ),
    },
];

struct Known {
    parts: &'static [&'static str],
    code: &'static str,
    cause: (&'static str, &'static str),
    fix: (&'static str, &'static str),
}

/// What an error means that came when `file` was opened.
pub(super) fn failure(file: &str, error: &str) -> Failure {
    // A file's name must not decide its cause.
    let text = error.replace(file, "").to_ascii_lowercase();
    let known = CAUSES.iter().find(|known| known.parts.iter().any(|part| text.contains(part)));
    if let Some(Known { code, cause: (en, zh), fix, .. }) = known {
        let cause = Words::new(format!("{file} {en}"), format!("{file} {zh}"));
        return Failure::new(cause, Words::new(fix.0, fix.1)).code(*code);
    }
    Failure::new(Words::new(error, format!("无法打开数据文件 {file}（{error}）")), place(file))
}

/// Where a file that cannot be opened or made is fixed.
fn place(file: &str) -> Words {
    Words::new(
        format!("BRIDGE_FILE in the bridge's environment, or owner and rights of {file} and its folder"),
        format!("审批桥环境变量 BRIDGE_FILE，或 {file} 及其所在目录的属主与权限"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_that_keeps_the_data_file_shut_has_its_own_fix() {
        let table = [
            ("cannot open /d/bridge.db: file is not a database", Some("data-file-corrupt")),
            ("database disk image is malformed", Some("data-file-corrupt")),
            ("database or disk is full", Some("disk-full")),
            ("attempt to write a readonly database", Some("data-file-read-only")),
            ("database is locked", Some("data-file-locked")),
            ("cannot open /d/bridge.db: Permission denied", Some("data-file-denied")),
            ("Internal error: unable to open database file", Some("data-file-companions")),
            ("/d/bridge.db is a symbolic link, which is not followed", Some("data-file-link")),
            ("/d is not there: No such file or directory", Some("data-file-folder")),
            ("something else", None),
        ];
        for (error, code) in table {
            assert_eq!(failure("/d/bridge.db", error).code.as_deref(), code, "{error}");
        }
        assert_eq!(failure("/locked/bridge.db", "cannot open /locked/bridge.db: odd").code, None);
    }
}
