//! Signatures, as rpmkeys judges them.

use std::fs;
use std::path::Path;

use super::build::{NOW, base, build, rpm};
use super::keys::{Keys, judged};
use super::system::pack;
use crate::kit::{Work, run, succeed};

/// A package, the keys that rpmkeys has and what it says, further lines of the recipe, and the
/// end of hsb with words that it says.
type Row<'r> = (&'r str, &'r [&'r str], &'r str, &'r str, i32, &'r str);

const ROWS: &[Row<'_>] = &[
    (
        "rsa",
        &["rsa"],
        ": OK",
        "keyring: [rsa.asc]\nverify: signature",
        0,
        "",
    ),
    (
        "ed",
        &["ed"],
        ": OK",
        "keyring: [ed.gpg]\nverify: signature",
        0,
        "",
    ),
    (
        "ed",
        &["rsa", "ed"],
        ": OK",
        "keyring: [keys]\nverify: signature",
        0,
        "",
    ),
    (
        "sub",
        &["sub"],
        ": OK",
        "keyring: [sub.asc]\nverify: signature",
        0,
        "",
    ),
    // A key that is not there: no judgement, unless one is asked for.
    (
        "rsa",
        &["other"],
        "NOKEY",
        "keyring: [other.asc]",
        0,
        "by a key that is not in the keyring",
    ),
    (
        "rsa",
        &[],
        "NOKEY",
        "",
        0,
        "by a key that is not in the keyring",
    ),
    (
        "rsa",
        &["other"],
        "NOKEY",
        "keyring: [other.asc]\nverify: signature",
        1,
        "signed by key ",
    ),
    ("rsa", &[], "NOKEY", "verify: none", 0, ""),
    // What is wrong is wrong in every case, but where nobody looks.
    (
        "wrong",
        &["rsa"],
        "BAD",
        "keyring: [rsa.asc]",
        1,
        "the signature is not right for what it signs",
    ),
    (
        "wrong",
        &["rsa"],
        "BAD",
        "keyring: [rsa.asc]\nverify: none",
        0,
        "",
    ),
    (
        "header",
        &["rsa"],
        "BAD",
        "keyring: [rsa.asc]\nverify: none",
        2,
        "the header has the SHA-256 digest",
    ),
    (
        "payload",
        &["rsa"],
        "BAD",
        "keyring: [rsa.asc]\nverify: none",
        1,
        "the payload has the recorded digest",
    ),
    // rpm 4.18 looks neither at the times of keys nor at revocations.
    (
        "late",
        &["late"],
        ": OK",
        "keyring: [late.asc]",
        1,
        "the key had expired when it signed",
    ),
    (
        "revoked",
        &["unrevoked"],
        ": OK",
        "keyring: [unrevoked.asc]",
        0,
        "",
    ),
    (
        "revoked",
        &["revoked"],
        "",
        "keyring: [revoked.asc]",
        1,
        "the key is revoked",
    ),
    (
        "revoked",
        &["revoked"],
        "",
        "keyring: [unrevoked.asc, revoked.asc]",
        1,
        "the key is revoked",
    ),
    (
        "retired",
        &["retired"],
        "",
        "keyring: [retired.asc]\nverify: signature",
        0,
        "",
    ),
    (
        "plain",
        &[],
        "OK",
        "verify: signature",
        1,
        "rpmsign --addsign",
    ),
    (
        "plain",
        &[],
        "OK",
        "",
        0,
        "payload-none-1.0-1.noarch is not signed",
    ),
    (
        "plain",
        &[],
        "OK",
        "keyring: [build.yaml]",
        2,
        "build.yaml: no OpenPGP key is in it",
    ),
    (
        "plain",
        &[],
        "OK",
        "keyring: [nowhere.asc]",
        2,
        "nowhere.asc",
    ),
    (
        "plain",
        &[],
        "OK",
        "verify: maybe",
        2,
        "unknown value `maybe`",
    ),
];

#[test]
fn signatures_are_checked() {
    let work = Work::under(Path::new("/dev/shm"), "signed");
    let base = base(&work);
    make(&work);
    let mut failures = Vec::new();
    for (package, keys, judge, options, code, want) in ROWS {
        let text = format!("modules: [install_rpms]\nrpms: [{package}.rpm]\n{options}\n");
        work.write("build.yaml", text);
        let run = run(work.hsb(["plan", "-i"]).arg(&base));
        let is_warned = run.stderr.contains("warning") && want.is_empty();
        if run.code != Some(*code) || !run.stderr.contains(want) || is_warned {
            failures.push(format!("{package} {options}: {run:#?}"));
        }
        let said = judged(&work, keys, &work.join(format!("{package}.rpm")));
        if !said.contains(judge) {
            failures.push(format!("{package} {options}: rpmkeys says {said}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The keys that the image trusts count where the recipe lists none.
#[test]
fn the_image_has_keys() {
    let work = Work::under(Path::new("/dev/shm"), "image-keys");
    base(&work);
    let keys = Keys::new(&work);
    let package = plain(&work);
    let ed = keys.make("ed", "ed25519", "sign");
    let rsa = keys.make("rsa", "rsa2048", "sign");
    keys.sign(&package, "ed", "ed");
    keys.sign(&package, "rsa", "rsa");
    let folder = work.join("base");
    fs::create_dir_all(folder.join("etc/pki/rpm-gpg")).unwrap();
    fs::copy(work.join("ed.asc"), folder.join("etc/pki/rpm-gpg/ed")).unwrap();
    fs::write(folder.join("etc/pki/rpm-gpg/README"), "no key").unwrap();
    let import = |at: &Path| {
        let mut import = rpm(at);
        succeed(import.arg("--import").arg(work.join("rsa.asc")));
    };
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        import(&folder);
    }
    pack(&folder, &work.join("base.tar"));
    for (name, key, counts) in [("ed", ed, true), ("rsa", rsa, is_root)] {
        let text = format!("modules: [install_rpms]\nrpms: [{name}.rpm]\nverify: signature\n");
        work.write("build.yaml", text);
        let run = run(work
            .hsb(["plan", "-v", "-i", "base.tar"])
            .env("SOURCE_DATE_EPOCH", NOW));
        assert_eq!(run.code, Some(if counts { 0 } else { 1 }), "{run:#?}");
        let line = format!("signed by key {}", key.to_lowercase());
        assert!(
            run.stderr.contains(&line) || run.stdout.contains(&line),
            "{run:#?}"
        );
    }
}

/// Builds the package that is signed, and returns where it is.
fn plain(work: &Work) -> std::path::PathBuf {
    let defines = [("kind", "none"), ("_binary_payload", "w.ufdio")];
    build(work, "payload.spec", &defines);
    work.join("rpms/payload-none-1.0.noarch.rpm")
}

/// Makes all packages and keys of the table.
fn make(work: &Work) {
    let package = plain(work);
    fs::copy(&package, work.join("plain.rpm")).unwrap();
    let keys = Keys::new(work);
    for (name, kind) in [("rsa", "rsa2048"), ("ed", "ed25519"), ("other", "rsa2048")] {
        keys.make(name, kind, "sign");
        keys.sign(&package, name, name);
    }
    keys.export("ed", false);
    fs::create_dir(work.join("keys")).unwrap();
    for name in ["rsa.asc", "ed.gpg"] {
        fs::copy(work.join(name), work.join("keys").join(name)).unwrap();
    }
    // A subkey that signs, under a key that does not.
    let primary = keys.make("sub", "rsa2048", "cert");
    succeed(
        keys.gpg()
            .args(["--quick-add-key", &primary, "rsa2048", "sign", "0"]),
    );
    keys.export("sub", true);
    let subkey = format!("{}!", keys.fingerprints("sub")[1]);
    keys.sign(&package, &subkey, "sub");

    let signed = fs::read(work.join("rsa.rpm")).unwrap();
    // The signature of another package, by the same key.
    build(
        work,
        "payload.spec",
        &[("kind", "gzip"), ("_binary_payload", "w9.gzdio")],
    );
    keys.sign(
        &work.join("rpms/payload-gzip-1.0.noarch.rpm"),
        "rsa",
        "gzip",
    );
    let other = fs::read(work.join("gzip.rpm")).unwrap();
    let (to, from) = (value(&signed, 268), value(&other, 268));
    let mut wrong = signed.clone();
    wrong[to..to + 280].copy_from_slice(&other[from..from + 280]);
    work.write("wrong.rpm", wrong);
    // One byte of the header, and of the payload.
    let mut tampered = signed.clone();
    let summary = b"a compressed payload";
    let at = signed
        .windows(summary.len())
        .position(|bytes| bytes == summary);
    tampered[at.unwrap()] ^= 1;
    work.write("header.rpm", tampered);
    let mut tampered = signed;
    *tampered.last_mut().unwrap() ^= 1;
    work.write("payload.rpm", tampered);

    // One that is revoked, and one that is only retired.
    for (name, reason) in [("revoked", "1"), ("retired", "3")] {
        let fingerprint = keys.make(name, "ed25519", "sign");
        keys.sign(&package, name, name);
        if name == "revoked" {
            fs::rename(work.join("revoked.asc"), work.join("unrevoked.asc")).unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let answers = work.write("answers", format!("y\n{reason}\n\ny\n"));
        let mut revoke = keys.gpg();
        revoke
            .args(["--no-batch", "--no-tty", "--command-file"])
            .arg(answers);
        revoke.arg("--output").arg(work.join("revocation.asc"));
        succeed(revoke.args(["--gen-revoke", &fingerprint]));
        succeed(keys.gpg().arg("--import").arg(work.join("revocation.asc")));
        keys.export(name, true);
    }
    // A key that had expired before it signed, as its owner said long ago.
    let fingerprint = keys.make_in("20200101T000000", "late", "ed25519", "sign");
    keys.sign(&package, "late", "late");
    let mut expire = keys.gpg();
    expire.args(["--faked-system-time", "20210101T000000"]);
    succeed(expire.args(["--quick-set-expire", &fingerprint, "seconds=9"]));
    keys.export("late", true);
}

/// Returns where the value of a tag lies in the header of signatures.
fn value(bytes: &[u8], tag: u32) -> usize {
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let count = number(104) as usize;
    let mut entries = (0..count).map(|i| 112 + 16 * i);
    let entry = entries.find(|at| number(*at) == tag).unwrap();
    112 + 16 * count + number(entry + 8) as usize
}
