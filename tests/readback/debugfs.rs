//! What debugfs says about inodes and directories, as data.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use crate::kit;

/// What debugfs says about one inode.
pub(super) struct Stat {
    pub(super) kind: String,
    pub(super) mode: u16,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) size: u64,
    pub(super) links: usize,
    pub(super) mtime: (u32, u32),
    pub(super) crtime: (u32, u32),
    pub(super) device: Option<(u32, u32)>,
    pub(super) fast_link: Option<Vec<u8>>,
    /// Names, sizes, and the bytes of short ones.
    pub(super) xattrs: BTreeMap<Vec<u8>, (usize, Option<Vec<u8>>)>,
    /// Runs of blocks: the first within the file, the first on disk, and how many.
    pub(super) extents: Vec<(u64, u64, u64)>,
}

impl Stat {
    pub(super) fn parse(answer: &[u8]) -> Self {
        let (head, fast_link) = match find(answer, b"\nFast link dest: \"") {
            None => (answer, None),
            Some(at) => {
                let target = answer[at + 18..].strip_suffix(b"\"\n").unwrap();
                (&answer[..at], Some(target.to_vec()))
            }
        };
        let text = String::from_utf8_lossy(head).into_owned();
        let field = |name: &str| -> &str {
            let (_, after) = text.split_once(name).unwrap_or_else(|| panic!("{text}"));
            let after = after.trim_start_matches(' ');
            after.split([' ', '\n']).next().unwrap()
        };
        let signed = |text: &str| -> u32 {
            let number: i64 = text.parse().unwrap();
            u32::try_from(number & 0xFFFF_FFFF).unwrap()
        };
        let time = |text: &str| {
            let (low, extra) = text[2..].split_once(':').unwrap();
            let hex = |text| u32::from_str_radix(text, 16).unwrap();
            (hex(low), hex(extra))
        };
        let device = text.split_once("evice major/minor number: ").map(|(_, a)| {
            let (major, minor) = a.split_once(' ').unwrap().0.split_once(':').unwrap();
            (major.parse().unwrap(), minor.parse().unwrap())
        });
        let (kind, _) = text
            .split_once("Type: ")
            .unwrap()
            .1
            .split_once("    Mode")
            .unwrap();
        let extents = text
            .split_once("\nEXTENTS:\n")
            .map_or("", |(_, after)| after);
        Self {
            kind: kind.trim_end().to_owned(),
            mode: u16::from_str_radix(field("Mode:"), 8).unwrap(),
            uid: signed(field("User:")),
            gid: signed(field("Group:")),
            size: field("Size:").parse().unwrap(),
            links: field("Links:").parse().unwrap(),
            mtime: time(field(" mtime:")),
            crtime: time(field("crtime:")),
            device,
            fast_link,
            xattrs: parse_xattrs(&text),
            extents: parse_extents(extents),
        }
    }
}

/// Runs requests in one debugfs and returns the answer to each.
pub(super) fn debugfs(image: &Path, requests: &[String]) -> Vec<Vec<u8>> {
    let script = image.with_extension("requests");
    let mut file = File::create(&script).unwrap();
    for request in requests {
        writeln!(file, "{request}").unwrap();
    }
    let output = kit::tool("debugfs")
        .args(["-c", "-f"])
        .arg(&script)
        .arg(image)
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut complaints = complaints
        .lines()
        .filter(|line| !line.starts_with("debugfs 1.") && !line.contains("catastrophic mode"));
    assert_eq!(complaints.next(), None);
    // It repeats each request before the answer.
    let mut answers = Vec::new();
    let mut rest = output.stdout.as_slice();
    for (i, request) in requests.iter().enumerate() {
        let echo = format!("debugfs: {request}\n");
        rest = rest.strip_prefix(echo.as_bytes()).unwrap();
        let end = requests.get(i + 1).map_or(rest.len(), |next| {
            let echo = format!("debugfs: {next}\n");
            find(rest, echo.as_bytes()).unwrap()
        });
        answers.push(rest[..end].to_vec());
        rest = &rest[end..];
    }
    answers
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// Returns every path and its inode, as the lists of all directories have them.
pub(super) fn paths(image: &Path, stats: &BTreeMap<u32, Stat>) -> BTreeMap<Vec<u8>, u32> {
    let is_directory = |inode: &u32| stats[inode].kind == "directory";
    let folders: Vec<u32> = stats.keys().copied().filter(is_directory).collect();
    let requests: Vec<_> = folders.iter().map(|i| format!("ls -p <{i}>")).collect();
    let lists = debugfs(image, &requests);
    let lists: BTreeMap<u32, Vec<u8>> = folders.into_iter().zip(lists).collect();
    let mut paths = BTreeMap::from([(b"/".to_vec(), 2)]);
    let mut todo = vec![(Vec::new(), 2)];
    while let Some((path, folder)) = todo.pop() {
        // Lines of `/inode/mode/user/group/name/size/`; a name may hold line ends, but no slash.
        let fields: Vec<&[u8]> = lists[&folder].split(|byte| *byte == b'/').collect();
        for fields in fields[..fields.len() - 1].chunks(7) {
            let (inode, name) = (fields[1], fields[5]);
            // What is left of an empty block is a nameless entry of inode 0.
            if inode == b"0" || matches!(name, b"." | b"..") {
                continue;
            }
            let inode: u32 = str::from_utf8(inode).unwrap().parse().unwrap();
            let path = [&path, name].join(&b'/');
            if is_directory(&inode) {
                todo.push((path.clone(), inode));
            }
            assert_eq!(paths.insert(path, inode), None, "one name twice");
        }
    }
    paths
}

fn parse_xattrs(text: &str) -> BTreeMap<Vec<u8>, (usize, Option<Vec<u8>>)> {
    let Some((_, list)) = text.split_once("\nExtended attributes:\n") else {
        return BTreeMap::new();
    };
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    lines
        .map(|line| {
            let (name, rest) = line.trim_start().split_once(" (").unwrap();
            let (len, value) = rest.split_once(')').unwrap();
            // Text comes in quotes, anything else as hexadecimal numbers.
            let value = value.strip_prefix(" = ").map(|value| {
                if let Some(text) = value.strip_prefix('"') {
                    return unescaped(text.strip_suffix('"').unwrap());
                }
                let byte = |hex| u8::from_str_radix(hex, 16).unwrap();
                value.split_whitespace().map(byte).collect()
            });
            (name.as_bytes().to_vec(), (len.parse().unwrap(), value))
        })
        .collect()
}

/// Takes the backslash from `\000` and `\"`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        let digits = rest.get(..3).and_then(|digits| str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(code) if *byte == b'\\' => {
                out.push(code);
                rest = &rest[3..];
            }
            _ if *byte == b'\\' => {
                out.push(rest[0]);
                rest = &rest[1..];
            }
            _ => out.push(*byte),
        }
    }
    out
}

/// Reads `(0-3):100-103, (ETB0):7, (9):200`; blocks of the tree itself are left out.
fn parse_extents(text: &str) -> Vec<(u64, u64, u64)> {
    let line = text.lines().next().unwrap_or("");
    let ranges = line
        .split(", ")
        .filter(|part| !part.is_empty() && !part.starts_with("(ETB"));
    ranges
        .map(|part| {
            let (logical, disk) = part[1..].split_once("):").unwrap();
            let ends = |text: &str| -> (u64, u64) {
                let (first, last) = text.split_once('-').unwrap_or((text, text));
                (first.parse().unwrap(), last.parse().unwrap())
            };
            let (first, last) = ends(logical);
            let (start, end) = ends(disk);
            assert_eq!(last - first, end - start, "{part}");
            (first, start, last - first + 1)
        })
        .collect()
}
