//! The free blocks of a filesystem that is being laid out.

/// Blocks that lie together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub start: u64,
    pub len: u64,
}

impl Run {
    pub(super) fn end(self) -> u64 {
        self.start + self.len
    }
}

/// Free runs in ascending order, none empty, no two touching.
#[derive(Debug, Clone)]
pub(super) struct Space {
    runs: Vec<Run>,
    /// Runs below this index are used up; removing them one by one would be quadratic.
    first: usize,
    free: u64,
}

impl Space {
    /// Returns the space of a range without the given runs, which are ascending and apart.
    pub(super) fn new(whole: Run, taken: impl Iterator<Item = Run>) -> Self {
        let mut runs = Vec::new();
        let mut at = whole.start;
        for run in taken {
            if run.start > at {
                runs.push(Run {
                    start: at,
                    len: run.start - at,
                });
            }
            at = run.end();
        }
        if whole.end() > at {
            runs.push(Run {
                start: at,
                len: whole.end() - at,
            });
        }
        Self {
            free: runs.iter().map(|run| run.len).sum(),
            runs,
            first: 0,
        }
    }

    /// Returns how many blocks are free.
    pub(super) fn free(&self) -> u64 {
        self.free
    }

    /// Returns the free runs, in ascending order.
    pub(super) fn runs(&self) -> &[Run] {
        &self.runs[self.first..]
    }

    /// Takes blocks that lie together, at or after `from`, as low as possible.
    pub(super) fn take_from(&mut self, from: u64, len: u64) -> Option<u64> {
        let mut index = self.first + self.runs().partition_point(|run| run.end() <= from);
        while let Some(run) = self.runs.get(index).copied() {
            let start = run.start.max(from);
            if run.end() - start >= len {
                self.cut(index, start, len);
                return Some(start);
            }
            index += 1;
        }
        None
    }

    /// Takes blocks that lie together, as low as possible.
    pub(super) fn take(&mut self, len: u64) -> Option<u64> {
        let index = self.first + self.runs().iter().position(|run| run.len >= len)?;
        let start = self.runs[index].start;
        self.cut(index, start, len);
        Some(start)
    }

    /// Takes blocks in as few runs as the space allows without a search for the best: together if
    /// they fit anywhere, and otherwise from the first run that is at least `good` long.
    pub(super) fn take_runs(&mut self, len: u64, good: u64) -> Option<Vec<Run>> {
        if let Some(start) = self.take(len) {
            return Some(vec![Run { start, len }]);
        }
        if len > self.free {
            return None;
        }
        let mut out = Vec::new();
        let mut left = len;
        for least in [good, 1] {
            let mut index = self.first;
            while left > 0 && index < self.runs.len() {
                let run = self.runs[index];
                if run.len < least.min(left) {
                    index += 1;
                    continue;
                }
                let len = run.len.min(left);
                out.push(Run {
                    start: run.start,
                    len,
                });
                left -= len;
                // Of a run that goes away, the next one takes the place.
                self.cut(index, run.start, len);
                index = index.max(self.first);
            }
        }
        out.sort_unstable_by_key(|run| run.start);
        Some(out)
    }

    /// Takes a part of one run.
    fn cut(&mut self, index: usize, start: u64, len: u64) {
        self.free -= len;
        let run = self.runs[index];
        let before = start - run.start;
        let after = run.end() - (start + len);
        match (before, after) {
            (0, 0) if index == self.first => self.first += 1,
            (0, 0) => drop(self.runs.remove(index)),
            (0, _) => {
                self.runs[index] = Run {
                    start: start + len,
                    len: after,
                }
            }
            (_, 0) => self.runs[index].len = before,
            _ => {
                self.runs[index].len = before;
                self.runs.insert(
                    index + 1,
                    Run {
                        start: start + len,
                        len: after,
                    },
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space() -> Space {
        // Free: 0..10, 15..20, 30..100
        let taken = [Run { start: 10, len: 5 }, Run { start: 20, len: 10 }];
        Space::new(Run { start: 0, len: 100 }, taken.into_iter())
    }

    fn pairs(runs: &[Run]) -> Vec<(u64, u64)> {
        runs.iter().map(|run| (run.start, run.len)).collect()
    }

    #[test]
    fn the_lowest_place_that_fits() {
        let mut space = space();
        assert_eq!(space.free(), 85);
        for (len, want) in [
            (10, Some(0)),
            (6, Some(30)),
            (5, Some(15)),
            (65, None),
            (64, Some(36)),
        ] {
            assert_eq!(space.take(len), want, "{len}");
        }
        assert_eq!(space.free(), 0);
        assert_eq!(space.take(1), None);
    }

    #[test]
    fn at_or_after_a_block() {
        let mut space = space();
        for (from, len, want) in [
            (3, 4, Some(3)),
            (8, 3, Some(15)),
            (99, 1, Some(99)),
            (99, 1, None),
        ] {
            assert_eq!(space.take_from(from, len), want, "{from} {len}");
        }
        assert_eq!(pairs(space.runs()), [(0, 3), (7, 3), (18, 2), (30, 69)]);
    }

    #[test]
    fn what_fits_nowhere_is_split() {
        let mut space = space();
        assert_eq!(pairs(&space.take_runs(72, 8).unwrap()), [(0, 10), (30, 62)]);
        assert_eq!(pairs(space.runs()), [(15, 5), (92, 8)]);
        assert_eq!(space.take_runs(14, 8), None);
        assert_eq!(pairs(&space.take_runs(13, 8).unwrap()), [(15, 5), (92, 8)]);
        assert_eq!(space.free(), 0);
    }
}
