use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Stop, install_legacy, source, update};
use crate::Root;
use crate::ca_certificates::{self, der::tagged};
use crate::kit::{Files, NOW, image, show};

/// As new versions say it: bundles, and links to another folder.
const PROGRAM: &str = "\
DEST=/etc/pki/ca-trust/extracted
DEST_CERTS=/etc/pki/tls/certs
find \"$DEST_CERTS\" -type l -regextype posix-extended -regex '.*/[0-9a-f]{8}\\.[0-9]+' \
-exec rm -f {} \\;
/usr/bin/trust extract --format=pem-bundle --filter=ca-anchors --overwrite --comment \
--purpose server-auth \"$DEST/pem/tls-ca-bundle.pem\"
/usr/bin/trust extract --format=pem-directory-hash --filter=ca-anchors --overwrite \
--purpose server-auth \"$DEST/pem/directory-hash\"
find \"$DEST/pem/directory-hash\" -type l -regextype posix-extended \
-regex '.*/[0-9a-f]{8}\\.[0-9]+' | while read link; do
target=$(readlink -f \"$link\")
new_link=\"$DEST_CERTS/$(basename \"$link\")\"
ln -s \"$target\" \"$new_link\"
done
";

const BIN: &str = "/usr/bin/update-ca-trust";
const ANCHOR: &str = "/etc/pki/ca-trust/source/anchors/a.pem";
const PEM: &str = "/etc/pki/ca-trust/extracted/pem";

/// Returns a certificate as PEM.
fn sample() -> String {
    let example = ca_certificates::MODULE.example;
    let (_, text) = example.split_once("certificate: |\n").unwrap();
    text.lines()
        .map(|line| line.trim().to_owned() + "\n")
        .collect()
}

#[test]
fn files_and_links_are_as_p11_kit_leaves_them() {
    let sample = sample();
    let hash = format!("{PEM}/directory-hash");
    let old = |name: &str| format!("{hash}/{name}");
    let (dead, gone, notes, kept, below) = (
        old("deadbeef.1@"),
        old("12345678.0@"),
        old("notes"),
        old("sub/x"),
        old("sub/abcdef01.7@"),
    );
    let files = [
        (BIN, PROGRAM),
        (ANCHOR, &*sample),
        ("/etc/pki/tls/certs/12345678.0@", "x"),
        ("/etc/pki/tls/certs/sub/abcdef01.12@", "x"),
        ("/etc/pki/tls/certs/abcdef01.0", "file"),
        ("/etc/pki/tls/certs/ca-bundle.crt@", "x"),
        (
            "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem@",
            "/etc/passwd",
        ),
        (&dead, "gone"),
        (&gone, "notes"),
        (&notes, "x"),
        (&kept, "x"),
        (&below, "x"),
    ];
    let mut tree = image(&files);
    let host = Files::default();
    let mut lines = Vec::new();
    for _ in 0..2 {
        update(&mut Root::new(&mut tree, &host, NOW)).unwrap();
        let both = [show(&mut tree, PEM), show(&mut tree, "/etc/pki/tls/certs")].concat();
        lines.push(both.join("\n"));
    }
    assert_eq!(lines[0], lines[1]);
    let want = format!(
        "\
0755 0:0 {PEM}
0555 0:0 {hash}
0777 0:0 {hash}/119708d0.0 -> Example_CA.pem
0444 0:0 {hash}/Example_CA.pem
0777 0:0 {hash}/aa1338be.0 -> Example_CA.pem
0777 0:0 {hash}/deadbeef.1 -> gone
0755 0:0 {hash}/sub
0777 0:0 {hash}/sub/abcdef01.7 -> x
0644 0:0 {hash}/sub/x
0444 0:0 {PEM}/tls-ca-bundle.pem
0755 0:0 /etc/pki/tls/certs
0777 0:0 /etc/pki/tls/certs/119708d0.0 -> {hash}/Example_CA.pem
0777 0:0 /etc/pki/tls/certs/aa1338be.0 -> {hash}/Example_CA.pem
0644 0:0 /etc/pki/tls/certs/abcdef01.0
0777 0:0 /etc/pki/tls/certs/abcdef01.7 -> {hash}/sub/x
0777 0:0 /etc/pki/tls/certs/ca-bundle.crt -> x
0777 0:0 /etc/pki/tls/certs/deadbeef.1 -> {hash}/gone
0755 0:0 /etc/pki/tls/certs/sub"
    );
    assert_eq!(lines[0], want);
}

#[test]
fn whether_old_authorities_count() {
    for (setting, choice) in [
        ("", "default"),
        ("legacy=default\n", "default"),
        ("# x\nLegacy  =  disable \n", "disable"),
        (" legacy=disable", "default"),
        ("legacy=disabled", "default"),
        ("legacy=disable\t", "default"),
        ("legacy=disable\r\n", "default"),
    ] {
        let mut tree = image(&[
            ("/etc/pki/ca-trust/ca-legacy.conf", setting),
            ("/etc/pki/ca-trust/source/", ""),
        ]);
        let host = Files::default();
        let mut root = Root::new(&mut tree, &host, NOW);
        assert!(install_legacy(&mut root).unwrap());
        let link = root.readlink("/etc/pki/ca-trust/source/ca-bundle.legacy.crt");
        let want = format!("/usr/share/pki/ca-trust-legacy/ca-bundle.legacy.{choice}.crt");
        assert_eq!(link.unwrap(), want.as_bytes(), "{setting}");
    }
}

#[test]
fn what_is_in_the_way() {
    let sample = sample();
    for (files, why) in [
        (&[][..], "there is no /usr/bin/update-ca-trust"),
        (&[(BIN, "#!/bin/sh\nrm x\n")], "by its line \"rm x\""),
        (&[(BIN, "\u{7f}ELF\n")], "by its line"),
        (
            &[("/etc/pki/ca-trust/extracted/pem@", "gone")],
            "/etc/pki/ca-trust/extracted/pem is not there",
        ),
        (
            &[("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem/x", "")],
            "tls-ca-bundle.pem is a folder",
        ),
        (
            &[("/etc/pki/ca-trust/source/blocklist", "")],
            "blocklist is no folder",
        ),
        (
            &[("/etc/pki/ca-trust/source/blacklist/a.pem", &sample)],
            "blacklist has certificates, which new versions",
        ),
        (
            &[("/etc/pkcs11/modules/x.module", "trust-policy: yes")],
            "x.module tells p11-kit of other certificates",
        ),
        (
            &[(
                "/usr/share/p11-kit/modules/p11-kit-trust.module",
                "x-init-reserved: paths='/x'",
            )],
            "p11-kit-trust.module tells",
        ),
        (
            &[
                (ANCHOR, &*sample),
                (
                    "/etc/pki/ca-trust/extracted/pem/directory-hash/119708d0.0/x",
                    "",
                ),
            ],
            "119708d0.0",
        ),
        (
            &[("/etc/pki/tls/certs@", "gone")],
            "/etc/pki/tls/certs is not there",
        ),
    ] {
        let mut files = files.to_vec();
        let is_about_program = files.is_empty() || files[0].0 == BIN;
        if !is_about_program {
            files.push((BIN, PROGRAM));
            for folder in ["/etc/pki/tls/certs/", "/etc/pki/ca-trust/extracted/pem/"] {
                let name = folder.trim_end_matches('/');
                if !files
                    .iter()
                    .any(|(path, _)| path.trim_end_matches('@') == name)
                {
                    files.push((folder, ""));
                }
            }
        }
        let mut tree = image(&files);
        let host = Files::default();
        match update(&mut Root::new(&mut tree, &host, NOW)) {
            Err(Stop::Unknown(found)) => assert!(found.contains(why), "{found}: {why}"),
            other => panic!("{why}: {other:?}"),
        }
    }
}

#[test]
fn damaged_files_are_refused_or_read() {
    let pem = sample();
    let inner: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(inner).unwrap();
    let text = format!("[p11-kit-object-v1]\nlabel: \"a%20\"\ntrusted: true\n{pem}");
    let trusted = [
        &der[..],
        b"\x30\x0f\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01\x0c\x01a",
    ]
    .concat();
    let as_it_is: fn(&[u8]) -> Vec<u8> = <[u8]>::to_vec;
    for (whole, form) in [
        (text.as_bytes(), as_it_is),
        (&der, as_it_is),
        (&trusted, |bytes| {
            super::pem::write("TRUSTED CERTIFICATE", bytes).into_bytes()
        }),
    ] {
        assert_eq!(
            source::objects(&form(whole)).map_or(0, |found| found.len().min(1)),
            1
        );
        for at in 0..whole.len() {
            for value in [whole[at] ^ 1, whole[at] ^ 0x80, 0, 0xff] {
                let mut damaged = whole.to_vec();
                damaged[at] = value;
                let _ = source::objects(&form(&damaged));
            }
            let _ = source::objects(&form(&whole[..at]));
        }
    }
}

/// Returns a certificate of some version, with a time, the value of its name, and extensions.
fn certificate(version: &[u8], time: &[u8], value: &[u8], extensions: &[&[u8]]) -> Vec<u8> {
    let sequence = |parts: &[&[u8]]| tagged(0x30, &parts.concat());
    let algorithm = sequence(&[&tagged(6, &[0x2a, 3])]);
    let name = match value {
        [] => tagged(0x31, &[]),
        value => tagged(0x31, &sequence(&[&tagged(6, &[0x55, 4, 3]), value])),
    };
    let name = sequence(&[&name]);
    let time = tagged(0x17, time);
    let key = sequence(&[&algorithm, &tagged(3, &[0, 1])]);
    let extensions = match extensions {
        [] => Vec::new(),
        all => tagged(0xa3, &sequence(all)),
    };
    let signed = sequence(&[
        version,
        &tagged(2, &[1]),
        &algorithm,
        &name,
        &sequence(&[&time, &time]),
        &name,
        &key,
        &extensions,
    ]);
    sequence(&[&signed, &algorithm, &tagged(3, &[0, 1])])
}

#[test]
fn certificates_that_p11_kit_takes_for_others_are_refused() {
    let third: &[u8] = &[0xa0, 3, 2, 1, 2];
    let time: &[u8] = b"261125141834Z";
    let name: &[u8] = b"\x0c\x01a";
    let constraints: &[u8] = b"\x30\x09\x06\x03\x55\x1d\x13\x04\x02\x30\x00";
    let huge = [
        &[0x30, 18, 6, 12, 0x69][..],
        &[0xff; 10],
        &[1, 4, 2, 0x30, 0],
    ]
    .concat();
    for (version, time, name, extensions, is_known) in [
        (third, time, name, &[constraints][..], true),
        (&[][..], time, name, &[][..], true),
        (third, time, name, &[], true),
        (&[0xa0, 3, 2, 1, 1], time, name, &[], true),
        // Versions as they cannot be, or with what they do not have.
        (&[0xa0, 3, 2, 1, 0], time, name, &[], false),
        (&[], time, name, &[constraints], false),
        (third, time, name, &[constraints, constraints], false),
        (third, time, name, &[&*huge], false),
        (third, b"2611251418Z", name, &[], false),
        (third, b"261125141834+", name, &[], false),
        (third, b"20261125141834Z", name, &[], true),
        // Names: nothing, an empty text, zeros at the end of one.
        (third, time, b"", &[], false),
        (third, time, b"\x1e\x00", &[], false),
        (third, time, b"\x1e\x02\x00a", &[], true),
        (third, time, b"\x1e\x04\x00a\x00\x00", &[], false),
        (third, time, b"\x1c\x04\x00\x00\x00\x00", &[], false),
    ] {
        let der = certificate(version, time, name, extensions);
        let found = source::objects(&der);
        assert_eq!(found.is_ok(), is_known, "{}", der.escape_ascii());
    }
}
