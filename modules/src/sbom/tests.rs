use serde_json::Value as Json;

use super::utc;
use crate::kit::{read, refusal, texts, twice, value};

const DPKG: (&str, &str) = (
    "/var/lib/dpkg/status",
    "Package: libc6\nStatus: install ok installed\nMaintainer: GNU Libc <l@d.org>\n\
     Architecture: amd64\nVersion: 2.36-9+deb12u4\nDescription: x\n Package: no\n\n\
     Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
     Package: adduser\nStatus: install ok installed\nArchitecture: all\nVersion: 1:3.134\n\n",
);
/// Packages that are there, though not all is done: `install_debs` leaves such ones.
const STATES: (&str, &str) = (
    "/var/lib/dpkg/status.d/more",
    "package: a\nSTATUS: install ok unpacked\nVersion: 1\nSource: s (2)\n\n\
     Package: b\nStatus: install ok triggers-awaited\nVersion: 1\nSource: s\n\n\
     Package: c\nStatus: install reinstreq half-installed\nVersion: 1\n\n\
     Package: d\nStatus: purge ok not-installed\nVersion: 1\n",
);
const OS: (&str, &str) = ("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");

/// Returns both lists.
fn lists(files: &[(&str, &str)]) -> (Json, Json, Vec<String>) {
    let recipe = value!({"sbom": {"spdx": "/s/a.json", "cyclonedx": "/s/b.json"}});
    let (tree, done) = twice(files, "sbom", &recipe).unwrap();
    let json = |path| serde_json::from_str(&read(&tree, path)).unwrap();
    (json("/s/a.json"), json("/s/b.json"), texts(&done.warnings))
}

fn purls(files: &[(&str, &str)]) -> Vec<String> {
    let (spdx, cyclonedx, _) = lists(files);
    let found: Vec<_> = cyclonedx["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|component| component["purl"].as_str().unwrap().to_owned())
        .collect();
    let packages = spdx["packages"].as_array().unwrap()[1..].iter();
    let same: Vec<_> = packages
        .map(|package| {
            package["externalRefs"][0]["referenceLocator"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(found, same);
    found
}

#[test]
fn packages() {
    for (files, want) in [
        (
            &[OS, DPKG][..],
            &[
                "pkg:deb/debian/adduser@1:3.134?arch=all&distro=debian-12",
                "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12",
            ][..],
        ),
        (
            &[
                (
                    "/var/lib/dpkg/status.d/base",
                    "Package: base-files\nVersion: 12\n",
                ),
                ("/var/lib/dpkg/status.d/base.md5sums", "Package: x\n"),
            ],
            &["pkg:deb/linux/base-files@12"],
        ),
        (
            &[STATES, ("/lib/apk/db/installed", "P:musl\nV:1\no:Musl\n\n")],
            &[
                "pkg:deb/linux/a@1?upstream=s%402",
                "pkg:deb/linux/b@1?upstream=s",
                "pkg:deb/linux/c@1",
                "pkg:apk/linux/musl@1?upstream=Musl",
            ],
        ),
        (
            &[
                ("/etc/os-release", "ID=alpine\nVERSION_ID=3.20.0\n"),
                (
                    "/lib/apk/db/installed",
                    "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\nF:lib\n\nP:busybox\nV:1\nA:x86_64\n\n\
                     P:none\nV:\nA:x86_64\n\n",
                ),
            ],
            &[
                "pkg:apk/alpine/busybox@1?arch=x86_64&distro=alpine-3.20.0",
                "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.0",
                "pkg:apk/alpine/none?arch=x86_64&distro=alpine-3.20.0",
            ],
        ),
        (
            &[
                ("/etc/os-release", "ID=arch\n"),
                (
                    "/var/lib/pacman/local/glibc-2.39-1/desc",
                    "%NAME%\nglibc\n\n%VERSION%\n2.39-1\n\n%ARCH%\nx86_64\n\n%LICENSE%\nGPL\nLGPL\n\n",
                ),
                ("/var/lib/pacman/local/glibc-2.39-1/files", "%NAME%\n"),
            ],
            &["pkg:alpm/arch/glibc@2.39-1?arch=x86_64"],
        ),
    ] {
        assert_eq!(purls(files), want);
    }
}

#[test]
fn a_package_without_a_version() {
    let files = [("/lib/apk/db/installed", "P:none\nV:\nA:x86_64\n\n")];
    let (spdx, cyclonedx, _) = lists(&files);
    assert_eq!(spdx["packages"][1]["name"], "none");
    assert_eq!(spdx["packages"][1].get("versionInfo"), None);
    assert_eq!(cyclonedx["components"][0]["name"], "none");
    assert_eq!(cyclonedx["components"][0].get("version"), None);
}

#[test]
fn what_the_lists_say() {
    let image = (
        "/etc/os-release",
        "ID=debian\nIMAGE_ID=web\nIMAGE_VERSION=7\n",
    );
    let (spdx, cyclonedx, warnings) = lists(&[image, DPKG, ("/var/lib/rpm/rpmdb.sqlite", "")]);
    assert_eq!(spdx["creationInfo"]["created"], "1970-01-11T00:00:01Z");
    assert_eq!(spdx["packages"][0]["name"], "web");
    assert_eq!(
        spdx["packages"][2]["supplier"],
        "Organization: GNU Libc <l@d.org>"
    );
    assert_eq!(spdx["relationships"].as_array().unwrap().len(), 3);
    assert_eq!(cyclonedx["metadata"]["component"]["version"], "7");
    let id = spdx["documentNamespace"]
        .as_str()
        .unwrap()
        .rsplit_once("hsb-")
        .unwrap()
        .1;
    assert_eq!(cyclonedx["serialNumber"], format!("urn:uuid:{id}"));
    // Another list has another.
    let image = ("/etc/os-release", "ID=debian\nIMAGE_ID=\nIMAGE_VERSION=8\n");
    let (other, _, _) = lists(&[image, DPKG]);
    assert_ne!(other["documentNamespace"], spdx["documentNamespace"]);
    assert_eq!(other["packages"][0]["name"], "debian");
    assert_eq!(
        warnings,
        [
            "the list has no packages of rpm: the image's package database /var/lib/rpm/rpmdb.sqlite: this is no sqlite database"
        ]
    );
}

#[test]
fn refusals() {
    let both = value!({"sbom": {"spdx": "/a"}});
    for (files, recipe, message) in [
        (&[][..], &both, "no database of the image has any packages"),
        (
            &[("/usr/lib/sysimage/rpm/rpmdb.sqlite", "")],
            &both,
            "the packages of the image cannot be read: the image's package database \
             /usr/lib/sysimage/rpm/rpmdb.sqlite: this is no sqlite database",
        ),
        (&[DPKG], &value!({"sbom": {}}), "no list is asked for"),
        (
            &[DPKG],
            &value!({"sbom": {"spdx": "/"}}),
            "\"/\" is no path of a file",
        ),
    ] {
        assert_eq!(refusal(files, "sbom", recipe), message);
    }
}

#[test]
fn times() {
    for (secs, want) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_735_689_599, "2024-12-31T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
    ] {
        assert_eq!(utc(fsgen::Timestamp::from_secs(secs)), want);
    }
}
