//! Settings of the network as the programs see them that they are for.
//!
//! netplan makes settings for systemd-networkd and NetworkManager out of ours for it: those must
//! say the same as ours for these two. ifquery reads ours for ifupdown. Linux knows which routers
//! there can be.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::kit::{self, Work};

/// Interfaces as recipes have them.
const ROWS: &[&str] = &[
    "{name: eth0}",
    "{name: eth0, dhcp: ipv4, mtu: 1400, optional: true}",
    "{name: eth0, dhcp: ipv6, nameservers: ['2606::1', 'fe80::1%eth0'], search: [-a.example]}",
    "{name: eth0, dhcp: true, nameservers: [1.1.1.1, '2606::1'], search: [a.example, b.example]}",
    "{name: eth0, addresses: [10.0.0.5/24, 10.0.1.5/16], gateway: 10.0.0.1, nameservers: [1.1.1.1]}",
    "{name: 'en*', addresses: [10.0.0.5/24, 'fd00::5/64'], gateway: 10.0.0.1, gateway6: 'fe80::1',
      routes: [{to: 10.9.0.0/16, via: 10.0.0.2, metric: 50}, {to: 'fd01::/48', via: 'fd00::1'}]}",
    "{mac: '52:54:00:AB:cd:ef', dhcp: true}",
    "{name: eth0, addresses: [203.0.113.5/32, 'fd00::5/128'], gateway: 172.31.1.1, gateway6: 'fd01::1'}",
];

/// Builds a folder's worth of image with the module's files in it, and returns them.
fn written(work: &Work, row: &str, renderer: &str, program: &str, paths: &[&str]) -> Vec<String> {
    let source = work.join(format!("{renderer}.tar"));
    let folder = work.join(renderer);
    let file = folder.join(program);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, "[Install]\nWantedBy=multi-user.target\n").unwrap();
    kit::succeed(
        kit::tool("tar")
            .arg("-cf")
            .arg(&source)
            .arg("-C")
            .arg(&folder)
            .arg("."),
    );
    let recipe = format!(
        "source: {}\nmodules: [network]\nnetwork_renderer: {renderer}\nnetwork:\n- {row}\n",
        source.display()
    );
    work.write("build.yaml", recipe);
    let show = |path: &&str| kit::succeed(&mut work.hsb(["plan", "-q", "--show", path]));
    paths.iter().map(show).collect()
}

/// Returns sections with their lines, but for what differs on purpose.
fn lines(text: &str, but: &[&str]) -> BTreeSet<String> {
    let mut section = "";
    let mut found = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with('[') {
            section = line;
        } else if line.contains('=') && !but.iter().any(|but| line.starts_with(but)) {
            found.insert(format!("{section} {}", line.to_lowercase()));
        }
    }
    found
}

/// Lets netplan write for another program; returns the file that the pattern's folder has.
fn generated(work: &Work, yaml: &str, renderer: &str, folder: &str, ending: &str) -> String {
    let root = work.join(format!("root-{renderer}"));
    let file = root.join("etc/netplan/60-hsb.yaml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let yaml = yaml.replacen(
        "version: 2",
        &format!("version: 2\n  renderer: {renderer}"),
        1,
    );
    fs::write(&file, yaml).unwrap();
    let run = kit::run(
        kit::tool("netplan")
            .args(["generate", "--root-dir"])
            .arg(&root),
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
    let files = fs::read_dir(root.join(folder)).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| ends(path, ending)).collect();
    assert_eq!(files.len(), 1);
    fs::read_to_string(files.remove(0)).unwrap()
}

fn ends(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|extension| extension == ending)
}

#[test]
fn netplan_makes_the_same_of_its_settings_as_we_do() {
    for row in ROWS {
        let work = Work::new("network");
        let id = match row {
            _ if row.contains("mac") => "525400abcdef",
            _ if row.contains("en*") => "enany",
            _ => "eth0",
        };
        let yaml = "/etc/netplan/60-hsb.yaml";
        let yaml = written(&work, row, "netplan", "usr/sbin/netplan", &[yaml]).remove(0);

        let unit = "usr/lib/systemd/system/systemd-networkd.service";
        let path = format!("/etc/systemd/network/50-hsb-{id}.network");
        let ours = written(&work, row, "networkd", unit, &[&path]).remove(0);
        let theirs = generated(&work, &yaml, "networkd", "run/systemd/network", "network");
        // Its own taste, for machines with several ways out.
        let but = ["RouteMetric=", "UseMTU="];
        assert_eq!(
            lines(&ours, &[]),
            lines(&theirs, &but),
            "{row}\n{ours}\n{theirs}"
        );

        let path = format!("/etc/NetworkManager/system-connections/hsb-{id}.nmconnection");
        let program = "usr/sbin/NetworkManager";
        let ours = written(&work, row, "network-manager", program, &[&path]).remove(0);
        let folder = "run/NetworkManager/system-connections";
        let theirs = generated(&work, &yaml, "NetworkManager", folder, "nmconnection");
        let but = [
            "id=",
            "wake-on-lan=",
            "ip6-privacy=",
            "autoconnect-priority=",
        ];
        let (mut ours, mut theirs) = (lines(&ours, &but), lines(&theirs, &but));
        // netplan leaves IPv4 out where it is off: NetworkManager then takes it for disabled.
        for off in ["[ipv4] method=disabled", "[ipv4] method=link-local"] {
            ours.remove(off);
            theirs.remove(off);
        }
        assert_eq!(ours, theirs, "{row}");
    }
}

#[test]
fn ifquery_reads_what_was_meant() {
    let row = "{name: eth0, addresses: [10.0.0.5/20, 10.0.1.5/16, 'fd00::5/64'], mtu: 1400,
      gateway: 10.0.0.1, gateway6: 'fe80::1', nameservers: [10.0.0.2], search: [a.example],
      routes: [{to: 10.9.0.0/16, via: 10.0.0.2, metric: 50}]}";
    let work = Work::new("ifquery");
    let path = "/etc/network/interfaces";
    let text = written(&work, row, "ifupdown", "sbin/ifup", &[path]).remove(0);
    let file = work.write("interfaces", text);
    let found = kit::succeed(kit::tool("ifquery").arg("-i").arg(&file).arg("eth0"));
    // It also tells what it takes where nothing is said.
    let default = [
        "broadcast",
        "accept_ra",
        "autoconf",
        "dad-",
        "preferred-lifetime",
    ];
    let said = |line: &&str| !default.iter().any(|start| line.starts_with(start));
    let found: BTreeSet<_> = found.lines().filter(said).collect();
    let want = "address: 10.0.0.5\nnetmask: 255.255.240.0\ngateway: 10.0.0.1\nmtu: 1400\n\
        up: ip addr add 10.0.1.5/16 dev eth0\n\
        up: ip route add 10.9.0.0/16 via 10.0.0.2 dev eth0 metric 50\n\
        dns-nameservers: 10.0.0.2\ndns-search: a.example\n\
        address: fd00::5\nnetmask: 64\ngateway: fe80::1";
    assert_eq!(found, want.lines().collect());

    // The router is on the link, but in no network of the interface.
    let row = "{name: eth0, addresses: [203.0.113.5/32], gateway: 172.31.1.1}";
    let work = Work::new("ifquery");
    let text = written(&work, row, "ifupdown", "sbin/ifup", &[path]).remove(0);
    let file = work.write("interfaces", text);
    let found = kit::succeed(kit::tool("ifquery").arg("-i").arg(&file).arg("eth0"));
    let found: Vec<_> = found.lines().filter(said).collect();
    let want = "address: 203.0.113.5\nnetmask: 255.255.255.255\n\
        up: ip route add 172.31.1.1 dev eth0\n\
        up: ip route add 0.0.0.0/0 via 172.31.1.1 dev eth0";
    assert_eq!(found, want.lines().collect::<Vec<_>>());

    // The router is one of the link, which needs no address of IPv6.
    let row = "{name: eth0, addresses: [10.0.0.5/24], gateway6: 'fe80::1'}";
    let work = Work::new("ifquery");
    let text = written(&work, row, "ifupdown", "sbin/ifup", &[path]).remove(0);
    assert!(text.contains("iface eth0 inet6 manual\n"), "{text}");
    let file = work.write("interfaces", text);
    let found = kit::succeed(kit::tool("ifquery").arg("-i").arg(&file).arg("eth0"));
    let found: Vec<_> = found.lines().filter(said).collect();
    let want = "address: 10.0.0.5\nnetmask: 255.255.255.0\n\
        up: ip -6 route add ::/0 via fe80::1 dev eth0";
    assert_eq!(found, want.lines().collect::<Vec<_>>());
}

#[test]
fn netplan_reads_what_others_wrote_beside_ours() {
    let work = Work::new("merged");
    let yaml = "etc/netplan/60-hsb.yaml";
    let file = work.join("netplan").join(yaml);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let theirs = "# by hand\nnetwork:\n    version: 2\n    ethernets:\n        eth1:\n            \
        dhcp4: true\n            wakeonlan: true\n        eth0:\n            addresses:\n            \
        - 10.9.9.9/8\n            gateway4: 10.0.0.1\n            wakeonlan: true\n    bonds: {}\n";
    fs::write(file, theirs).unwrap();
    let row = "{name: eth0, addresses: [10.0.0.5/24], gateway: 10.0.0.1}";
    let text = written(
        &work,
        row,
        "netplan",
        "usr/sbin/netplan",
        &[&format!("/{yaml}")],
    )
    .remove(0);
    let root = work.join("read");
    fs::create_dir_all(root.join("etc/netplan")).unwrap();
    fs::write(root.join(yaml), text).unwrap();
    let found = kit::succeed(kit::tool("netplan").args(["get", "--root-dir"]).arg(&root));
    let mut lines: Vec<_> = found.lines().map(str::trim).collect();
    lines.sort_unstable();
    let mut want = vec![
        "network:",
        "version: 2",
        "ethernets:",
        "eth0:",
        "addresses:",
        "- \"10.0.0.5/24\"",
        "dhcp4: false",
        "dhcp6: false",
        "routes:",
        "- to: \"default\"",
        "via: \"10.0.0.1\"",
        "wakeonlan: true",
        "eth1:",
        "dhcp4: true",
        "wakeonlan: true",
    ];
    want.sort_unstable();
    assert_eq!(lines, want, "{found}");
}

/// Asks Linux for a route by way of the loopback interface, through which IPv6 has no router.
const ROUTE: &str = "
    ip link set lo up
    case $1 in *:*) to=2001:db8::/32;; *) to=192.0.2.0/24;; esac
    ip route add $to via $1 dev lo onlink 2>&1 | grep -v 'Egress device can not be loopback'
    exit ${PIPESTATUS[1]}";

#[test]
fn routers_are_such_as_linux_takes() {
    for via in [
        "10.0.0.1",
        "240.0.0.1",
        "255.255.255.254",
        "255.255.255.255",
        "224.0.0.1",
        "239.1.2.3",
        "0.0.0.0",
        "127.0.0.1",
        "127.9.9.9",
        "fe80::1",
        "2001:db8::",
        "::",
        "::1",
        "ff02::1",
        "ff0e::1",
    ] {
        let mut unshare = kit::tool("unshare");
        unshare.args([
            "--user",
            "--map-root-user",
            "--net",
            "bash",
            "-c",
            ROUTE,
            "-",
            via,
        ]);
        let linux = kit::run(&mut unshare);
        if linux.stderr.starts_with("unshare: ") {
            return kit::say(&format!("NOT TRIED on Linux: {}", linux.stderr.trim()));
        }
        // It says something of those that it refuses.
        let is_refused = linux.code == Some(0);
        let (gateway, to) = match via.contains(':') {
            true => ("gateway6", "fc00::/7"),
            false => ("gateway", "10.9.0.0/16"),
        };
        let alone = "addresses: [203.0.113.5/32, 'fd00::5/128']";
        for keys in [
            format!("{gateway}: '{via}'"),
            format!("routes: [{{to: '{to}', via: '{via}'}}]"),
            format!("{alone}, {gateway}: '{via}'"),
        ] {
            let work = Work::new("routers");
            let recipe = format!("modules: [network]\nnetwork:\n- {{name: eth0, {keys}}}\n");
            work.write("build.yaml", recipe);
            let ours = kit::run(&mut work.hsb(["plan", "-q"]));
            let is_ours = ours.stderr.contains("build.yaml:3:")
                && ours
                    .stderr
                    .contains(&format!(" {via} is no address of a router: "));
            assert_eq!(is_ours, is_refused, "{keys} {linux:#?} {ours:#?}");
        }
    }
    // Only there to name the judge, which the script calls.
    kit::succeed(kit::tool("ip").arg("-V"));
}
