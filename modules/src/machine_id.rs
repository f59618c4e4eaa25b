//! `machine_id`: lets the first boot give the machine an id of its own. See machine-id(5).
//!
//! What else must not be the same on two machines goes along: the id of D-Bus, the seeds of random
//! numbers, keys that systemd and NetworkManager make, and the names of an NVMe host.

use fsgen::Kind;
use serde::Deserialize;

use crate::option::{OptionDoc, Shape};
use crate::value::ValueError;
use crate::{Cfg, Error, Host, Module, Root, installed};

const FILE: &str = "/etc/machine-id";
const DBUS: &str = "/var/lib/dbus/machine-id";

/// What two machines must not share, and have again without these files.
const SEEDS: [&str; 9] = [
    // Of a machine without these, NVMe takes the UUID that the firmware gives it.
    "/etc/nvme/hostid",
    "/etc/nvme/hostnqn",
    "/var/lib/NetworkManager/secret_key",
    "/var/lib/systemd/random-seed",
    "/var/lib/systemd/credential.secret",
    "/var/lib/misc/random-seed",
    "/boot/loader/random-seed",
    "/boot/efi/loader/random-seed",
    "/efi/loader/random-seed",
];

pub(crate) const MODULE: Module = Module {
    name: "machine_id",
    summary: "lets the first boot give the machine an id of its own",
    details: "\
Empties `/etc/machine-id`, makes a D-Bus id that is a copy of it a link to it, and removes the saved
seeds of random numbers, the keys of systemd's credentials and of NetworkManager, and hostid and
hostnqn of NVMe. The name of an iSCSI initiator stays. `uninitialized` has systemd treat the first
boot as that of a new system: it then enables units by their presets, too.",
    keys: &["machine_id"],
    options: &[OptionDoc::optional(
        "machine_id",
        Shape::OneOf(&["empty", "uninitialized"]),
        "what the file holds until then; empty if left out",
    )],
    example: "modules: [machine_id]\n",
    check,
    modify,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(default)]
    machine_id: State,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    #[default]
    Empty,
    Uninitialized,
}

fn check(cfg: &Cfg, _: &dyn Host) -> Result<(), ValueError> {
    cfg.options::<Options>().map(drop)
}

fn modify(_: &str, root: &mut Root<'_>, cfg: &Cfg) -> Result<(), Error> {
    let Options { machine_id } = cfg.options()?;
    // An old way to have one id for both, which would end as a link to itself.
    if root.is_link(FILE) {
        root.remove(FILE)?;
    }
    let is_new = !root.exists(FILE);
    // Without the file, systemd could not keep an id on a root that is mounted read-only.
    if installed::systemd(root) || !is_new {
        let text = match machine_id {
            State::Empty => "",
            State::Uninitialized => "uninitialized\n",
        };
        root.mkdir_above(FILE)?;
        root.write(FILE, text)?;
        if is_new {
            root.chmod(FILE, 0o444)?;
        }
    }
    let is_copy = root
        .lstat(DBUS)
        .is_ok_and(|node| matches!(node.kind, Kind::File(_)));
    if is_copy {
        root.remove(DBUS)?;
        if root.exists(FILE) {
            root.symlink(FILE, DBUS, false)?;
        }
    }
    for seed in SEEDS {
        if root.lstat(seed).is_ok() {
            root.remove(seed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{distribution, image, read, show, step, value};

    #[test]
    fn every_distribution() {
        for (name, links) in [
            (
                "debian",
                &["/var/lib/dbus/machine-id -> /etc/machine-id"][..],
            ),
            ("fedora", &[]),
            ("suse", &[]),
            ("arch", &[]),
            ("alpine", &[]),
        ] {
            let mut tree = distribution(name);
            step(&mut tree, "machine_id", &value!({})).unwrap();
            assert_eq!(
                step(&mut tree, "machine_id", &value!({})).unwrap().changes,
                []
            );
            let is_there = tree.resolve(FILE.as_bytes()).is_ok();
            assert_eq!(is_there, name != "alpine", "{name}");
            if is_there {
                assert_eq!(read(&tree, FILE), "", "{name}");
            }
            let files = show(&mut tree, "/var").join("\n");
            assert_eq!(
                files.contains("machine-id"),
                !links.is_empty(),
                "{name}: {files}"
            );
            assert!(links.iter().all(|link| files.contains(link)), "{files}");
        }
    }

    #[test]
    fn links_between_the_two_files() {
        for files in [
            [
                ("/etc/machine-id@", "/var/lib/dbus/machine-id"),
                ("/var/lib/dbus/machine-id", "0123\n"),
            ],
            [
                ("/var/lib/dbus/machine-id@", "/etc/machine-id"),
                ("/etc/machine-id", "0123\n"),
            ],
            [
                ("/etc/machine-id@", "../data/nowhere"),
                ("/var/lib/dbus/machine-id@", "/etc/machine-id"),
            ],
        ] {
            let files = [&files[..], &[("/usr/lib/systemd/systemd", "")]].concat();
            let mut tree = image(&files);
            step(&mut tree, "machine_id", &value!({})).unwrap();
            assert_eq!(read(&tree, FILE), "");
            assert!(show(&mut tree, FILE)[0].ends_with("0:0 /etc/machine-id"));
            assert_eq!(
                show(&mut tree, DBUS),
                ["0777 0:0 /var/lib/dbus/machine-id -> /etc/machine-id"]
            );
            assert_eq!(
                step(&mut tree, "machine_id", &value!({})).unwrap().changes,
                []
            );
        }
    }

    #[test]
    fn what_two_machines_must_not_share() {
        let files = &[
            ("/usr/lib/systemd/systemd", ""),
            ("/var/lib/dbus/machine-id", "0123\n"),
            ("/var/lib/systemd/random-seed", "x"),
            ("/boot/efi/loader/random-seed", "x"),
            ("/etc/nvme/hostid", "x"),
            ("/etc/nvme/hostnqn", "x"),
            ("/etc/nvme/discovery.conf", ""),
            ("/var/lib/NetworkManager/secret_key", "x"),
            ("/var/lib/systemd/timesync/clock", ""),
        ];
        let mut tree = image(files);
        let uninitialized = value!({"machine_id": "uninitialized"});
        step(&mut tree, "machine_id", &uninitialized).unwrap();
        assert_eq!(
            step(&mut tree, "machine_id", &uninitialized)
                .unwrap()
                .changes,
            []
        );
        assert_eq!(read(&tree, FILE), "uninitialized\n");
        assert_eq!(show(&mut tree, FILE), ["0444 0:0 /etc/machine-id"]);
        assert_eq!(
            show(&mut tree, DBUS),
            ["0777 0:0 /var/lib/dbus/machine-id -> /etc/machine-id"]
        );
        let all = show(&mut tree, "/").join("\n");
        assert!(!all.contains("random-seed") && all.contains("timesync/clock"));
        assert!(!all.contains("nvme/host") && all.contains("nvme/discovery.conf"));
        assert!(!all.contains("secret_key"));
        let wrong = step(&mut tree, "machine_id", &value!({"machine_id": "new"})).unwrap_err();
        assert_eq!(wrong.to_string(), "unknown value `new`");
    }
}
