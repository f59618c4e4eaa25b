//! Those who say whether what was written is right: somebody else's programs, mostly.

use std::path::Path;
use std::process::{Command, Output};

use fsgen::table::{Scheme, Table};

/// Asserts that e2fsck has nothing to say about a filesystem.
pub(crate) fn e2fsck(image: &Path) {
    let (output, text) = run(Command::new("e2fsck").arg("-fn").arg(image), "e2fsprogs");
    // Some of its findings leave the exit code at 0, so every line but the expected ones counts.
    let expected = |line: &str| {
        line.is_empty()
            || line.starts_with("e2fsck 1.")
            || (line.starts_with("Pass ") && line.contains(": Checking "))
            || (line.contains(" files (") && line.ends_with(" blocks"))
    };
    assert!(
        output.status.success() && text.lines().all(expected),
        "{text}"
    );
}

/// Asserts that fsck.fat has nothing to say about a filesystem.
pub(crate) fn fsck_fat(image: &Path) {
    let (output, text) = run(Command::new("fsck.fat").arg("-n").arg(image), "dosfstools");
    // Its version, and how many files and clusters there are.
    let silent = text.lines().count() == 2 && text.starts_with("fsck.fat 4.");
    assert!(output.status.success() && silent, "{text}");
}

/// Asserts that our own checker finds nothing wrong.
pub(crate) fn hsb(image: &Path) {
    let verdict = hsb::verify::verify(image).unwrap();
    assert!(verdict.is_clean(), "{verdict}");
}

/// Asserts that sfdisk finds no error, and the partitions that were written.
pub(crate) fn sfdisk(image: &Path, table: &Table) {
    let (output, text) = run(Command::new("sfdisk").arg("--verify").arg(image), "fdisk");
    let clean = text.contains("No errors detected.");
    assert!(output.status.success() && clean, "{text}\n{table:?}");
    let (_, text) = run(Command::new("sfdisk").arg("--dump").arg(image), "fdisk");
    let mut found: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once(" : start=").map(|(_, rest)| place(rest)))
        .collect();
    found.sort_unstable();
    let mut want: Vec<_> = table
        .entries
        .iter()
        .map(|e| (e.first_lba, e.sectors))
        .collect();
    want.sort_unstable();
    let label = match table.scheme {
        Scheme::Gpt => "label: gpt",
        Scheme::Mbr => "label: dos",
    };
    assert!(text.contains(label), "{text}");
    assert_eq!(found, want, "{text}");
}

/// Reads `START, size= SECTORS, ...`.
fn place(text: &str) -> (u64, u64) {
    let mut numbers = text
        .split(',')
        .map(|part| part.trim_start_matches(" size="));
    let mut next = || numbers.next().unwrap().trim().parse().unwrap();
    (next(), next())
}

/// Asserts that sgdisk finds no problem in a GPT.
pub(crate) fn sgdisk(image: &Path) {
    let (output, text) = run(Command::new("sgdisk").arg("-v").arg(image), "gdisk");
    let clean = text.contains("No problems found.");
    let loud = ["Warning", "Problem:"]
        .iter()
        .any(|word| text.contains(word));
    assert!(output.status.success() && clean && !loud, "{text}");
}

/// Runs a judge, and returns what it printed.
fn run(command: &mut Command, package: &str) -> (Output, String) {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{path}:/usr/sbin:/sbin");
    let output = command.env("PATH", path).env("LC_ALL", "C.UTF-8").output();
    let output = output.unwrap_or_else(|error| {
        let program = command.get_program().display();
        panic!("{program}: {error}; install it: apt install {package}")
    });
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output, text)
}
