//! Files that somebody has edited by hand: the modules change what they are asked to, and all other
//! lines, comments among them, stay as they are and where they are.

use std::fs;

use crate::distributions;
use crate::examples;
use crate::kit::{self, Work};

/// A distribution, a file of it, and a step with its options. Lines with `mine` must stay; `MINE`
/// stands for one of its own.
const ROWS: &[(&str, &str, &str, &str)] = &[
    (
        "debian",
        "/etc/passwd",
        "MINE\nroot:x:0:0:mine:/root:/bin/sh\nbroken mine\n",
        "add_user\nadd_users: [bob]",
    ),
    (
        "debian",
        "/etc/shadow",
        "root:$y$mine:1::::::\n",
        "add_user\nadd_users: [bob]",
    ),
    (
        "debian",
        "/etc/group",
        "MINE\nroot:x:0:\nmine:x:5:\n",
        "add_user\nadd_users: [bob]",
    ),
    (
        "debian",
        "/etc/subuid",
        "MINE\nmine:100000:65536\n",
        "add_user\nadd_users: [bob]",
    ),
    (
        "debian",
        "/etc/sudoers",
        "MINE\nmine ALL=(ALL) ALL\n",
        "add_user\nadd_users: [bob]",
    ),
    (
        "debian",
        "/etc/sudoers.d/90-hsb-bob",
        "MINE\nmine ALL=ALL\nbob ALL=ALL\n# mine\n",
        "add_user\nadd_users: [bob]",
    ),
    (
        "alpine",
        "/etc/doas.d/90-hsb-bob.conf",
        "MINE\npermit mine\n",
        "add_user\nadd_users: [bob]",
    ),
    (
        "debian",
        "/home/bob/.ssh/authorized_keys",
        "MINE\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP///////////////////////////////////////// mine\n",
        "add_user\nadd_users: [{name: bob, ssh_authorized_keys: [\
         ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJH8WHzZ1lli4B/7m/AoDjc7wWaoGFcFqHEEloUnEj9R bob]}]",
    ),
    (
        "debian",
        "/etc/group",
        "MINE\nroot:x:0:\nmine:x:5:\n",
        "groups\ngroups: [data]",
    ),
    (
        "debian",
        "/etc/hostname",
        "MINE\nold\n",
        "hostname\nhostname: web1",
    ),
    (
        "debian",
        "/etc/hosts",
        "MINE\n10.0.0.1\tmine # x\n127.0.1.1 old\n\n::1 mine\n",
        "hostname\nhostname: web1",
    ),
    (
        "debian",
        "/etc/fstab",
        "MINE\n/dev/sda1 / ext4 defaults 0 1\ntmpfs  /tmp  tmpfs  mine 0 0\n",
        "fstab\n",
    ),
    (
        "debian",
        "/etc/fstab",
        "MINE\n/dev/sda1 / ext4 defaults 0 1\ntmpfs  /tmp  tmpfs  mine 0 0\n",
        "growfs\n",
    ),
    (
        "debian",
        "/etc/repart.d/50-hsb-grow.conf",
        "MINE\n[Partition]\nType=home\nSizeMaxBytes=10G # mine\n",
        "growfs\n",
    ),
    (
        "debian",
        "/etc/cloud/cloud.cfg.d/zz-hsb-datasource.cfg",
        "MINE\ndatasource_list: [ Ec2 ]\nmine: {a: 1}\n",
        "cloud_init\ncloud_init: {datasources: [NoCloud]}",
    ),
    (
        "debian",
        "/etc/cloud/cloud.cfg.d/zz-hsb-datasource.cfg",
        "MINE\ndatasource_list:\n  - Ec2\n\n# mine\n  - None\nmine: 1\n",
        "cloud_init\ncloud_init: {datasources: [NoCloud]}",
    ),
    (
        "debian",
        "/etc/cloud/cloud.cfg.d/zz-hsb-network.cfg",
        "MINE\nnetwork:\n  version: 1\nmine: 1\n",
        "network\nnetwork: [{name: eth0}]",
    ),
    (
        "debian",
        "/etc/network/interfaces",
        "MINE\nauto mine\niface mine inet dhcp\n",
        "network\nnetwork: [{name: eth0}]",
    ),
    (
        "debian",
        "/etc/network/interfaces",
        "MINE\niface eth0 inet static\n  dns-search a \\\n  b\n  up mine \\\n    address mine\n",
        "network\nnetwork: [{name: eth0}]",
    ),
    (
        "fedora",
        "/etc/NetworkManager/system-connections/hsb-eth0.nmconnection",
        "MINE\n[connection]\nid=x\nmine=1\n",
        "network\nnetwork: [{name: eth0}]",
    ),
    (
        "arch",
        "/etc/systemd/network/50-hsb-eth0.network",
        "MINE\n[Match]\nName=x\n[Network]\nmine=1\n",
        "network\nnetwork: [{name: eth0}]",
    ),
    (
        "arch",
        "/etc/systemd/network/50-hsb-eth0.network",
        "MINE\n[Network]\nDNS=1.1.1.1 \\\n  8.8.8.8\nNTP=mine \\\n  mine2\n",
        "network\nnetwork: [{name: eth0}]",
    ),
    (
        "debian",
        "/etc/sysusers.d/hsb.conf",
        "MINE\nu mine - -\n",
        "sysusers\nsysusers: [u web 480]",
    ),
    (
        "debian",
        "/etc/tmpfiles.d/hsb.conf",
        "MINE\nd /srv/mine\n",
        "tmpfiles\ntmpfiles: [d /srv/x]",
    ),
    (
        "debian",
        "/etc/sysctl.d/90-hsb.conf",
        "MINE\nvm.swappiness = 60\nmine.a = 1\n",
        "sysctl\nsysctl: {vm.swappiness: 1}",
    ),
    (
        "debian",
        "/etc/modprobe.d/hsb.conf",
        "MINE\nblacklist mine\n",
        "modules_load\nmodules_blacklist: [x]",
    ),
    (
        "debian",
        "/etc/modprobe.d/hsb.conf",
        "MINE\noptions kvm_intel nested=0 \\\n  ept=0\noptions mine \\\n  kvm_intel mine\n",
        "modules_load\nmodules_options: {kvm_intel: nested=1}",
    ),
    (
        "debian",
        "/etc/modules-load.d/hsb.conf",
        "MINE\nmine\n",
        "modules_load\nmodules_load: [x]",
    ),
    (
        "debian",
        "/etc/default/locale",
        "MINE\nLANG=x\nLC_TIME=mine\n",
        "locale\nlocale: en_GB.UTF-8",
    ),
    (
        "debian",
        "/etc/default/locale",
        "MINE\nLANG=\"x\ny\"\nLC_TIME=mine\n",
        "locale\nlocale: en_GB.UTF-8",
    ),
    (
        "debian",
        "/etc/locale.gen",
        "MINE\n# en_GB.UTF-8 UTF-8\n# mine\n",
        "locale\nlocale: en_GB.UTF-8",
    ),
    (
        "arch",
        "/etc/locale.conf",
        "MINE\nLC_TIME=mine\n",
        "locale\nlocale: en_GB.UTF-8",
    ),
    (
        "debian",
        "/etc/default/keyboard",
        "MINE\nXKBMODEL=\"mine\"\nXKBLAYOUT=\"us\"\n",
        "locale\nkeymap: de",
    ),
    (
        "debian",
        "/etc/ssh/sshd_config.d/10-hsb.conf",
        "MINE\nPort 22\nBanner /mine\n",
        "ssh\nssh: {options: {Port: 2222}}",
    ),
    (
        "alpine",
        "/etc/ssh/sshd_config",
        "MINE\nPort 22\nMatch User mine\nPort 23 # mine\n",
        "ssh\nssh: {options: {Port: 2222}}",
    ),
    (
        "debian",
        "/etc/resolv.conf",
        "MINE\noptions rotate # mine\nnameserver 1.1.1.1\n",
        "resolv_conf\nresolv_conf: {nameservers: [9.9.9.9]}",
    ),
    (
        "debian",
        "/etc/apt/sources.list.d/x.sources",
        "MINE\nTypes: deb\nX-Mine: mine\nURIs: http://old/\n\nTypes: deb\nURIs: http://mine/\n",
        "repos\napt_repos: [{name: x, uris: ['http://a/'], suites: [a], components: [main]}]",
    ),
    (
        "fedora",
        "/etc/yum.repos.d/x.repo",
        "MINE\n[x]\nname=x\nmine=1\n[mine]\nname=mine\n",
        "repos\nrpm_repos: [{name: x, baseurl: ['http://a/']}]",
    ),
    (
        "alpine",
        "/etc/apk/repositories",
        "MINE\nhttps://mine/x\n",
        "repos\napk_repos: ['https://a/x']",
    ),
    (
        "debian",
        "/usr/lib/os-release",
        "MINE\nID=debian\nIMAGE_ID=x\nMINE=mine\n",
        "os_release\nos_release: {IMAGE_ID: web}",
    ),
    (
        "debian",
        "/etc/default/grub",
        "MINE\nGRUB_CMDLINE_LINUX=\"\"\nGRUB_TIMEOUT=1 # mine\n",
        "kernel_cmdline\nkernel_cmdline: {add: [a]}",
    ),
    (
        "arch",
        "/boot/loader/entries/arch.conf",
        "MINE\noptions a=1\ninitrd /mine\n",
        "kernel_cmdline\nkernel_cmdline: {add: [b]}",
    ),
    (
        "debian",
        "/etc/app.conf",
        "MINE\nlast line, mine",
        "files\nfiles: [{path: /etc/app.conf, content: \"added\\n\", append: true}]",
    ),
];

#[test]
fn what_was_edited_by_hand_stays() {
    let mut wrong = String::new();
    for (distribution, path, text, step) in ROWS {
        let work = Work::new("edited");
        let folder = work.join("root");
        let before = text.replace("MINE", "# mine,  by hand");
        let others = distributions::files(distribution).into_iter();
        for (other, text) in others.filter(|(other, _)| other != path) {
            examples::lay(&folder, other, text);
        }
        examples::lay(&folder, path, &before);
        let (module, options) = step.split_once('\n').unwrap();
        let recipe = format!("source: root\nsize: 256M\nmodules: [{module}]\n{options}\n");
        work.write("build.yaml", recipe);
        let after = kit::succeed(&mut work.hsb(["plan", "-q", "--show", path]));
        let mine = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| line.contains("mine"));
            lines.map(str::to_owned).collect()
        };
        if mine(&after) != mine(&before) || after == before {
            wrong += &format!("{module} {path}:\n{after}\n");
        }
        fs::remove_dir_all(folder).unwrap();
    }
    assert_eq!(wrong, "");
}
