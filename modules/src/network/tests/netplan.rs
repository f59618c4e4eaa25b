//! What others wrote for netplan.

use super::*;

#[test]
fn other_interfaces_of_netplan_stay() {
    let ours = "    \"eth0\":\n      dhcp4: true\n      dhcp6: true\n";
    let start = "network:\n  version: 2\n  ethernets:\n";
    for (before, after) in [
        ("", format!("{start}{ours}")),
        ("# mine\n", format!("{start}{ours}# mine\n")),
        (
            "# mine\nnetwork:\n    ethernets:\n        eth1: # two\n            dhcp4: true\n\
             \n    # three\n    version: 2\n",
            "# mine\nnetwork:\n    ethernets:\n        eth1: # two\n            dhcp4: true\n        \
             \"eth0\":\n          dhcp4: true\n          dhcp6: true\n\n    # three\n    version: 2\n"
                .to_owned(),
        ),
        (
            "network:\n  version: 2\n  ethernets:\n    eth0:\n      # c\n      wakeonlan: true\n      \
             addresses:\n      - 10.0.0.5/24\n      gateway4: 10.0.0.1\n      dhcp4: false\n    eth1:\n      \
             routes:\n        - to: default\n          via: 1.1.1.1\n",
            "network:\n  version: 2\n  ethernets:\n    eth0:\n      # c\n      wakeonlan: true\n      \
             dhcp4: true\n      dhcp6: true\n    eth1:\n      routes:\n        - to: default\n          \
             via: 1.1.1.1\n"
                .to_owned(),
        ),
        (
            "network:\n  version: 2\n  wifis:\n    wlan0: {dhcp4: true}\n",
            format!(
                "network:\n  version: 2\n  wifis:\n    wlan0: {{dhcp4: true}}\n  ethernets:\n{ours}"
            ),
        ),
    ] {
        let files = [("/usr/sbin/netplan", ""), (NETPLAN, before), NM];
        let (tree, _) = twice(&files, "network", &eth0()).unwrap();
        assert_eq!(read(&tree, NETPLAN), after);
    }
    for text in [
        "network: {version: 2}\n",
        "network:\n  ethernets: {eth0: {}}\n",
        "network:\n  ethernets:\n    eth0: {dhcp4: true}\n",
        "- a\n",
        "network\n",
    ] {
        let files = [("/usr/sbin/netplan", ""), (NETPLAN, text), NM];
        assert_eq!(
            refusal(&files, "network", &eth0()),
            "/etc/netplan/60-hsb.yaml is not written in indented lines, and stays as it is"
        );
    }
}

#[test]
fn other_files_of_netplan_are_told_of_where_they_matter() {
    let eth = |inner: &str| format!("network:\n  version: 2\n  ethernets:\n    {inner}\n");
    let is_about = |id: &str, ours: &str| {
        format!(
            "\"{id}\" in /etc/netplan/50-cloud-init.yaml is about {ours} as well, and only one of the \
             two counts"
        )
    };
    let merged = "/etc/netplan/50-cloud-init.yaml has \"eth0\", too: netplan merges it with \
        /etc/netplan/60-hsb.yaml";
    let eth0 = value!({"name": "eth0"});
    let pattern = value!({"name": "en*"});
    let mac = value!({"mac": "52:54:00:12:34:56"});
    for (ours, text, warned) in [
        (&eth0, eth("eth0: {dhcp4: true}"), Some(merged.to_owned())),
        (&eth0, eth("eth1: {dhcp4: true}"), None),
        (
            &eth0,
            "network: {version: 2, renderer: NetworkManager}\n".to_owned(),
            None,
        ),
        (&eth0, String::new(), None),
        (&eth0, "# nothing\n".to_owned(), None),
        (
            &eth0,
            eth("all: {match: {name: 'e*'}, dhcp4: true}"),
            Some(is_about("all", "eth0")),
        ),
        (&eth0, eth("all: {match: {name: 'en*'}}"), None),
        (&eth0, eth("all: {match: {driver: virtio}}"), None),
        (&pattern, eth("eno1: {}"), Some(is_about("eno1", "en*"))),
        (
            &pattern,
            eth("x: {match: {name: 'e*1'}}"),
            Some(is_about("x", "en*")),
        ),
        (&pattern, eth("x: {match: {name: 'wl*'}}"), None),
        (
            &mac,
            eth("x: {match: {macaddress: '52:54:00:12:34:56'}}"),
            Some(is_about("x", "52:54:00:12:34:56")),
        ),
        (
            &mac,
            eth("x: {match: {macaddress: '52:54:00:12:34:57'}}"),
            None,
        ),
        (
            &eth0,
            "network:\n  bonds:\n    eth0: {}\n".to_owned(),
            Some(
                "netplan stops at \"eth0\": /etc/netplan/50-cloud-init.yaml has it among bonds"
                    .to_owned(),
            ),
        ),
    ] {
        let files = [
            ("/usr/sbin/netplan", ""),
            ("/etc/netplan/50-cloud-init.yaml", &*text),
            (
                "/usr/lib/netplan/50-cloud-init.yaml",
                &*eth("eth0: {dhcp4: true}"),
            ),
        ];
        let recipe = value!({"network": [(ours.clone())]});
        let (_, done) = twice(&files, "network", &recipe).unwrap();
        assert_eq!(done.warnings, Vec::from_iter(warned), "{text}");
    }
    let files = [
        ("/usr/sbin/netplan", ""),
        ("/usr/lib/netplan/x.yaml", "network: [1\n"),
    ];
    let recipe = value!({"network": [eth0]});
    let (_, done) = twice(&files, "network", &recipe).unwrap();
    let warnings = crate::kit::texts(&done.warnings);
    assert!(
        warnings[0].starts_with("netplan stops at /usr/lib/netplan/x.yaml: "),
        "{warnings:?}"
    );
}
