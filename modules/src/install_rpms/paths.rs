//! The paths that packages ask for, and the packages that own them.

use std::collections::{BTreeMap, BTreeSet};

use crate::rpm::dependency::Dependency;
use crate::rpm::file::File;
use crate::rpm::rich::Rich;

/// The owners of each path that is asked for, by their places in a list.
pub(super) type Paths = BTreeMap<Vec<u8>, BTreeSet<usize>>;

/// Finds the owners of the paths that are among `wanted`. Most files are in no dependency at all,
/// so that names are looked at before paths.
pub(super) fn owners<'a>(
    wanted: impl Iterator<Item = &'a Dependency>,
    files: impl Iterator<Item = (usize, &'a [File])>,
) -> Paths {
    let asked = wanted.flat_map(Rich::paths);
    let mut paths: Paths = asked
        .map(|path| (path.into_bytes(), BTreeSet::new()))
        .collect();
    let last = |path: &Vec<u8>| path.rsplit(|byte| *byte == b'/').next().map(<[u8]>::to_vec);
    let names: BTreeSet<Vec<u8>> = paths.keys().filter_map(last).collect();
    for (index, files) in files {
        for file in files.iter().filter(|file| names.contains(&file.name)) {
            if let Some(owners) = paths.get_mut(&file.path()) {
                owners.insert(index);
            }
        }
    }
    paths
}
