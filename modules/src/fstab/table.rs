//! The file itself: lines of six words, in which blanks are `\040` and the like. See fstab(5).

use super::mount_option::Carried;
use super::{GROWFS, mount_option};

/// What one line has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// As it is in the file.
    pub(super) device: String,
    /// The mount point; `none` for swap.
    pub(super) mount: String,
    /// As asked for: if it is not, that of a line with the same device, or `auto`.
    pub(super) filesystem: Option<String>,
    /// The options of a new line.
    pub(super) usual: String,
    /// The options of any line.
    pub(super) options: Option<String>,
    /// When fsck(8) looks at it.
    pub(super) pass: u8,
    /// Whether it is a partition of the image: for swap, it takes the place of another disk's.
    pub(super) is_partition: bool,
}

impl Entry {
    pub(super) fn is_swap(&self) -> bool {
        self.mount == "none"
    }
}

/// What became of a line that was there.
#[derive(Default)]
pub(super) struct Changed {
    pub(super) filesystem: String,
    /// The options that went with the old type.
    pub(super) gone: Vec<String>,
    /// The options that stay, of which the new type may take none.
    pub(super) odd: Vec<String>,
}

/// The lines, each as it is.
pub(super) struct Table {
    lines: Vec<Line>,
}

struct Line {
    text: String,
    /// Whether one of our entries made it, or found it right.
    is_ours: bool,
}

impl Table {
    /// Bytes that are no text become signs that no device has; only lines of ours change, so they
    /// are kept by [`Table::print`] in lines that are.
    pub(super) fn parse(file: &[u8]) -> Self {
        let text: String = file.iter().map(|byte| char::from(*byte)).collect();
        let lines = text.split_inclusive('\n').map(|line| Line {
            text: line.to_owned(),
            is_ours: false,
        });
        Self {
            lines: lines.collect(),
        }
    }

    /// Returns the file.
    pub(super) fn print(&self) -> Vec<u8> {
        let letters = self.lines.iter().flat_map(|line| line.text.chars());
        letters.map(|letter| letter as u8).collect()
    }

    /// Changes the line of the entry's mount point, or adds one. For swap it is the line of its device,
    /// or for a partition the first one of another disk's that no entry has taken.
    pub(super) fn set(&mut self, entry: &Entry) -> Changed {
        let entry = &Entry {
            device: latin(&entry.device),
            mount: latin(&entry.mount),
            filesystem: entry.filesystem.as_deref().map(latin),
            options: entry.options.as_deref().map(latin),
            ..entry.clone()
        };
        let is_swap_at = |line: &Line, is_meant: &dyn Fn(&str) -> bool| match &*line.words() {
            [device, _, "swap", ..] => !line.is_ours && is_meant(device),
            _ => false,
        };
        let found = match entry.is_swap() {
            true => {
                let is_same = |line: &Line| is_swap_at(line, &|device| device == entry.device);
                let may_go = |line: &Line| entry.is_partition && is_swap_at(line, &is_on_disk);
                let same = self.lines.iter().position(is_same);
                same.or_else(|| self.lines.iter().position(may_go))
            }
            false => self.position(&entry.mount),
        };
        match found {
            Some(at) => self.lines[at].change(entry),
            None => {
                self.push(entry);
                Changed::default()
            }
        }
    }

    /// Returns the line of a mount point. Of two lines for one place, the last is what is seen there.
    fn position(&self, mount: &str) -> Option<usize> {
        let mount = escape(mount);
        let is_of = |line: &Line| line.words().get(1).is_some_and(|word| is_at(word, &mount));
        self.lines.iter().rposition(is_of)
    }

    /// Returns whether what is there already is mounted at a place: a file or a directory.
    pub(super) fn is_bind(&self, mount: &str) -> bool {
        let line = self.position(&latin(mount)).map(|at| &self.lines[at]);
        let options = line.and_then(|line| line.words().get(3).copied());
        mount_option::each(options.unwrap_or_default())
            .any(|option| matches!(option, "bind" | "rbind"))
    }

    /// Adds an option to the line of a mount point; returns whether there is one.
    pub(super) fn add_option(&mut self, mount: &str, option: &str) -> bool {
        let mount = latin(mount);
        let Some(at) = self.position(&mount) else {
            return false;
        };
        let line = &mut self.lines[at];
        let words: Vec<String> = line.words().into_iter().map(str::to_owned).collect();
        let options = words.get(3).map_or("defaults", String::as_str);
        if !mount_option::each(options).any(|known| known == option) {
            line.change(&Entry {
                device: words[0].clone(),
                mount,
                filesystem: words.get(2).cloned(),
                usual: String::new(),
                options: Some(format!("{options},{option}")),
                pass: 0,
                is_partition: true,
            });
        }
        true
    }

    fn push(&mut self, entry: &Entry) {
        if let Some(last) = self
            .lines
            .last_mut()
            .filter(|last| !last.text.ends_with('\n'))
        {
            last.text.push('\n');
        }
        let options = entry.options.as_ref().unwrap_or(&entry.usual);
        // What is mounted below it comes behind it. The kernel itself mounts the root.
        let below = format!("{}/", escape(&entry.mount));
        let is_below = |line: &Line| match line.words().get(1) {
            Some(word) if word.starts_with('/') => super::place(word).starts_with(&below),
            _ => false,
        };
        let at = self
            .lines
            .iter()
            .position(is_below)
            .filter(|_| entry.mount != "/");
        let line = Line {
            text: format!(
                "{}\t{}\t{}\t{options}\t0\t{}\n",
                entry.device,
                escape(&entry.mount),
                entry.filesystem.as_deref().unwrap_or("auto"),
                entry.pass
            ),
            is_ours: true,
        };
        self.lines.insert(at.unwrap_or(self.lines.len()), line);
    }

    /// Returns device and mount point of the lines that name a device of some disk, and are none
    /// of the entries.
    pub(super) fn foreign(&self, entries: &[Entry]) -> Vec<String> {
        let mut found = Vec::new();
        for line in self.lines.iter().filter(|line| !line.is_ours) {
            let words = line.words();
            let [device, mount, _, rest @ ..] = &*words else {
                continue;
            };
            let options = rest.first().copied().unwrap_or_default();
            let is_optional =
                mount_option::each(options).any(|option| matches!(option, "noauto" | "nofail"));
            let is_ours = entries.iter().any(|entry| entry.device == *device);
            if !is_optional && !is_ours && is_on_disk(device) {
                found.push(text(&format!("{mount} from {device}")));
            }
        }
        found
    }
}

impl Line {
    /// Returns the words; none of a comment.
    fn words(&self) -> Vec<&str> {
        if self.text.trim_start().starts_with('#') {
            return Vec::new();
        }
        self.text.split_ascii_whitespace().collect()
    }

    /// Replaces device and type, and the options where the entry has some, or that the type is not known
    /// to take; of a line that was of another type, the pass of fsck(8), too. The blanks in between stay
    /// as they are.
    fn change(&mut self, entry: &Entry) -> Changed {
        self.is_ours = true;
        let words = self.words();
        let word = |at: usize| words.get(at).copied();
        let old = word(2).unwrap_or("auto");
        let same_device = (word(0) == Some(&entry.device)).then_some(old);
        let new = entry.filesystem.as_deref().or(same_device);
        let new = new.unwrap_or("auto").to_owned();
        let is_other = !mount_option::is_kin(old, &new);
        let now = word(3).unwrap_or_default();
        let carried = match &entry.options {
            // What another step has put there for its own ends is not among the options.
            Some(options) => {
                let mut stays: Vec<_> = mount_option::each(options).collect();
                let grows = mount_option::each(now).any(|option| option == GROWFS);
                if grows && !stays.contains(&GROWFS) {
                    stays.push(GROWFS);
                }
                Carried {
                    stays,
                    ..Carried::default()
                }
            }
            None => {
                let mut carried = mount_option::carry(now, old, &new);
                add_usual(&mut carried.stays, &entry.usual, is_other);
                carried
            }
        };
        let options = carried.stays.join(",");
        let pass = entry.pass.to_string();
        let texts = |options: Vec<&str>| options.into_iter().map(text).collect();
        let changed = Changed {
            filesystem: text(&new),
            gone: texts(carried.gone),
            odd: texts(carried.odd),
        };
        let mut out = String::new();
        let mut rest = self.text.as_str();
        let is_known = ![old, &new].contains(&"auto");
        for place in 0..if is_other && is_known { 6 } else { 4 } {
            let start = rest.len() - rest.trim_ascii_start().len();
            let end = rest[start..].find(|c: char| c.is_ascii_whitespace());
            let end = end.map_or(rest.len(), |end| start + end);
            let (blank, word) = (&rest[..start], &rest[start..end]);
            let is_blank = place == 0 || blank.starts_with([' ', '\t']);
            out.push_str(if is_blank { blank } else { "\t" });
            out.push_str(match (place, word) {
                (0, _) => &entry.device,
                (2, _) => &new,
                (3, _) => &options,
                (4, "") => "0",
                (5, "" | "0") => &pass,
                _ => word,
            });
            rest = &rest[end..];
        }
        out.push_str(rest);
        if self.text.ends_with('\n') && !out.ends_with('\n') {
            out.push('\n');
        }
        self.text = out;
        changed
    }
}

/// Adds the options of a new line where there are none; where the line was of another type, also
/// beside those that there are.
fn add_usual<'o>(options: &mut Vec<&'o str>, usual: &'o str, is_other: bool) {
    let is_empty = options.is_empty();
    let says = |option: &str| match mount_option::name(option) {
        // The last of these counts for files, or folders, or both.
        "umask" | "fmask" | "dmask" => "umask".to_owned(),
        name => name.to_owned(),
    };
    for option in mount_option::each(usual) {
        let is_there = options.iter().any(|known| says(known) == says(option));
        if is_empty || is_other && option != "defaults" && !is_there {
            options.push(option);
        }
    }
}

/// Returns whether a device is a partition or volume of some disk; one in memory is none.
fn is_on_disk(device: &str) -> bool {
    let tags = [
        "UUID=",
        "LABEL=",
        "PARTUUID=",
        "PARTLABEL=",
        "/dev/disk/",
        "/dev/sd",
        "/dev/vd",
        "/dev/xvd",
        "/dev/nvme",
        "/dev/mmcblk",
        "/dev/mapper/",
    ];
    tags.iter().any(|tag| device.starts_with(tag))
}

/// Returns whether a word of the file is a mount point, however that is written.
fn is_at(word: &str, mount: &str) -> bool {
    word.starts_with('/') && super::place(word) == mount
}

/// Returns a word as the file has it.
pub(super) fn escape(word: &str) -> String {
    let mut text = String::new();
    for letter in word.chars() {
        match letter {
            ' ' | '\t' | '\\' | '#' => text += &format!("\\{:03o}", u32::from(letter)),
            _ => text.push(letter),
        }
    }
    text
}

/// Returns the bytes of a text as letters, which is how [`Table`] holds its lines.
fn latin(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// Returns the text of such letters, for messages.
fn text(letters: &str) -> String {
    let bytes: Vec<_> = letters.chars().map(|letter| letter as u8).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
