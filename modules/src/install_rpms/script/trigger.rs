//! Triggers: scripts of one package that run when another, or a file below some path, comes or
//! goes. Those of packages that were there already count.

use std::collections::{BTreeMap, BTreeSet};

use super::super::conflict::Who;
use super::Script;
use super::read::{Slot, When};
use crate::root::any_text::decode;
use crate::rpm::dependency::{Dependency, sense};
use crate::rpm::header::Header;
use crate::rpm::identity::{Identity, Version};

/// When a trigger fires, in its flags (rpm's `rpmsenseFlags`).
const WHEN: [(u32, When); 4] = [
    (1 << 25, When::Prein),
    (1 << 16, When::In),
    (1 << 17, When::Un),
    (1 << 18, When::Postun),
];

/// How urgent file triggers are that do not say so (rpm's `RPMTRIGGER_DEFAULT_PRIORITY`).
const PRIORITY: u32 = 1_000_000;

/// What becomes of a package in this step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Course {
    Comes,
    Stays,
    Goes,
}

/// A package, as triggers see it.
pub(in super::super) struct Member<'p> {
    who: Who,
    identity: &'p Identity,
    pub(in super::super) header: &'p Header,
    /// The paths of its files that are there.
    paths: Vec<Vec<u8>>,
    course: Course,
    /// Whether it is in the database as far as the step has come.
    is_there: bool,
    triggers: Vec<Trigger<'p>>,
}

impl<'p> Member<'p> {
    pub(in super::super) fn new(
        who: Who,
        identity: &'p Identity,
        header: &'p Header,
        paths: Vec<Vec<u8>>,
        course: Course,
    ) -> Self {
        Self {
            who,
            identity,
            header,
            paths,
            course,
            is_there: course != Course::Comes,
            triggers: PACKAGES.read(header),
        }
    }

    /// Returns whether a trigger for files asks for this package's: one of the whole step looks
    /// for folders that begin so first (rpm's `matchFilesInTran`).
    fn is_met(&self, prefix: &[u8], is_whole: bool, when: When) -> bool {
        let is_below = |path: &Vec<u8>| {
            let name = path.iter().rposition(|byte| *byte == b'/');
            path[..name.map_or(0, |at| at + 1)].starts_with(prefix)
        };
        !is_whole || when == When::Postun || self.paths.iter().any(is_below)
    }
}

/// All packages that triggers have to do with, those that were there first.
pub(in super::super) struct Changes<'p> {
    members: Vec<Member<'p>>,
    /// How many packages of each name there are, as far as the step has come.
    counts: BTreeMap<&'p str, u32>,
    /// Whether any package waits for another.
    has_triggers: bool,
}

/// The tags of triggers for packages, or for files.
struct Tags {
    scripts: u32,
    programs: u32,
    names: u32,
    versions: u32,
    flags: u32,
    index: u32,
    script_flags: u32,
    priorities: Option<u32>,
}

const PACKAGES: Tags = Tags {
    scripts: 1065,
    names: 1066,
    versions: 1067,
    flags: 1068,
    index: 1069,
    programs: 1092,
    script_flags: 5027,
    priorities: None,
};

const FILES: Tags = Tags {
    scripts: 5066,
    programs: 5067,
    script_flags: 5068,
    names: 5069,
    index: 5070,
    versions: 5071,
    flags: 5072,
    priorities: Some(5084),
};

const TRANSACTION: Tags = Tags {
    scripts: 5076,
    programs: 5077,
    script_flags: 5078,
    names: 5079,
    index: 5080,
    versions: 5081,
    flags: 5082,
    priorities: Some(5085),
};

/// One condition of a trigger.
struct Trigger<'h> {
    name: &'h [u8],
    version: Dependency,
    when: When,
    /// Which of the header's scripts it is for.
    script: u32,
}

impl<'p> Changes<'p> {
    pub(in super::super) fn new(members: Vec<Member<'p>>) -> Self {
        let mut counts = BTreeMap::new();
        for member in members.iter().filter(|member| member.is_there) {
            *counts.entry(&*member.identity.name).or_default() += 1;
        }
        Self {
            has_triggers: members.iter().any(|member| !member.triggers.is_empty()),
            members,
            counts,
        }
    }

    /// Returns how many versions of a package there are, as far as the step has come.
    pub(in super::super) fn count(&self, name: &str) -> u32 {
        self.counts.get(name).copied().unwrap_or_default()
    }

    /// Notes that a package is there now, or gone.
    pub(in super::super) fn note(&mut self, who: Who, is_there: bool) {
        for member in self.members.iter_mut().filter(|it| it.who == who) {
            member.is_there = is_there;
            let count = self.counts.entry(&*member.identity.name).or_default();
            *count = match is_there {
                true => *count + 1,
                false => count.saturating_sub(1),
            };
        }
    }

    /// Returns the triggers for packages that one package fires at that time, or that others fire
    /// for it, with how many there are of both packages (rpm's `runTriggers` and
    /// `runImmedTriggers`).
    pub(in super::super) fn packages(&self, when: When, who: Who) -> Vec<Script> {
        let mut scripts = Vec::new();
        let mut members = self.members.iter().filter(|_| self.has_triggers);
        let Some(own) = members.find(|member| member.who == who) else {
            return scripts;
        };
        let fires = |trigger: &Trigger<'_>, target: &Member<'_>| {
            trigger.when == when
                && target.identity.name.as_bytes() == trigger.name
                && trigger.version.overlaps(&own_version(target.identity))
        };
        let goes = u32::from(matches!(when, When::Un | When::Postun));
        let count = |member: &Member<'_>| self.count(&member.identity.name);
        let slot = Slot::Trigger(when);
        let there = || self.members.iter().filter(|member| member.is_there);
        for owner in there() {
            for trigger in owner.triggers.iter().filter(|t| fires(t, own)) {
                let arguments = vec![count(owner), count(own).saturating_sub(goes)];
                scripts.extend(PACKAGES.script(owner, slot, trigger.script, arguments));
            }
        }
        let mut fired = BTreeSet::new();
        for trigger in own.triggers.iter().filter(|_| when != When::Postun) {
            let target = there().find(|target| fires(trigger, target));
            if let Some(target) = target
                && fired.insert(trigger.script)
            {
                let arguments = vec![count(own).saturating_sub(goes), count(target)];
                scripts.extend(PACKAGES.script(own, slot, trigger.script, arguments));
            }
        }
        scripts
    }

    /// Returns the triggers for files that fire at that time, of single packages and then of the
    /// whole step; the more urgent ones first.
    pub(in super::super) fn files(&self, when: When) -> Vec<Script> {
        let mut scripts = Vec::new();
        let changed = match when {
            When::Prein | When::In => Course::Comes,
            When::Un | When::Postun => Course::Goes,
        };
        let with = |course| self.members.iter().filter(move |it| it.course == course);
        let stay = with(Course::Stays).chain(with(Course::Comes));
        let stay: BTreeSet<_> = match changed {
            Course::Goes => stay.flat_map(|member| &member.paths).collect(),
            _ => BTreeSet::new(),
        };
        for (tags, slot) in [
            (&FILES, Slot::FileTrigger(when)),
            (&TRANSACTION, Slot::TransFileTrigger(when)),
        ] {
            let (mut found, is_whole) = (Vec::new(), tags.scripts == TRANSACTION.scripts);
            for owner in with(Course::Stays).chain(with(Course::Comes)) {
                let is_new = owner.course == Course::Comes;
                let others = with(Course::Stays).filter(|_| is_new && when == When::In);
                let targets: Vec<_> = with(changed).chain(others).collect();
                let triggers = tags.read(owner.header);
                let indices: BTreeSet<u32> = triggers.iter().map(|t| t.script).collect();
                for index in indices {
                    let own = triggers
                        .iter()
                        .filter(|t| t.script == index && t.when == when);
                    let prefixes: Vec<&[u8]> = own.map(|trigger| trigger.name).collect();
                    let mut fitting = BTreeSet::new();
                    for (target, prefix) in targets.iter().flat_map(|target| {
                        let fitting = prefixes.iter().filter(|p| target.is_met(p, is_whole, when));
                        fitting.map(move |prefix| (target, prefix))
                    }) {
                        let paths = target.paths.iter().filter(|it| it.starts_with(prefix));
                        // Triggers of the whole step do not ask who else has a file that goes.
                        let gone = paths.filter(|path| is_whole || !stay.contains(path));
                        fitting.extend(gone.cloned());
                    }
                    if !fitting.is_empty()
                        && let Some(mut script) = tags.script(owner, slot, index, vec![0, 0])
                    {
                        script.paths = fitting.into_iter().collect();
                        found.push((tags.priority(owner.header, index), script));
                    }
                }
            }
            found.sort_by_key(|(priority, _)| std::cmp::Reverse(*priority));
            scripts.extend(found.into_iter().map(|(_, script)| script));
        }
        scripts
    }
}

fn own_version(identity: &Identity) -> Dependency {
    Dependency {
        name: identity.name.clone(),
        flags: sense::EQUAL,
        version: identity.version.clone(),
    }
}

impl Tags {
    /// Reads all conditions; lists of unlike length have none.
    fn read<'h>(&self, header: &'h Header) -> Vec<Trigger<'h>> {
        let names = header.texts(self.names);
        let (flags, index) = (header.flags(self.flags), header.flags(self.index));
        let versions = header.texts(self.versions);
        let lengths = [flags.len(), index.len(), versions.len()];
        if lengths.iter().any(|len| *len != names.len()) {
            return Vec::new();
        }
        let mut triggers = Vec::new();
        for (i, name) in names.into_iter().enumerate() {
            let when = WHEN.iter().find(|(bit, _)| flags[i] & bit != 0);
            if let Some((_, when)) = when {
                triggers.push(Trigger {
                    name,
                    version: Dependency {
                        name: String::new(),
                        flags: flags[i],
                        version: Version::parse(&String::from_utf8_lossy(versions[i])),
                    },
                    when: *when,
                    script: index[i],
                });
            }
        }
        triggers
    }

    fn script(
        &self,
        owner: &Member<'_>,
        slot: Slot,
        index: u32,
        arguments: Vec<u32>,
    ) -> Option<Script> {
        let at = usize::try_from(index).ok()?;
        let text = |tag| owner.header.texts(tag).get(at).copied().map(decode);
        let flags = owner.header.flags(self.script_flags);
        Some(Script {
            package: owner.identity.name.clone(),
            slot,
            program: vec![text(self.programs).unwrap_or_else(|| "/bin/sh".to_owned())],
            text: text(self.scripts)?,
            is_expanded: flags.get(at).is_some_and(|flags| *flags != 0),
            arguments,
            paths: Vec::new(),
        })
    }

    fn priority(&self, header: &Header, index: u32) -> u32 {
        let priorities = self.priorities.map(|tag| header.flags(tag));
        let at = usize::try_from(index).ok();
        let own = priorities.and_then(|all| all.get(at?).copied());
        own.unwrap_or(PRIORITY)
    }
}
