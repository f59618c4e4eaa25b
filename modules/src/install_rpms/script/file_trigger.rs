//! Triggers for files: scripts that run when files below some path come or go, with one package or
//! with the whole step (rpm's `rpmtriggers.c`).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::iter;

use super::super::conflict::Who;
use super::Script;
use super::read::{Slot, When};
use super::trigger::{Changes, Course, FILES, Member, TRANSACTION, Tags};
use crate::rpm::header::Header;

/// How urgent triggers are at least that come before the script of the package itself (rpm's
/// `TRIGGER_PRIORITY_BOUND`).
const BOUND: u32 = 10_000;

/// On which side of the package's own script triggers fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Side {
    Before,
    After,
}

/// Scripts with the paths that each is told of, one after the other: a trigger may be told of all.
pub(in super::super) type Fired<'c> = Box<dyn Iterator<Item = Script<'c>> + 'c>;

/// One trigger for files.
pub(super) struct FileTrigger<'h> {
    when: When,
    priority: u32,
    /// Which of the header's scripts it is for.
    script: u32,
    /// How the paths begin that it waits for.
    prefixes: Vec<&'h [u8]>,
}

impl<'h> FileTrigger<'h> {
    pub(super) fn read(tags: &Tags, header: &'h Header) -> Vec<Self> {
        let mut triggers: BTreeMap<u32, Self> = BTreeMap::new();
        for one in tags.read(header) {
            let trigger = triggers.entry(one.script).or_insert_with(|| Self {
                when: one.when,
                priority: tags.priority(header, one.script),
                script: one.script,
                prefixes: Vec::new(),
            });
            trigger.prefixes.push(one.name);
        }
        triggers.into_values().collect()
    }
}

impl Member<'_> {
    /// Returns the files that come with it at that time, or go: not those that are, or stay,
    /// another package's.
    fn moved(&self, when: When) -> &[Vec<u8>] {
        match when {
            When::Prein | When::In => &self.paths,
            When::Un | When::Postun => &self.gone,
        }
    }
}

impl Changes<'_> {
    /// Returns the triggers that one package fires by its files, on one side of its own script; its
    /// own ones fire by the files of all that are there.
    pub(in super::super) fn files(&self, when: When, who: Who, side: Side) -> Fired<'_> {
        let Some(own) = self.members.iter().find(|member| member.who == who) else {
            return Box::new(iter::empty());
        };
        let slot = Slot::FileTrigger(when);
        let is_side =
            move |trigger: &FileTrigger<'_>| (trigger.priority >= BOUND) == (side == Side::Before);
        let moved = own.moved(when);
        let by_own = fired(self.there(), slot, move |trigger| match is_side(trigger) {
            true => below(moved, &trigger.prefixes),
            false => Vec::new(),
        });
        // rpm does not know yet which of its own files are there when it comes.
        let others = self
            .there()
            .filter(move |it| when != When::In || it.who != who);
        let by_others = fired([own], slot, move |trigger| match is_side(trigger) {
            true => found(others.clone(), &trigger.prefixes),
            false => Vec::new(),
        });
        match when {
            When::Prein | When::In => Box::new(by_own.chain(by_others)),
            When::Un => Box::new(by_others.chain(by_own)),
            When::Postun => by_own,
        }
    }

    /// Returns the triggers of the whole step that fire before it: for what goes those of the
    /// packages that stay, and those of what goes itself, for the files of all that are there.
    pub(in super::super) fn before(&self, going: &[usize]) -> impl Iterator<Item = Script<'_>> {
        let slot = Slot::TransFileTrigger(When::Un);
        let goes = |trigger: &FileTrigger<'_>| found(self.of(Course::Goes), &trigger.prefixes);
        let by_own = going.iter().map(|index| Who::There(*index));
        fired(self.of(Course::Stays), slot, goes)
            .chain(by_own.flat_map(move |who| self.whole(slot, who)))
    }

    /// Returns the triggers of the whole step that fire after it, in the same way.
    pub(in super::super) fn after(&self, coming: &[usize]) -> impl Iterator<Item = Script<'_>> {
        let slot = Slot::TransFileTrigger(When::In);
        let comes = |trigger: &FileTrigger<'_>| found(self.of(Course::Comes), &trigger.prefixes);
        let gone = |trigger: &FileTrigger<'_>| {
            let members = self.of(Course::Goes);
            let paths = members.flat_map(|member| below(&member.paths, &trigger.prefixes));
            paths.collect()
        };
        let postun = Slot::TransFileTrigger(When::Postun);
        // These are not told of any file.
        let untold = fired(self.there(), postun, gone).map(|script| Script {
            paths: Vec::new(),
            ..script
        });
        let by_own = coming.iter().map(|index| Who::New(*index));
        fired(self.of(Course::Stays), slot, comes)
            .chain(untold)
            .chain(by_own.flat_map(move |who| self.whole(slot, who)))
    }

    /// Returns a package's own triggers of the whole step.
    fn whole(&self, slot: Slot, who: Who) -> Fired<'_> {
        let owner = self.members.iter().filter(|member| member.who == who);
        fired(owner, slot, |trigger| {
            found(self.there(), &trigger.prefixes)
        })
    }

    fn of(&self, course: Course) -> impl Iterator<Item = &Member<'_>> + Clone {
        self.members.iter().filter(move |it| it.course == course)
    }
}

/// Returns the scripts of triggers for which there are files, the more urgent ones first.
fn fired<'m>(
    owners: impl IntoIterator<Item = &'m Member<'m>>,
    slot: Slot,
    paths: impl Fn(&FileTrigger<'_>) -> Vec<&'m [u8]> + 'm,
) -> Fired<'m> {
    let mut triggers = Vec::new();
    for owner in owners {
        let (tags, own, when) = match slot {
            Slot::FileTrigger(when) => (&FILES, &owner.files, when),
            Slot::TransFileTrigger(when) => (&TRANSACTION, &owner.whole, when),
            _ => continue,
        };
        let own = own.iter().filter(|trigger| trigger.when == when);
        triggers.extend(own.map(|trigger| (owner, tags, trigger)));
    }
    triggers.sort_by_key(|(_, _, trigger)| Reverse(trigger.priority));
    Box::new(
        triggers
            .into_iter()
            .filter_map(move |(owner, tags, trigger)| {
                let paths = paths(trigger);
                let script = tags.script(owner, slot, trigger.script, vec![0, 0]);
                let script = script.filter(|_| !paths.is_empty())?;
                Some(Script { paths, ..script })
            }),
    )
}

/// Returns the paths that begin with a prefix; one that begins with two comes twice, as with rpm.
fn below<'m>(paths: &'m [Vec<u8>], prefixes: &[&[u8]]) -> Vec<&'m [u8]> {
    let paths = paths.iter().map(Vec::as_slice);
    let below = |prefix| paths.clone().filter(move |path| path.starts_with(prefix));
    prefixes.iter().flat_map(|prefix| below(*prefix)).collect()
}

/// Returns the files of packages that are in the database: it finds packages by folders that begin
/// with a prefix.
fn found<'m>(
    members: impl Iterator<Item = &'m Member<'m>> + Clone,
    prefixes: &[&[u8]],
) -> Vec<&'m [u8]> {
    let has_folder = |member: &Member<'_>, prefix: &[u8]| {
        let mut paths = member.paths.iter();
        paths.any(|path| {
            let name = path.iter().rposition(|byte| *byte == b'/');
            path[..name.map_or(0, |at| at + 1)].starts_with(prefix)
        })
    };
    let mut found = Vec::new();
    for prefix in prefixes {
        let fitting = members.clone().filter(|member| has_folder(member, prefix));
        found.extend(fitting.flat_map(|member| below(&member.paths, &[prefix])));
    }
    found
}
