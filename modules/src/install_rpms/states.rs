//! Which files of a package are left out, and why: by language, as documentation, or as programs
//! for another machine (rpm's `skipInstallFiles`).

use std::collections::BTreeMap;

use super::options::Options;
use crate::rpm::file::{File, FileKind, State};

/// Returns what becomes of each file by the options alone. `color` says which programs the machine
/// runs.
pub(super) fn decide(files: &[File], options: &Options, color: u32) -> Vec<State> {
    let state = |file: &File| {
        if color != 0 && file.color != 0 && file.color & color == 0 {
            State::WrongColor
        } else if file.is_license() {
            State::Normal
        } else if is_foreign(file, options) || (options.leaves_docs_out() && file.is_doc()) {
            State::NotInstalled
        } else {
            State::Normal
        }
    };
    let mut states: Vec<State> = files.iter().map(state).collect();
    leave_out_empty(files, &mut states);
    states
}

/// Returns whether a file is for languages none of which is wanted. As with rpm, `de_AT` takes
/// files for `de` along.
fn is_foreign(file: &File, options: &Options) -> bool {
    let Some(wanted) = &options.install_langs else {
        return false;
    };
    if file.languages.is_empty() || wanted.iter().any(|language| language == "all") {
        return false;
    }
    let mut languages = file.languages.split(|b| *b == b'|');
    !languages.any(|of| {
        let fits = |language: &String| language.as_bytes().starts_with(of);
        !of.is_empty() && wanted.iter().any(fits)
    })
}

/// Leaves out directories of which all files are left out, the inner ones first.
fn leave_out_empty(files: &[File], states: &mut [State]) {
    // Of each directory: how many of its files are there, and whether some are not.
    let mut left: BTreeMap<&[u8], (usize, bool)> = BTreeMap::new();
    for (file, state) in files.iter().zip(&*states) {
        let (count, is_less) = left.entry(&file.directory).or_default();
        match state {
            State::Normal => *count += 1,
            _ => *is_less = true,
        }
    }
    // Names below a directory come after its own.
    let own: BTreeMap<Vec<u8>, usize> = files
        .iter()
        .enumerate()
        .filter(|(_, file)| file.kind == FileKind::Directory)
        .map(|(i, file)| ([&*file.path(), b"/"].concat(), i))
        .collect();
    let mut directories: Vec<&[u8]> = left.keys().copied().collect();
    while let Some(directory) = directories.pop() {
        let listed = own.get(directory).copied();
        if left[directory] == (0, true)
            && let Some(index) = listed.filter(|index| states[*index] == State::Normal)
        {
            states[index] = State::NotInstalled;
            if let Some((count, is_less)) = left.get_mut(&*files[index].directory) {
                *count -= 1;
                *is_less = true;
            }
        }
    }
}
