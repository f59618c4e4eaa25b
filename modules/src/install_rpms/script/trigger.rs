//! Triggers: scripts of one package that run when another comes or goes. Those of packages that
//! were there already count.

use std::collections::{BTreeMap, BTreeSet};

use super::super::conflict::Who;
use super::Script;
use super::file_trigger::FileTrigger;
use super::read::{Slot, When, prefixes};
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
    pub(super) who: Who,
    identity: &'p Identity,
    pub(in super::super) header: &'p Header,
    /// The paths of its files that are there.
    pub(super) paths: Vec<Vec<u8>>,
    /// Those that go with it.
    pub(super) gone: Vec<Vec<u8>>,
    pub(super) course: Course,
    /// Whether it is in the database as far as the step has come.
    is_there: bool,
    triggers: Vec<Trigger<'p>>,
    /// Its triggers for files of single packages, and those of the whole step.
    pub(super) files: Vec<FileTrigger<'p>>,
    pub(super) whole: Vec<FileTrigger<'p>>,
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
            gone: Vec::new(),
            course,
            is_there: course != Course::Comes,
            triggers: PACKAGES.read(header),
            files: FileTrigger::read(&FILES, header),
            whole: FileTrigger::read(&TRANSACTION, header),
        }
    }
}

/// All packages that triggers have to do with, those that were there first.
pub(in super::super) struct Changes<'p> {
    pub(super) members: Vec<Member<'p>>,
    /// How many packages of each name there are, as far as the step has come.
    counts: BTreeMap<&'p str, u32>,
    /// Whether any package waits for another.
    has_triggers: bool,
}

/// The tags of triggers for packages, or for files.
pub(super) struct Tags {
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

pub(super) const FILES: Tags = Tags {
    scripts: 5066,
    programs: 5067,
    script_flags: 5068,
    names: 5069,
    index: 5070,
    versions: 5071,
    flags: 5072,
    priorities: Some(5084),
};

pub(super) const TRANSACTION: Tags = Tags {
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
pub(super) struct Trigger<'h> {
    pub(super) name: &'h [u8],
    version: Dependency,
    pub(super) when: When,
    /// Which of the header's scripts it is for.
    pub(super) script: u32,
}

impl<'p> Changes<'p> {
    pub(in super::super) fn new(mut members: Vec<Member<'p>>) -> Self {
        note_gone(&mut members);
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
    pub(in super::super) fn packages(&self, when: When, who: Who) -> Vec<Script<'_>> {
        let mut members = self.members.iter().filter(|_| self.has_triggers);
        let Some(own) = members.find(|member| member.who == who) else {
            return Vec::new();
        };
        let goes = u32::from(matches!(when, When::Un | When::Postun));
        match when {
            When::Prein | When::In => {
                [self.by(own, when, goes), self.own(own, when, goes)].concat()
            }
            When::Un => [self.own(own, when, goes), self.by(own, when, goes)].concat(),
            When::Postun => self.by(own, when, goes),
        }
    }

    /// Returns the triggers of others that a package fires; `goes` of it are gone afterwards.
    fn by(&self, target: &Member<'_>, when: When, goes: u32) -> Vec<Script<'_>> {
        let mut scripts = Vec::new();
        for owner in self.there() {
            let fired = owner.triggers.iter().filter(|it| it.fires(when, target));
            for trigger in fired {
                let left = self.count(&target.identity.name).saturating_sub(goes);
                let arguments = vec![self.count(&owner.identity.name), left];
                let slot = Slot::Trigger(when);
                scripts.extend(PACKAGES.script(owner, slot, trigger.script, arguments));
            }
        }
        scripts
    }

    /// Returns the triggers of a package that others fire; `goes` of it are gone afterwards.
    fn own(&self, own: &Member<'_>, when: When, goes: u32) -> Vec<Script<'_>> {
        let (mut scripts, mut fired) = (Vec::new(), BTreeSet::new());
        for trigger in &own.triggers {
            let target = self.there().find(|target| trigger.fires(when, target));
            if let Some(target) = target
                && fired.insert(trigger.script)
            {
                let left = self.count(&own.identity.name).saturating_sub(goes);
                let arguments = vec![left, self.count(&target.identity.name)];
                let slot = Slot::Trigger(when);
                scripts.extend(PACKAGES.script(own, slot, trigger.script, arguments));
            }
        }
        scripts
    }

    /// Returns the packages that are in the database as far as the step has come.
    pub(super) fn there(&self) -> impl Iterator<Item = &Member<'p>> + Clone {
        self.members.iter().filter(|member| member.is_there)
    }
}

/// Finds out which files go with their packages: those that no other package has.
fn note_gone(members: &mut [Member<'_>]) {
    let goes = |member: &Member<'_>| member.course == Course::Goes;
    if members.iter().all(|member| member.files.is_empty()) {
        return;
    }
    let stay = members.iter().filter(|member| !goes(member));
    let stay: BTreeSet<_> = stay.flat_map(|member| &member.paths).collect();
    let gone = members.iter().map(|member| match goes(member) {
        true => member
            .paths
            .iter()
            .filter(|path| !stay.contains(path))
            .cloned()
            .collect(),
        false => Vec::new(),
    });
    let gone: Vec<Vec<Vec<u8>>> = gone.collect();
    for (member, gone) in members.iter_mut().zip(gone) {
        member.gone = gone;
    }
}

impl Trigger<'_> {
    /// Returns whether a package fires it at that time.
    fn fires(&self, when: When, target: &Member<'_>) -> bool {
        self.when == when
            && target.identity.name.as_bytes() == self.name
            && self.version.overlaps(&own_version(target.identity))
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
    pub(super) fn read<'h>(&self, header: &'h Header) -> Vec<Trigger<'h>> {
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

    pub(super) fn script(
        &self,
        owner: &Member<'_>,
        slot: Slot,
        index: u32,
        arguments: Vec<u32>,
    ) -> Option<Script<'static>> {
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
            prefixes: prefixes(owner.header),
        })
    }

    pub(super) fn priority(&self, header: &Header, index: u32) -> u32 {
        let priorities = self.priorities.map(|tag| header.flags(tag));
        let at = usize::try_from(index).ok();
        let own = priorities.and_then(|all| all.get(at?).copied());
        own.unwrap_or(PRIORITY)
    }
}
