use crate::kit::{distribution, image, read, show, step, value};
use crate::value::Value;

const SERVICE: &str = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n";

fn recipe(systemd: Value) -> Value {
    crate::kit::map([("systemd", systemd)])
}

/// Returns the links in `/etc/systemd/system`, after two runs of which the second changes nothing.
fn links(name: &str, systemd: &Value) -> Vec<String> {
    let mut tree = distribution(name);
    let recipe = recipe(systemd.clone());
    step(&mut tree, "systemd", &recipe).unwrap();
    assert_eq!(step(&mut tree, "systemd", &recipe).unwrap().changes, []);
    let all = show(&mut tree, "/etc/systemd/system");
    let links = all
        .iter()
        .filter_map(|line| line.strip_prefix("0777 0:0 /etc/systemd/system/"));
    links.map(str::to_owned).collect()
}

#[test]
fn every_key_on_every_distribution_with_systemd() {
    let systemd = value!({
        "units": [{"name": "hello.service", "content": SERVICE},
                  {"name": "fstrim.timer", "drop_ins": [{"name": "a.conf", "content": "[Timer]\n"}]}],
        "enable": ["hello", "getty@tty2"],
        "disable": ["systemd-networkd"],
        "mask": ["apt-daily.timer", "gone.service"],
        "preset": ["fstrim.timer"],
        "default_target": "multi-user.target",
    });
    for (name, fstrim) in [
        ("debian", true),
        ("fedora", false),
        ("suse", false),
        ("arch", false),
    ] {
        let lib = "/usr/lib/systemd/system";
        let mut want = vec![
            "apt-daily.timer -> /dev/null".to_owned(),
            format!("default.target -> {lib}/multi-user.target"),
            format!("getty.target.wants/getty@tty2.service -> {lib}/getty@.service"),
            "gone.service -> /dev/null".to_owned(),
            "multi-user.target.wants/hello.service -> /etc/systemd/system/hello.service".to_owned(),
        ];
        // Debian presets nothing, which means that all may be enabled.
        want.extend(
            fstrim.then(|| format!("timers.target.wants/fstrim.timer -> {lib}/fstrim.timer")),
        );
        assert_eq!(links(name, &systemd), want, "{name}");
    }
}

/// Keys that are about the same units: the second run changes nothing, and what comes later in the
/// order of keys is what counts.
#[test]
fn keys_that_contradict_each_other() {
    let lib = "/usr/lib/systemd/system";
    let wanted = |target: &str, also: &str| {
        format!("[Service]\nExecStart=x\n[Install]\nWantedBy={target}\n{also}\n")
    };
    for (systemd, want) in [
        // What one unit enables along with it, and the presets disable.
        (
            value!({"preset": "all"}),
            &[
                "default.target",
                "s.target.wants/c.socket",
                "t.target.wants/a.service",
            ][..],
        ),
        (
            value!({"preset": "all", "enable": ["q"], "disable": ["a"]}),
            &[
                "default.target",
                "s.target.wants/q.socket",
                "t.target.wants/q.service",
            ],
        ),
        (
            value!({"preset": ["a", "q"], "disable": ["c.socket"]}),
            &["default.target", "o.service", "t.target.wants/a.service"],
        ),
        (
            value!({"preset": ["a"], "enable": ["c.socket"]}),
            &[
                "default.target",
                "o.service",
                "s.target.wants/c.socket",
                "t.target.wants/a.service",
            ],
        ),
        (
            value!({"preset": "all", "mask": ["a"]}),
            &["a.service", "default.target"],
        ),
        (
            value!({"preset": "all", "default_target": "m.target", "disable": ["a"]}),
            &["default.target"],
        ),
        (
            value!({"disable": ["m.target"], "default_target": "m.target"}),
            &["default.target", "o.service"],
        ),
        // A unit that lies elsewhere is not known without its link.
        (value!({"preset": ["o"]}), &["default.target"]),
    ] {
        let (a, c, q) = (
            wanted("t.target", "Also=c.socket"),
            wanted("s.target", ""),
            wanted("t.target", "Also=q.socket"),
        );
        let mut tree = image(&[
            ("/usr/lib/systemd/systemd", ""),
            (&format!("{lib}/a.service"), &a),
            (&format!("{lib}/c.socket"), &c),
            (&format!("{lib}/q.service"), &q),
            (&format!("{lib}/q.socket"), &c),
            (&format!("{lib}/m.target"), "[Unit]\n"),
            (
                &format!("{lib}/n.target"),
                "[Install]\nAlias=default.target\n",
            ),
            ("/etc/systemd/system/o.service@", "/opt/o.service"),
            ("/opt/o.service", SERVICE),
            (
                "/usr/lib/systemd/system-preset/9.preset",
                "enable a.service\nenable n.target\ndisable *\n",
            ),
            (
                "/etc/systemd/system/default.target@",
                "/usr/lib/systemd/system/n.target",
            ),
        ]);
        let recipe = recipe(systemd.clone());
        step(&mut tree, "systemd", &recipe).unwrap();
        let all = show(&mut tree, "/etc/systemd/system");
        let links = all
            .iter()
            .filter_map(|line| line.strip_prefix("0777 0:0 /etc/systemd/system/"));
        let links: Vec<_> = links.map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(links, want, "{systemd:?}");
        let second = step(&mut tree, "systemd", &recipe).unwrap();
        assert_eq!(second.changes, [], "{systemd:?}");
    }
}

#[test]
fn what_is_gone_already_is_disabled() {
    let wants = "/etc/systemd/system/multi-user.target.wants";
    for (path, target) in [
        (
            format!("{wants}/gone.service@"),
            "/usr/lib/systemd/system/gone.service",
        ),
        (
            "/etc/systemd/system/gone.service@".to_owned(),
            "/opt/gone.service",
        ),
        (
            format!("{wants}/ssh.service@"),
            "/usr/lib/systemd/system/ssh.service",
        ),
    ] {
        let mut tree = image(&[
            (&path, target),
            ("/usr/lib/systemd/systemd", ""),
            ("/opt/gone.service", SERVICE),
        ]);
        let recipe = recipe(value!({"disable": ["gone", "typo"]}));
        let first = step(&mut tree, "systemd", &recipe).unwrap();
        let second = step(&mut tree, "systemd", &recipe).unwrap();
        assert_eq!(first.changes.is_empty(), path.contains("ssh"), "{path}");
        assert_eq!(second.changes, [], "{path}");
        let warnings = crate::kit::texts(&second.warnings);
        assert_eq!(
            warnings,
            ["gone", "typo"]
                .map(|unit| format!("the image has no unit {unit}.service: nothing is disabled"))
        );
    }
}

#[test]
fn files_are_written_once() {
    let mut tree = distribution("debian");
    let systemd = value!({
        "units": [{"name": "hello.service", "content": SERVICE, "drop_ins": [
            {"name": "a.conf", "content": "[Unit]\nDescription=a\n"}]}],
    });
    step(&mut tree, "systemd", &recipe(systemd)).unwrap();
    assert_eq!(read(&tree, "/etc/systemd/system/hello.service"), SERVICE);
    assert_eq!(
        show(&mut tree, "/etc/systemd/system/hello.service.d"),
        [
            "0755 0:0 /etc/systemd/system/hello.service.d",
            "0644 0:0 /etc/systemd/system/hello.service.d/a.conf",
        ]
    );
}

#[test]
fn presets() {
    for (systemd, want) in [
        (
            value!({"preset": ["ssh"]}),
            &["multi-user.target.wants/ssh.service"][..],
        ),
        (value!({"preset": ["fstrim.timer"]}), &[]),
        (
            value!({"preset": ["getty@"]}),
            &["getty.target.wants/getty@tty3.service"],
        ),
        (value!({"preset": ["getty@tty4"]}), &[]),
        (value!({"preset": ["systemd-networkd"]}), &[]),
        (
            value!({"preset": "all"}),
            &[
                "getty.target.wants/getty@tty3.service",
                "multi-user.target.wants/ssh.service",
            ],
        ),
    ] {
        let mut tree = image(&[
            ("/usr/lib/systemd/systemd", ""),
            ("/usr/lib/systemd/system/ssh.service", SERVICE),
            (
                "/usr/lib/systemd/system/odd.service",
                "[Install]\nAlias=other.socket\n",
            ),
            ("/usr/lib/systemd/system/systemd-networkd.service", SERVICE),
            (
                "/usr/lib/systemd/system/fstrim.timer",
                "[Install]\nWantedBy=timers.target\n",
            ),
            (
                "/usr/lib/systemd/system/getty@.service",
                "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n",
            ),
            ("/usr/lib/systemd/system-preset/10-a.preset", "enable *\n"),
            (
                "/etc/systemd/system-preset/10-a.preset",
                "# over the vendor's\nenable ssh.*\n",
            ),
            (
                "/etc/systemd/system-preset/20-b.preset",
                "enable getty@.service tty3\nnonsense\n",
            ),
            (
                "/usr/lib/systemd/system-preset/30-c.preset",
                "ignore systemd-*\ndisable *\n",
            ),
        ]);
        step(&mut tree, "systemd", &recipe(systemd.clone())).unwrap();
        let all = show(&mut tree, "/");
        let links = all
            .iter()
            .filter_map(|line| line.strip_prefix("0777 0:0 /etc/systemd/system/"));
        let links: Vec<_> = links.map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(links, want, "{systemd:?}");
    }
}

#[test]
fn refusals() {
    for (systemd, message, help) in [
        (value!({}), "the step has nothing to do", "give `units`, "),
        (
            value!({"enabled": ["ssh"]}),
            "unknown key `enabled`",
            "did you mean `enable`",
        ),
        (
            value!({"enable": ["shh"]}),
            "the image has no unit shh.service",
            "did you mean ssh.service?",
        ),
        (
            value!({"enable": ["ssh"], "mask": ["ssh.service"]}),
            "ssh.service is in `enable` already",
            "name each unit once",
        ),
        (
            value!({"enable": ["ssh"], "preset": ["ssh.service"]}),
            "ssh.service is in `preset` already",
            "name each unit once",
        ),
        (
            value!({"unmask": ["a"], "mask": ["a.service"]}),
            "a.service is in `mask` as well",
            "leave one of them out",
        ),
        (
            value!({"preset": "some"}),
            "`preset` is \"some\"",
            "write `all`",
        ),
        (
            value!({"default_target": "ssh.service"}),
            "\"ssh.service\" is no name of a unit: a system boots into a unit that ends in .target",
            "",
        ),
        (
            value!({"default_target": "rescue.target"}),
            "the image has no unit rescue.target",
            "",
        ),
        (
            value!({"units": [{"name": "a", "content": SERVICE}]}),
            "\"a\" is no name of a unit: it has no ending such as .service",
            "",
        ),
        (
            value!({"units": [{"name": "a.service"}]}),
            "the unit \"a.service\" has no content",
            "give",
        ),
        (
            value!({"units": [{"name": "a.service", "content": "[Srvice]\nExecStart=x\n"}]}),
            "\"a.service\" has a section [Srvice]",
            "systemd ignores that in a service",
        ),
        (
            value!({"units": [{"name": "a.timer", "content": "[Unit]\n[X-A]\n[Service]\n"}]}),
            "\"a.timer\" has a section [Service]",
            "systemd ignores that in a timer",
        ),
        (
            value!({"units": [
                {"name": "a.service", "content": SERVICE}, {"name": "a.service", "content": SERVICE},
            ]}),
            "\"a.service\" is listed twice",
            "put its drop-ins beside its content",
        ),
        (
            value!({"units": [{"name": "a.service", "content": "ExecStart=x\n"}]}),
            "\"a.service\" has no section such as [Service]",
            "systemd ignores",
        ),
        (
            value!({"units": [{"name": "a.service", "content": SERVICE, "source": "a"}]}),
            "\"a.service\" has both `content` and `source`",
            "leave one",
        ),
        (
            value!({"units": [{"name": "a.service", "source": "gone"}]}),
            "gone: entity not found",
            "",
        ),
        (
            value!({"units": [{"name": "sh.service", "drop_ins": [{"name": "a.conf", "content": "[Unit]"}]}]}),
            "the image has no unit sh.service",
            "did you mean ssh.service?",
        ),
        (
            value!({"units": [{"name": "ssh.service", "drop_ins": [{"name": "a", "content": "[Unit]"}]}]}),
            "\"a\" is no name of a drop-in",
            "it is a file's",
        ),
        (
            value!({"units": [{"name": "masked.service", "content": SERVICE}]}),
            "/etc/systemd/system/masked.service is a link to /dev/null",
            "take the mask off",
        ),
        (
            value!({"enable": ["masked"]}),
            "unit masked.service is masked by /etc/systemd/system/masked.service",
            "take the mask off",
        ),
    ] {
        let mut tree = distribution("debian");
        let mask = value!({"systemd": {"mask": ["masked"]}});
        step(&mut tree, "systemd", &mask).unwrap();
        let error = step(&mut tree, "systemd", &recipe(systemd)).unwrap_err();
        assert_eq!(error.to_string(), message);
        let crate::Error::Option(error) = error else {
            panic!("{error:?}");
        };
        assert!(error.help.unwrap_or_default().contains(help), "{message}");
    }
    let systemd = recipe(value!({"mask": ["a"]}));
    let refused = step(&mut distribution("alpine"), "systemd", &systemd).unwrap_err();
    assert_eq!(refused.to_string(), "the image has no systemd");
}
