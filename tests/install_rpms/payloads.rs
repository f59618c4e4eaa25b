//! Payloads that are not what the header says: rpm and hsb take and refuse the same.

use std::fs;

use super::build::{base, build_file, rpm, rpm_installs, work};
use super::seal::Parts;
use crate::kit::run;

/// What is done to one member of the archive.
enum Change {
    Nothing,
    Gone,
    Content(&'static str),
    Name(&'static str),
}
use Change::{Content, Gone, Name, Nothing};

/// A member, what is done to it, and what hsb says of that if it refuses it.
const ROWS: &[(&str, Change, Option<&str>)] = &[
    ("f", Nothing, None),
    ("f", Gone, Some("the payload lacks /opt/p/f,")),
    ("d", Gone, Some("the payload lacks /opt/p/d,")),
    ("l", Gone, Some("the payload lacks /opt/p/l,")),
    ("empty", Gone, Some("the payload lacks /opt/p/empty,")),
    ("may", Gone, Some("the payload lacks /opt/p/may,")),
    ("h1", Gone, Some("the payload lacks /opt/p/h1,")),
    ("h3", Gone, Some("the payload lacks /opt/p/h3,")),
    (
        "h1",
        Content("hard\n"),
        Some("has 5 bytes for /opt/p/h1, the header 0"),
    ),
    (
        "h3",
        Content(""),
        Some("has 0 bytes for /opt/p/h3, the header 5"),
    ),
    (
        "d",
        Content("x"),
        Some("has 1 bytes for /opt/p/d, the header 0"),
    ),
    (
        "l",
        Content(""),
        Some("has 0 bytes for /opt/p/l, the header 1"),
    ),
    (
        "l",
        Content("fffff"),
        Some("has 5 bytes for /opt/p/l, the header 1"),
    ),
    // The next member begins at the same place, and the header says where the link leads.
    ("l", Content("fff"), None),
    ("f", Name("/opt/p/f"), None),
    ("f", Name("opt/p/f"), None),
    ("f", Name(".//opt/p/f"), None),
    (
        "f",
        Name(".opt/p/f"),
        Some("the payload has /.opt/p/f, which"),
    ),
];

/// Returns an archive in which a member was changed.
fn changed(archive: &[u8], name: &str, change: &Change) -> Vec<u8> {
    let wanted = format!("./opt/p/{name}");
    let mut made = Vec::new();
    let mut at = 0;
    while at < archive.len() {
        let number = |place: usize| {
            let digits = &archive[at + 6 + 8 * place..][..8];
            usize::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap()
        };
        let (size, len) = (number(6), number(11));
        let name = std::str::from_utf8(&archive[at + 110..][..len - 1]).unwrap();
        let start = (at + 110 + len).next_multiple_of(4);
        let content = std::str::from_utf8(&archive[start..start + size]).unwrap();
        let mut head = archive[at..at + 110].to_vec();
        at = (start + size).next_multiple_of(4);
        let (name, content) = match change {
            _ if name != wanted => (name, content),
            Nothing => (name, content),
            Gone => continue,
            Content(other) => (name, *other),
            Name(other) => (*other, content),
        };
        for (place, number) in [(6, content.len()), (11, name.len() + 1)] {
            head[6 + 8 * place..][..8].copy_from_slice(format!("{number:08x}").as_bytes());
        }
        for part in [
            format!("{}{name}\0", String::from_utf8(head).unwrap()).as_str(),
            content,
        ] {
            made.extend(part.bytes());
            made.resize(made.len().next_multiple_of(4), 0);
        }
    }
    made
}

#[test]
fn payloads_are_what_rpm_takes_for_whole() {
    let work = work("payloads");
    let tar = base(&work);
    let spec = work.write(
        "p.spec",
        "Name: p\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n\
         AutoReqProv: no\n%description\nx\n%install\nmkdir -p %{buildroot}/opt/p/d\n\
         cd %{buildroot}/opt/p\necho one > f\necho hard > h1\nln h1 h2\nln h1 h3\nln -s f l\n\
         touch empty ghost may\n%files\n%dir /opt/p/d\n/opt/p/empty\n/opt/p/f\n/opt/p/h*\n\
         /opt/p/l\n%ghost /opt/p/ghost\n%config(missingok) /opt/p/may\n",
    );
    build_file(&work, &spec, "rpms", &[("_binary_payload", "w.ufdio")]);
    if !rpm_installs() {
        return;
    }
    let whole = Parts::of(&fs::read(work.join("rpms/p-1.noarch.rpm")).unwrap());
    let theirs = work.join("base");
    let mut wrong = Vec::new();
    for (name, change, want) in ROWS {
        let mut parts = whole.clone();
        parts.payload = changed(&parts.payload, name, change);
        let package = work.write("p.rpm", parts.seal(&work, &whole));
        let mut judge = rpm(&theirs);
        judge.args(["-i", "--noplugins", "--nodigest"]).arg(package);
        let judged = run(&mut judge);
        for made in ["var/lib/rpm", "opt"] {
            fs::remove_dir_all(theirs.join(made)).unwrap_or_default();
        }
        work.write("build.yaml", "modules: [install_rpms]\nrpms: [p.rpm]\n");
        let ours = run(work.hsb(["plan", "-i"]).arg(&tar));
        let is_taken = want.is_none();
        let is_told = want.is_none_or(|want| ours.stderr.contains(want));
        if [&judged, &ours].map(|run| run.code == Some(0)) != [is_taken; 2] || !is_told {
            wrong.push(format!("{name} {want:?}: {judged:#?} {ours:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn large_ghosts_take_no_room() {
    let work = work("ghosts");
    let base = base(&work);
    for name in ["a", "b"] {
        let text = format!(
            "Name: {name}\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n\
             AutoReqProv: no\n%description\nx\n%install\nmkdir -p %{{buildroot}}/opt\n\
             cd %{{buildroot}}/opt\ntruncate -s 15T ghost-{name}\necho x > {name}\n%files\n\
             /opt/{name}\n%ghost /opt/ghost-{name}\n"
        );
        let spec = work.write(&format!("{name}.spec"), text);
        build_file(&work, &spec, "rpms", &[]);
    }
    work.write("build.yaml", "modules: [install_rpms]\nrpms: [rpms]\n");
    let plan = run(work.hsb(["plan", "-i"]).arg(&base));
    assert_eq!(plan.code, Some(0), "{plan:#?}");
    if rpm_installs() {
        let files = ["a", "b"].map(|name| work.join(format!("rpms/{name}-1.noarch.rpm")));
        // It counts them when it looks for room.
        let options = ["-i", "--noplugins", "--ignoresize"];
        let theirs = run(rpm(&work.join("base")).args(options).args(files));
        assert_eq!(theirs.code, Some(0), "{theirs:#?}");
    }
}
