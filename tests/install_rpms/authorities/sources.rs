//! Files that say which authorities are trusted, in all forms that p11-kit reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::kit::{Work, succeed, tool};

/// Files by their paths.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

const BUNDLE: &str = "usr/share/pki/ca-trust-source/ca-bundle.trust.p11-kit";
const HEADER: &str = "[p11-kit-object-v1]\n";

/// Purposes as DER: servers, e-mail, code, any, and p11-kit's sign for none.
const SERVER: &str = "%06%08%2b%06%01%05%05%07%03%01";
const EMAIL: &str = "%06%08%2b%06%01%05%05%07%03%04";
const CODE: &str = "%06%08%2b%06%01%05%05%07%03%03";
const NONE: &str = "%06%0a%2b%06%01%04%01%99%77%06%0a%10";

/// Returns bytes as the form writes them, each with a percent sign.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02x}");
        text
    })
}

/// Returns an element of less than 128 bytes that are written like that.
fn element(tag: u8, inside: &str) -> String {
    let len = inside.matches('%').count();
    format!("%{tag:02x}%{len:02x}{inside}")
}

/// Returns an extension as an object that is attached to a key.
fn extension(kind: &str, oid: &str, value: &str, key: &str) -> String {
    let whole = format!("{}{}", element(6, oid), element(4, value));
    let whole = element(0x30, &whole);
    format!(
        "{HEADER}class: x-certificate-extension\nlabel: \"x\"\nobject-id: {kind}\nvalue: \"{whole}\"\n{key}\n"
    )
}

fn purposes(list: &[&str], key: &str) -> String {
    extension(
        "2.5.29.37",
        "%55%1d%25",
        &element(0x30, &list.concat()),
        key,
    )
}

/// A certificate as PEM, with what openssl says of it.
struct Sample {
    pem: String,
    /// As a block of PEM.
    key: String,
}

impl Sample {
    fn of(work: &Work, pem: String) -> Self {
        let file = work.write("sample.pem", &pem);
        let key = succeed(
            tool("openssl")
                .args(["x509", "-noout", "-pubkey", "-in"])
                .arg(file),
        );
        Self { pem, key }
    }

    /// Has openssl make one, of a subject.
    fn new(work: &Work, lines: &str, more: &[&str]) -> Self {
        let settings = work.write(
            "openssl.cnf",
            format!("[req]\ndistinguished_name=name\nprompt=no\nutf8=yes\n{lines}"),
        );
        let mut req = tool("openssl");
        req.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ]);
        req.args(["-nodes", "-days", "9", "-keyout", "/dev/null", "-config"])
            .arg(settings);
        Self::of(work, succeed(req.args(more)))
    }

    fn der(&self) -> Vec<u8> {
        let lines = self.pem.lines().filter(|line| !line.starts_with('-'));
        STANDARD.decode(lines.collect::<String>()).unwrap()
    }

    /// Returns it as an object, with further lines.
    fn object(&self, lines: &str) -> String {
        format!("{HEADER}{lines}{}\n", self.pem)
    }

    /// Has openssl say what it is trusted for.
    fn trusted(&self, work: &Work, how: &[&str]) -> String {
        let file = work.write("sample.pem", &self.pem);
        let mut x509 = tool("openssl");
        x509.args(["x509", "-trustout", "-in"]).arg(file);
        succeed(x509.args(how))
    }
}

/// Returns this machine's certificates.
fn mozilla(work: &Work) -> Vec<(String, Sample)> {
    let folder = fs::read_dir("/usr/share/ca-certificates/mozilla").unwrap();
    let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 50, "{}", paths.len());
    let sample = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, Sample::of(work, fs::read_to_string(path).unwrap()))
    };
    paths.into_iter().map(sample).collect()
}

/// Returns a bundle as Fedora makes it of Mozilla's list.
fn bundle(work: &Work) -> String {
    let lists: [&[&str]; 5] = [
        &[SERVER],
        &[SERVER, EMAIL],
        &[EMAIL],
        &[CODE, SERVER],
        &[NONE],
    ];
    let mut text = "# A bundle\n#\n".to_owned();
    for (at, (name, sample)) in mozilla(work).into_iter().enumerate() {
        let label = escaped(format!("{} ({})", name.replace('_', " "), "\u{e9}").as_bytes());
        let trust = match at % 11 {
            10 => "trusted: false\nx-distrusted: true",
            9 => "trusted: false\nx-distrusted: false",
            8 => "trusted: true\nnss-server-distrust-after: \"220601000000Z\"",
            _ => "trusted: true\nnss-mozilla-ca-policy: true\nnss-server-distrust-after: false",
        };
        text += &sample.object(&format!("label: \"{label}\"\nmodifiable: false\n{trust}\n"));
        // All sorts of purposes, and some without a list.
        if let Some(list) = lists.get(at % 6) {
            text += &purposes(list, &sample.key);
        }
    }
    text
}

fn files<const N: usize>(files: [(&str, Vec<u8>); N]) -> Files {
    files
        .map(|(path, content)| (path.to_owned(), content))
        .into()
}

/// Returns what is compared.
pub(super) fn rows(work: &Work) -> Vec<(&'static str, Files)> {
    let name = |lines: &str| format!("[name]\n{lines}\n");
    let ca = |lines: &str| Sample::new(work, &name(lines), &["-addext", "keyUsage=keyCertSign"]);
    let bundle = bundle(work);
    let [a, b, c] = ["CN=A root", "CN=B root", "OU=unit\nO=company"].map(ca);
    let end = |lines: &str, more: &[&str]| {
        let mut all = vec!["-addext", "basicConstraints=critical,CA:FALSE"];
        all.extend(more);
        let text = format!("x509_extensions=none\n{}[none]\n", name(lines));
        Sample::new(work, &text, &all)
    };
    let leaf = end("CN=leaf", &[]);
    let used = Sample::new(
        work,
        &name("CN=used"),
        &["-addext", "extendedKeyUsage=emailProtection,1.2.3.4"],
    );
    let bytes = |text: &str| text.as_bytes().to_vec();
    let anchors =
        |text: String| files([("etc/pki/ca-trust/source/anchors/a.pem", text.into_bytes())]);
    let own = |text: String| files([(BUNDLE, text.into_bytes())]);
    let mut rows = vec![
        ("nothing", files([])),
        ("Mozilla's bundle", own(bundle.clone())),
        (
            "anchors as PEM",
            anchors(format!("text\n{}{}more", a.pem, leaf.pem)),
        ),
        (
            "an anchor as DER",
            files([("etc/pki/ca-trust/source/anchors/a.cer", a.der())]),
        ),
        (
            "no anchors",
            files([("etc/pki/ca-trust/source/a.pem", bytes(&a.pem))]),
        ),
        (
            "files that are none",
            files([
                (
                    "etc/pki/ca-trust/source/README",
                    bytes("A file, -----BEGIN X"),
                ),
                ("usr/share/pki/ca-trust-source/README", vec![]),
                (
                    "usr/share/pki/ca-trust-source/anchors/key",
                    bytes("-----BEGIN KEY-----\nYQ==\n-----END KEY-----\n"),
                ),
            ]),
        ),
        (
            "the same in both sources",
            files([
                ("etc/pki/ca-trust/source/anchors/a.pem", bytes(&a.pem)),
                (
                    BUNDLE,
                    bytes(&format!(
                        "{}{}",
                        a.object("label: \"other\"\ntrusted: true\n"),
                        b.object("trusted: true\n")
                    )),
                ),
            ]),
        ),
        (
            "a certificate that is blocked",
            files([
                ("etc/pki/ca-trust/source/blocklist/a.pem", bytes(&a.pem)),
                (
                    BUNDLE,
                    bytes(&format!(
                        "{}{}",
                        a.object("trusted: true\n"),
                        b.object("trusted: true\n")
                    )),
                ),
            ]),
        ),
        (
            "labels",
            own([
                a.object("label: \"Some Root\"\ntrusted: true\n"),
                b.object("label: \"Some Root\"\ntrusted: true\n"),
                c.object("label: \"some  root-1 %2f%c3%84\"\ntrusted: true\n"),
                // Java's names have no such letters, and p11-kit makes no other for one that is empty.
                ca("CN=Y").object("label: \"%c3%84\"\ntrusted: true\n"),
                ca("CN=Z").object("label: \"%c3%84\"\ntrusted: true\n"),
                ca("CN=D").object("label: \"\"\ntrusted: true\n"),
                ca("CN=E").object("label: \"%20\"\ntrusted: true\n"),
                ca("CN=E").object("label: \"Some root-1\"\ntrusted: true\n"),
                ca("C=DE").object("trusted: true\n"),
                ca("O=o").object("trusted: true\n"),
                c.object("trusted: true\n"),
            ]
            .concat()),
        ),
        (
            "what is attached",
            own([
                leaf.object("trusted: true\n"),
                extension("2.5.29.19", "%55%1d%13", "%30%03%01%01%ff", &leaf.key),
                purposes(&[EMAIL, CODE], &leaf.key),
                purposes(&[SERVER], &leaf.key),
                extension("2.5.29.14", "%55%1d%0e", "%04%02%01%02", &leaf.key),
                a.object("trusted: true\nx-distrusted: false\n"),
                extension("2.5.29.19", "%55%1d%13", "%30%00", &a.key),
                b.object("trusted: true\ncertificate-category: other-entry\n"),
                used.object("trusted: true\n"),
                c.object("certificate-category: authority\ntrusted: true\n"),
                purposes(&[NONE], &c.key),
                extension(
                    "1.3.6.1.4.1.3319.6.10.1",
                    "%2b%06%01%04%01%99%77%06%0a%01",
                    &element(0x30, SERVER),
                    &used.key,
                ),
            ]
            .concat()),
        ),
        (
            "purposes of its own",
            anchors(format!("{}{}", used.pem, a.pem)),
        ),
    ];
    let serial = |sample: &Sample| {
        let file = work.write("sample.der", sample.der());
        let mut parse = tool("openssl");
        parse.args(["asn1parse", "-inform", "DER", "-in"]).arg(file);
        let lines = succeed(&mut parse);
        // The serial number is the first number of two, the issuer the second sequence behind it.
        let at = |line: &str| {
            line.trim()
                .split(':')
                .next()
                .unwrap()
                .parse::<usize>()
                .unwrap()
        };
        let lines: Vec<&str> = lines.lines().filter(|line| line.contains("d=2")).collect();
        let der = sample.der();
        let part = |place: usize| escaped(&der[at(lines[place])..at(lines[place + 1])]);
        (part(1), part(3))
    };
    let (number, issuer) = serial(&a);
    rows.push((
        "what `trust anchor` writes",
        own(a.object(&format!(
            "trusted: true\nx-distrusted: false\nprivate: false\nmodifiable: false\n\
             label: \"A root\"\nurl: \"\"\nhash-of-issuer-public-key: \"\"\n\
             hash-of-subject-public-key: \"%1F\"\njava-midp-security-domain: 0\n\
             check-value: \"%97%F3%13\"\nstart-date: \"20261126\"\nend-date: \"20261205\"\n\
             id: \"%60\"\nsubject: \"{issuer}\"\nissuer: \"{issuer}\"\n\
             serial-number: \"{number}\"\ncertificate-category: authority\n"
        ))),
    ));
    rows.push((
        "distrust by number and by key",
        own([
            format!("{HEADER}class: certificate\ncertificate-type: x-509\nlabel: \"no\"\nissuer: \"{issuer}\"\nserial-number: \"{number}\"\nx-distrusted: true\n\n"),
            a.object("trusted: true\n"),
            b.object("trusted: true\n"),
            format!("{HEADER}class: certificate\ncertificate-type: x-509\nx-distrusted: true\n{}\n", c.key),
            c.object("trusted: true\n"),
        ]
        .concat()),
    ));
    let all = [
        "serverAuth",
        "clientAuth",
        "codeSigning",
        "emailProtection",
        "timeStamping",
        "1.2.3.4",
        "2.999.3",
        "1.3.6.1.5.5.7.3.5",
        "1.3.6.1.5.5.7.3.6",
        "1.3.6.1.5.5.7.3.7",
        "1.3.6.1.5.5.7.3.17",
    ];
    let add = |option: &'static str, names: &[&'static str]| -> Vec<&'static str> {
        names.iter().flat_map(|name| [option, name]).collect()
    };
    let trusted = [
        a.trusted(work, &["-addtrust", "serverAuth", "-setalias", "An alias"]),
        b.trusted(work, &add("-addtrust", &all)),
        c.trusted(work, &add("-addreject", &all[..4])),
        ca("CN=F").trusted(
            work,
            &["-addtrust", "emailProtection", "-addreject", "serverAuth"],
        ),
        ca("CN=G").trusted(
            work,
            &[
                "-addtrust",
                "emailProtection",
                "-addreject",
                "emailProtection",
            ],
        ),
        ca("CN=H").trusted(work, &["-setalias", "h"]),
        ca("CN=I").trusted(work, &[]),
    ]
    .concat();
    rows.push((
        "what OpenSSL says",
        files([("etc/pki/ca-trust/source/a.pem", bytes(&trusted))]),
    ));
    rows.push(("what OpenSSL says of anchors", anchors(trusted.clone())));
    rows.push((
        "what OpenSSL says of what is blocked",
        files([("etc/pki/ca-trust/source/blocklist/a.pem", bytes(&trusted))]),
    ));
    let spelled = [
        ("0x4", "T\u{e9}l  A "),
        ("0x4", "plain"),
        ("0x800", "B \u{e9}\u{20ac}"),
        ("0x100", "U \u{1f600}"),
        ("0x2000", " \u{c4} X  y"),
        ("0x2", "Printable"),
    ];
    let spelled = spelled.map(|(mask, text)| {
        let text = format!(
            "string_mask=MASK:{mask}\n{}",
            name(&format!("CN={text}\nO=other"))
        );
        Sample::new(work, &text, &[])
    });
    let multi = ca("0.O=x\n+1.OU=Zz\n+0.OU=aa\nCN=multi");
    let many: String = spelled
        .iter()
        .chain([&multi])
        .map(|sample| &*sample.pem)
        .collect();
    rows.push(("spellings", anchors(many)));
    rows.push((
        "many files",
        files([
            ("etc/pki/ca-trust/source/anchors/a.pem", bytes(&a.pem)),
            ("etc/pki/ca-trust/source/anchors/b.pem", bytes(&b.pem)),
            ("etc/pki/ca-trust/source/blocklist/x.crt", c.der()),
            ("etc/pki/ca-trust/source/trusted.pem", bytes(&trusted)),
            ("usr/share/pki/ca-trust-source/anchors/c.pem", bytes(&c.pem)),
            ("usr/share/pki/ca-trust-source/used.pem", bytes(&used.pem)),
            (BUNDLE, bytes(&bundle)),
        ]),
    ));
    rows
}

/// Returns what is left for the first boot, and why.
pub(super) fn refused() -> Vec<(&'static str, Files, &'static str)> {
    let own = |text: &str| files([(BUNDLE, text.as_bytes().to_vec())]);
    vec![
        (
            "no certificate",
            files([("etc/pki/ca-trust/source/anchors/a.cer", vec![0x30, 0])]),
            "it is no certificate that is understood",
        ),
        (
            "a byte of zero",
            files([(
                "etc/pki/ca-trust/source/anchors/a.pem",
                b"\0-----BEGIN KEY-----\nYQ==\n-----END KEY-----\n".to_vec(),
            )]),
            "there is a byte of zero in it",
        ),
        (
            "a byte of zero in a remark",
            own("# \0\n[p11-kit-object-v1]\nclass: certificate\ncertificate-type: x-509\n"),
            "there is a byte of zero in it",
        ),
        (
            "another class",
            own("[p11-kit-object-v1]\nclass: data\n"),
            "the class data is not understood",
        ),
        (
            "another attribute",
            own("[p11-kit-object-v1]\nclass: certificate\nac-issuer: \"x\"\n"),
            "line 3: ac-issuer is not understood",
        ),
        (
            "an attribute twice",
            own("[p11-kit-object-v1]\nclass: x\nclass: certificate\n"),
            "line 3: class is not understood",
        ),
        (
            "a line without a colon",
            own("[p11-kit-object-v1]\nclass\n"),
            "line 2: there is no colon",
        ),
    ]
}
