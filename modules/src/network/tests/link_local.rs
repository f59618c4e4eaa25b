//! Routers of the link, which the interface can speak to without an address of IPv6.

use super::*;

#[test]
fn routers_of_the_link_need_no_address() {
    let netplan = [("/usr/sbin/netplan", "")];
    for (files, path, want) in [
        (
            &[NETWORKD][..],
            NETWORK,
            "[Route]\nDestination=::/0\nGateway=fe80::1\n",
        ),
        (
            &[NM],
            KEYFILE,
            "[ipv6]\nmethod=link-local\nroute1=::/0,fe80::1\n",
        ),
        (
            &netplan,
            NETPLAN,
            "      - {to: \"default\", via: \"fe80::1\"}\n",
        ),
        (
            &[IFUP],
            INTERFACES,
            "iface eth0 inet6 manual\n    up ip -6 route add ::/0 via fe80::1 dev eth0\n",
        ),
    ] {
        for item in [
            value!({"name": "eth0", "addresses": ["10.0.0.5/24"], "gateway6": "fe80::1"}),
            value!({"name": "eth0", "dhcp": "ipv4", "gateway6": "fe80::1"}),
            value!({"name": "eth0", "dhcp": false, "gateway6": "fe80::1"}),
            value!({"name": "eth0", "dhcp": "ipv4",
                "routes": [{"to": "default", "via": "fe80::1"}]}),
        ] {
            let (tree, _) = twice(files, "network", &value!({"network": [(item)]})).unwrap();
            let text = read(&tree, path);
            assert!(text.contains(want), "{want}: {text}");
        }
    }
}
