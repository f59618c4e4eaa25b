use super::*;
use crate::kit::{read, refusal, show, twice, value};
use crate::value::Value;

const THERE: (&str, &str) = ("/usr/bin/cloud-init", "");

fn recipe(settings: Value) -> Value {
    value!({"cloud_init": settings})
}

#[test]
fn settings() {
    let all = recipe(value!({
        "datasources": ["NoCloud", "None"],
        "seed": {"user_data": "#cloud-config\n{}\n", "network_config": "version: 2\n"},
        "config": "ssh_pwauth: false\n",
        "clean": true,
        "disable": true,
    }));
    let files = [
        THERE,
        ("/var/lib/cloud/instances/i-1/x", ""),
        ("/var/lib/cloud/instance@", "instances/i-1"),
        ("/var/log/cloud-init-output.log", "x"),
    ];
    let (mut tree, done) = twice(&files, "cloud_init", &all).unwrap();
    assert_eq!(done.warnings, [""; 0]);
    assert_eq!(read(&tree, LIST), "datasource_list: [ NoCloud, None ]\n");
    assert_eq!(read(&tree, CONFIG), "ssh_pwauth: false\n");
    assert_eq!(read(&tree, DISABLED), "");
    assert_eq!(
        show(&mut tree, "/var/lib/cloud"),
        [
            "0755 0:0 /var/lib/cloud",
            "0755 0:0 /var/lib/cloud/seed",
            "0700 0:0 /var/lib/cloud/seed/nocloud",
            "0600 0:0 /var/lib/cloud/seed/nocloud/meta-data",
            "0600 0:0 /var/lib/cloud/seed/nocloud/network-config",
            "0600 0:0 /var/lib/cloud/seed/nocloud/user-data",
        ]
    );
    assert_eq!(show(&mut tree, "/var/log"), ["0755 0:0 /var/log"]);
}

#[test]
fn warnings() {
    let list = || value!({"datasources": ["NoCloud"], "seed": {}});
    let seed = || value!({"seed": {}});
    let config = || value!({"config": "ssh_pwauth: true\na: {b: 1, c: [x]}\n"});
    let later = "/etc/cloud/cloud.cfg.d/zzz.cfg";
    let installer = "/etc/cloud/cloud.cfg.d/99-installer.cfg";
    for (file, settings, warning) in [
        (
            (GROW, ""),
            value!({"disable": true}),
            "cloud-init was to grow the root filesystem: put `growfs` behind this step",
        ),
        ((installer, "datasource_list: [None]\n"), list(), ""),
        ((installer, "ssh_pwauth: false\n"), config(), ""),
        (
            (later, "datasource_list: [None]\n"),
            list(),
            "/etc/cloud/cloud.cfg.d/zzz.cfg sets `datasource_list`, and is read later",
        ),
        (
            (installer, "datasource_list: [None]\n"),
            seed(),
            "nothing reads the seed: NoCloud is not in `datasource_list` of /etc/cloud/cloud.cfg.d/99-installer.cfg",
        ),
        (
            (installer, "datasource_list: [None, NoCloud]\n"),
            seed(),
            "",
        ),
        (
            (later, "ssh_pwauth: false\n"),
            config(),
            "/etc/cloud/cloud.cfg.d/zzz.cfg sets `ssh_pwauth` to another value, and is read later",
        ),
        ((later, "ssh_pwauth: true\na: {d: 2}\n"), config(), ""),
        ((later, "ssh_pwauth: 1\n"), config(), ""),
        (
            (later, "ssh_pwauth: 0\n"),
            config(),
            "/etc/cloud/cloud.cfg.d/zzz.cfg sets `ssh_pwauth` to another value, and is read later",
        ),
        (
            (later, "a: {c: [y]}\n"),
            config(),
            "/etc/cloud/cloud.cfg.d/zzz.cfg sets `a` to another value, and is read later",
        ),
        ((later, "datasource_list: [ 'NoCloud' ]\n"), list(), ""),
        ((IDENTIFY, "datasource: NoCloud\n"), list(), ""),
        ((IDENTIFY, "datasource: \"NoCloud\"\n"), seed(), ""),
        (
            (
                IDENTIFY,
                "datasource: 'Ec2' # x\npolicy: search,found=all\n",
            ),
            list(),
            "/etc/cloud/ds-identify.cfg has cloud-init look at Ec2 only, whatever lists say",
        ),
        (
            (
                IDENTIFY,
                "#datasource: Ec2\npolicy: disabled,found=all # x\n",
            ),
            seed(),
            "/etc/cloud/ds-identify.cfg keeps cloud-init from running",
        ),
    ] {
        let (_, done) = twice(&[THERE, file], "cloud_init", &recipe(settings)).unwrap();
        assert_eq!(
            crate::kit::texts(&done.warnings).join("\n"),
            warning,
            "{file:?}"
        );
    }
}

#[test]
fn keys_of_user_data_that_cloud_init_passes_over() {
    for (text, told) in [
        ("#cloud-config\npackages: [vim]\nca-certs: {}\n", &[][..]),
        (
            "#cloud-config\napt_mirror: http://x\nadd_apt_repo_match: ^x\nrsyslog_dir: /x\n",
            &[],
        ),
        ("#!/bin/sh\na: b\n", &[]),
        ("#cloud-config-archive\n- packges: [vim]\n", &[]),
        (
            "#cloud-config\npackges: [vim]\nnonsense: 1\n",
            &[
                "cloud-init knows no `nonsense` in user data",
                "cloud-init knows no `packges` in user data; did you mean `packages`?",
            ],
        ),
    ] {
        for key in ["user_data", "vendor_data"] {
            let seed = crate::kit::map([(key, value!(text))]);
            let recipe = recipe(value!({"seed": (seed)}));
            let (_, done) = twice(&[THERE], "cloud_init", &recipe).unwrap();
            assert_eq!(done.warnings, told, "{text}");
        }
    }
}

#[test]
fn what_cloud_init_would_not_take() {
    let seed = |key: &'static str, text: &str| {
        let text = value!(text);
        recipe(value!({"seed": (crate::kit::map([(key, text)]))}))
    };
    for (key, text, message) in [
        ("user_data", "\n\n#Cloud-Config\nusers: [default]\n", ""),
        ("user_data", " \n#!/bin/sh\n", ""),
        ("user_data", "Content-Type: text/x\nMIME-Version: 1.0\n", ""),
        ("user_data", "#cloud-config-archive\n- x\n", ""),
        (
            "user_data",
            "#cloud-config\nusers:\npackage_update: yes\ndisable_root: 0\nssh_pwauth: false\n",
            "",
        ),
        (
            "user_data",
            "#cloud-config\nusers: 7\n",
            "`users` is the number 7; cloud-init takes text or list or mapping there",
        ),
        (
            "vendor_data",
            "#cloud-config\nruncmd: ls\n",
            "`runcmd` is the text \"ls\"; cloud-init takes list there",
        ),
        (
            "user_data",
            "#cloud-config\nusers: []\nusers: []\n",
            "cloud-init could not read it: ",
        ),
        ("meta_data", "local-hostname: web1\ninstance-id: 7\n", ""),
        (
            "meta_data",
            "local-hostname: [1]\n",
            "`local-hostname` is a list; cloud-init takes text there",
        ),
        (
            "network_config",
            "network: {version: 2, ethernets: {}}\n",
            "",
        ),
        ("network_config", "version: 1\nconfig: []\n", ""),
        ("network_config", "config: disabled\n", ""),
        ("network_config", "", ""),
        (
            "network_config",
            "version: 7\n",
            "`version` is the number 7; cloud-init takes 1 or 2 there",
        ),
        (
            "network_config",
            "ethernets: {}\n",
            "the network configuration has no `version`",
        ),
        (
            "network_config",
            "version: 1\n",
            "the network configuration of version 1 has no `config`",
        ),
        (
            "network_config",
            "version: 2\nfoo: bar\n",
            "`foo` is no key of a network configuration of version 2",
        ),
    ] {
        let found = twice(&[THERE], "cloud_init", &seed(key, text))
            .err()
            .unwrap_or_default();
        match message.strip_suffix(": ") {
            Some(_) => assert!(found.starts_with(message), "{text}: {found}"),
            None => assert_eq!(found, message, "{text}"),
        }
    }
}

#[test]
fn refusals() {
    let seed = |text: &str| recipe(value!({"seed": {"user_data": text}}));
    for (files, recipe, message) in [
        (
            &[][..],
            recipe(value!({"disable": true})),
            "the image does not have cloud-init",
        ),
        (
            &[
                ("/etc/cloud/cloud.cfg.d/", ""),
                ("/etc/cloud/cloud.cfg", ""),
            ],
            recipe(value!({"disable": true})),
            "the image does not have cloud-init",
        ),
        (&[THERE], recipe(value!({})), "the step has nothing to do"),
        (
            &[THERE],
            recipe(value!({"datasources": []})),
            "the list is empty",
        ),
        (
            &[THERE],
            recipe(value!({"datasources": ["nocloud"]})),
            "cloud-init has no datasource \"nocloud\"",
        ),
        (
            &[THERE],
            recipe(value!({"datasources": ["Ec2"], "seed": {}})),
            "nothing reads the seed: NoCloud is not among the datasources",
        ),
        (
            &[THERE],
            seed("users: []\n"),
            "cloud-init does not know data that starts with \"users: []\"",
        ),
        (
            &[THERE],
            recipe(value!({"config": "[a"})),
            "cloud-init could not read it: ",
        ),
        (
            &[THERE],
            seed("#cloud-config\n- users\n"),
            "cloud-init could not read it: ",
        ),
        (
            &[THERE],
            seed("#cloud-config \r\n- users\r\n"),
            "cloud-init could not read it: ",
        ),
        (
            &[THERE],
            recipe(value!({"seed": {"meta_data": "web1"}})),
            "cloud-init could not read it: ",
        ),
        (
            &[THERE],
            recipe(value!({"datasources": ["NoCloud", "NoCloud"]})),
            "NoCloud is in the list twice",
        ),
        (
            &[THERE],
            recipe(value!({"datasources": ["Ec2"], "config": "datasource_list: [None]"})),
            "it has `datasource_list`, which counts before `datasources`",
        ),
        (
            &[THERE, (LIST, "{datasource_list: [Ec2]}\n")],
            recipe(value!({"datasources": ["Ec2"]})),
            "/etc/cloud/cloud.cfg.d/zz-hsb-datasource.cfg: `datasource_list` cannot be set by a line: ",
        ),
        (
            &[THERE],
            seed(" cloud-config"),
            "cloud-init does not know data that starts with \"cloud-config\"",
        ),
    ] {
        let found = refusal(files, "cloud_init", &recipe);
        match message.strip_suffix(": ") {
            Some(_) => assert!(found.starts_with(message), "{found}"),
            None => assert_eq!(found, message),
        }
    }
}
