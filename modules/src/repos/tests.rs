use crate::kit::{read, refusal, twice, value};

const APT: (&str, &str) = ("/etc/apt/apt.conf", "");
const YUM: (&str, &str) = ("/etc/yum.repos.d/", "");
const APK: (&str, &str) = ("/etc/apk/world", "");
const RING: (&str, &str) = ("/usr/share/keyrings/r.gpg", "");
const KEY: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nx\n-----END PGP PUBLIC KEY BLOCK-----\n";

#[test]
fn sources_of_apt() {
    let path = "/etc/apt/sources.list.d/r.sources";
    let recipe = value!({"apt_repos": [{
        "name": "r", "uris": ["http://a/", "http://b/"], "suites": ["s"], "components": ["main"],
        "signed_by": "/usr/share/keyrings/r.gpg",
    }]});
    for (before, after) in [
        (
            None,
            "Types: deb\nURIs: http://a/ http://b/\nSuites: s\nComponents: main\n\
             Signed-By: /usr/share/keyrings/r.gpg\n",
        ),
        (
            Some(
                "# mine\n\nEnabled: no\nTypes: deb\nuris: http://a/\n http://b/\nSuites: old\n\
                 # why\nX-Mine: 1\nComponents: main\n contrib\n\nTypes: deb\nURIs: http://z/",
            ),
            "# mine\n\nTypes: deb\nuris: http://a/\n http://b/\nSuites: s\n# why\nX-Mine: 1\n\
             Components: main\nSigned-By: /usr/share/keyrings/r.gpg\n\nTypes: deb\n\
             URIs: http://z/\n",
        ),
    ] {
        let mut files = vec![APT, RING];
        files.extend(before.map(|text| (path, text)));
        let (tree, done) = twice(&files, "repos", &recipe).unwrap();
        assert_eq!(read(&tree, path), after);
        assert_eq!(done.warnings, [""; 0]);
    }

    // What the recipe does not name stays, and comments that were in a field.
    let before = "Types: deb deb-src\nURIs: http://old\n# c\n http://folded\nSuites: s\n\
                  Components: main\nArchitectures: amd64\nSigned-By: /k.gpg\n";
    let bare = value!({"apt_repos": [
        {"name": "r", "uris": ["http://new"], "suites": ["s"], "components": ["main"]},
    ]});
    let (tree, _) = twice(&[APT, (path, before)], "repos", &bare).unwrap();
    assert_eq!(
        read(&tree, path),
        before.replace("http://old\n# c\n http://folded\n", "http://new\n# c\n")
    );
    let recipe = value!({"apt_repos": [{
        "name": "r", "uris": ["https://a/"], "suites": ["./"], "architectures": ["amd64"],
        "sources": true, "key": KEY, "enabled": false,
    }]});
    let (tree, done) = twice(&[APT], "repos", &recipe).unwrap();
    assert_eq!(
        read(&tree, path),
        "Enabled: no\nTypes: deb deb-src\nURIs: https://a/\nSuites: ./\nArchitectures: amd64\n\
         Signed-By: /etc/apt/keyrings/r.asc\n"
    );
    assert_eq!(read(&tree, "/etc/apt/keyrings/r.asc"), KEY);
    assert_eq!(
        done.warnings,
        ["apt cannot use https for r: the image has no /etc/ssl/certs/ca-certificates.crt"]
    );
}

#[test]
fn sections_of_dnf_and_zypper() {
    let recipe =
        value!({"rpm_repos": [{"name": "r", "baseurl": ["http://a/$basearch"], "key": KEY}]});
    let new = "enabled=1\ngpgcheck=1\nname=r\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-r\n\
        baseurl=http://a/$basearch\n";
    for (files, path, after) in [
        (&[YUM][..], "/etc/yum.repos.d/r.repo", format!("[r]\n{new}")),
        (
            &[("/etc/zypp/repos.d/", "")],
            "/etc/zypp/repos.d/r.repo",
            format!("[r]\n{new}"),
        ),
        (
            &[(
                "/etc/yum.repos.d/all.repo",
                "[q]\nenabled=0\n\n# about r\n[r]\nname = R for $releasever\nmetalink=http://m\n\
                 enabled=0\ncost=1\n",
            )],
            "/etc/yum.repos.d/all.repo",
            "[q]\nenabled=0\n\n# about r\n[r]\nname = R for $releasever\nenabled=1\ncost=1\n\
             gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-r\n\
             baseurl=http://a/$basearch\n"
                .to_owned(),
        ),
    ] {
        let (tree, _) = twice(files, "repos", &recipe).unwrap();
        assert_eq!(read(&tree, path), after);
        assert_eq!(read(&tree, "/etc/pki/rpm-gpg/RPM-GPG-KEY-r"), KEY);
    }
}

#[test]
fn lines_of_apk() {
    let path = "/etc/apk/repositories";
    for (before, after) in [
        ("", "http://a/main\n@edge http://a/edge\n"),
        (
            "#/media/cdrom\nhttp://a/other\n# http://a/main\n#@edge  http://a/edge\n",
            "#/media/cdrom\nhttp://a/other\nhttp://a/main\n@edge http://a/edge\n",
        ),
    ] {
        let recipe =
            value!({"apk_repos": ["http://a/main", {"url": "http://a/edge", "tag": "edge"}]});
        let (tree, _) = twice(&[APK, (path, before)], "repos", &recipe).unwrap();
        assert_eq!(read(&tree, path), after);
    }
    let key = "-----BEGIN PUBLIC KEY-----\nx\n";
    let recipe = value!({"apk_repos": [{"url": "/r", "key": key, "key_name": "a.rsa.pub"}]});
    let (tree, _) = twice(&[APK], "repos", &recipe).unwrap();
    assert_eq!(read(&tree, "/etc/apk/keys/a.rsa.pub"), key);
}

#[test]
fn refusals() {
    let apt = |name: &str, uri: &str, suite: &str| value!({"apt_repos": [{"name": name, "uris": [uri], "suites": [suite]}]});
    let rpm = |rest: crate::value::Value| value!({"rpm_repos": [rest]});
    for (files, recipe, message) in [
        (&[][..], value!({}), "the step has nothing to do"),
        (
            &[APT],
            value!({"apt_repos": [
                {"name": "r", "uris": ["http://a"], "suites": ["./"]},
                {"name": "r", "uris": ["http://b"], "suites": ["./"]},
            ]}),
            "the repository r is listed twice",
        ),
        (
            &[YUM],
            value!({"rpm_repos": [
                {"name": "r", "baseurl": ["http://a"]}, {"name": "r", "baseurl": ["http://b"]},
            ]}),
            "the repository r is listed twice",
        ),
        (
            &[YUM],
            apt("r", "http://a", "./"),
            "the image does not use apt: it has no /etc/apt",
        ),
        (
            &[APT],
            apt("a b", "http://a", "./"),
            "\"a b\" is no name of a repository",
        ),
        (&[APT], apt("r", "a", "./"), "\"a\" is no URI"),
        (
            &[APT],
            apt("r", ":http://x/", "./"),
            "\":http://x/\" is no URI",
        ),
        (
            &[APT],
            apt("r", "htt=p://x/", "./"),
            "\"htt=p://x/\" is no URI",
        ),
        (
            &[APT],
            apt("r", "http://a b", "./"),
            "\"http://a b\" is not one word",
        ),
        (
            &[APT],
            apt("r", "http://a", "s"),
            "the suite \"s\" needs components",
        ),
        (
            &[APT, ("/etc/apt/sources.list.d/r.list", "")],
            apt("r", "http://a", "./"),
            "the image has /etc/apt/sources.list.d/r.list already",
        ),
        (
            &[APT],
            value!({"apt_repos": [{"name": "r", "uris": ["http://a"], "suites": ["./"], "key": "x"}]}),
            "this is no public key of OpenPGP",
        ),
        (
            &[APT],
            rpm(value!({"name": "r", "baseurl": ["http://a"]})),
            "the image does not use dnf, yum or zypper: it has no /etc/yum.repos.d or \
             /etc/zypp/repos.d",
        ),
        (
            &[YUM],
            rpm(value!({"name": "r"})),
            "the repository r is nowhere",
        ),
        (
            &[YUM],
            rpm(value!({"name": "r", "baseurl": ["http://a"], "metalink": "http://b"})),
            "the repository r is at several places",
        ),
        (
            &[YUM],
            rpm(value!({"name": "r", "metalink": "http://b", "priority": 100_i64})),
            "priority 100: 1 to 99 are allowed",
        ),
        (
            &[APK],
            value!({"apk_repos": ["a b"]}),
            "\"a b\" is no place of a repository",
        ),
        (
            &[APK],
            value!({"apk_repos": [{"url": "/a", "key": "x"}]}),
            "apk finds a key by its name, which is not given",
        ),
    ] {
        assert_eq!(refusal(files, "repos", &recipe), message);
    }
}
