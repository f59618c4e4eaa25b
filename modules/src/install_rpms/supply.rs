//! What packages lack, from the repositories that the recipe lists.

use std::io::{self, BufReader, Read as _};
use std::sync::Arc;

use fsgen::ReadAt;

use super::candidate::Candidate;
use super::machine::Machine;
use super::modules;
use super::options::Options;
use super::solve::solve;
use super::store::Installed;
use super::transaction::Transaction;
use super::trust::Lists;
use super::universe::Universe;
use crate::address;
use crate::compressed::Compressed;
use crate::package_files::{Package as _, PackageFile};
use crate::rpm::digest::Digest;
use crate::rpm::modular::Streams;
use crate::rpm::repodata::{self, Offer, Place, RepodataError};
use crate::value::{Spanned, ValueError};
use crate::{Error, Host, Root};

/// Where a repository says what it has.
const INDEX: &str = "repodata/repomd.xml";

/// Where its signature is.
const SIGNATURE: &str = "repodata/repomd.xml.asc";

/// The largest that either is, in bytes; the first of Fedora has 6,000.
const LARGEST: u64 = 4 << 20;

/// The most that a list of modules may have, in bytes; that of RHEL 8 has some 10 million.
const LARGEST_MODULES: u64 = 64 << 20;

/// The most packages that all repositories may have; all of Fedora has 70,000.
const MOST: usize = 2_000_000;

/// A repository of the recipe.
struct Repo<'r> {
    item: &'r Spanned<String>,
    base: &'r str,
    /// What messages call it.
    name: String,
}

/// Finds what is wrong with the list of repositories without fetching anything.
pub(super) fn check(options: &Options, host: &dyn Host) -> Result<(), ValueError> {
    if let Some(asked) = &options.repo_gpgcheck
        && options.repos.is_empty()
    {
        return Err(asked.error("`repo_gpgcheck` is about `repos`, which are not there"));
    }
    for repo in repos(options) {
        if repo.is_url() {
            continue;
        }
        if repo.base.contains("://") {
            let message = format!("{} is neither a folder nor http:// or https://", repo.name);
            return Err(repo.item.error(message));
        }
        repo.index(host, None)?;
        if options.checks_lists() {
            repo.small(SIGNATURE, host)?;
        }
    }
    Ok(())
}

/// Adds packages of the repositories to those that are listed, until nothing is missing.
pub(super) fn supply(
    root: &mut Root<'_>,
    options: &Options,
    candidates: &mut Vec<Candidate>,
    installed: &[Installed],
    transaction: &Transaction,
    machine: Option<&Machine>,
) -> Result<(), Error> {
    let repos: Vec<_> = repos(options).collect();
    let (mut offers, mut sources) = (Vec::new(), Vec::new());
    let mut streams = Streams::default();
    let lists = Lists::read(root, options, installed)?;
    for (number, repo) in repos.iter().enumerate() {
        let (place, modules, key) = repo.index(root.host(), lists.as_ref())?;
        if let Some(key) = key {
            root.info(format!("{} is signed by key {key}", repo.name));
        }
        repo.read(&place, root.host(), machine, &mut offers)?;
        if offers.len() > MOST {
            let message = format!("there are more than {MOST} packages");
            return Err(repo.item.error(message).into());
        }
        sources.resize(offers.len(), number);
        if let Some(place) = modules {
            repo.modules(&place, root.host(), &mut streams)?;
        }
    }
    modules::choose(root, &mut streams).map_err(|why| repos[0].item.error(why))?;
    let hidden = streams.hidden();
    let all = offers.into_iter().zip(sources);
    let (left_out, all): (Vec<_>, Vec<_>) = all.partition(|(offer, _)| hidden.hides(offer));
    let (mut offers, sources): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    if !left_out.is_empty() {
        let count = left_out.len();
        root.info(format!(
            "{count} packages are left out, as modules in use have others, or none"
        ));
    }
    let universe = Universe::of(candidates, installed, transaction, &offers, machine);
    let found = match solve(&universe) {
        Ok(found) => found,
        Err(why) => {
            let holes: Vec<_> = universe.holes().into_iter().collect();
            let why = match holes.is_empty() {
                true => format!("packages do not fit together: {why}"),
                false => format!("what is missing is not there: {}", holes.join("; ")),
            };
            let error = repos[0].item.error(why);
            let count = offers.len();
            let found = match left_out.is_empty() {
                true => Vec::new(),
                false => {
                    offers.extend(left_out.into_iter().map(|(offer, _)| offer));
                    let universe =
                        Universe::of(candidates, installed, transaction, &offers, machine);
                    solve(&universe).unwrap_or_default()
                }
            };
            let found = found.into_iter().filter(|index| *index >= count);
            let found: Vec<_> = found.map(|index| &offers[index].identity).collect();
            let help = modules::help(&hidden, &found);
            let usual = match machine {
                Some(_) => "add repositories, or give `nodeps: true` to install without",
                None => {
                    "nothing in the image or in `rpms` tells the machine, so that only packages \
                     for noarch were looked at; list one for the machine in `rpms`"
                }
            };
            return Err(error.help(help.unwrap_or_else(|| usual.to_owned())).into());
        }
    };
    for index in found {
        let repo = &repos[sources[index]];
        let candidate = repo.fetch(&offers[index], root.host())?;
        let identity = &candidate.package.identity;
        root.info(format!(
            "{identity} is required, and comes from {}",
            repo.name
        ));
        candidates.push(candidate);
    }
    candidates.sort_by_cached_key(|candidate| {
        let identity = &candidate.package.identity;
        (identity.name.clone(), identity.to_string())
    });
    Ok(())
}

fn repos(options: &Options) -> impl Iterator<Item = Repo<'_>> {
    options.repos.iter().map(|item| {
        let base = item.trim_end_matches('/');
        let name = match base.contains("://") {
            true => address::shown(base),
            false => base.to_owned(),
        };
        Repo { item, base, name }
    })
}

impl Repo<'_> {
    fn is_url(&self) -> bool {
        ["http://", "https://"]
            .iter()
            .any(|scheme| self.base.starts_with(scheme))
    }

    fn error(&self, path: &str, cause: impl std::fmt::Display) -> ValueError {
        self.item.error(format!("{}/{path}: {cause}", self.name))
    }

    /// Opens a file; where its digest is known, one that has another is refused.
    fn open(
        &self,
        path: &str,
        place: Option<&Place>,
        host: &dyn Host,
    ) -> Result<(Arc<dyn ReadAt>, u64), ValueError> {
        let full = format!("{}/{path}", self.base);
        let opened = match self.is_url() {
            true => host.fetch(&full, place.and_then(Place::sha256)),
            false => host.open(&full),
        };
        let (source, len) = opened.map_err(|error| {
            // What was fetched in vain names the address itself.
            let message = error.to_string();
            let failed = match message.starts_with(&format!("{}/{path}", self.name)) {
                true => self.item.error(message),
                false => self.error(path, message),
            };
            match path == INDEX && error.kind() == io::ErrorKind::NotFound {
                true => failed.help(
                    "list the folder that has `repodata`, or make that with `createrepo_c FOLDER`",
                ),
                false => failed,
            }
        })?;
        if let Some(place) = place {
            let digest = Digest::new(place.algorithm);
            let bytes = Compressed::new(&*source, 0, len, Some(digest));
            let finished = bytes.finish();
            let (digest, _) = finished.map_err(|error| self.error(path, error))?;
            let found = digest.map(Digest::hex).unwrap_or_default();
            if !found.eq_ignore_ascii_case(&place.digest) {
                let wanted = &place.digest;
                let message = format!("it has the digest {found}, not {wanted}, as the list says");
                return Err(self.error(path, message));
            }
        }
        Ok((source, len))
    }

    /// Reads a small file.
    fn small(&self, path: &str, host: &dyn Host) -> Result<Vec<u8>, ValueError> {
        let (source, len) = self.open(path, None, host)?;
        if len > LARGEST {
            let message = format!("it has {len} bytes, of which at most {LARGEST} are read");
            return Err(self.error(path, message));
        }
        let mut bytes = Vec::new();
        let mut file = Compressed::new(&*source, 0, len, None);
        let read = file.read_to_end(&mut bytes);
        read.map_err(|error| self.error(path, error))?;
        Ok(bytes)
    }

    /// Reads where the lists of packages and of modules are, and which key has signed that, if it
    /// is to be signed.
    fn index(
        &self,
        host: &dyn Host,
        lists: Option<&Lists>,
    ) -> Result<(Place, Option<Place>, Option<String>), ValueError> {
        let bytes = self.small(INDEX, host)?;
        let signed = lists.map(|lists| {
            let signatures = self.small(SIGNATURE, host)?;
            let key = lists.check(&bytes, &signatures);
            key.map_err(|why| self.error(SIGNATURE, why))
        });
        let key = signed.transpose()?;
        let found = repodata::lists(&bytes).map_err(|error| self.error(INDEX, error))?;
        Ok((found.0, found.1, key))
    }

    /// Reads the list of modules.
    fn modules(
        &self,
        place: &Place,
        host: &dyn Host,
        streams: &mut Streams,
    ) -> Result<(), ValueError> {
        let (source, len) = self.open(&place.path, Some(place), host)?;
        let read = || -> io::Result<String> {
            let list = Compressed::new(&*source, 0, len, None);
            let mut text = String::new();
            let list = host.decode(Box::new(list), len)?;
            let mut list = list.take(LARGEST_MODULES + 1);
            list.read_to_string(&mut text)?;
            Ok(text)
        };
        let text = read().map_err(|error| self.error(&place.path, error))?;
        if text.len() as u64 > LARGEST_MODULES {
            let message = format!("it has more than {LARGEST_MODULES} bytes, which is the most");
            return Err(self.error(&place.path, message));
        }
        let read = streams.read(&text);
        read.map_err(|why| self.error(&place.path, why))
    }

    /// Reads the packages that the machine can run.
    fn read(
        &self,
        place: &Place,
        host: &dyn Host,
        machine: Option<&Machine>,
        offers: &mut Vec<Offer>,
    ) -> Result<(), ValueError> {
        let (source, len) = self.open(&place.path, Some(place), host)?;
        let runs =
            |arch: &str| arch == "noarch" || machine.is_some_and(|machine| machine.runs(arch));
        let mut read = || -> Result<(), RepodataError> {
            let list = Compressed::new(&*source, 0, len, None);
            let list = BufReader::new(host.decode(Box::new(list), len)?);
            repodata::offers(list, &runs, &mut |offer| offers.push(offer))
        };
        read().map_err(|error| self.error(&place.path, error))
    }

    fn fetch(&self, offer: &Offer, host: &dyn Host) -> Result<Candidate, ValueError> {
        let place = &offer.place;
        let (source, len) = self.open(&place.path, Some(place), host)?;
        let file = PackageFile {
            name: format!("{}/{}", self.name, place.path),
            span: self.item.span,
            source,
            len,
        };
        let candidate = Candidate::read(file, host);
        let candidate = candidate.map_err(|error| self.error(&place.path, error))?;
        let found = &candidate.package.identity;
        let is_same = found.name == offer.identity.name
            && found.arch == offer.identity.arch
            && found.version.compare(&offer.identity.version).is_eq();
        if !is_same {
            let message = format!("it is {found}, where the list has {}", offer.identity);
            return Err(self.error(&place.path, message));
        }
        Ok(candidate)
    }
}
