use fsgen::Tree;

use crate::kit::{image, read, refusal, show, step, twice, value};
use crate::value::Value;

/// Two of one subject, whose hash is 119708d0.
const FIRST: &str = "\
-----BEGIN CERTIFICATE-----
MIIBgDCCASegAwIBAgIUJCetn8CeCajkJacydQQ0L6/e13AwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKRXhhbXBsZSBDQTAgFw0yNjExMjUxNDE4MzRaGA8yMDUxMDcx
NzE0MTgzNFowFTETMBEGA1UEAwwKRXhhbXBsZSBDQTBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABHKVwccK7uzcS7eYNwaQDNgfxchvRSr8MmALnYo3M3dr32TMxjdg
62chTnhfDtPqHZRcihD9BKet4iidWamPCD2jUzBRMB0GA1UdDgQWBBQogv+O8gXt
V85dUlZnqMHKavynozAfBgNVHSMEGDAWgBQogv+O8gXtV85dUlZnqMHKavynozAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIEnkQhoV0A79oKAX23Kn
gaWJmIHGiTgHcZDn3yUD+jb+AiBsK8aog6sk0y9lf6qEhBMJ7xsNyNSMlyrC4/P7
mbDFhg==
-----END CERTIFICATE-----
";
const SECOND: &str = "\
-----BEGIN CERTIFICATE-----
MIIBgTCCASegAwIBAgIUFO+ZHSrsDRaN8UgXLIT+T5u8J94wCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKRXhhbXBsZSBDQTAgFw0yNjExMjUxNDE4MzRaGA8yMDUxMDcx
NzE0MTgzNFowFTETMBEGA1UEAwwKRXhhbXBsZSBDQTBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABIRCgTM3u+wRxYEjOqrIVo6AHZvAy+bKoT3bhHnda6d1sJR+XuQe
ZP2tty2npD+apGneqxhcwND9NgkU+l5iSBSjUzBRMB0GA1UdDgQWBBTH5I8ByNTE
hJe4hK1DviIIv18OlzAfBgNVHSMEGDAWgBTH5I8ByNTEhJe4hK1DviIIv18OlzAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIHjAcKNnXLW2SPSBBqbh
S0DDcAl1V048jn0Zqqdrluj5AiEAj0EpESprC3Ao/6JhkHBgKr/YyP5fJ0nVnu/T
Zu81ZG0=
-----END CERTIFICATE-----
";

/// Of no authority, and for the sixties alone.
const LEAF: &str = "\
-----BEGIN CERTIFICATE-----
MIIBSDCB76ADAgECAgEBMAoGCCqGSM49BAMCMBcxFTATBgNVBAMMDEV4YW1wbGUg
bGVhZjAeFw02MDAxMDEwMDAwMDBaFw02OTEyMzEyMzU5NTlaMBcxFTATBgNVBAMM
DEV4YW1wbGUgbGVhZjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABE2Xny+eg5RE
41IY8Hc+Lgt/HSN/nudoNyBxhW8ZN0hQ6s4vPT+U/ZJYxEPw7H8FQoPE9+XjkBli
UA/xOooouAyjLDAqMAkGA1UdEwQCMAAwHQYDVR0OBBYEFP2HGEOAFGNoNi0v4/Ov
p3l9I34kMAoGCCqGSM49BAMCA0gAMEUCIQD3YcVT2AbplILtH95n1AR7OL2iyDMQ
ty6nao1A/0b8oAIgfTYPTilJrp2eXOhzVejM7jerrTR+qrAsr8QVpf80ekA=
-----END CERTIFICATE-----
";

fn recipe(name: &str, text: &str) -> Value {
    value!({"ca_certificates": [{"name": name, "certificate": text}]})
}

/// Returns what is in a directory, without modes and owners.
fn names(tree: &mut Tree, folder: &str) -> Vec<String> {
    let lines = show(tree, folder).into_iter().skip(1);
    lines
        .map(|line| {
            line.splitn(3, ' ')
                .nth(2)
                .unwrap()
                .replace(&format!("{folder}/"), "")
        })
        .collect()
}

#[test]
fn debian() {
    const CONF: (&str, &str) = (
        "/etc/ca-certificates.conf",
        "# comment\n\n \t\n mozilla/A (1),b.crt \n! mozilla/off.crt\t\ngone.crt\n",
    );
    let old = SECOND.trim_end();
    let files = [
        CONF,
        ("/usr/share/ca-certificates/mozilla/A (1),b.crt", old),
        ("/usr/share/ca-certificates/mozilla/off.crt", "x"),
        ("/usr/local/share/ca-certificates/notes.txt", "x"),
        ("/etc/ssl/certs/hand.cer", LEAF),
        (
            "/etc/ssl/certs/off.pem@",
            "/usr/share/ca-certificates/mozilla/off.crt",
        ),
        (
            "/etc/ssl/certs/old.pem@",
            "/usr/local/share/ca-certificates/old.crt",
        ),
        ("/etc/ssl/certs/deadbeef.0@", "gone.pem"),
        ("/etc/ssl/certs/deadbeef.r0@", "hand.cer"),
        ("/etc/ssl/certs/119708d0.7@", "hand.cer"),
    ];
    let (mut tree, done) = twice(&files, "ca_certificates", &recipe("corp", FIRST)).unwrap();
    assert_eq!(
        names(&mut tree, "/etc/ssl/certs"),
        [
            "0dd8b5be.0 -> hand.cer",
            "119708d0.0 -> A_=1=_b.pem",
            "119708d0.1 -> corp.pem",
            "A_=1=_b.pem -> /usr/share/ca-certificates/mozilla/A (1),b.crt",
            "ca-certificates.crt",
            "corp.pem -> /usr/local/share/ca-certificates/corp.crt",
            "deadbeef.r0 -> hand.cer",
            "hand.cer",
        ]
    );
    assert_eq!(
        read(&tree, "/etc/ssl/certs/ca-certificates.crt"),
        format!("{old}\n{FIRST}")
    );
    assert_eq!(
        done.warnings,
        [
            "/usr/share/ca-certificates/gone.crt is not there, but /etc/ca-certificates.conf lists it"
        ]
    );
    // Of two with one name, the last has the link, each time; a name that is also turned off stays.
    let files = [
        ("/etc/ca-certificates.conf", "!m/A.crt\nm/A.crt\n"),
        ("/usr/share/ca-certificates/m/A.crt", LEAF),
        ("/usr/local/share/ca-certificates/sub/corp.crt", SECOND),
    ];
    let (mut tree, _) = twice(&files, "ca_certificates", &recipe("corp", FIRST)).unwrap();
    assert_eq!(
        names(&mut tree, "/etc/ssl/certs"),
        [
            "0dd8b5be.0 -> A.pem",
            "119708d0.0 -> corp.pem",
            "A.pem -> /usr/share/ca-certificates/m/A.crt",
            "ca-certificates.crt",
            "corp.pem -> /usr/local/share/ca-certificates/sub/corp.crt",
        ]
    );
    // The same once more under another name has no link of its own; hooks are told of.
    let files = [
        CONF,
        ("/usr/share/ca-certificates/gone.crt", FIRST),
        ("/etc/ca-certificates/update.d/x", ""),
    ];
    let (mut tree, done) = twice(&files, "ca_certificates", &recipe("corp", FIRST)).unwrap();
    let links = names(&mut tree, "/etc/ssl/certs");
    assert!(
        links.contains(&"119708d0.0 -> corp.pem".to_owned()),
        "{links:?}"
    );
    assert!(!links.iter().any(|link| link.starts_with("119708d0.1")));
    assert_eq!(done.warnings.len(), 2, "{:?}", done.warnings);
}

#[test]
fn stores_that_get_more_at_their_ends() {
    const MUSL: (&str, &str) = ("/lib/ld-musl-x86_64.so.1", "");
    for (files, anchor, bundle, folder, links, warnings) in [
        (
            &[
                (
                    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                    "# old\nx",
                ),
                ("/etc/pki/ca-trust/extracted/pem/directory-hash/", ""),
                ("/etc/pki/ca-trust/extracted/java/cacerts", ""),
            ][..],
            "/etc/pki/ca-trust/source/anchors/corp.pem",
            "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            "/etc/pki/ca-trust/extracted/pem/directory-hash",
            &["119708d0.0 -> corp.pem", "corp.pem"][..],
            &[
                "the added certificates are not in /etc/pki/ca-trust/extracted/java/cacerts: run \
               update-ca-trust in the image for these",
            ][..],
        ),
        (
            &[
                ("/etc/ca-certificates/trust-source/anchors/", ""),
                (
                    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
                    "# old\nx",
                ),
                ("/etc/ca-certificates/extracted/cadir/", ""),
            ],
            "/etc/ca-certificates/trust-source/anchors/corp.pem",
            "/etc/ca-certificates/extracted/tls-ca-bundle.pem",
            "/etc/ca-certificates/extracted/cadir",
            &["119708d0.0 -> corp.pem", "corp.pem"],
            &[],
        ),
        (
            &[
                ("/var/lib/ca-certificates/ca-bundle.pem", "# old\nx"),
                ("/var/lib/ca-certificates/pem/", ""),
            ],
            "/etc/pki/trust/anchors/corp.pem",
            "/var/lib/ca-certificates/ca-bundle.pem",
            "/var/lib/ca-certificates/pem",
            &["119708d0.0 -> corp.pem", "corp.pem"],
            &[],
        ),
        (
            &[
                MUSL,
                ("/etc/ssl/certs/ca-certificates.crt", "# old\nx"),
                ("/etc/ca-certificates.conf", "#\n"),
            ],
            "/usr/local/share/ca-certificates/corp.crt",
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/ssl/certs",
            &[
                "119708d0.0 -> ca-cert-corp.pem",
                "ca-cert-corp.pem -> /usr/local/share/ca-certificates/corp.crt",
                "ca-certificates.crt",
            ],
            &[],
        ),
    ] {
        let (mut tree, done) = twice(files, "ca_certificates", &recipe("corp", FIRST)).unwrap();
        assert_eq!(read(&tree, anchor), FIRST);
        assert_eq!(read(&tree, bundle), format!("# old\nx\n# corp\n{FIRST}"));
        assert_eq!(names(&mut tree, folder), links);
        assert_eq!(done.warnings, warnings);
        // Another one under the same name takes its place, but for what others have.
        for (vendor, start) in [(SECOND, ""), (FIRST, &*format!("# corp\n{FIRST}"))] {
            let mut files = files.to_vec();
            files.extend([
                ("/usr/share/pki/ca-trust-source/a.p11-kit", vendor),
                ("/usr/share/pki/trust/a.p11-kit", vendor),
                ("/usr/share/ca-certificates/trust-source/a", vendor),
                ("/usr/share/ca-certificates/a.crt", vendor),
            ]);
            let mut tree = image(&files);
            for text in [FIRST, SECOND, SECOND] {
                step(&mut tree, "ca_certificates", &recipe("corp", text)).unwrap();
            }
            assert_eq!(read(&tree, anchor), SECOND);
            let text = format!("# old\nx\n{start}# corp\n{SECOND}");
            assert_eq!(read(&tree, bundle), text);
            assert_eq!(names(&mut tree, folder), links);
        }
    }
}

#[test]
fn what_is_told_of() {
    let authority = "corp is the certificate of no authority";
    let ended = "corp has ended on 1969-12-31";
    for (store, text, program, missing) in [
        ("/etc/ca-certificates.conf", LEAF, None, None),
        (
            "/etc/pki/ca-trust/",
            LEAF,
            Some("update-ca-trust"),
            Some(
                "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem, \
                 /etc/pki/ca-trust/extracted/pem/email-ca-bundle.pem, \
                 /etc/pki/ca-trust/extracted/pem/objsign-ca-bundle.pem",
            ),
        ),
        (
            "/var/lib/ca-certificates/ca-bundle.pem",
            LEAF,
            Some("update-ca-certificates"),
            None,
        ),
        ("/var/lib/ca-certificates/ca-bundle.pem", FIRST, None, None),
        (
            "/var/lib/ca-certificates/",
            FIRST,
            Some("update-ca-certificates"),
            Some("/var/lib/ca-certificates/ca-bundle.pem"),
        ),
    ] {
        let files = [(store, "# old\n")];
        let (tree, done) = twice(&files, "ca_certificates", &recipe("corp", text)).unwrap();
        let mut want = Vec::new();
        if text == LEAF {
            want.extend([authority.to_owned(), ended.to_owned()]);
            want.extend(program.map(|program| {
                format!("corp is not in the bundles: {program} has authorities alone in them")
            }));
        }
        want.extend(missing.map(|missing| {
            let program = program.unwrap_or_default();
            format!("{missing} is not there: run {program} in the image to make it")
        }));
        assert_eq!(done.warnings, want, "{store}");
        if store.ends_with(".pem") {
            assert_eq!(read(&tree, store).contains("BEGIN"), text != LEAF);
        }
    }
}

#[test]
fn refusals() {
    const STORE: (&str, &str) = ("/etc/ca-certificates.conf", "");
    let base64 = FIRST.replacen("MIIB", "!IIB", 1);
    let cut = FIRST.replacen("MIIB", "MIIC", 1);
    let open = FIRST.replace("-----END", "");
    for (files, name, text, message) in [
        (
            &[][..],
            "a",
            FIRST,
            "the image has no store of certificates",
        ),
        (
            &[STORE],
            "a/b",
            FIRST,
            "\"a/b\" is no name of a certificate",
        ),
        (
            &[STORE],
            "a",
            "x",
            "a: there is no line -----BEGIN CERTIFICATE-----",
        ),
        (
            &[STORE],
            "a",
            &format!("{FIRST}{SECOND}"),
            "a: there are 2 certificates: give each a name",
        ),
        (
            &[STORE],
            "a",
            &base64,
            "a: it is no base64: Invalid symbol 33, offset 0.",
        ),
        (
            &[STORE],
            "a",
            &cut,
            "a: what is in it is no certificate of X.509",
        ),
        (&[STORE], "a", &open, "a: it has no end"),
        (
            &[STORE],
            "a",
            &format!("{FIRST}-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----\n"),
            "a: there is a private key, which everybody could read",
        ),
    ] {
        assert_eq!(
            refusal(files, "ca_certificates", &recipe(name, text)),
            message
        );
    }
}
