//! Which packages of repositories cannot be taken, as modules have others or are not used.

use std::collections::{BTreeMap, BTreeSet};

use super::Streams;
use crate::rpm::identity::Identity;
use crate::rpm::repodata::Offer;

/// What is hidden: packages of builds that are not used, and others in the place of those of builds
/// that are (libdnf's `setModuleExcludes`).
#[derive(Debug, Default)]
pub(crate) struct Hidden<'s> {
    /// Module and stream of each.
    unused: BTreeMap<&'s str, (&'s str, &'s str)>,
    used: BTreeSet<&'s str>,
    names: BTreeSet<&'s str>,
}

impl Streams {
    /// Returns what is hidden.
    pub(crate) fn hidden(&self) -> Hidden<'_> {
        let mut hidden = Hidden::default();
        let used = self.used();
        let streams = self.modules.iter().flat_map(|(module, streams)| {
            let streams = streams.iter();
            streams.map(move |(stream, contexts)| (&**module, &**stream, contexts))
        });
        for (module, stream, contexts) in streams {
            for (context, builds) in contexts {
                let packages = builds.iter().flat_map(|build| &build.packages);
                let packages = packages.map(String::as_str);
                match used.get(module) == Some(&(stream, Some(context))) {
                    true => hidden.used.extend(packages),
                    false => {
                        let packages = packages.map(|package| (package, (module, stream)));
                        hidden.unused.extend(packages);
                    }
                }
            }
        }
        // Sources are no reason to hide a package.
        let is_source = |package: &str| package.ends_with(".src") || package.ends_with(".nosrc");
        let binary = hidden.used.iter().filter(|package| !is_source(package));
        let names = binary.filter_map(|package| package.rsplitn(3, '-').nth(2));
        hidden.names = names.collect();
        hidden
    }
}

impl Hidden<'_> {
    /// Returns whether a package cannot be taken.
    pub(crate) fn hides(&self, offer: &Offer) -> bool {
        if self.unused.is_empty() && self.used.is_empty() {
            return false;
        }
        let full = full(&offer.identity);
        let mut names = offer.provides.iter().map(|provided| &*provided.name);
        let mut is_other = || {
            self.unused.contains_key(&*full)
                || self.names.contains(&*offer.identity.name)
                || names.any(|name| self.names.contains(name))
        };
        !self.used.contains(&*full) && is_other()
    }

    /// Returns module and stream that a hidden package is of; none if it is hidden by others.
    pub(crate) fn stream(&self, identity: &Identity) -> Option<(&str, &str)> {
        self.unused.get(&*full(identity)).copied()
    }
}

/// Returns the name with version and architecture as lists of modules have it: always with an epoch.
fn full(identity: &Identity) -> String {
    let Identity {
        name,
        version,
        arch,
    } = identity;
    let epoch = match &*version.epoch {
        "" => "0",
        epoch => epoch,
    };
    format!(
        "{name}-{epoch}:{}-{}.{arch}",
        version.version, version.release
    )
}
