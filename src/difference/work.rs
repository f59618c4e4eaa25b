//! Work for several threads, each piece of which may lead to more.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::content::Buffers;

/// Jobs that are left to do.
pub(super) struct Work<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct State<J> {
    /// What is done next is last: the deepest first, so that few wait.
    todo: Vec<J>,
    /// How many are being done, and may lead to more.
    active: usize,
}

impl<J: Send> Work<J> {
    /// Starts with one job.
    pub(super) fn new(first: J) -> Self {
        Self {
            state: Mutex::new(State {
                todo: vec![first],
                active: 0,
            }),
            changed: Condvar::new(),
        }
    }

    /// Does all jobs; `job` puts those that one leads to into its last argument.
    pub(super) fn run(self, threads: usize, job: impl Fn(J, &mut Buffers, &mut Vec<J>) + Sync) {
        thread::scope(|scope| {
            // Where there are fewer threads than asked for, these do all.
            let start = || thread::Builder::new().spawn_scoped(scope, || self.work(&job));
            let others: Vec<_> = (1..threads).map_while(|_| start().ok()).collect();
            self.work(&job);
            for other in others {
                if let Err(panic) = other.join() {
                    std::panic::resume_unwind(panic);
                }
            }
        });
    }

    fn work(&self, job: &(impl Fn(J, &mut Buffers, &mut Vec<J>) + Sync)) {
        let mut buffers = Buffers::default();
        let mut more = Vec::new();
        while let Some(next) = self.next() {
            // Whatever happens to this thread, the others must not wait for it.
            let active = Active(self);
            job(next, &mut buffers, &mut more);
            self.state().todo.append(&mut more);
            drop(active);
        }
    }

    /// Waits for a job; there is none when nobody is at work that could lead to one.
    fn next(&self) -> Option<J> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.todo.pop() {
                state.active += 1;
                return Some(job);
            }
            if state.active == 0 {
                return None;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job that is being done.
struct Active<'w, J: Send>(&'w Work<J>);

impl<J: Send> Drop for Active<'_, J> {
    fn drop(&mut self) {
        self.0.state().active -= 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn every_job_is_done_once() {
        for threads in [1, 4] {
            let sum = AtomicU64::new(0);
            Work::new(10_u64).run(threads, |n, _, more| {
                sum.fetch_add(1, Ordering::Relaxed);
                more.extend((0..2).filter_map(|_| n.checked_sub(1)));
            });
            assert_eq!(sum.into_inner(), (1 << 11) - 1);
        }
    }
}
