//! Servers of names, for each program.

use super::*;

#[test]
fn servers_are_written_as_programs_want_them() {
    let netplan = [("/usr/sbin/netplan", ""), NM];
    let resolvconf = [IFUP, ("/sbin/resolvconf", "")];
    for (files, path, server, want) in [
        (&[NETWORKD][..], NETWORK, "fe80::1%eth0", Ok("DNS=fe80::1")),
        (&[NETWORKD], NETWORK, "1.1.1.1#a.b", Ok("DNS=1.1.1.1#a.b")),
        (
            &[NETWORKD],
            NETWORK,
            "fe80::1%eth0#a.b",
            Ok("DNS=fe80::1#a.b"),
        ),
        (&[NM], KEYFILE, "fe80::1%eth0", Ok("dns=fe80::1;")),
        (&[NM], KEYFILE, "1.1.1.1#a.b", Ok("dns=1.1.1.1#a.b;")),
        (
            &netplan,
            NETPLAN,
            "fe80::1%eth0",
            Ok("        addresses: [\"fe80::1\"]"),
        ),
        (
            &netplan,
            NETPLAN,
            "1.1.1.1#a.b",
            Err("netplan has no form for the name of a server, #a.b"),
        ),
        (
            &resolvconf,
            INTERFACES,
            "fe80::1%eth0",
            Ok("    dns-nameservers fe80::1%eth0"),
        ),
        (
            &resolvconf,
            INTERFACES,
            "fe80::1",
            Ok("    dns-nameservers fe80::1%eth0"),
        ),
        (
            &resolvconf,
            INTERFACES,
            "fd00::1",
            Ok("    dns-nameservers fd00::1"),
        ),
        (
            &resolvconf,
            INTERFACES,
            "1.1.1.1#a.b",
            Err("/etc/network/interfaces has no form for the name of a server, #a.b"),
        ),
        (
            &[NETWORKD],
            NETWORK,
            "fe80::1%eth1",
            Err("fe80::1 is asked through eth0, not eth1"),
        ),
        (
            &[NETWORKD],
            NETWORK,
            "1.1.1.1%eth0",
            Err("\"1.1.1.1%eth0\" is no IP address of a server"),
        ),
        (
            &[NETWORKD],
            NETWORK,
            "1.1.1.1#a..b",
            Err("\"a..b\" is in no certificate of a server"),
        ),
    ] {
        let recipe = value!({"network": [{"name": "eth0", "nameservers": [server]}]});
        match want {
            Ok(line) => {
                let (tree, _) = twice(files, "network", &recipe).unwrap();
                let text = read(&tree, path);
                assert!(text.lines().any(|found| found == line), "{line}: {text}");
            }
            Err(message) => assert_eq!(refusal(files, "network", &recipe), message),
        }
    }
}

#[test]
fn servers_of_a_family_that_is_off_are_not_lost_in_silence() {
    let resolvconf = [IFUP, ("/sbin/resolvconf", "")];
    let off = "NetworkManager asks 1.1.1.1 only with IPv4 on";
    for (files, path, dhcp, server, line, warned) in [
        (
            &resolvconf[..],
            INTERFACES,
            "ipv4",
            "fd00::1",
            "    dns-nameservers fd00::1",
            None,
        ),
        (
            &resolvconf,
            INTERFACES,
            "ipv6",
            "1.1.1.1",
            "    dns-nameservers 1.1.1.1",
            None,
        ),
        (&[NM], KEYFILE, "ipv4", "fd00::1", "dns=fd00::1;", None),
        (
            &[NM],
            KEYFILE,
            "ipv6",
            "1.1.1.1",
            "method=disabled",
            Some(off),
        ),
    ] {
        let item = value!({"name": "eth0", "dhcp": dhcp, "nameservers": [server]});
        let (tree, done) = twice(files, "network", &value!({"network": [(item)]})).unwrap();
        let text = read(&tree, path);
        assert_eq!(text.matches(&format!("{line}\n")).count(), 1, "{text}");
        let warnings: Vec<_> = done
            .warnings
            .iter()
            .map(|warning| &*warning.message)
            .collect();
        assert_eq!(warnings, Vec::from_iter(warned));
    }
}
