//! What can be wrong with the data file, and what each kind says to whoever calls.

use axum::http::StatusCode;
use rusqlite::{ErrorCode, ffi};
use shared::http::Problem;

/// Why the data file takes no commit that would last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No file of its name is there any more, or its write-ahead log is gone.
    Deleted,
    /// Another file, or another content, stands in its place.
    Replaced,
    /// Nothing more can be written: the disk is full, or a quota or a size limit is reached.
    DiskFull,
    /// What SQLite reads is no longer what it wrote.
    Damaged,
    /// It cannot be opened or written.
    NotWritable,
}

impl Trouble {
    /// The code, for machines; it does not change between versions.
    pub fn code(self) -> &'static str {
        match self {
            Self::Deleted => "data-file-deleted",
            Self::Replaced => "data-file-replaced",
            Self::DiskFull => "disk-full",
            Self::Damaged => "data-file-damaged",
            Self::NotWritable => "data-file-not-writable",
        }
    }

    /// What is wrong and what to do, for an English reader.
    pub fn en(self) -> &'static str {
        match self {
            Self::Deleted => {
                "the bridge's data file (BRIDGE_FILE, or the -wal file beside it) was deleted or moved while the bridge runs; \
                 nothing is accepted: move it back, or restore the backup and restart the bridge"
            }
            Self::Replaced => {
                "the bridge's data file (BRIDGE_FILE) was replaced by another while the bridge runs; nothing is accepted: \
                 stop the bridge, put the right file in place, and start it"
            }
            Self::DiskFull => {
                "the disk of the bridge's data file is full, or its quota or size limit is reached; nothing is accepted: \
                 free space, and the bridge goes on by itself"
            }
            Self::Damaged => {
                "the bridge's data file (BRIDGE_FILE) is damaged; nothing is accepted: stop the bridge, restore the backup, \
                 check the disk, and start the bridge"
            }
            Self::NotWritable => {
                "the bridge's data file (BRIDGE_FILE) cannot be written: the disk is read-only or defective, or the rights of \
                 the file were changed; nothing is accepted: fix that, and the bridge goes on by itself"
            }
        }
    }

    /// The same in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Deleted => {
                "审批桥的数据文件（BRIDGE_FILE 或其 -wal 文件）在运行期间被删除或移走，审批桥暂停接收：请将文件移回原处，或恢复备份后重启审批桥"
            }
            Self::Replaced => {
                "审批桥的数据文件（BRIDGE_FILE）在运行期间被替换，审批桥暂停接收：请停止审批桥，放回正确的文件后再启动"
            }
            Self::DiskFull => {
                "审批桥数据文件所在磁盘已满，或已达到配额、文件大小限制，审批桥暂停接收：请清理磁盘空间，之后审批桥会自动恢复"
            }
            Self::Damaged => {
                "审批桥的数据文件（BRIDGE_FILE）已损坏，审批桥暂停接收：请停止审批桥，恢复备份并检查磁盘，然后启动审批桥"
            }
            Self::NotWritable => {
                "审批桥的数据文件（BRIDGE_FILE）无法写入（磁盘只读、磁盘故障或文件权限被更改），审批桥暂停接收：修复后审批桥会自动恢复"
            }
        }
    }

    /// The answer to whoever calls meanwhile: nothing is lost, Dataphin and DingTalk repeat.
    pub fn problem(self) -> Problem {
        let message = format!("{} / {}", self.zh(), self.en());
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, self.code(), message)
    }

    /// Whether it may pass without a restart. What is read from a file that was damaged once is not trusted again.
    pub(super) fn may_pass(self) -> bool {
        self != Self::Damaged
    }

    /// What an error of SQLite's says about the file. `None`: nothing; somebody else is writing, for example.
    pub(super) fn of(error: &rusqlite::Error) -> Option<Self> {
        let extended = error.sqlite_error()?.extended_code;
        match (error.sqlite_error_code()?, extended) {
            (ErrorCode::DiskFull, _)
            // A quota and a limit on a file's size show as a failed write.
            | (ErrorCode::SystemIoFailure, ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_SHMSIZE) => Some(Self::DiskFull),
            (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _)
            | (ErrorCode::SystemIoFailure, ffi::SQLITE_IOERR_SHORT_READ) => Some(Self::Damaged),
            (
                ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied,
                _,
            ) => Some(Self::NotWritable),
            _ => None,
        }
    }
}
