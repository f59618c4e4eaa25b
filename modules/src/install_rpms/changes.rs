//! What comes, stays and goes, as scripts and triggers see it.

use super::candidate::Candidate;
use super::script::{Changes, Member};
use super::store::Installed;
use super::transaction::Transaction;
use super::unpack::Unpacking;
use crate::rpm::file::State;
use crate::rpm::header::Header;
use crate::rpm::identity::Identity;
use crate::rpm::tag;

/// Gathers all packages that triggers have to do with.
pub(super) fn of<'p>(
    candidates: &'p [Candidate],
    installed: &'p [Installed],
    transaction: &Transaction,
    unpacking: &Unpacking<'_>,
) -> Changes<'p> {
    let new = |index: usize| {
        let candidate = &candidates[index];
        let states = unpacking.states(index);
        let files = candidate.files.iter().zip(states);
        let there = files.filter(|(_, state)| **state == State::Normal);
        Member {
            identity: &candidate.package.identity,
            header: &candidate.package.header,
            paths: there.map(|(file, _)| file.path()).collect(),
        }
    };
    let new: Vec<Member<'p>> = transaction.installs().map(new).collect();
    let has_triggers = |header: &Header| {
        let tags = [tag::FILETRIGGERNAME, tag::TRANSFILETRIGGERNAME];
        tags.iter().any(|tag| header.has(*tag))
    };
    // Only triggers that are new ask for the files that were there.
    let asks = new.iter().any(|member| has_triggers(member.header));
    let (mut kept, mut erased) = (Vec::new(), Vec::new());
    for (index, there) in installed.iter().enumerate() {
        let goes = transaction.is_erased(index);
        let files = there.files().iter().enumerate();
        let files = files.filter(|(i, _)| (goes || asks) && there.has(*i));
        let member = Member {
            identity: &there.identity,
            header: &there.header,
            paths: files.map(|(_, file)| file.path()).collect(),
        };
        if goes { &mut erased } else { &mut kept }.push(member);
    }
    Changes { new, kept, erased }
}

impl Changes<'_> {
    /// Returns how many versions of a package there are once it is installed, and before any goes.
    pub(super) fn count(&self, new: &Identity) -> u32 {
        let there = self.kept.iter().chain(&self.erased);
        let same = there.filter(|member| member.identity.name == new.name);
        u32::try_from(same.count()).unwrap_or(u32::MAX - 1) + 1
    }

    /// Returns how many there are once it is gone.
    pub(super) fn left(&self, old: &Identity) -> u32 {
        let there = self.kept.iter().chain(&self.new);
        let same = there.filter(|member| member.identity.name == old.name);
        u32::try_from(same.count()).unwrap_or(u32::MAX)
    }
}
