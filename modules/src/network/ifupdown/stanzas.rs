//! The text of interfaces(5): stanzas of one interface change, all other lines stay.

use crate::continued;

/// What a stanza is to say.
#[derive(Debug)]
pub(super) struct Stanza {
    /// `inet` or `inet6`.
    pub(super) family: &'static str,
    /// `dhcp`, `static` and so on.
    pub(super) method: &'static str,
    /// Its options, a line each, without indentation.
    pub(super) options: Vec<String>,
}

/// Options that ours are in place of. Those of `up` are told by their commands.
const OURS: [&str; 9] = [
    "address",
    "netmask",
    "broadcast",
    "gateway",
    "mtu",
    "dns-nameserver",
    "dns-nameservers",
    "dns-domain",
    "dns-search",
];

/// Returns the file with stanzas for an interface. What a stanza has besides stays.
///
/// `when` is the word of the line that brings it up: `auto` or `allow-hotplug`.
pub(super) fn set(text: &str, name: &str, when: &str, stanzas: &[Stanza]) -> String {
    let mut file = File::read(text);
    for family in ["inet", "inet6"] {
        let wanted = stanzas.iter().find(|stanza| stanza.family == family);
        let mut found = false;
        let of_family = |part: &Part| part.head_words().iter().take(3).eq(["iface", name, family]);
        for part in file.parts.iter_mut().filter(|part| of_family(part)) {
            // Of a second stanza the addresses would be there as well.
            match wanted.filter(|_| !found) {
                Some(stanza) => part.set(name, stanza),
                None => part.clear(),
            }
            found = true;
        }
        if let Some(stanza) = wanted.filter(|_| !found) {
            file.add(name, stanza);
        }
    }
    file.bring_up(name, when);
    file.parts.iter().map(Part::text).collect()
}

/// Returns whether a file has a stanza of an interface.
pub(super) fn has(text: &str, name: &str) -> bool {
    let lines = continued::lines(text, false);
    lines.into_iter().any(|line| is_of(line, name))
}

/// Returns whether a line starts a stanza of an interface.
fn is_of(line: &str, name: &str) -> bool {
    continued::words(line).iter().take(2).eq(["iface", name])
}

/// A line that is no option, with what is above it and the options below.
#[derive(Default)]
struct Part {
    /// Comments and blanks.
    above: String,
    head: String,
    /// Options, each with the lines that it goes on in, and the comments between them.
    below: Vec<String>,
}

struct File {
    parts: Vec<Part>,
}

impl File {
    fn read(text: &str) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        let mut above = String::new();
        for line in continued::lines(text, false) {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                above += line;
            } else if is_head(line) {
                parts.push(Part {
                    above: std::mem::take(&mut above),
                    head: line.to_owned(),
                    below: Vec::new(),
                });
            } else if let Some(last) = parts.last_mut() {
                let between = std::mem::take(&mut above);
                last.below
                    .extend(between.split_inclusive('\n').map(str::to_owned));
                last.below.push(line.to_owned());
            } else {
                above += line;
            }
        }
        if !above.is_empty() {
            parts.push(Part {
                above,
                ..Part::default()
            });
        }
        Self { parts }
    }

    /// Adds a stanza behind the one of the other family, or at the end.
    fn add(&mut self, name: &str, stanza: &Stanza) {
        let mut part = Part {
            head: format!("iface {name} {} {}\n", stanza.family, stanza.method),
            ..Part::default()
        };
        part.below = stanza
            .options
            .iter()
            .map(|line| format!("    {line}\n"))
            .collect();
        match self.parts.iter().rposition(|part| is_of(&part.head, name)) {
            Some(at) => self.parts.insert(at + 1, part),
            None => {
                let before: String = self.parts.iter().map(Part::text).collect();
                if !before.is_empty() && !before.ends_with('\n') {
                    part.above += "\n";
                }
                if !before.is_empty() && !before.ends_with("\n\n") {
                    part.above += "\n";
                }
                self.parts.push(part);
            }
        }
    }

    /// Sees to it that one line brings the interface up, in the way that is asked for.
    fn bring_up(&mut self, name: &str, when: &str) {
        let mut is_said = false;
        for part in &mut self.parts {
            let words = part.head_words();
            let [head, names @ ..] = &words[..] else {
                continue;
            };
            let is_wanted = head == when || when == "auto" && head == "allow-auto";
            if !matches!(&**head, "auto" | "allow-auto" | "allow-hotplug")
                || !names.iter().any(|other| other == name)
            {
                continue;
            }
            if is_wanted {
                is_said = true;
                continue;
            }
            let others: Vec<_> = names
                .iter()
                .map(String::as_str)
                .filter(|other| *other != name)
                .collect();
            part.head = match &others[..] {
                [] => String::new(),
                others => format!("{head} {}\n", others.join(" ")),
            };
        }
        let first = self.parts.iter().position(|part| is_of(&part.head, name));
        if let Some(first) = first.filter(|_| !is_said) {
            let line = Part {
                above: std::mem::take(&mut self.parts[first].above),
                head: format!("{when} {name}\n"),
                below: Vec::new(),
            };
            self.parts.insert(first, line);
        }
    }
}

impl Part {
    fn head_words(&self) -> Vec<String> {
        continued::words(&self.head)
    }

    fn text(&self) -> String {
        format!("{}{}{}", self.above, self.head, self.below.concat())
    }

    /// Takes the stanza away; comments above it stay.
    fn clear(&mut self) {
        self.head.clear();
        self.below.clear();
    }

    fn set(&mut self, name: &str, stanza: &Stanza) {
        if self
            .head_words()
            .get(3)
            .is_none_or(|word| word != stanza.method)
        {
            self.head = format!("iface {name} {} {}\n", stanza.family, stanza.method);
        }
        let old: Vec<usize> = (0..self.below.len())
            .filter(|at| is_ours(&self.below[*at], name))
            .collect();
        let said = old.iter().map(|at| continued::words(&self.below[*at]));
        if said.eq(stanza.options.iter().map(|line| continued::words(line))) {
            return;
        }
        if let Some(last) = self.below.last_mut().filter(|last| !last.ends_with('\n')) {
            last.push('\n');
        }
        if !self.head.ends_with('\n') {
            self.head.push('\n');
        }
        let at = old.first().copied().unwrap_or(0);
        for at in old.into_iter().rev() {
            self.below.remove(at);
        }
        let new = stanza.options.iter().map(|line| format!("    {line}\n"));
        self.below.splice(at..at, new);
    }
}

/// Returns whether an option is one that we set.
fn is_ours(line: &str, name: &str) -> bool {
    let line = continued::join(line);
    let words: Vec<_> = line.split_whitespace().collect();
    match &words[..] {
        ["up", "ip", "link", "set", "dev", dev, "mtu", _] => *dev == name,
        ["up", "ip", "-6", rest @ ..] | ["up", "ip", rest @ ..] => {
            matches!(rest, ["addr" | "route", "add", ..]) && rest.contains(&name)
        }
        [key, ..] => OURS.contains(key),
        [] => false,
    }
}

/// Returns whether a line starts a stanza, whatever it is of.
fn is_head(line: &str) -> bool {
    let line = continued::join(line);
    let word = line.split_whitespace().next().unwrap_or_default();
    let heads = [
        "iface",
        "auto",
        "mapping",
        "source",
        "source-directory",
        "template",
        "rename",
    ];
    heads.contains(&word) || word.starts_with("allow-") || word.starts_with("no-")
}
