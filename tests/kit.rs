//! What the integration tests share: a folder to work in, the `hsb` command, and the judges.
//!
//! A judge is somebody else's program that says whether what was built is right. One that is
//! missing fails the test with the command that installs it. What only root may ask is told with
//! `NOT COMPARED` or `NOT TRIED`, and left out, where tests run as somebody else.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What `HSB_CACHE` is where nothing is to be kept.
pub(crate) const NO_CACHE: &str = "/dev/null";

/// A folder of a test's own, taken away at its end unless the test failed.
pub(crate) struct Work {
    folder: PathBuf,
}

impl Work {
    /// Makes an empty folder under the build folder.
    pub(crate) fn new(name: &str) -> Self {
        Self::under(Path::new(env!("CARGO_TARGET_TMPDIR")), name)
    }

    /// Makes an empty folder somewhere else: the build folder may be closed to other users.
    pub(crate) fn under(parent: &Path, name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("hsb-{name}-{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// Returns the path of a file in the folder.
    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    /// Puts a file into the folder and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Returns the names of what lies in the folder, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    /// Returns the `hsb` command, to be run in this folder.
    pub(crate) fn hsb<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hsb"));
        command
            .args(args)
            .current_dir(&self.folder)
            .env_remove("SOURCE_DATE_EPOCH")
            .env("HSB_CACHE", NO_CACHE)
            .stdin(Stdio::null());
        command
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!("left to look at: {}", self.folder.display()));
        } else {
            fs::remove_dir_all(&self.folder).unwrap();
        }
    }
}

/// What a finished command left behind.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code; nothing when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Run {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs a command that must succeed and returns what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let run = run(command);
    assert_eq!(run.code, Some(0), "{command:?}: {run:#?}");
    run.stdout
}

/// Runs a command that must end with this exit code and returns its complaint.
pub(crate) fn fail(command: &mut Command, code: i32) -> String {
    let run = run(command);
    assert_eq!(run.code, Some(code), "{command:?}: {run:#?}");
    run.stderr
}

/// Every judge and the package that has it: `program package` lines.
const JUDGES: &str = include_str!("judges.txt");

/// Returns a command that runs a judge, with messages in English.
///
/// Administrators' programs lie in folders that a user's `PATH` need not have.
pub(crate) fn tool(name: &str) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    let mut judges = JUDGES.lines().filter_map(|line| line.split_once(' '));
    let (_, package) = judges
        .find(|(program, _)| *program == name)
        .unwrap_or_else(|| panic!("tests/judges.txt has no line for {name}"));
    let file =
        found.unwrap_or_else(|| panic!("{name} is missing; install it: apt install {package}"));
    let mut command = Command::new(file);
    command.env("LC_ALL", "C.UTF-8").env("HSB_CACHE", NO_CACHE);
    command.stdin(Stdio::null());
    command
}

/// Asserts that e2fsck has nothing to say about the filesystem at `offset` bytes.
///
/// Some of its findings leave the exit code at 0, so every line but the expected ones counts.
pub(crate) fn e2fsck_clean(image: &Path, offset: u64) {
    let run = run(tool("e2fsck").arg("-fn").arg(at(image, offset)));
    let expected = |line: &str| {
        line.is_empty()
            || line.starts_with("e2fsck 1.")
            || ["Pass 1: ", "Pass 2: ", "Pass 3: ", "Pass 4: ", "Pass 5: "]
                .iter()
                .any(|pass| line.starts_with(pass))
            || (line.contains(" files (") && line.ends_with(" blocks"))
    };
    let mut lines = run.stdout.lines().chain(run.stderr.lines());
    let silent = lines.all(expected);
    assert!(
        run.code == Some(0) && silent,
        "{}: {run:#?}",
        image.display()
    );
    // Our own checker has to agree, on every image that any test makes.
    let verdict = hsb::verify::verify(image).unwrap();
    assert!(verdict.is_clean(), "{verdict}");
}

/// Asserts that fsck.fat has nothing to say about the FAT filesystem that a file is, but numbers,
/// and returns these.
pub(crate) fn fsck_fat_clean(image: &Path) -> String {
    let run = run(tool("fsck.fat").args(["-n", "-v"]).arg(image));
    let expected = |line: &str| {
        let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        line.split_whitespace().next().is_some_and(is_number)
            || [
                "fsck.fat 4.",
                "Checking ",
                "Boot sector contents:",
                "System ID ",
                "Media byte 0xf8 (hard disk)",
                "First FAT starts at ",
                "Root directory start",
                "Data area starts at ",
                &format!("{}: ", image.display()),
            ]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let silent = run.stdout.lines().all(expected) && run.stderr.is_empty();
    assert!(
        run.code == Some(0) && silent,
        "{}: {run:#?}",
        image.display()
    );
    let verdict = hsb::verify::verify(image).unwrap();
    assert!(verdict.is_clean(), "{verdict}");
    run.stdout
}

/// Asserts that sfdisk finds no error in the partition table.
pub(crate) fn sfdisk_clean(image: &Path) {
    let run = run(tool("sfdisk").arg("--verify").arg(image));
    let clean = run.stdout.contains("No errors detected.") && run.stderr.is_empty();
    assert!(
        run.code == Some(0) && clean,
        "{}: {run:#?}",
        image.display()
    );
}

/// Asserts that sgdisk finds no problem in the GPT.
pub(crate) fn sgdisk_clean(image: &Path) {
    let run = run(tool("sgdisk").arg("-v").arg(image));
    let clean = run.stdout.contains("No problems found.")
        && run.stderr.is_empty()
        && !["Warning", "Caution", "Problem:", "NOTE"]
            .iter()
            .any(|word| run.stdout.contains(word));
    assert!(
        run.code == Some(0) && clean,
        "{}: {run:#?}",
        image.display()
    );
}

/// Returns what dumpe2fs reads in the superblock at `offset` bytes: `Name:   value` lines.
pub(crate) fn dumpe2fs(image: &Path, offset: u64) -> String {
    succeed(tool("dumpe2fs").arg("-h").arg(at(image, offset)))
}

/// Returns what debugfs answers to a request about the filesystem at `offset` bytes.
pub(crate) fn debugfs(image: &Path, offset: u64, request: &str) -> String {
    let run = run(tool("debugfs")
        .arg("-R")
        .arg(request)
        .arg(at(image, offset)));
    // It ends with 0 whatever happens; its complaints follow the version on stderr.
    let mut complaints = run.stderr.lines().filter(|l| !l.starts_with("debugfs 1."));
    assert!(
        run.code == Some(0) && complaints.next().is_none(),
        "{request}: {run:#?}"
    );
    run.stdout
}

/// Names a filesystem inside an image in the way that all of e2fsprogs understands.
fn at(image: &Path, offset: u64) -> PathBuf {
    let mut name = image.as_os_str().to_owned();
    name.push(format!("?offset={offset}"));
    name.into()
}

/// A filesystem that the kernel shows, until this is dropped.
pub(crate) struct Mounted {
    folder: PathBuf,
}

impl Mounted {
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        succeed(tool("umount").arg(&self.folder));
        fs::remove_dir(&self.folder).unwrap();
    }
}

/// Mounts the filesystem at `offset` bytes, with options such as `ro`.
///
/// Only root may, and not in every container: where the kernel refuses, the reason is printed
/// past the test harness, and the caller has to do with the judges that need no mount.
pub(crate) fn loop_mount(image: &Path, offset: u64, options: &str) -> Option<Mounted> {
    let folder = image.with_extension("mnt");
    fs::create_dir(&folder).unwrap();
    let run = run(tool("mount")
        .arg("-o")
        .arg(format!("loop,offset={offset},{options}"))
        .arg(image)
        .arg(&folder));
    if run.code == Some(0) {
        return Some(Mounted { folder });
    }
    fs::remove_dir(&folder).unwrap();
    say(&format!(
        "NOT COMPARED with the kernel's view of {}: {}",
        image.display(),
        run.stderr.trim()
    ));
    None
}

/// Returns the SHA-256 of a file as hexadecimal digits.
pub(crate) fn sha256(file: &Path) -> String {
    let printed = succeed(tool("sha256sum").arg("--").arg(file));
    // A backslash in front marks a name that had to be escaped.
    printed.trim_start_matches('\\')[..64].to_owned()
}

/// Prints a line even where the test harness keeps what a passing test prints.
pub(crate) fn say(line: &str) {
    let line = format!("{line}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
