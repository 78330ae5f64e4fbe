//! The end of a process.

use std::process::Child;

/// What libfaketime keeps for a process, by its number. A killed one leaves it, and the next of that number would not start.
const LEFT: [&str; 2] = ["/dev/shm/faketime_shm_", "/dev/shm/sem.faketime_sem_"];

/// Ends a process with SIGKILL. Of one that has ended already its number may be another's.
pub fn kill(child: &mut Child) {
    if matches!(child.try_wait(), Ok(Some(_))) {
        return;
    }
    let _ = child.kill();
    let _ = child.wait();
    for left in LEFT {
        let _ = std::fs::remove_file(format!("{left}{}", child.id()));
    }
}
