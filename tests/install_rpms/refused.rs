//! What cannot be installed: one clear error each.

use std::fs;

use super::build::{base, build, build_file, rpm, rpm_installs, work};
use super::seal::Parts;
use crate::kit::{Work, run};

#[test]
fn packages_that_cannot_be_installed() {
    let work = work("refused");
    let base = base(&work);
    build(
        &work,
        "payload.spec",
        &[("kind", "gzip"), ("_binary_payload", "w9.gzdio")],
    );
    let spec = |name: &str, lines: &str, files: &str| {
        let text = format!(
            "Name: {name}\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nAutoReqProv: no\n\
             {lines}\n%description\nx\n%install\ncd %{{buildroot}}\nmkdir -p opt/gzip/many etc usr/lib\n\
             echo {name} | tee opt/gzip/many/2 > opt/gzip/many/3\necho {name} > etc/{name}\n%files\n{files}\n"
        );
        let spec = work.write(&format!("{name}.spec"), text);
        build_file(
            &work,
            &spec,
            name,
            &[("_unpackaged_files_terminate_build", "0")],
        );
    };
    spec(
        "needy",
        "BuildArch: noarch\nRequires: nothing-has-this >= 2, /no/such/path\nRequires: (a or b)",
        "/etc/needy",
    );
    spec(
        "rival",
        "BuildArch: noarch\nConflicts: payload-gzip < 2",
        "/etc/rival",
    );
    spec(
        "thief",
        "BuildArch: noarch",
        "/opt/gzip/many/2\n/opt/gzip/many/3",
    );
    spec(
        "stranger",
        "BuildArch: noarch",
        "%attr(-,nobody-here,root) /etc/stranger",
    );
    spec(
        "solid",
        "BuildArch: noarch",
        "%attr(755,root,root) /etc/solid",
    );
    spec("round", "BuildArch: noarch\nRequires: round", "/etc/round");
    let good = fs::read(work.join("rpms/payload-gzip-1.0.noarch.rpm")).unwrap();
    let damaged = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        work.write(name, bytes);
    };
    let len = good.len();
    damaged("cut-lead.rpm", &|b| b.truncate(50));
    damaged("cut-header.rpm", &|b| b.truncate(6000));
    damaged("cut-payload.rpm", &|b| b.truncate(len - 100));
    damaged("header.rpm", &|b| b[6500] ^= 1);
    damaged("payload.rpm", &|b| b[len - 500] ^= 1);
    let payload = good.windows(3).rposition(|bytes| bytes == [0x1f, 0x8b, 8]);
    damaged("begin.rpm", &|b| b[payload.unwrap()] ^= 1);
    damaged("longer.rpm", &|b| b.extend(*b"more"));
    damaged("count.rpm", &|b| b[96 + 8..96 + 12].fill(0xff));
    damaged("source.rpm", &|b| b[7] = 1);
    build(
        &work,
        "payload.spec",
        &[("kind", "none"), ("_binary_payload", "w.ufdio")],
    );
    fs::create_dir(work.join("plain")).unwrap();
    let plain = work.join("plain/payload-none-1.0.noarch.rpm");
    fs::rename(work.join("rpms/payload-none-1.0.noarch.rpm"), &plain).unwrap();
    let mut cut = fs::read(&plain).unwrap();
    cut.truncate(cut.len() - 200);
    work.write("cut-plain.rpm", cut);
    let mut twice = fs::read(&plain).unwrap();
    let name = |number: u8| format!("./opt/none/many/{number}\0").into_bytes();
    let at = twice.windows(name(2).len()).position(|w| w == name(2));
    let at = at.unwrap();
    twice[at..at + name(1).len()].copy_from_slice(&name(1));
    work.write("twice.rpm", twice);
    // A name with zeros behind it, which the length of a name in the member's header counts.
    let mut padded = fs::read(&plain).unwrap();
    let length = at - 110 + 6 + 11 * 8;
    let longer = format!("{:08x}", name(2).len() + 4000);
    padded[length..length + 8].copy_from_slice(longer.as_bytes());
    let end = at + name(2).len();
    padded.splice(end..end, vec![0; 4000]);
    work.write("padded.rpm", padded);
    work.write("text.rpm", "no package at all");
    work.write("empty.rpm", "");
    fs::create_dir(work.join("empty")).unwrap();
    let mut wrong = Vec::new();
    for (rpms, code, want) in [
        ("[missing.rpm]", 2, "missing.rpm: No such file"),
        ("[empty]", 2, "the folder empty has no file NAME.rpm"),
        ("['x*.rpm']", 2, "x*.rpm finds no file"),
        (
            "['**/*.rpm']",
            2,
            "**/*.rpm: ** is not known; write one * for",
        ),
        ("['']", 2, "an empty path is no package"),
        ("[5]", 2, "expected a string"),
        ("rpms", 2, "expected a list"),
        ("[text.rpm]", 2, "this is no RPM package"),
        (
            "[cut-lead.rpm]",
            2,
            "inside the package's header of signatures; was the download cut short?",
        ),
        ("[cut-header.rpm]", 2, "inside the package's header"),
        ("[header.rpm]", 2, "the header has the SHA-256 digest"),
        (
            "[count.rpm]",
            2,
            "the header says that it has 4294967295 entries",
        ),
        ("[source.rpm]", 2, "this is a source package"),
        ("[rpms, header.rpm]", 2, "header.rpm: the header has"),
        (
            "[rpms, longer.rpm]",
            2,
            "payload-gzip-1.0-1.noarch is listed as well",
        ),
        ("[twice.rpm]", 1, "the payload has /opt/none/many/1 twice"),
        ("[padded.rpm]", 1, "the payload has more than the"),
        (
            "[cut-payload.rpm]",
            1,
            "the compressed payload ends too early; was the download cut short?",
        ),
        (
            "[cut-plain.rpm]",
            1,
            "before the last member of its archive; was the",
        ),
        (
            "[begin.rpm]",
            1,
            "the payload is neither an archive nor compressed in a way that is known",
        ),
        ("[payload.rpm]", 1, "payload"),
        (
            "[longer.rpm]",
            1,
            "something else follows the end of the compressed data",
        ),
        (
            "[needy]",
            1,
            "nothing provides nothing-has-this >= 2 needed by needy-1-1.noarch",
        ),
        (
            "[needy]",
            1,
            "nothing provides /no/such/path needed by needy-1-1.noarch",
        ),
        (
            "[needy]",
            1,
            "nothing provides (a or b) needed by needy-1-1.noarch",
        ),
        (
            "[rpms, rival]",
            1,
            "rival-1-1.noarch conflicts with payload-gzip < 2 provided by payload-gzip-1.0-1.noarch",
        ),
        (
            "[rpms, thief]",
            1,
            "both have /opt/gzip/many/2, and not the same; \
             thief-1-1.noarch and payload-gzip-1.0-1.noarch both have /opt/gzip/many/3, and not",
        ),
        (
            "[stranger]",
            1,
            "the image has no user nobody-here, who owns /etc/stranger",
        ),
        ("[round]", 0, "round-1-1.noarch installed"),
        ("[needy]\nnodeps: true", 0, "needy-1-1.noarch installed"),
        (
            "[solid, solid/solid-1.noarch.rpm, 'sol*/*']",
            0,
            "solid-1-1.noarch installed",
        ),
        ("[empty.rpm]", 2, "the file is empty"),
        ("[]", 0, "there is nothing to install"),
    ] {
        work.write(
            "build.yaml",
            format!("modules: [install_rpms]\nrpms: {rpms}\n"),
        );
        let run = run(work.hsb(["plan", "-i"]).arg(&base));
        if run.code != Some(code) || !run.stderr.contains(want) {
            wrong.push(format!("{rpms}: {run:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The recipe of 2012, as it was.
    work.write(
        "build.yaml",
        "modules: [install_rpms, add_user]\nadd_users: [harlowja]\n",
    );
    let run = run(work.hsb(["plan", "-i"]).arg(&base));
    assert!(
        run.code == Some(0) && run.stderr.contains("there is nothing to install"),
        "{run:#?}"
    );
}

/// Returns a package in which two of the files have one inode number.
fn with_one_inode(work: &Work, package: &[u8], files: [usize; 2]) -> Vec<u8> {
    const FILEINODES: usize = 1096;
    let whole = Parts::of(package);
    let mut changed = whole.clone();
    let inodes = whole.place(FILEINODES);
    let [from, to] = files.map(|file| inodes + 4 * file);
    changed.header.copy_within(from..from + 4, to);
    changed.seal(work, &whole)
}

#[test]
fn files_that_are_one_but_differ() {
    let work = work("inodes");
    let base = base(&work);
    let spec = work.write(
        "inodes.spec",
        "Name: inodes\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n\
         AutoReqProv: no\n%description\nx\n%install\nmkdir -p %{buildroot}/opt/x\n\
         cd %{buildroot}/opt/x\nfor n in one same; do echo 12345 > $n; done\n\
         echo 54321 > two; echo 123 > short\n%files\n/opt/x/*\n",
    );
    build_file(&work, &spec, "built", &[]);
    let package = fs::read(work.join("built/inodes-1.noarch.rpm")).unwrap();
    work.write("build.yaml", "modules: [install_rpms]\nrpms: [i.rpm]\n");
    // The files are in the order of their names.
    let [one, same, short, two] = [0, 1, 2, 3];
    // rpm gives the content to the last of two that are one, and finds no member behind the other.
    let differ = |which: &str| format!("{which} are one file, but not of one size and digest");
    let lacks = "the payload has 6 bytes for /opt/x/one, the header 0".to_owned();
    for (files, code, want) in [
        ([one, same], 1, lacks),
        ([one, two], 2, differ("/opt/x/one and /opt/x/two")),
        ([two, same], 2, differ("/opt/x/same and /opt/x/two")),
        ([one, short], 2, differ("/opt/x/one and /opt/x/short")),
    ] {
        let changed = work.write("i.rpm", with_one_inode(&work, &package, files));
        let ours = run(work.hsb(["plan", "-i"]).arg(&base));
        let is_told = ours.stderr.contains(&want);
        assert!(ours.code == Some(code) && is_told, "{files:?}: {ours:#?}");
        if rpm_installs() {
            let mut judge = rpm(&work.join("base"));
            let judged = run(judge.args(["-i", "--nodigest", "--noplugins"]).arg(changed));
            assert_ne!(judged.code, Some(0), "{files:?}: {judged:#?}");
        }
    }
}
