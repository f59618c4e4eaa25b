//! The damage table: one byte of metadata changed, and who notices.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::bases::{Base, Judge};
use super::classes;
use crate::kit::{run, tool};

/// Numbers that are the same at each run: splitmix64.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        let below = u64::try_from(below).unwrap();
        usize::try_from((mixed ^ mixed >> 31) % below).unwrap()
    }
}

/// Returns whether the judge of an image finds anything wrong, and what it says.
pub(crate) fn judge(judge: Judge, image: &Path) -> (bool, String) {
    let (program, option) = match judge {
        Judge::E2fsck => ("e2fsck", "-fn"),
        Judge::FsckFat => ("fsck.fat", "-n"),
        Judge::Sgdisk => ("sgdisk", "-v"),
        Judge::Sfdisk => ("sfdisk", "--verify"),
    };
    // fsck.fat goes round in some circles forever.
    let mut command = tool("timeout");
    command.arg("5").arg(tool(program).get_program());
    let run = run(command.arg(option).arg(image));
    let said = run.stdout + &run.stderr;
    let is_silent = match judge {
        Judge::E2fsck => said.lines().all(classes::is_frame),
        Judge::FsckFat => said.lines().count() == 2 && said.starts_with("fsck.fat "),
        Judge::Sgdisk => {
            said.contains("No problems found.")
                && !["Warning", "Caution", "Problem:", "NOTE"]
                    .iter()
                    .any(|word| said.contains(word))
        }
        Judge::Sfdisk => {
            said.contains("No errors detected.") && !said.contains("greater than the maximum")
        }
    };
    (run.code != Some(0) || !is_silent, said)
}

/// Returns whether hsb finds anything wrong, and what it says.
pub(crate) fn ours(image: &Path) -> (bool, String) {
    match hsb::verify::verify(image) {
        Ok(verdict) => (!verdict.is_clean(), verdict.to_string()),
        Err(error) => (true, format!("{error:#}")),
    }
}

/// A changed byte and what came of it.
pub(crate) struct Case {
    pub(crate) at: u64,
    pub(crate) before: u8,
    pub(crate) after: u8,
    pub(crate) ours: (bool, String),
    pub(crate) theirs: (bool, String),
}

/// Changes one byte, asks both, and puts it back.
pub(crate) fn try_byte(base: &Base, file: &File, at: u64, change: u8) -> Case {
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    let before = byte[0];
    let (ours, theirs) = ask(base, file, at, &[before ^ change]);
    Case {
        at,
        before,
        after: before ^ change,
        ours,
        theirs,
    }
}

/// Whether something was found, and what was said.
type Found = (bool, String);

/// Writes bytes, asks both, and puts back what was there.
pub(crate) fn ask(base: &Base, file: &File, at: u64, bytes: &[u8]) -> (Found, Found) {
    let mut before = vec![0; bytes.len()];
    file.read_exact_at(&mut before, at).unwrap();
    file.write_all_at(bytes, at).unwrap();
    let found = (ours(&base.image), judge(base.judge, &base.image));
    file.write_all_at(&before, at).unwrap();
    found
}

/// Tries bytes in metadata, most of them in use.
pub(crate) fn damage(base: &Base, count: usize, seed: u64) -> Vec<Case> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&base.image)
        .unwrap();
    let mut numbers = Numbers(seed);
    let mut cases = Vec::new();
    for index in 0..count {
        // Superblocks, descriptors and boot sectors are few: every eighth byte is in the first.
        let among = if index % 8 == 0 {
            base.metadata.len().min(3)
        } else {
            base.metadata.len()
        };
        let (start, end) = base.metadata[numbers.next(among)];
        let mut bytes = vec![0; end - start];
        file.read_exact_at(&mut bytes, u64::try_from(start).unwrap())
            .unwrap();
        let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        let at = if numbers.next(4) > 0 {
            used[numbers.next(used.len())]
        } else {
            numbers.next(bytes.len())
        };
        let change = u8::try_from(1 + numbers.next(255)).unwrap();
        cases.push(try_byte(
            base,
            &file,
            u64::try_from(start + at).unwrap(),
            change,
        ));
    }
    cases
}

/// Returns a row of the damage table.
pub(crate) fn row(base: &Base, cases: &[Case]) -> String {
    let found = |ours, theirs| {
        let same = cases
            .iter()
            .filter(|case| (case.ours.0, case.theirs.0) == (ours, theirs));
        same.count()
    };
    format!(
        "{:>5} {:>5} {:>5} {:>5}  {}",
        found(true, true),
        found(true, false),
        found(false, true),
        found(false, false),
        base.name
    )
}

/// Returns a text for each difference that belongs to no class.
pub(crate) fn unexplained(base: &Base, cases: &[Case]) -> Vec<String> {
    let differ = cases.iter().filter(|case| case.ours.0 != case.theirs.0);
    differ
        .map(|case| (case, classes::unexplained(base, case)))
        .filter(|(_, lacking)| !lacking.is_empty())
        .map(|(case, lacking)| {
            let said = lacking.join("\n");
            let Case {
                at, before, after, ..
            } = case;
            let who = if case.ours.0 { "only hsb" } else { "only they" };
            format!(
                "{}, byte {at}, {before:#x} to {after:#x}, {who}:\n{said}\n",
                base.name
            )
        })
        .collect()
}
