//! Packages that are put into the database at the first boot, by the image's own rpm: where it is
//! one that can only be read here.
//!
//! Each step has a folder with a list of the packages that went, and of each that came a file with
//! its headers, which is all of a package that `rpm -i --justdb` looks at.

use fsgen::tree::content::Content;

use super::candidate::Candidate;
use super::options::Options;
use super::store::{At, Installed, StoreError};
use super::transaction::Transaction;
use crate::first_boot::{self, Task};
use crate::root::join;
use crate::rpm::identity::Identity;
use crate::rpm::package::Package;
use crate::value::{Span, ValueError};
use crate::{Error, Root, RootError};

/// Where the folders of the steps are.
const FOLDER: &str = "/var/lib/hsb/rpms";

/// What a folder has beside headers: the packages that go, one a line, and what does it all.
const ERASED: &str = "erased";
const RUN: &str = "run";

/// The most that is read of all these files, in bytes, as of a database.
const LARGEST: u64 = 1 << 30;

/// Changes the list of what is installed by what earlier steps left.
pub(super) fn apply(root: &Root<'_>, installed: &mut Vec<Installed>) -> Result<(), StoreError> {
    let mut left = LARGEST;
    for folder in folders(root)? {
        let erased = root.read_if_exists(join(&folder, ERASED.as_bytes()))?;
        let erased = String::from_utf8_lossy(&erased.unwrap_or_default()).into_owned();
        let is_erased = |identity: &Identity| erased.lines().any(|line| line == label(identity));
        installed.retain(|there| !is_erased(&there.identity));
        for name in root.list(&folder)? {
            if !name.ends_with(b".rpm") {
                continue;
            }
            let path = join(&folder, &name);
            let Some(bytes) = root.read_large(&path, left)? else {
                continue;
            };
            left -= bytes.len() as u64;
            let package = Package::parse(&bytes).and_then(|package| {
                let there = Installed::new(At::Pending(path.clone()), package.header);
                there.map_err(Into::into)
            });
            let failed = |cause| StoreError::Pending {
                path,
                cause: Box::new(cause),
            };
            installed.push(package.map_err(failed)?);
        }
    }
    Ok(())
}

/// Leaves a transaction for the first boot; scripts that are left after this come after it.
pub(super) fn leave(
    root: &mut Root<'_>,
    span: Span,
    options: &Options,
    candidates: &[Candidate],
    installed: &[Installed],
    transaction: &Transaction,
) -> Result<(), Error> {
    if !first_boot::is_possible(root) {
        let message = "the image's package database is of the kind bdb, which hsb only reads, and \
                       the image has no systemd that could put the packages into it at its first boot";
        let help =
            "convert it on a running system with `rpmdb --rebuilddb` and %_db_backend sqlite";
        return Err(ValueError::new(span, message.to_owned()).help(help).into());
    }
    let number = folders(root)?.len() + 1;
    let folder = format!("{FOLDER}/{number:03}");
    root.mkdir_all(&folder, 0o755)?;
    let mut erased = String::new();
    for index in transaction.erased() {
        match &installed[index].at {
            At::Pending(path) => root.remove(path)?,
            At::Database(_) => erased += &(label(&installed[index].identity) + "\n"),
        }
    }
    if !erased.is_empty() {
        root.write(format!("{folder}/{ERASED}"), &erased)?;
    }
    let (spool, source) = root.spool()?;
    let mut at = 0;
    for index in transaction.installs() {
        let Candidate { file, package, .. } = &candidates[index];
        let failed = |cause| candidates[index].error(cause);
        let mut headers = vec![0; usize::try_from(package.payload).unwrap_or_default()];
        file.source.read_exact_at(&mut headers, 0).map_err(failed)?;
        let written = spool.write_all_at(&headers, at);
        written.map_err(|cause| RootError::Spool { cause })?;
        let path = format!("{folder}/{index:05}.rpm");
        root.write_spooled(path.as_bytes(), Content::span(source, at, package.payload))?;
        at += package.payload;
    }
    root.write(format!("{folder}/{RUN}"), script(&folder, options))?;
    let task = Task {
        name: format!("rpmdb-{number}"),
        program: vec!["/bin/sh".to_owned(), format!("{folder}/{RUN}")],
        ..Task::default()
    };
    first_boot::add(root, &[task])?;
    root.warn(
        "the image's package database is of the kind bdb, which hsb only reads: at its first boot, \
         the image's own rpm puts the packages into it",
    );
    Ok(())
}

/// Returns the folders of earlier steps, in their order.
fn folders(root: &Root<'_>) -> Result<Vec<Vec<u8>>, RootError> {
    if !root.is_dir(FOLDER) {
        return Ok(Vec::new());
    }
    let names = root.list(FOLDER)?;
    let paths = names.iter().map(|name| join(FOLDER.as_bytes(), name));
    Ok(paths.filter(|path| root.is_dir(path)).collect())
}

/// Returns the package as rpm finds it in its database.
fn label(identity: &Identity) -> String {
    let (name, version, arch) = (&identity.name, &identity.version, &identity.arch);
    format!("{name}-{}-{}.{arch}", version.version, version.release)
}

/// Returns the script that puts a folder's packages into the database, by any rpm since 4.4.
fn script(folder: &str, options: &Options) -> String {
    let mut more = String::new();
    if options.leaves_docs_out() {
        more += " --excludedocs";
    }
    if let Some(langs) = &options.install_langs {
        let define = format!("_install_langs {}", langs.join(":"));
        more += &format!(" --define {}", first_boot::quote(&define));
    }
    format!(
        "\
# Made by hsb: puts packages into rpm's database whose files are there already.
cd {folder} || exit
files='--justdb --nodeps --noscripts --notriggers'
if [ -s {ERASED} ]; then
\tset -f
\trpm -e $files $(cat {ERASED}) || exit
\tset +f
fi
set -- *.rpm
if [ -e \"$1\" ]; then
\trpm -i $files --force --ignoresize --ignorearch --ignoreos --nodigest --nosignature{more} \"$@\" || exit
fi
cd /
rm -rf {folder}
rmdir {FOLDER} 2>/dev/null
exit 0
"
    )
}
