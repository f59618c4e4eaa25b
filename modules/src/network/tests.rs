mod link_local;
mod netplan;
mod servers;

use crate::kit::{read, refusal, show, twice, value};
use crate::value::Value;

const KEYFILE: &str = "/etc/NetworkManager/system-connections/hsb-eth0.nmconnection";
const NETWORK: &str = "/etc/systemd/network/50-hsb-eth0.network";
const NETPLAN: &str = "/etc/netplan/60-hsb.yaml";
const INTERFACES: &str = "/etc/network/interfaces";

const NETWORKD: (&str, &str) = (
    "/usr/lib/systemd/system/systemd-networkd.service",
    "[Install]\nWantedBy=multi-user.target\n",
);
const NM_UNIT: (&str, &str) = (
    "/usr/lib/systemd/system/NetworkManager.service",
    "[Install]\nWantedBy=multi-user.target\n",
);
const NM: (&str, &str) = ("/usr/sbin/NetworkManager", "");
const IFUP: (&str, &str) = ("/sbin/ifup", "");

fn eth0() -> Value {
    value!({"network": [{"name": "eth0"}]})
}

#[test]
fn what_the_image_has_is_written_for() {
    let wants = "/etc/systemd/system/multi-user.target.wants/";
    let nm_on = format!("{wants}NetworkManager.service@");
    let networkd_on = format!("{wants}systemd-networkd.service@");
    let nm_on = (&*nm_on, NM_UNIT.0);
    let networkd_on = (&*networkd_on, NETWORKD.0);
    for (files, path) in [
        (&[IFUP, NM, NETWORKD][..], INTERFACES),
        (&[NM, NM_UNIT, NETWORKD], KEYFILE),
        (&[NETWORKD], NETWORK),
        (&[IFUP, NETWORKD, networkd_on], NETWORK),
        (&[IFUP, NM, NM_UNIT, nm_on], KEYFILE),
        (
            &[IFUP, NM, ("/usr/sbin/netplan", ""), NM_UNIT, nm_on],
            NETPLAN,
        ),
        (&[IFUP], INTERFACES),
        // What Debian keeps when ifupdown is removed.
        (&[(INTERFACES, ""), NETWORKD], NETWORK),
    ] {
        let (mut tree, done) = twice(files, "network", &eth0()).unwrap();
        assert!(tree.resolve(path.as_bytes()).is_ok(), "{path}");
        assert_eq!(done.warnings, [""; 0]);
        for (path, unit) in [(KEYFILE, NM_UNIT), (NETWORK, NETWORKD)] {
            let is_enabled = tree.resolve(path.as_bytes()).is_ok();
            let link = unit.0.replace("/usr/lib/systemd/system/", wants);
            let found = tree.resolve_link(link.as_bytes()).is_ok();
            assert!(!is_enabled || found, "{link}");
        }
        if path == KEYFILE {
            assert_eq!(show(&mut tree, path), [format!("0600 0:0 {path}")]);
        }
    }
    let (tree, done) = twice(
        &[IFUP, NETWORKD, NM, NM_UNIT, nm_on],
        "network",
        &value!({"network": [{"name": "eth0"}], "network_renderer": "networkd"}),
    )
    .unwrap();
    assert!(tree.resolve(NETWORK.as_bytes()).is_ok());
    assert_eq!(
        done.warnings,
        ["NetworkManager is enabled as well as systemd-networkd: disable one of them"]
    );
}

#[test]
fn openrc_starts_ifupdown() {
    let files = [
        ("/etc/init.d/networking", ""),
        ("/etc/runlevels/boot/", ""),
        IFUP,
    ];
    let (mut tree, _) = twice(&files, "network", &eth0()).unwrap();
    assert_eq!(
        show(&mut tree, "/etc/runlevels/boot/networking"),
        ["0777 0:0 /etc/runlevels/boot/networking -> /etc/init.d/networking"]
    );
    assert_eq!(
        read(&tree, INTERFACES),
        "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\niface eth0 inet6 auto\n"
    );
}

#[test]
fn lines_of_others_stay() {
    let ours = "auto eth0\niface eth0 inet dhcp\niface eth0 inet6 auto\n";
    for (before, after) in [
        ("", ours.to_owned()),
        ("# c", format!("# c\n\n{ours}")),
        (
            "# main\nauto lo eth0\niface lo inet loopback\n\n# the card\niface eth0 inet static\n\
             \taddress 1.2.3.4\n\n\t# inner\n\tnetmask 24\n\n# next\niface eth1 inet dhcp\n",
            "# main\nauto lo eth0\niface lo inet loopback\n\n# the card\niface eth0 inet dhcp\n\n\
             \t# inner\niface eth0 inet6 auto\n\n# next\niface eth1 inet dhcp\n"
                .to_owned(),
        ),
        // What is not ours in a stanza stays, and a second one of a family goes.
        (
            "auto eth0\niface eth0 inet static\n  pre-up /x eth0\n  address 1.2.3.4/24\n  # c\n  \
             hwaddress 2:0:0:0:0:1\n  up ip addr add 1.2.3.5/24 dev eth0\n  up ip addr add 1.1.1.1 \
             dev eth1\niface eth0 inet static\n  address 1.2.3.6/24\niface eth0 inet6 auto\n  \
             privext 2\n",
            "auto eth0\niface eth0 inet dhcp\n  pre-up /x eth0\n  # c\n  hwaddress 2:0:0:0:0:1\n  \
             up ip addr add 1.1.1.1 dev eth1\niface eth0 inet6 auto\n  privext 2\n"
                .to_owned(),
        ),
        // Lines go on behind a `\`.
        (
            "auto lo \\\n  eth0\niface eth0 \\\n inet static\n  address 1.2.3.4\\\n/24\n  # c \\\n  \
             dns-nameservers 1.1.1.1 \\\n    8.8.8.8\n  up x \\\n    address\n",
            "auto lo \\\n  eth0\niface eth0 inet dhcp\n  # c \\\n  up x \\\n    address\niface eth0 inet6 auto\n"
                .to_owned(),
        ),
        (
            "allow-hotplug lo \\\n  eth0\niface eth0 inet dhcp\n",
            format!("allow-hotplug lo\n{ours}"),
        ),
        (
            "allow-hotplug eth0\niface eth0 inet dhcp\nsource interfaces.d/*\n",
            format!("{ours}source interfaces.d/*\n"),
        ),
        (
            "iface eth0 inet6 auto\niface eth01 inet dhcp\n",
            "auto eth0\niface eth0 inet6 auto\niface eth0 inet dhcp\niface eth01 inet dhcp\n"
                .to_owned(),
        ),
    ] {
        let (tree, _) = twice(&[IFUP, (INTERFACES, before)], "network", &eth0()).unwrap();
        assert_eq!(read(&tree, INTERFACES), after);
    }
    // What says the same in other words is left alone.
    let same = "auto  eth0\n  iface eth0 inet dhcp\n\n# c\niface eth0 inet6 auto";
    let mut tree = crate::kit::image(&[IFUP, (INTERFACES, same)]);
    let done = crate::kit::step(&mut tree, "network", &eth0()).unwrap();
    assert_eq!(done.changes, []);
}

#[test]
fn settings_of_others_stay_in_our_files() {
    let recipe = value!({"network": [
        {"name": "eth0", "addresses": ["10.0.0.5/24"], "gateway": "10.0.0.1"},
    ]});
    for (program, path, before, after) in [
        (
            NETWORKD,
            NETWORK,
            "# mine\n[Match]\nName=eth0\n\n[Network]\nDHCP=yes\nLLDP=yes\nGateway=10.0.0.9\n\n[DHCPv4]\n\
             UseMTU=yes\n",
            "# mine\n[Match]\nName=eth0\n\n[Network]\nLLDP=yes\nLinkLocalAddressing=ipv6\n\
             Address=10.0.0.5/24\n\n[DHCPv4]\nUseMTU=yes\n\n[Route]\nDestination=0.0.0.0/0\n\
             Gateway=10.0.0.1\n",
        ),
        (
            NM,
            KEYFILE,
            "# mine\n[connection]\nid=hsb-eth0\nuuid=1\ntype=ethernet\ninterface-name=eth0\n\
             autoconnect-priority=10\n\n[ethernet]\n\n[ipv4]\n# c\nmethod=auto\naddress2=1.2.3.4/8\n\
             may-fail=false\n\n[ipv6]\nmethod=ignore\n\n[proxy]\n",
            "# mine\n[connection]\nid=hsb-eth0\nuuid=1\ntype=ethernet\ninterface-name=eth0\n\
             autoconnect-priority=10\n\n[ethernet]\n\n[ipv4]\n# c\nmethod=manual\nmay-fail=false\n\
             address1=10.0.0.5/24\nroute1=0.0.0.0/0,10.0.0.1\n\n[ipv6]\nmethod=ignore\n\n[proxy]\n",
        ),
    ] {
        let (tree, _) = twice(&[program, (path, before)], "network", &recipe).unwrap();
        assert_eq!(read(&tree, path), after);
    }
}

#[test]
fn names_for_servers_need_a_reader() {
    let recipe = value!({"network": [{"name": "eth0", "nameservers": ["1.1.1.1"]}]});
    for (extra, warned) in [
        (("/x", ""), true),
        (("/sbin/resolvconf", ""), false),
        (("/etc/network/if-up.d/resolved", ""), false),
    ] {
        let (_, done) = twice(&[IFUP, extra], "network", &recipe).unwrap();
        assert_eq!(!done.warnings.is_empty(), warned);
    }
}

#[test]
fn cloud_init_keeps_off() {
    const CLOUD: (&str, &str) = ("/etc/cloud/cloud.cfg", "users: [default]\n");
    const SEED: (&str, &str) = ("/var/lib/cloud/seed/nocloud/network-config", "version: 2\n");
    for (files, is_told, warned) in [
        (&[IFUP][..], false, false),
        (&[IFUP, CLOUD], true, false),
        (&[IFUP, CLOUD, SEED], true, true),
        (
            &[IFUP, CLOUD, ("/etc/cloud/cloud-init.disabled", "")],
            false,
            false,
        ),
    ] {
        let (tree, done) = twice(files, "network", &eth0()).unwrap();
        let path = "/etc/cloud/cloud.cfg.d/zz-hsb-network.cfg";
        assert_eq!(tree.resolve(path.as_bytes()).is_ok(), is_told);
        assert_eq!(!done.warnings.is_empty(), warned);
    }
}

#[test]
fn routers_in_and_out_of_reach() {
    let out = |via: &str| Some(format!("the router {via} is out of reach of the interface"));
    for (item, refused) in [
        (
            value!({"name": "a", "addresses": ["10.0.0.5/24"], "gateway": "10.0.1.1"}),
            out("10.0.1.1"),
        ),
        (
            value!({"name": "a", "addresses": ["10.0.0.5/24", "10.0.1.5/24"], "gateway": "10.0.1.1"}),
            None,
        ),
        (
            value!({"name": "a", "addresses": ["10.0.0.5/32"], "gateway": "10.0.0.1"}),
            None,
        ),
        (
            value!({"name": "a", "addresses": ["fd00::5/128"], "gateway6": "fd00::1"}),
            None,
        ),
        (
            value!({"name": "a", "addresses": ["10.0.0.5/32", "10.1.0.5/24"], "gateway": "10.0.0.1"}),
            out("10.0.0.1"),
        ),
        (
            value!({"name": "a", "addresses": ["10.0.0.5/32"], "gateway6": "fd00::1"}),
            out("fd00::1"),
        ),
        (
            value!({"name": "a", "addresses": ["fd00::5/64"], "gateway": "10.0.0.1"}),
            out("10.0.0.1"),
        ),
        (
            value!({"name": "a", "addresses": ["fd00::5/64"], "gateway6": "fd00:1::1"}),
            out("fd00:1::1"),
        ),
        (
            value!({"name": "a", "addresses": ["fd00::5/64"], "gateway6": "fe80::1"}),
            None,
        ),
        (
            value!({"name": "a", "dhcp": "ipv4", "addresses": ["fd00::5/64"], "gateway": "10.0.0.1"}),
            None,
        ),
        (value!({"name": "a", "gateway": "10.0.0.1"}), None),
        (
            value!({"name": "a", "addresses": ["10.0.0.5/24"], "mtu": 1000_i64}),
            None,
        ),
        (
            value!({"name": "a", "addresses": ["fd00::5/64"], "mtu": 1279_i64}),
            Some("an MTU of 1279 is below 1280, the least of IPv6".to_owned()),
        ),
        (
            value!({"name": "a", "dhcp": false, "gateway": "10.0.0.1"}),
            out("10.0.0.1"),
        ),
        (
            value!({"name": "a", "addresses": ["10.0.0.5/24"], "gateway": "10.0.0.5"}),
            Some("the router 10.0.0.5 is the interface itself".to_owned()),
        ),
        (
            value!({"name": "a", "addresses": ["10.0.0.5/24"], "gateway": "10.0.0.255"}),
            Some(
                "10.0.0.255 is no address of a router: it stands for all machines of its network"
                    .to_owned(),
            ),
        ),
        (
            value!({"name": "a", "addresses": ["10.0.0.5/24"],
                "routes": [{"to": "10.9.0.0/16", "via": "10.1.0.1"}]}),
            out("10.1.0.1"),
        ),
        (
            value!({"name": "a", "addresses": ["10.0.0.5/24", "10.0.0.5/16"]}),
            Some("the address 10.0.0.5 is given twice".to_owned()),
        ),
        (
            value!({"name": "a", "addresses": ["10.0.0.0/24"]}),
            Some(
                "10.0.0.0/24 is no address of a machine: it stands for its whole network"
                    .to_owned(),
            ),
        ),
    ] {
        let recipe = value!({"network": [(item)]});
        let found = twice(&[IFUP], "network", &recipe).err();
        assert_eq!(found, refused, "{recipe:?}");
    }
    let again = |address: &str| Some(format!("the address {address} is given twice"));
    for (one, other, refused) in [
        (["10.0.0.5/24"].as_slice(), "10.0.0.5/16", again("10.0.0.5")),
        (&["fd00::1/64"], "fd00::1/64", again("fd00::1")),
        (&["fe80::1/64"], "fe80::1/64", None),
        (
            &["fe80::1/64", "fe80::1/64"],
            "fe80::2/64",
            again("fe80::1"),
        ),
    ] {
        let one: Vec<_> = one.iter().map(|one| Value::from(*one)).collect();
        let two = value!({"network": [
            {"name": "a", "addresses": (one)}, {"name": "b", "addresses": [(other)]},
        ]});
        let found = twice(&[IFUP], "network", &two).err();
        assert_eq!(found, refused, "{two:?}");
    }
    for (one, other, is_refused) in [
        ("en*", "eno1", true),
        ("eno1", "e*", true),
        ("en*", "e*1", true),
        ("en*", "wl*", false),
        ("eno1", "eno2", false),
    ] {
        let two = value!({"network": [{"name": one}, {"name": other}]});
        let want = is_refused
            .then(|| format!("{other} and {one} can be one interface: one would not count"));
        assert_eq!(twice(&[NETWORKD], "network", &two).err(), want);
    }
}

#[test]
fn refusals() {
    let item = |item: Value| value!({"network": [(item)]});
    let route = |to: &str, via: &str| value!({"network": [{"name": "a", "routes": [{"to": to, "via": via}]}]});
    for (files, recipe, message) in [
        (
            &[][..],
            eth0(),
            "the image has nothing that sets up a network",
        ),
        (
            &[("/usr/sbin/wicked", ""), NETWORKD],
            eth0(),
            "the image uses wicked, which is not written for",
        ),
        (
            &[IFUP],
            value!({"network": [{"name": "a"}], "network_renderer": "netplan"}),
            "the image does not have netplan",
        ),
        (
            &[IFUP],
            value!({"network": [{"name": "en*"}]}),
            "ifupdown knows interfaces by their names, not as en*",
        ),
        (
            &[
                IFUP,
                ("/etc/network/interfaces.d/x", "iface eth0 inet dhcp\n"),
            ],
            eth0(),
            "/etc/network/interfaces.d/x has the interface eth0 already",
        ),
        (&[], value!({"network": []}), "no interface is named"),
        (&[], item(value!({})), "the interface has no name"),
        (
            &[],
            value!({"network": [{"name": "a"}, {"name": "a"}]}),
            "the interface a is given twice",
        ),
        (
            &[],
            item(value!({"name": "a b"})),
            "\"a b\" is no name of an interface",
        ),
        (
            &[],
            item(value!({"name": "abcdefghijklmnop"})),
            "\"abcdefghijklmnop\" is no name of an interface",
        ),
        (
            &[],
            item(value!({"mac": "52:54"})),
            "\"52:54\" is no address of a card",
        ),
        (
            &[],
            item(value!({"mac": "01:00:5e:00:00:01"})),
            "01:00:5e:00:00:01 is the address of no single card",
        ),
        (
            &[],
            item(value!({"mac": "00:00:00:00:00:00"})),
            "00:00:00:00:00:00 is the address of no single card",
        ),
        (
            &[],
            item(value!({"name": "a", "mac": "52:54:00:12:34:56"})),
            "the interface has `name` and `mac`",
        ),
        (
            &[],
            item(value!({"name": "a", "addresses": ["10.0.0.5"]})),
            "\"10.0.0.5\" has no length of the prefix, as in 10.0.0.5/24",
        ),
        (
            &[],
            item(value!({"name": "a", "gateway": "fe80::1"})),
            "fe80::1 is no IPv4 address",
        ),
        (
            &[],
            item(value!({"name": ".."})),
            "\"..\" is no name of an interface",
        ),
        (
            &[],
            item(value!({"name": "default"})),
            "\"default\" is no name of an interface",
        ),
        (
            &[],
            item(value!({"name": "a", "addresses": ["127.0.0.1/8"]})),
            "127.0.0.1/8 is an address of the interface lo alone",
        ),
        (
            &[],
            item(value!({"name": "a*", "addresses": ["::1/128"]})),
            "::1/128 is an address of the interface lo alone",
        ),
        (
            &[],
            item(value!({"name": "a", "search": ["-a..b"]})),
            "\"-a..b\" is no domain",
        ),
        (
            &[],
            item(value!({"name": "a", "search": ["a~b"]})),
            "\"a~b\" is no domain",
        ),
        (
            &[],
            item(value!({"name": "a", "search": ["."]})),
            "\".\" is no domain",
        ),
        (
            &[],
            item(value!({"name": "a", "search": ["x.localhost"]})),
            "\"x.localhost\" is no domain",
        ),
        (
            &[],
            item(value!({"name": "a", "nameservers": ["x"]})),
            "\"x\" is no IP address of a server",
        ),
        (
            &[],
            item(value!({"name": "a", "search": ["-a.b", "a b"]})),
            "\"a b\" is no domain",
        ),
        (
            &[],
            item(value!({"name": "a", "search": ["bücher.example"]})),
            "\"bücher.example\" is no domain",
        ),
        (
            &[],
            item(value!({"name": "a", "mtu": 67_i64})),
            "an MTU of 67 is below 68, the least of IPv4",
        ),
        (
            &[],
            route("10.0.0.5/24", "10.0.0.1"),
            "10.0.0.5/24 is no network: bits behind its prefix are set",
        ),
        (
            &[],
            route("10.0.0.0/24", "fe80::1"),
            "fe80::1 cannot be on the way to 10.0.0.0/24: one is IPv4, one IPv6",
        ),
        (
            &[],
            item(value!({"name": "a", "dhcp": "both"})),
            "expected true, false, ipv4 or ipv6, found the string \"both\"",
        ),
    ] {
        assert_eq!(refusal(files, "network", &recipe), message);
    }
}
