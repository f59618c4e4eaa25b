//! Settings of the server for ssh: what `ssh` takes, sshd takes, and what it refuses would keep
//! sshd from starting.

mod values;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::kit::{Run, Work, run, succeed, tool};
use values::{ROWS, Taken};

/// The settings that a distribution has, the options, and what the server then does, as `sshd -T`
/// says it.
const WHOLE: &[(&str, &str, &str, &[&str])] = &[
    (
        "Include DROP/*.conf\nSubsystem sftp /usr/lib/openssh/sftp-server\n",
        "",
        "{Subsystem: sftp internal-sftp}",
        &["subsystem sftp internal-sftp"],
    ),
    (
        "Include DROP/*.conf\nPort 22\nListenAddress 0.0.0.0\n# Port 1\n",
        "Port 2022\n",
        "{Port: 2222, ListenAddress: 127.0.0.1}",
        &["listenaddress 127.0.0.1:2222", "port 2222"],
    ),
    (
        "Include DROP/*.conf\nAllowUsers root\n",
        "AllowUsers admin\nMaxSessions 3\n",
        "{AllowUsers: [alice, bob]}",
        &["allowusers alice", "allowusers bob", "maxsessions 3"],
    ),
    // Two names of one option.
    (
        "Include DROP/*.conf\nChallengeResponseAuthentication yes\n",
        "",
        "{KbdInteractiveAuthentication: false}",
        &["kbdinteractiveauthentication no"],
    ),
    (
        "ChallengeResponseAuthentication yes\nPubkeyAcceptedKeyTypes ssh-rsa\n",
        "",
        "{KbdInteractiveAuthentication: false, PubkeyAcceptedAlgorithms: ssh-ed25519}",
        &[
            "kbdinteractiveauthentication no",
            "pubkeyacceptedalgorithms ssh-ed25519",
        ],
    ),
    (
        "Port 22\nSubsystem sftp /x\nSubsystem b /b\n",
        "",
        "{Port: 2222, Subsystem: sftp internal-sftp}",
        &[
            "port 2222",
            "subsystem b /b",
            "subsystem sftp internal-sftp",
        ],
    ),
];

/// The settings that a distribution has, options about ways to log in, and whether sshd starts.
const WAYS: &[(&str, &str, bool)] = &[
    (
        "",
        "{AuthenticationMethods: password, PasswordAuthentication: false}",
        false,
    ),
    (
        "",
        "{AuthenticationMethods: 'publickey,password publickey', PasswordAuthentication: false}",
        true,
    ),
    (
        "AuthenticationMethods publickey,password\n",
        "{PasswordAuthentication: false}",
        false,
    ),
    (
        "AuthenticationMethods publickey,password\n",
        "{PasswordAuthentication: false, AuthenticationMethods: any}",
        true,
    ),
    (
        "AuthenticationMethods keyboard-interactive:pam\n",
        "{ChallengeResponseAuthentication: false}",
        false,
    ),
    (
        "",
        "{AuthenticationMethods: gssapi-with-mic, GSSAPIAuthentication: true}",
        true,
    ),
    (
        "GSSAPIAuthentication yes\n",
        "{AuthenticationMethods: gssapi-with-mic}",
        true,
    ),
    (
        "HostbasedAuthentication no\nHostbasedAuthentication yes\n",
        "{AuthenticationMethods: hostbased}",
        false,
    ),
    (
        "Match User x\nHostbasedAuthentication yes\n",
        "{AuthenticationMethods: hostbased}",
        false,
    ),
];

/// A folder with a key, where everybody may read: as root, sshd would ask for a folder of the
/// machine's, so it runs as nobody.
fn open() -> Work {
    let work = Work::under(&std::env::temp_dir(), "sshd");
    fs::set_permissions(work.path(), Permissions::from_mode(0o755)).unwrap();
    let key = work.join("key");
    succeed(
        tool("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", ""])
            .arg("-f")
            .arg(&key),
    );
    if fs::metadata(&key).unwrap().uid() == 0 {
        fs::set_permissions(key, Permissions::from_mode(0o644)).unwrap();
    }
    work
}

fn sshd(work: &Work, mode: &str, config: &Path) -> Run {
    fs::set_permissions(config, Permissions::from_mode(0o644)).unwrap();
    let key = work.join("key");
    let server = tool("sshd").get_program().to_owned();
    let mut command = match fs::metadata(&key).unwrap().uid() {
        0 => {
            let mut command = tool("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
            command.arg(server);
            command
        }
        _ => tool("sshd"),
    };
    run(command.arg(mode).arg("-h").arg(key).arg("-f").arg(config))
}

/// Writes a recipe whose image has the sshd of this machine, and such settings.
fn recipe(work: &Work, main: &str, other: &str, options: &str) {
    let root = work.join("root");
    let drop_ins = root.join("etc/ssh/sshd_config.d");
    fs::create_dir_all(&drop_ins).unwrap();
    fs::create_dir_all(root.join("usr/sbin")).unwrap();
    let main = main.replace("DROP", "/etc/ssh/sshd_config.d");
    fs::write(root.join("etc/ssh/sshd_config"), main).unwrap();
    fs::write(drop_ins.join("50-other.conf"), other).unwrap();
    if !root.join("usr/sbin/sshd").exists() {
        fs::copy(tool("sshd").get_program(), root.join("usr/sbin/sshd")).unwrap();
    }
    let text = format!("source: root\nmodules: [ssh]\nssh:\n  options: {options}\n");
    work.write("build.yaml", text);
}

#[test]
fn it_starts_with_what_is_taken() {
    let work = open();
    for (keyword, values) in ROWS {
        for (value, taken) in *values {
            recipe(&work, "", "", &format!("{{{keyword}: {value}}}"));
            let ours = run(&mut work.hsb(["plan", "-q", "--show", "/etc/ssh/sshd_config"]));
            let is_ours = ours.code == Some(0);
            // What we refuse is not written: sshd gets it as the recipe has it.
            let lines = match value.strip_prefix('[') {
                Some(list) => list.trim_end_matches(']').to_owned(),
                Option::None => value.trim_matches('\'').to_owned(),
            };
            let text = match is_ours {
                true => ours.stdout.clone(),
                false => lines
                    .split(", ")
                    .map(|line| format!("{keyword} {line}\n"))
                    .collect(),
            };
            let theirs = sshd(&work, "-t", &work.write("sshd_config", text));
            let found = match (is_ours, theirs.code == Some(0)) {
                (true, true) => Taken::Both,
                (true, false) => Taken::Ours,
                (false, true) => Taken::Theirs,
                (false, false) => Taken::None,
            };
            assert_eq!(found, *taken, "{keyword} {value}: {ours:#?} {theirs:#?}");
            if !is_ours {
                assert_ne!(ours.code, Option::None, "{keyword} {value}: {ours:#?}");
                assert!(ours.stderr.contains("build.yaml:4:"), "{ours:#?}");
            }
        }
    }
}

#[test]
fn there_is_a_way_in() {
    let work = open();
    for (main, options, starts) in WAYS {
        let lines = options.trim_matches(['{', '}']).replace(", ", "\n");
        let lines = lines.replace(": ", " ").replace('\'', "");
        let lines = lines.replace(" false", " no").replace(" true", " yes");
        let theirs = sshd(
            &work,
            "-t",
            &work.write("sshd_config", format!("{lines}\n{main}")),
        );
        assert_eq!(theirs.code == Some(0), *starts, "{options}: {theirs:#?}");
        let include = "Include DROP/*.conf\n";
        for (main, other) in [(*main, ""), (include, *main)] {
            recipe(&work, main, other, options);
            let ours = run(&mut work.hsb(["plan", "-q", "--show", "/etc/ssh/sshd_config"]));
            assert_eq!(ours.code == Some(0), *starts, "{options}: {ours:#?}");
            let is_told = ours.stderr.contains("build.yaml:4:");
            assert_eq!(is_told, !starts, "{options}: {ours:#?}");
        }
    }
}

#[test]
fn it_does_what_was_asked_and_nothing_besides() {
    for (main, other, options, want) in WHOLE {
        let work = open();
        recipe(&work, main, other, options);
        let folder = work.join("out");
        fs::create_dir(&folder).unwrap();
        let own = |text: &str| text.replace("/etc/ssh/sshd_config.d", folder.to_str().unwrap());
        for name in [
            "sshd_config.d/10-hsb.conf",
            "sshd_config.d/50-other.conf",
            "sshd_config",
        ] {
            let path = format!("/etc/ssh/{name}");
            let shown = run(&mut work.hsb(["plan", "-q", "--show", &path]));
            if shown.code == Some(0) {
                let file = folder.join(name.rsplit('/').next().unwrap());
                fs::write(&file, own(&shown.stdout)).unwrap();
                fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
            }
        }
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        let found = sshd(&work, "-T", &folder.join("sshd_config"));
        assert_eq!(found.code, Some(0), "{options}: {found:#?}");
        let about = |line: &&str| {
            let asked = options.to_lowercase();
            let word = line.split(' ').next().unwrap();
            asked.contains(word) && line.len() > word.len() || want.contains(line)
        };
        let mut lines: Vec<_> = found.stdout.lines().filter(about).collect();
        lines.sort_unstable();
        assert_eq!(lines, *want, "{options}");
    }
}
