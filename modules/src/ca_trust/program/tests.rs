use super::*;

/// What Fedora's says today, without its help and options.
const TODAY: &str = "\
#!/bin/sh
set -eu
DEST=/etc/pki/ca-trust/extracted
DEST_CERTS=/etc/pki/tls/certs
export P11_KIT_NO_USER_CONFIG=1
usage() {
\tfold -s -w 76 >&2 <<-EOF
\t\tThis rm -rf / is a text.
\tEOF
}
notice() {
\techo >&2 \"A notice\"
}
extract() {
\tUSER_DEST=
\tcompat=
\twhile [ $# -ne 0 ]; do
\t\tcase \"$1\" in
\t\t\"-o\"|\"--output\")
\t\t\tUSER_DEST=$2
\t\t\tshift 2
\t\t\t;;
\t\t\"--compat\")
\t\t\tnotice
\t\t\tcompat=true
\t\t\t;;
\t\t*)
\t\t\techo >&2 \"Error\"
\t\t\texit 1
\t\t\t;;
\t\tesac
\tdone
\tif [ -n \"$USER_DEST\" ]; then
\t\tDEST=$USER_DEST
\t\t/usr/bin/mkdir -p \\
\t\t\t\"$DEST\"/pem
\tfi
\tif [ -z \"$USER_DEST\" ]; then
\t\tfind \"$DEST_CERTS\" -type l -regextype posix-extended \\
\t\t\t-regex '.*/[0-9a-f]{8}\\.[0-9]+' -exec rm -f {} \\;
\tfi
\t/usr/bin/trust extract --format=edk2-cacerts --filter=ca-anchors --overwrite \
--purpose=server-auth \"$DEST/edk2/cacerts.bin\"
\tif [ -z \"$USER_DEST\" ]; then
\t\tfind \"$DEST/pem/directory-hash\" -type l -regextype posix-extended \\
\t\t\t-regex '.*/[0-9a-f]{8}\\.[0-9]+' | while IFS= read -r link; do
\t\t\ttarget=$(readlink -f \"$link\")
\t\t\tnew_link=\"$DEST_CERTS/$(basename \"$link\")\"
\t\t\tln -s \"$target\" \"$new_link\"
\t\tdone
\tfi
\tif [ -z \"$USER_DEST\" ] && [ -n \"$compat\" ]; then
\t\tln -sf /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem \"$DEST_CERTS/ca-bundle.crt\"
\tfi
}
if [ $# -lt 1 ]; then
    set -- extract
fi
case \"$1\" in
\t\"extract\")
\t\tshift
\t\textract \"$@\"
\t;;
\t*)
\t\tusage
\t\texit 1
\t;;
esac
";

/// What it said once, and what RHEL's has besides.
const ONCE: &str = "\
DEST=/etc/pki/ca-trust/extracted
export SOURCE_DATE_EPOCH=7
/usr/bin/p11-kit extract --format=java-cacerts --filter=ca-anchors --overwrite \
--purpose server-auth $DEST/java/cacerts
/usr/bin/ln -s ../tls-ca-bundle.pem $DEST/pem/directory-hash/ca-bundle.crt
";

#[test]
fn what_programs_make() {
    let today = Program::parse(TODAY).unwrap();
    assert_eq!(today.bundles, [Bundle::Edk2(Purpose::Server)]);
    assert!(today.has_links_elsewhere && today.links.is_empty());
    let once = Program::parse(ONCE).unwrap();
    assert_eq!(once.bundles, [Bundle::Java(Purpose::Server)]);
    assert_eq!(
        (once.links, once.time),
        (vec!["ca-bundle.crt".to_owned()], Some(7))
    );
    assert!(!once.has_links_elsewhere);
    for (old, new) in [
        ("DEST=/etc", "DEST=/usr"),
        ("java-cacerts", "jks"),
        ("ca-anchors", "all"),
        ("server-auth", "email"),
        ("/java/cacerts", "/java/other"),
        ("--overwrite ", ""),
        ("/usr/bin/p11-kit", "p11-kit"),
        ("../tls", "../../tls"),
        ("hash/ca-bundle.crt", "ca-bundle.crt"),
        ("EPOCH=7", "EPOCH=x"),
        ("export", "rm -f x; export"),
        ("export", "if true; then rm x; fi\nexport"),
        ("export", "echo $(rm x)\nexport"),
        ("export", "keytool -import\nexport"),
    ] {
        let text = ONCE.replacen(old, new, 1);
        assert!(Program::parse(&text).is_err(), "{text}");
    }
    assert!(Program::parse("#!/bin/sh\n").is_err());
    let deep = "if [ -z \"$compat\" ]; then\n".repeat(10_000);
    let bundle = "\t/usr/bin/trust extract";
    let again = TODAY.lines().find(|line| line.starts_with(bundle)).unwrap();
    for (old, new) in [
        (
            bundle,
            "\tif [ -x /usr/bin/java ]; then\n\tfi\n\t/usr/bin/trust extract",
        ),
        (
            bundle,
            "\tif [ -n $USER_DEST ]; then\n\trm x\n\tfi\n\t/usr/bin/trust extract",
        ),
        (
            bundle,
            "\tif [ -z \"$USER_DEST\" ]; then\n\techo\n\tfi\n\t/usr/bin/trust extract",
        ),
        (
            bundle,
            "\techo x >> \"$DEST/pem/tls-ca-bundle.pem\"\n\t/usr/bin/trust extract",
        ),
        (bundle, "\techo \"\n\t/usr/bin/trust extract"),
        (bundle, "\texit 0\n\t/usr/bin/trust extract"),
        (bundle, "\tset -- x\n\t/usr/bin/trust extract"),
        (bundle, "\t/usr/bin/mkdir -p /x\n\t/usr/bin/trust extract"),
        (bundle, "\tcat <<EOF >x\n\tEOF\n\t/usr/bin/trust extract"),
        ("USER_DEST=\n", "USER_DEST=$2\n"),
        ("{8}\\.", "{7}\\."),
        ("-type l", "-type f"),
        ("\t\t\tln -s", "\t\t\tcp"),
        ("\t\tshift\n\t\textract", "\t\texit 0\n\t\textract"),
        ("\t\"extract\")", "\t\"other\")"),
        ("case \"$1\" in\n\t\"ex", "exit 0\ncase \"$1\" in\n\t\"ex"),
        ("set -eu", "set -eun"),
        (
            "set -eu",
            "extract() {\ncase $1 in\nextract)\nshift\nextract $@\n;;\nesac\n}\ncase $1 in\nextract)\nshift\nextract $@\n;;\nesac",
        ),
        (
            "set -eu",
            &format!("compat=\n{}{}", deep, "fi\n".repeat(10_000)),
        ),
        (bundle, &format!("{again}\n{bundle}")),
        ("P11_KIT_NO_USER_CONFIG=1", "PATH=/opt/bin"),
        ("DEST=/etc/pki/ca-trust/extracted\n", ""),
    ] {
        let text = TODAY.replacen(old, new, 1);
        assert_ne!(text, TODAY);
        assert!(Program::parse(&text).is_err(), "{text}");
    }
    // A comment ends with its line, whatever is at the end of that.
    let text = TODAY.replacen(bundle, &format!("\t# x \\\n{bundle}"), 1);
    assert_eq!(Program::parse(&text), Ok(today));
}
