//! Work on many things that several threads share.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

/// Does something with each of `items`, by so many threads; returns what came of them, in their
/// order.
///
/// # Errors
///
/// Returns the first error by the order of the items.
pub(crate) fn work<T: Sync, R: Send, E: Send>(
    threads: usize,
    items: &[T],
    each: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else {
                return done;
            };
            let result = each(item);
            // What comes after an error is of no use.
            if result.is_err() {
                next.store(items.len(), Ordering::Relaxed);
            }
            done.push((index, result));
        }
    };
    let shares = thread::scope(|scope| {
        // This thread is one of them.
        let others = 1..threads.min(items.len());
        let others = others.map(|_| thread::Builder::new().spawn_scoped(scope, share));
        // Where there is no thread for a share, the others do it.
        let others: Vec<_> = others.flatten().collect();
        let mut shares = vec![share()];
        for other in others {
            shares.push(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        shares
    });
    let mut results: Vec<_> = shares.into_iter().flatten().collect();
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Does something with each of `items`, by so many threads, while `then` gets what came of them in
/// their order, and the place of each. Every thread has a state of its own to work with.
///
/// # Errors
///
/// Returns the first error of `then`, which does not depend on the number of threads.
pub(crate) fn in_order<T: Sync, S, R: Send, E>(
    threads: usize,
    items: &[T],
    state: impl Fn() -> S + Sync,
    each: impl Fn(&mut S, &T) -> R + Sync,
    mut then: impl FnMut(usize, R) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    let take = || {
        let index = next.fetch_add(1, Ordering::Relaxed);
        items.get(index).map(|item| (index, item))
    };
    let (take, each, state) = (&take, &each, &state);
    let (sender, done) = mpsc::channel();
    thread::scope(|scope| {
        let threads = if threads > 1 {
            threads.min(items.len())
        } else {
            0
        };
        for _ in 0..threads {
            let sender = sender.clone();
            let run = move || {
                let mut state = state();
                while let Some((index, item)) = take() {
                    // Nobody wants it any more after an error.
                    if sender.send((index, each(&mut state, item))).is_err() {
                        return;
                    }
                }
            };
            if thread::Builder::new().spawn_scoped(scope, run).is_err() {
                break;
            }
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut own = None;
        for wanted in 0..items.len() {
            let result = loop {
                if let Some(result) = early.remove(&wanted) {
                    break Some(result);
                }
                match done.recv() {
                    Ok((index, result)) => early.insert(index, result),
                    Err(_) => break None,
                };
            };
            // Where there is no thread, this one does it; one that panicked is told of at the end.
            let result = match result {
                Some(result) => result,
                None => each(own.get_or_insert_with(state), &items[wanted]),
            };
            if let Err(error) = then(wanted, result) {
                next.store(items.len(), Ordering::Relaxed);
                drop(done);
                return Err(error);
            }
        }
        Ok(())
    })
}

/// Does one thing by a thread of its own, and another one meanwhile; returns what came of both.
pub(crate) fn both<A: Send, B>(
    aside: impl FnOnce() -> A + Send,
    here: impl FnOnce() -> B,
) -> (A, B) {
    let aside = Mutex::new(Some(aside));
    let take = || aside.lock().unwrap_or_else(PoisonError::into_inner).take();
    thread::scope(|scope| {
        let run = || take().map(|aside| aside());
        let thread = thread::Builder::new().spawn_scoped(scope, run);
        let here = here();
        let aside = match thread {
            Ok(thread) => match thread.join() {
                Ok(aside) => aside,
                Err(panic) => resume_unwind(panic),
            },
            // Where there is no thread, this one does it.
            Err(_) => run(),
        };
        (aside.expect("it is taken once"), here)
    })
}

/// Frees what is large by a thread of its own, which nobody waits for.
pub(crate) fn drop_aside(what: impl Send + 'static) {
    // Where there is no thread, it is freed here.
    let thread = thread::Builder::new().spawn(move || drop(what));
    drop(thread);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_and_the_first_error_counts() {
        let items: Vec<u32> = (0..1000).collect();
        for threads in [0, 1, 2, 5, 2000] {
            let doubled = work(threads, &items, |item| Ok::<_, u32>(item * 2)).unwrap();
            assert!(doubled.iter().copied().eq((0..1000).map(|item| item * 2)));
            let odd_hundreds = |item: &u32| match item / 100 % 2 {
                1 => Err(*item),
                _ => Ok(()),
            };
            assert_eq!(work(threads, &items, odd_hundreds), Err(100));
        }
        assert_eq!(work(4, &[], |(): &()| Err::<(), ()>(())), Ok(Vec::new()));
    }

    #[test]
    fn two_things_at_once() {
        let (sender, receiver) = mpsc::channel();
        // One of them waits for the other.
        let (sum, sent) = both(move || receiver.iter().sum::<u32>(), move || sender.send(7));
        assert_eq!((sum, sent), (7, Ok(())));
    }
}
