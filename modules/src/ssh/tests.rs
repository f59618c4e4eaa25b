use super::UNIT_TEXT;
use super::config::{Asked, includes, set, without_more};
use super::keyword::{KEYWORDS, Keyword};
use crate::kit::{distribution, image, map, read, show, step, value};
use crate::value::{Span, Value};

fn recipe(ssh: Value) -> Value {
    map([("ssh", ssh)])
}

#[test]
fn keys_are_made_anew_on_every_distribution() {
    for (name, has_unit) in [
        ("debian", true),
        ("fedora", false),
        ("alpine", false),
        ("suse", false),
        ("arch", false),
    ] {
        let mut tree = distribution(name);
        let outcome = step(&mut tree, "ssh", &value!({})).unwrap();
        assert_eq!(outcome.warnings, [""; 0], "{name}");
        assert_eq!(step(&mut tree, "ssh", &value!({})).unwrap().changes, []);
        let files = show(&mut tree, "/etc").join("\n");
        assert!(!files.contains("ssh_host_"), "{name}: {files}");
        let wants =
            "ssh.service.wants/ssh-host-keys.service -> /etc/systemd/system/ssh-host-keys.service";
        assert_eq!(files.contains(wants), has_unit, "{name}: {files}");
    }
    // A unit of that name that is there already.
    let unit = "ssh-host-keys.service";
    let makes = "[Service]\nExecStart=ssh-keygen -A\n[Install]\nWantedBy=a.target\n";
    for (path, text, enabled, warning) in [
        ("/etc/systemd/system", UNIT_TEXT, true, None),
        ("/etc/systemd/system", makes, true, None),
        ("/usr/lib/systemd/system", makes, true, None),
        (
            "/etc/systemd/system",
            "[Service]\nExecStart=true\n",
            false,
            Some("makes no host keys"),
        ),
        (
            "/etc/systemd/system",
            "",
            false,
            Some("masks what makes host keys"),
        ),
        (
            "/etc/systemd/system",
            "->/dev/null",
            false,
            Some("masks what makes host keys"),
        ),
    ] {
        let mut tree = distribution("debian");
        let file = format!("{path}/{unit}");
        let files = match text.strip_prefix("->") {
            Some(target) => value!({"symlinks": [{"path": (&*file), "target": target}]}),
            None => value!({"files": [{"path": (&*file), "content": text}]}),
        };
        step(&mut tree, "files", &files).unwrap();
        let outcome = step(&mut tree, "ssh", &value!({})).unwrap();
        assert_eq!(step(&mut tree, "ssh", &value!({})).unwrap().changes, []);
        let links = show(&mut tree, "/etc/systemd/system").join("\n");
        assert_eq!(links.contains(&format!(".wants/{unit}")), enabled, "{text}");
        let want = warning.map(|what| {
            format!("{file} {what}: sshd will not start without them; remove it in an earlier step")
        });
        assert_eq!(outcome.warnings, Vec::from_iter(want), "{text}");
    }
    let mut tree = distribution("debian");
    step(&mut tree, "ssh", &recipe(value!({"host_keys": "keep"})))
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(read(&tree, "/etc/ssh/ssh_host_ed25519_key"), "PRIVATE\n");
}

#[test]
fn options_go_where_sshd_finds_them_first() {
    let ssh = || {
        recipe(value!({"options": {
            "PasswordAuthentication": false, "Port": (2222_i64), "AcceptEnv": ["LANG", "LC_*"],
        }}))
    };
    let lines = "PasswordAuthentication no\nPort 2222\nAcceptEnv LANG\nAcceptEnv LC_*\n";
    for (name, file, before) in [
        ("debian", "/etc/ssh/sshd_config.d/10-hsb.conf", ""),
        ("fedora", "/etc/ssh/sshd_config.d/10-hsb.conf", ""),
        ("suse", "/etc/ssh/sshd_config.d/10-hsb.conf", ""),
        ("arch", "/etc/ssh/sshd_config.d/10-hsb.conf", ""),
        (
            "alpine",
            "/etc/ssh/sshd_config",
            "AuthorizedKeysFile .ssh/authorized_keys\n",
        ),
    ] {
        let mut tree = distribution(name);
        step(&mut tree, "ssh", &ssh()).unwrap();
        assert_eq!(
            step(&mut tree, "ssh", &ssh()).unwrap().changes,
            [],
            "{name}"
        );
        assert_eq!(read(&tree, file), format!("{before}{lines}"), "{name}");
    }
}

#[test]
fn what_sshd_reads_first_is_told_of() {
    let include = "Include /etc/ssh/sshd_config.d/*.conf\n";
    let drop_in = "/etc/ssh/sshd_config.d/01-own.conf";
    let later = "/etc/ssh/sshd_config.d/50-own.conf";
    let yes = "PermitRootLogin yes\n";
    let (above, below) = (format!("{yes}{include}"), format!("{include}{yes}"));
    for (main, file, text, warned) in [
        (include, drop_in, yes, Some(drop_in)),
        (include, drop_in, "permitrootlogin=no\n", None),
        (
            include,
            drop_in,
            "Match user x\nPermitRootLogin yes\n",
            None,
        ),
        (include, later, yes, None),
        // Other folders are included, too, and files of their own.
        (
            "Include x/*.conf\n",
            "/etc/ssh/x/a.conf",
            yes,
            Some("/etc/ssh/x/a.conf"),
        ),
        (
            "Include \"/etc/ssh/x/a.conf\"\n",
            "/etc/ssh/x/a.conf",
            "x y\n",
            None,
        ),
        (
            "Include x/*\nInclude x/*\n",
            "/etc/ssh/x/a",
            "Include x/*\nInclude x/*\n",
            None,
        ),
        (&above, later, "", Some("/etc/ssh/sshd_config")),
        (&below, later, "", None),
    ] {
        let mut tree = distribution("debian");
        let files = map([(
            "files",
            value!([
                {"path": "/etc/ssh/sshd_config", "content": main},
                {"path": file, "content": text},
            ]),
        )]);
        step(&mut tree, "files", &files).unwrap();
        let ssh = recipe(value!({"options": {"PermitRootLogin": false}}));
        let outcome = step(&mut tree, "ssh", &ssh).unwrap();
        let ours = match main.contains("sshd_config.d") {
            true => "/etc/ssh/sshd_config.d/10-hsb.conf",
            false => "/etc/ssh/sshd_config",
        };
        let want = warned.map(|path| {
            format!("{path} sets PermitRootLogin before {ours} does, and the first one counts")
        });
        assert_eq!(
            outcome.warnings,
            Vec::from_iter(want),
            "{main:?} {file} {text:?}"
        );
    }
}

#[test]
fn devices_that_sshd_needs_are_told_of() {
    for (address, device) in [
        ("127.0.0.1", None),
        ("0.0.0.0:22 rdomain vrf-blue", Some("vrf-blue")),
        ("[::]:22 rdomain \"a\"", Some("a")),
    ] {
        let ssh = recipe(value!({"options": {"ListenAddress": address}}));
        let outcome = step(&mut distribution("debian"), "ssh", &ssh).unwrap();
        let want = device.map(|device| {
            format!(
                "sshd does not start where the machine has no device {device} for routing, or \
                 gets it later"
            )
        });
        assert_eq!(outcome.warnings, Vec::from_iter(want), "{address}");
    }
}

fn asked(name: &str, values: &[&str]) -> Asked {
    let keyword = Keyword::find(name).unwrap();
    Asked {
        keyword,
        names: keyword.names(None),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        span: Span::default(),
    }
}

#[test]
fn the_table_is_in_order() {
    let names: Vec<_> = KEYWORDS
        .iter()
        .map(|keyword| keyword.name.to_ascii_lowercase())
        .collect();
    assert!(names.is_sorted());
}

#[test]
fn lines_that_add_up_are_taken_out() {
    let asked = [
        asked("Port", &["22"]),
        asked("AllowUsers", &["a b", "c"]),
        asked("subsystem", &["sftp internal-sftp"]),
        asked("UsePAM", &["no"]),
    ];
    for (before, after) in [
        ("# c\nPort 22\nport=2222\n#Port 1\n", "# c\n#Port 1\n"),
        ("AllowUsers b c\nAllowUsers b d\n", "AllowUsers b c\n"),
        (
            "Subsystem sftp /x\nSubsystem netconf /y\nUsePAM yes\n",
            "Subsystem netconf /y\nUsePAM yes\n",
        ),
        (
            "Match User x\nAllowUsers e\n",
            "Match User x\nAllowUsers e\n",
        ),
    ] {
        let found = without_more(before.as_bytes(), &asked);
        assert_eq!(str::from_utf8(&found).unwrap(), after);
    }
}

#[test]
fn settings_in_a_file() {
    for (before, after) in [
        ("", "UsePAM no\nPort 1\nPort 2\n"),
        (
            "# c\n#Port 22\n\nX11Forwarding yes",
            "# c\n#Port 22\n\nX11Forwarding yes\nUsePAM no\nPort 1\nPort 2\n",
        ),
        // In place, whatever its case; later lines would not count, or count besides.
        (
            "a b\nusepam yes # x\nc d\nPort 22\nUsePAM yes\n",
            "a b\nUsePAM no # x\nc d\nPort 1\nPort 2\n",
        ),
        // What is said behind a line stays, and lines end as they did.
        (
            "Port 1   # one\r\nPort 22\t#two\r\nPort 23 # three\r\nUsePAM \"# no\" #x",
            "Port 1   # one\r\nPort 2\t#two\r\nUsePAM no #x\r\n",
        ),
        // What is so already stays as it is written.
        (
            "usepam=no\nPORT 1 # one\n  port\t2\n",
            "usepam=no\nPORT 1 # one\n  port\t2\n",
        ),
        (
            "Match User a\nUsePAM yes\n",
            "UsePAM no\nPort 1\nPort 2\nMatch User a\nUsePAM yes\n",
        ),
    ] {
        let lines = [asked("UsePAM", &["no"]), asked("Port", &["1", "2"])];
        let once = set(before.as_bytes(), &lines);
        assert_eq!(str::from_utf8(&once).unwrap(), after);
        assert_eq!(set(&once, &lines), once);
    }
}

#[test]
fn options_that_have_another_name() {
    let challenge = "ChallengeResponseAuthentication yes\n";
    for (program, options, before, after) in [
        // Of OpenSSH 8.7 and later, and of nobody knows which.
        (
            "OpenSSH_8.7",
            value!({"KbdInteractiveAuthentication": false}),
            challenge,
            "KbdInteractiveAuthentication no\n",
        ),
        (
            "",
            value!({"KbdInteractiveAuthentication": true}),
            challenge,
            challenge,
        ),
        (
            "OpenSSH_10.0p2",
            value!({"ChallengeResponseAuthentication": false,
                "KbdInteractiveAuthentication": false}),
            "skeyauthentication yes\n",
            "ChallengeResponseAuthentication no\n",
        ),
        // Before, they were two.
        (
            "OpenSSH_8.6p1",
            value!({"KbdInteractiveAuthentication": false}),
            challenge,
            "ChallengeResponseAuthentication yes\nKbdInteractiveAuthentication no\n",
        ),
        (
            "OpenSSH_7.9",
            value!({"ChallengeResponseAuthentication": false,
                "KbdInteractiveAuthentication": false}),
            challenge,
            "ChallengeResponseAuthentication no\nKbdInteractiveAuthentication no\n",
        ),
        (
            "OpenSSH_8.5",
            value!({"PubkeyAcceptedAlgorithms": "+ssh-rsa"}),
            "pubkeyacceptedkeytypes ssh-dss\nHostDSAKey /k\n",
            "PubkeyAcceptedAlgorithms +ssh-rsa\nHostDSAKey /k\n",
        ),
        (
            "OpenSSH_8.0",
            value!({"HostKey": "/x", "HostbasedAcceptedKeyTypes": "ssh-rsa"}),
            "HostDSAKey /k\n",
            "HostKey /x\nHostbasedAcceptedKeyTypes ssh-rsa\n",
        ),
    ] {
        let program = format!("an sshd, {program} for short");
        let files = [
            ("/usr/sbin/sshd", &*program),
            ("/etc/ssh/sshd_config", before),
        ];
        let recipe = map([(
            "ssh",
            map([("host_keys", "keep".into()), ("options", options)]),
        )]);
        let mut tree = image(&files);
        step(&mut tree, "ssh", &recipe).unwrap();
        assert_eq!(read(&tree, "/etc/ssh/sshd_config"), after, "{program}");
        assert_eq!(step(&mut tree, "ssh", &recipe).unwrap().changes, []);
    }
}

#[test]
fn files_that_include_the_folder() {
    for (text, included) in [
        ("Include /etc/ssh/sshd_config.d/*.conf\n", true),
        ("x y\ninclude /a /etc/ssh/sshd_config.d/*.conf", true),
        ("Include \"/etc/ssh/sshd_config.d/*.conf\"\n", true),
        ("#Include /etc/ssh/sshd_config.d/*.conf\n", false),
        ("Match all\nInclude /etc/ssh/sshd_config.d/*.conf\n", false),
        ("Include /usr/etc/ssh/sshd_config.d/*.conf\n", false),
        ("", false),
    ] {
        assert_eq!(
            includes(text.as_bytes(), "/etc/ssh/sshd_config.d/"),
            included,
            "{text:?}"
        );
    }
}

#[test]
fn refusals() {
    for (ssh, message) in [
        (
            value!({"options": {"PermitRootLogn": false}}),
            "sshd has no option \"PermitRootLogn\"",
        ),
        (
            value!({"options": {"Match": "User a"}}),
            "Match is no option of its own",
        ),
        (value!({"options": {"Port": []}}), "Port has no value"),
        (
            value!({"options": {"Port": "1\nUsePAM no"}}),
            "\"1\\nUsePAM no\" is no value for Port",
        ),
        (
            value!({"options": {"Port": (1_i64), "port": (2_i64)}}),
            "port is given twice",
        ),
        (
            value!({"options": {"UsePAM": true, "KbdInteractiveAuthentication": true,
                "challengeresponseauthentication": false}}),
            "challengeresponseauthentication is KbdInteractiveAuthentication by another name, with \
             another value",
        ),
        (value!({"host_keys": "delete"}), "unknown value `delete`"),
    ] {
        let error = step(&mut distribution("debian"), "ssh", &recipe(ssh)).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let none = step(&mut image(&[]), "ssh", &value!({})).unwrap_err();
    assert_eq!(none.to_string(), "the image has no sshd");
}

/// Files that sshd includes from elsewhere add up as well.
#[test]
fn what_other_folders_add_is_taken_out() {
    let other = "/usr/etc/ssh/sshd_config.d/40-suse.conf";
    for main in [
        "Include /etc/ssh/sshd_config.d/*.conf\nInclude /usr/etc/ssh/sshd_config.d/*.conf\n",
        "Include /usr/etc/ssh/sshd_config.d/*.conf\n",
    ] {
        let mut tree = image(&[
            ("/usr/sbin/sshd", ""),
            ("/usr/etc/ssh/sshd_config", main),
            (other, "Port 99\nSubsystem sftp /x\nUsePAM yes\n"),
        ]);
        let recipe = value!({"ssh": {
            "host_keys": "keep",
            "options": {"Port": 22_i64, "Subsystem": "sftp internal-sftp"},
        }});
        step(&mut tree, "ssh", &recipe).unwrap();
        assert_eq!(read(&tree, other), "UsePAM yes\n", "{main}");
        assert_eq!(step(&mut tree, "ssh", &recipe).unwrap().changes, []);
    }
}

#[test]
fn keys_that_nothing_makes_anew_are_told_of() {
    let stays = "which stays: all machines of this image share it";
    let gone = "is removed, and nothing makes it again";
    for (config, file, warning) in [
        (
            "HostKey /etc/ssh/keys/rsa\n",
            "/etc/ssh/keys/rsa",
            format!("/etc/ssh/sshd_config names the host key /etc/ssh/keys/rsa, {stays}"),
        ),
        (
            "HostKey \"/etc/ssh/keys/a b\"\n",
            "/etc/ssh/keys/a b",
            format!("/etc/ssh/sshd_config names the host key /etc/ssh/keys/a b, {stays}"),
        ),
        (
            "HostKey /etc/ssh//ssh_host_ed25519_prod\n",
            "/etc/ssh/ssh_host_ed25519_prod",
            format!("/etc/ssh/ssh_host_ed25519_prod {gone}: /etc/ssh/sshd_config names it"),
        ),
        (
            "HostCertificate \"/etc/ssh/ssh_host_rsa_key-cert.pub\"\n",
            "/etc/ssh/ssh_host_rsa_key-cert.pub",
            format!("/etc/ssh/ssh_host_rsa_key-cert.pub {gone}: /etc/ssh/sshd_config names it"),
        ),
        (
            "",
            "/etc/ssh/ssh_host_rsa_4096_key",
            format!("/etc/ssh/ssh_host_rsa_4096_key {gone}"),
        ),
        (
            "HostKey /etc/ssh/ssh_host_rsa_key\n",
            "/etc/ssh/ssh_host_rsa_key",
            String::new(),
        ),
        ("", "/etc/ssh/ssh_host_ecdsa_key.pub", String::new()),
    ] {
        let mut tree = image(&[
            ("/usr/sbin/sshd", ""),
            ("/usr/libexec/openssh/sshd-keygen", ""),
            ("/etc/ssh/sshd_config", config),
            (file, "PRIVATE"),
        ]);
        let done = step(&mut tree, "ssh", &value!({})).unwrap();
        assert_eq!(crate::kit::texts(&done.warnings).join("\n"), warning);
        assert_eq!(step(&mut tree, "ssh", &value!({})).unwrap().changes, []);
    }
}
