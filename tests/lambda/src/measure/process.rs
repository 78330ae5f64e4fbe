//! A process's memory, as Linux counts it.

/// In megabytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory {
    /// Now.
    pub resident: f64,
    /// The most that it ever was.
    pub peak: f64,
}

/// A process's memory.
pub(super) fn memory(process_id: u32) -> Memory {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).expect("Linux tells");
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("the process runs");
        let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
        kilobytes * 1024.0 / 1e6
    };
    Memory { resident: megabytes("VmRSS:"), peak: megabytes("VmHWM:") }
}
