//! The bundles of authorities that a package's call of `update-ca-trust` makes, beside those that
//! p11-kit's own `trust` makes of the same files.
//!
//! p11-kit takes the files of a folder as the host lists them: where there is one alone, all bundles
//! are the same byte for byte, and with more, the certificates in them are.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::build::{NOW, base, build_file, work};
use super::system::pack;
use crate::kit::{Work, run, succeed, tool};

mod sources;

use sources::{Files, rows};

/// What each bundle is made with.
const BUNDLES: [(&str, &str); 7] = [
    (
        "--format=openssl-bundle --filter=certificates --overwrite --comment",
        "openssl/ca-bundle.trust.crt",
    ),
    (
        "--format=pem-bundle --filter=ca-anchors --overwrite --comment --purpose server-auth",
        "pem/tls-ca-bundle.pem",
    ),
    (
        "--format=pem-bundle --filter=ca-anchors --overwrite --comment --purpose email",
        "pem/email-ca-bundle.pem",
    ),
    (
        "--format=pem-bundle --filter=ca-anchors --overwrite --comment --purpose code-signing",
        "pem/objsign-ca-bundle.pem",
    ),
    (
        "--format=java-cacerts --filter=ca-anchors --overwrite --purpose server-auth",
        "java/cacerts",
    ),
    (
        "--format=edk2-cacerts --filter=ca-anchors --overwrite --purpose=server-auth",
        "edk2/cacerts.bin",
    ),
    (
        "--format=pem-directory-hash --filter=ca-anchors --overwrite --purpose server-auth",
        "pem/directory-hash",
    ),
];

const EXTRACTED: &str = "etc/pki/ca-trust/extracted";
const SOURCES: [&str; 2] = ["etc/pki/ca-trust/source", "usr/share/pki/ca-trust-source"];

const SPEC: &str = "\
Name: authorities
Version: 1
Release: 1
Summary: x
License: x
BuildArch: noarch
AutoReqProv: no
%description
x
%post
/usr/bin/ca-legacy install
/usr/bin/update-ca-trust extract >/dev/null 2>&1 || :
%files
";

/// The program as Fedora has it: its commands, and what is around them.
fn program() -> String {
    let mut text = "#!/bin/sh\nset -eu\nDEST=/etc/pki/ca-trust/extracted\nextract() {\n".to_owned();
    for (how, path) in BUNDLES {
        text += &format!("\t/usr/bin/trust extract {how} \"$DEST/{path}\"\n");
    }
    text + "}\ncase \"$1\" in\n\"extract\")\n\tshift\n\textract \"$@\"\n;;\nesac\n"
}

/// Runs `trust` on a system's sources, and leaves the bundles in a folder.
fn theirs(work: &Work, system: &Path) {
    let settings = work.join("settings/pkcs11");
    fs::create_dir_all(settings.join("modules")).unwrap();
    fs::write(settings.join("pkcs11.conf"), "user-config: only\n").unwrap();
    let paths = SOURCES.map(|path| system.join(path).display().to_string());
    let module = format!(
        "module: p11-kit-trust.so\ntrust-policy: yes\nx-init-reserved: paths='{}'\n",
        paths.join(":")
    );
    fs::write(settings.join("modules/trust.module"), module).unwrap();
    let out = work.join("theirs");
    for (how, path) in BUNDLES {
        let path = out.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let everybody = fs::Permissions::from_mode(0o777);
        fs::set_permissions(path.parent().unwrap(), everybody).unwrap();
        // It reads no settings of root's.
        let mut trust = match rustix::process::geteuid().is_root() {
            true => {
                let mut setpriv = tool("setpriv");
                setpriv.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
                setpriv.arg(tool("trust").get_program());
                setpriv
            }
            false => tool("trust"),
        };
        trust.arg("extract").args(how.split(' ')).arg(path);
        trust.env("XDG_CONFIG_HOME", work.join("settings"));
        succeed(trust.env("SOURCE_DATE_EPOCH", NOW));
    }
}

/// Takes away all bundles of a folder: links as text, files with their modes.
fn take(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut state = BTreeMap::new();
    for (_, path) in BUNDLES {
        let path = folder.join(path);
        let files: Vec<_> = match path.is_dir() {
            true => fs::read_dir(&path)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect(),
            false => vec![path],
        };
        for file in files {
            let name = file.strip_prefix(folder).unwrap().display().to_string();
            let meta = fs::symlink_metadata(&file).unwrap();
            let content = match fs::read_link(&file) {
                Ok(target) => target.display().to_string().into_bytes(),
                Err(_) => fs::read(&file).unwrap(),
            };
            state.insert(name, (meta.permissions().mode(), content));
        }
    }
    // Into this one nobody may write.
    let above = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.join("pem/directory-hash"), above).unwrap();
    fs::remove_dir_all(folder).unwrap();
    state
}

/// Returns the parts of a bundle, in an order of their own.
fn parts(bundle: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(bundle);
    let mut parts: Vec<_> = match bundle {
        [b'#', ..] => text.split("\n\n").map(|part| part.trim().into()).collect(),
        // The digest at the end is over the order as well.
        [0xfe, 0xed, ..] => {
            let mut rest = &bundle[12..bundle.len() - 20];
            let mut entries = Vec::new();
            while !rest.is_empty() {
                let alias = usize::from(rest[4]) * 256 + usize::from(rest[5]);
                let at = 6 + alias + 8 + 7;
                let len = u32::from_be_bytes(rest[at..at + 4].try_into().unwrap());
                let (entry, after) = rest.split_at(at + 4 + usize::try_from(len).unwrap());
                entries.push(entry.to_vec());
                rest = after;
            }
            entries
        }
        _ => {
            let mut rest = bundle;
            let mut lists = Vec::new();
            while rest.len() > 20 && rest.starts_with(&[0xa1, 0x59, 0xc0, 0xa5]) {
                let len = u32::from_le_bytes(rest[16..20].try_into().unwrap());
                let (list, after) = rest.split_at(usize::try_from(len).unwrap());
                lists.push(list.to_vec());
                rest = after;
            }
            lists.push(rest.to_vec());
            lists
        }
    };
    parts.sort();
    parts
}

/// Makes a small system with the program, and a package that calls it.
fn prepare(work: &Work) {
    let spec = work.write("authorities.spec", SPEC);
    build_file(work, &spec, "rpms", &[]);
    base(work);
    let system = work.join("base");
    let folders = ["openssl", "pem", "java", "edk2"].map(|name| format!("{EXTRACTED}/{name}"));
    for folder in folders.iter().map(String::as_str).chain(SOURCES) {
        fs::create_dir_all(system.join(folder)).unwrap();
    }
    fs::write(system.join("usr/bin/update-ca-trust"), program()).unwrap();
    work.write(
        "build.yaml",
        "modules: [install_rpms]\ntable: none\nrpms: [rpms]\nnodeps: true\n",
    );
}

/// Puts files into the sources of the system, in the place of others.
fn put(work: &Work, files: &Files) {
    let system = work.join("base");
    for folder in SOURCES {
        fs::remove_dir_all(system.join(folder)).unwrap();
        fs::create_dir_all(system.join(folder)).unwrap();
    }
    for (path, content) in files {
        let path = system.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    pack(&system, &work.join("base.tar"));
}

#[test]
fn bundles_are_those_that_trust_makes() {
    let work = work("authorities");
    prepare(&work);
    for (title, files) in rows(&work) {
        put(&work, &files);
        let mut hsb = work.hsb(["build", "-v", "-o", "image.raw", "-i", "base.tar"]);
        let built = run(hsb.env("SOURCE_DATE_EPOCH", NOW));
        let is_done = built
            .stderr
            .contains("authorities.post: done (ca-legacy, update-ca-trust)");
        assert!(built.code == Some(0) && is_done, "{title}: {built:#?}");
        let ours = work.join("ours");
        fs::create_dir(&ours).unwrap();
        let request = format!("rdump /{EXTRACTED} {}", ours.display());
        // Only root can give files to their owner, of which it complains.
        run(tool("debugfs")
            .args(["-R", &request])
            .arg(work.join("image.raw")));
        theirs(&work, &work.join("base"));
        let (ours, theirs) = (take(&ours.join("extracted")), take(&work.join("theirs")));
        fs::remove_dir(work.join("ours")).unwrap();
        let names = |state: &BTreeMap<String, _>| state.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&ours), names(&theirs), "{title}");
        let mut folders: Vec<_> = files.keys().map(|path| path.rsplit_once('/')).collect();
        folders.dedup_by_key(|found| found.map(|(folder, _)| folder.to_owned()));
        let is_ordered = folders.len() == files.len();
        for (name, (mode, content)) in &theirs {
            let (our_mode, found) = &ours[name];
            assert_eq!(our_mode, mode, "{title}: {name}");
            // Which of two files is called by a name, or a link by a number, is a matter of order.
            let is_same = found == content
                || !is_ordered && (name.contains("hash/") || parts(found) == parts(content));
            if !is_same {
                work.write("found", found);
                work.write("wanted", content);
            }
            assert!(is_same, "{title}: {name}");
        }
    }
}

#[test]
fn what_is_not_understood_is_left() {
    let work = work("authorities-left");
    prepare(&work);
    for (title, files, why) in sources::refused() {
        put(&work, &files);
        let mut hsb = work.hsb(["plan", "-v", "-i", "base.tar"]);
        let planned = run(hsb.env("SOURCE_DATE_EPOCH", NOW));
        let is_left = planned.stderr.contains(why) && planned.stderr.contains("is not run");
        assert!(planned.code == Some(0) && is_left, "{title}: {planned:#?}");
    }
}
