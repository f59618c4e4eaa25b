//! Processes that a module leaves behind when it is over: they are ended, too.
//!
//! Most are in the module's process group, and end with it. Some have left it, as daemons do. On
//! Linux the program hsb takes in the orphans among its descendants while a module runs, so that it
//! can find them. Nothing else that it starts runs at that time.

/// Says that all children which this process has while a module runs are that module's.
pub(super) fn this_is_hsb() {
    #[cfg(target_os = "linux")]
    linux::IS_HSB.store(true, std::sync::atomic::Ordering::Relaxed);
}

/// Takes in orphans from now on: a module is about to start.
pub(super) fn adopt() {
    #[cfg(target_os = "linux")]
    linux::adopt();
}

/// Ends all children of this process, and theirs: the module is over.
pub(super) fn end_all() {
    #[cfg(target_os = "linux")]
    linux::end_all();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{
        Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, set_child_subreaper, waitid,
    };

    use super::super::process::later;

    /// How long children may take to end that start others meanwhile.
    const TIME_TO_END: Duration = Duration::from_secs(2);

    pub(super) static IS_HSB: AtomicBool = AtomicBool::new(false);
    static ADOPTS: AtomicBool = AtomicBool::new(false);

    pub(super) fn adopt() {
        let adopts = IS_HSB.load(Ordering::Relaxed) && set_child_subreaper(Some(getpid())).is_ok();
        ADOPTS.store(adopts, Ordering::Relaxed);
    }

    pub(super) fn end_all() {
        if ADOPTS.swap(false, Ordering::Relaxed) {
            end_children();
            set_child_subreaper(None).ok();
        }
    }

    fn end_children() {
        let deadline = later(TIME_TO_END);
        // Each that ends may leave children, which are ours then.
        while has_children() && Instant::now() < deadline {
            // Without /proc nobody knows which they are.
            let Ok(children) = children() else { return };
            for child in children {
                // One with other privileges refuses; then nothing can be done.
                kill_process(child, Signal::KILL).ok();
                let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
                waitid(WaitId::Pid(child), options).ok();
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn has_children() -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::All, options).is_ok()
    }

    fn children() -> io::Result<Vec<Pid>> {
        let this = getpid();
        let mut children = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.parse().ok());
            let Some(process) = number.and_then(Pid::from_raw) else {
                continue;
            };
            // It may be gone meanwhile.
            let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
            if parent(&stat.unwrap_or_default()) == Some(this) {
                children.push(process);
            }
        }
        Ok(children)
    }

    /// Returns the parent that proc(5) tells of: `1234 (name) S 1 ...`. The name may hold anything.
    fn parent(stat: &str) -> Option<Pid> {
        let (_, after_name) = stat.rsplit_once(')')?;
        let parent = after_name.split_whitespace().nth(1)?;
        parent.parse().ok().and_then(Pid::from_raw)
    }
}
