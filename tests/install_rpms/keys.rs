//! Keys of gpg, made anew, and packages that rpmsign signs with them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kit::{Work, run, succeed, tool};

/// A keyring of gpg in the folder of a test.
pub(super) struct Keys<'w> {
    work: &'w Work,
    home: PathBuf,
}

impl<'w> Keys<'w> {
    pub(super) fn new(work: &'w Work) -> Self {
        let home = work.join("gnupg");
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
        Self { work, home }
    }

    pub(super) fn gpg(&self) -> Command {
        let mut gpg = tool("gpg");
        gpg.args(["--batch", "--quiet", "--yes", "--pinentry-mode", "loopback"]);
        gpg.args(["--passphrase", "", "--homedir"]).arg(&self.home);
        gpg
    }

    /// Makes a key, writes its public half, and returns its fingerprint.
    pub(super) fn make(&self, name: &str, kind: &str, usage: &str) -> String {
        self.make_with(&[], name, kind, usage)
    }

    /// Makes a key as if it were another time, such as `20200101T000000`.
    pub(super) fn make_in(&self, time: &str, name: &str, kind: &str, usage: &str) -> String {
        self.make_with(&["--faked-system-time", time], name, kind, usage)
    }

    fn make_with(&self, more: &[&str], name: &str, kind: &str, usage: &str) -> String {
        let make = ["--quick-gen-key", name, kind, usage, "0"];
        succeed(self.gpg().args(more).args(make));
        self.export(name, true);
        self.fingerprints(name).remove(0)
    }

    /// Returns the fingerprints of a key and its subkeys.
    pub(super) fn fingerprints(&self, name: &str) -> Vec<String> {
        let listed = succeed(self.gpg().args(["--with-colons", "--list-keys", name]));
        let lines = listed.lines().filter(|line| line.starts_with("fpr"));
        let fields = lines.map(|line| line.split(':').nth(9).unwrap().to_owned());
        fields.collect()
    }

    /// Writes the public half of a key to `NAME.asc`, or `NAME.gpg` without armor.
    pub(super) fn export(&self, name: &str, is_armored: bool) {
        let (ending, armor) = match is_armored {
            true => ("asc", "--armor"),
            false => ("gpg", "--no-armor"),
        };
        let file = self.work.join(format!("{name}.{ending}"));
        let mut gpg = self.gpg();
        gpg.arg(armor).arg("--output").arg(file);
        succeed(gpg.args(["--export", name]));
    }

    /// Signs a copy of a package as `TO.rpm`.
    pub(super) fn sign(&self, package: &Path, key: &str, to: &str) {
        let to = self.work.join(format!("{to}.rpm"));
        fs::copy(package, &to).unwrap();
        let gpg = tool("gpg");
        let gpg = gpg.get_program().display();
        let mut sign = tool("rpmsign");
        sign.env("GNUPGHOME", &self.home);
        for define in [format!("_gpg_name {key}"), format!("__gpg {gpg}")] {
            sign.args(["--define", &define]);
        }
        sign.arg("--addsign");
        succeed(sign.arg(&to));
    }
}

/// Returns what rpmkeys says of a package, with keys in a database of its own.
pub(super) fn judged(work: &Work, keys: &[&str], package: &Path) -> String {
    let database = work.join("judge");
    drop(fs::remove_dir_all(&database));
    fs::create_dir(&database).unwrap();
    let rpmkeys = || {
        let mut rpmkeys = tool("rpmkeys");
        rpmkeys.arg("--dbpath").arg(&database);
        rpmkeys
    };
    for key in keys {
        succeed(
            rpmkeys()
                .arg("--import")
                .arg(work.join(format!("{key}.asc"))),
        );
    }
    run(rpmkeys().args(["--checksig", "-v"]).arg(package)).stdout
}
