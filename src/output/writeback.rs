//! Puts what was written on the disk while more is being written, so that little is left to wait
//! for at the end.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// How much is written before the disk begins, and each time again, in bytes.
const STEP: u64 = 64 << 20;

/// A file on its way to the disk. A small one is left to the sync at its end.
#[derive(Debug, Default)]
pub(super) struct Writeback {
    written: AtomicU64,
    thread: Mutex<Option<Thread>>,
}

#[derive(Debug)]
struct Thread {
    wake: SyncSender<()>,
    handle: JoinHandle<io::Result<()>>,
}

impl Writeback {
    /// Notes that so many bytes were written to the file, which is always the same.
    pub(super) fn add(&self, bytes: u64, file: &File) {
        let before = self.written.fetch_add(bytes, Ordering::Relaxed);
        if before / STEP == (before + bytes) / STEP {
            return;
        }
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            // Without a thread, all is left to the sync at the end.
            *thread = Thread::start(file).ok();
        }
        if let Some(thread) = &*thread {
            // One that still waits for the disk is woken once more at most.
            thread.wake.try_send(()).ok();
        }
    }

    /// Waits for what is under way.
    ///
    /// # Errors
    ///
    /// Fails when something could not be written. The kernel says that once, so a later sync of
    /// the same file need not fail.
    pub(super) fn end(&self) -> io::Result<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Thread { wake, handle }) = thread.take() else {
            return Ok(());
        };
        drop(wake);
        handle
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Thread {
    fn start(file: &File) -> io::Result<Self> {
        let file = file.try_clone()?;
        let (wake, woken) = mpsc::sync_channel(1);
        let work = move || woken.iter().try_for_each(|()| file.sync_data());
        let handle = thread::Builder::new()
            .name("writeback".to_owned())
            .spawn(work)?;
        Ok(Self { wake, handle })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_on_the_way_is_told_at_the_end() {
        // No disk is behind this one.
        for (file, good) in [
            (tempfile::tempfile().unwrap(), true),
            (File::open("/dev/null").unwrap(), false),
        ] {
            let writeback = Writeback::default();
            writeback.add(STEP - 1, &file);
            assert!(writeback.thread.lock().unwrap().is_none());
            writeback.add(1, &file);
            writeback.add(3 * STEP, &file);
            assert_eq!(writeback.end().is_ok(), good);
            assert!(writeback.end().is_ok());
        }
    }
}
