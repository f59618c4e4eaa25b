//! What comes, stays and goes, as scripts and triggers see it.

use super::candidate::Candidate;
use super::conflict::Who;
use super::script::{Changes, Course, Member};
use super::store::Installed;
use super::transaction::Transaction;
use super::unpack::Unpacking;
use crate::rpm::file::State;
use crate::rpm::header::Header;
use crate::rpm::tag;

/// Gathers all packages that triggers have to do with; those that come in their order.
pub(super) fn of<'p>(
    candidates: &'p [Candidate],
    installed: &'p [Installed],
    transaction: &Transaction,
    order: &[usize],
    unpacking: &Unpacking<'_>,
) -> Changes<'p> {
    let new = |index: &usize| {
        let index = *index;
        let candidate = &candidates[index];
        let states = unpacking.states(index);
        let files = candidate.files.iter().zip(states);
        let there = files.filter(|(_, state)| **state == State::Normal);
        let package = &candidate.package;
        let paths = there.map(|(file, _)| file.path()).collect();
        let who = Who::New(index);
        Member::new(
            who,
            &package.identity,
            &package.header,
            paths,
            Course::Comes,
        )
    };
    let new: Vec<Member<'p>> = order.iter().map(new).collect();
    let has_triggers = |header: &Header| {
        let tags = [tag::FILETRIGGERNAME, tag::TRANSFILETRIGGERNAME];
        tags.iter().any(|tag| header.has(*tag))
    };
    // Triggers that are new ask for the files that were there, and others whether files that go
    // are still those of another package.
    let goes = transaction.erased().next().is_some();
    let asks = new.iter().any(|member| has_triggers(member.header))
        || goes && installed.iter().any(|there| has_triggers(&there.header));
    let there = installed.iter().enumerate().map(|(index, there)| {
        let course = match transaction.is_erased(index) {
            true => Course::Goes,
            false => Course::Stays,
        };
        let files = there.files().iter().enumerate();
        let files = files.filter(|(i, _)| (course == Course::Goes || asks) && there.has(*i));
        let paths = files.map(|(_, file)| file.path()).collect();
        let who = Who::There(index);
        Member::new(who, &there.identity, &there.header, paths, course)
    });
    Changes::new(there.chain(new).collect())
}
