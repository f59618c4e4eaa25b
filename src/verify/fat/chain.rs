//! Chains of clusters: each cluster is in one, or free, or bad.

use std::io;

use super::table::{Next, Table};
use crate::verify::problem::Problems;

/// All chains that were followed: one bit for each cluster.
pub(super) struct Chains<'a> {
    table: Table<'a>,
    owned: Vec<u8>,
}

/// How many clusters are in use for what.
pub(super) struct Usage {
    pub free: u64,
    pub bad: u64,
}

impl<'a> Chains<'a> {
    /// Starts with no cluster in a chain.
    pub(super) fn new(table: Table<'a>) -> Self {
        let bits = table.clusters as usize + 2;
        Self {
            table,
            owned: vec![0; bits.div_ceil(8)],
        }
    }

    /// Takes a cluster; gives `false` when it was taken before.
    fn take(&mut self, cluster: u32) -> bool {
        let mask = 1 << (cluster % 8);
        match self.owned.get_mut((cluster / 8) as usize) {
            Some(byte) if *byte & mask == 0 => {
                *byte |= mask;
                true
            }
            _ => false,
        }
    }

    /// Follows a chain to its end and calls with each of its clusters; returns how many it has.
    ///
    /// A cluster is only ever visited once, so this ends whatever the table says.
    pub(super) fn follow(
        &mut self,
        first: u32,
        place: &str,
        problems: &mut Problems,
        mut call: impl FnMut(u32, &mut Problems) -> io::Result<()>,
    ) -> io::Result<u64> {
        let mut cluster = first;
        let mut count = 0;
        if !self.table.has(first) {
            problems.add(
                place,
                format_args!("starts with cluster {first}, which does not exist"),
            );
            return Ok(0);
        }
        loop {
            if !self.take(cluster) {
                let what = format_args!("cluster {cluster} is in a chain already");
                problems.add(place, what);
                return Ok(count);
            }
            count += 1;
            call(cluster, problems)?;
            match self.table.next(cluster)? {
                Next::End => return Ok(count),
                Next::Cluster(next) => cluster = next,
                Next::Free => {
                    let what = format_args!("its cluster {cluster} is free by the table");
                    problems.add(place, what);
                    return Ok(count);
                }
                Next::Bad => {
                    problems.add(place, format_args!("its cluster {cluster} is marked bad"));
                    return Ok(count);
                }
                Next::Impossible(next) => {
                    let what = format_args!("cluster {next} follows {cluster}, and does not exist");
                    problems.add(place, what);
                    return Ok(count);
                }
            }
        }
    }

    /// Reports clusters that are in use by the table, but in no chain.
    pub(super) fn check_lost(&mut self, problems: &mut Problems) -> io::Result<Usage> {
        let mut usage = Usage { free: 0, bad: 0 };
        let mut lost = 0_u64;
        let mut first = None;
        for cluster in 2..self.table.clusters + 2 {
            let byte = self.owned.get((cluster / 8) as usize).copied();
            let is_owned = byte.is_some_and(|byte| byte >> (cluster % 8) & 1 == 1);
            match self.table.next(cluster)? {
                Next::Free => usage.free += 1,
                Next::Bad => usage.bad += 1,
                _ if is_owned => {}
                _ => {
                    lost += 1;
                    first.get_or_insert(cluster);
                }
            }
        }
        if let Some(first) = first {
            let what = format_args!("{lost} clusters are in use, but in no file, first {first}");
            problems.add("table 1", what);
        }
        Ok(usage)
    }
}
