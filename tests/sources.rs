//! Images from what is no tarball: folders, and several sources laid on each other.

use std::fs;
use std::os::unix::fs::symlink;

use super::kit::{self, Work};

#[test]
fn a_folder_and_a_tarball_over_it() {
    let work = Work::new("sources");
    for folder in ["base/etc", "base/usr/lib", "app-1/bin", "over/.git"] {
        fs::create_dir_all(work.join(folder)).unwrap();
    }
    work.write("base/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    work.write("base/etc/old", "old");
    work.write("base/usr/lib/big", vec![b'b'; 3 << 20]);
    symlink("usr/lib", work.join("base/lib")).unwrap();
    fs::hard_link(work.join("base/etc/passwd"), work.join("base/etc/passwd-")).unwrap();
    work.write("app-1/bin/app", "app");
    work.write("over/.git/config", "");
    work.write("over/.wh.etc", "");
    let mut tar = kit::tool("tar");
    tar.arg("-C")
        .arg(work.path())
        .args(["-czf", "app.tgz", "app-1"]);
    kit::succeed(tar.current_dir(work.path()));
    fs::create_dir(work.join("over/etc")).unwrap();
    work.write("over/etc/new", "new");
    work.write(
        "build.yaml",
        "table: none\n\
         source:\n\
         - {from: base, owner: root}\n\
         - {from: app.tgz, path: /lib/app, strip: 1, owner: '7:8'}\n\
         - {from: over, exclude: [.git/]}\n",
    );
    let plan = kit::succeed(&mut work.hsb(["plan", "--show", "/etc/new"]));
    assert_eq!(plan, "new");
    kit::succeed(&mut work.hsb(["build", "-o", "a.raw"]));
    let image = work.join("a.raw");
    kit::e2fsck_clean(&image, 0);
    let stat = |path: &str| kit::debugfs(&image, 0, &format!("stat {path}"));
    assert!(stat("/usr/lib/app/bin/app").contains("User:     7   Group:     8"));
    assert!(stat("/usr/lib/big").contains("User:     0   Group:     0"));
    let list = kit::debugfs(&image, 0, "ls /etc");
    assert!(list.contains("new") && !list.contains("passwd"), "{list}");
    assert!(!kit::debugfs(&image, 0, "ls /").contains(".git"));
    // The same again, from another folder: the same bytes.
    fs::create_dir(work.join("elsewhere")).unwrap();
    let mut again = work.hsb(["build", "-f", "../build.yaml", "-o", "b.raw"]);
    kit::succeed(again.current_dir(work.join("elsewhere")));
    assert_eq!(
        kit::sha256(&image),
        kit::sha256(&work.join("elsewhere/b.raw"))
    );

    let inside = ["build", "-f", "build.yaml", "-o", "base/image.raw"];
    let message = kit::fail(&mut work.hsb(inside), 2);
    assert!(message.contains("lies in the source base"), "{message}");
    work.write(
        "build.yaml",
        "source:\n- base\n- {from: gone}\n- {from: base, owners: gone}\n",
    );
    let message = kit::fail(&mut work.hsb(["build"]), 2);
    assert!(
        message.contains("build.yaml:3:10: source gone: No such file"),
        "{message}"
    );
}

#[test]
fn a_container_image_and_its_configuration() {
    let work = Work::new("oci");
    let umoci = |arguments: &str| {
        let mut umoci = kit::tool("umoci");
        kit::succeed(umoci.args(arguments.split(' ')).current_dir(work.path()));
    };
    fs::create_dir_all(work.join("root/etc")).unwrap();
    work.write("root/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    work.write("root/etc/old", "old");
    umoci("init --layout image");
    umoci("new --image image:1.0");
    umoci("insert --rootless --image image:1.0 root/etc /etc");
    umoci("insert --rootless --image image:1.0 --whiteout /etc/old");
    umoci("config --image image:1.0 --config.entrypoint /sbin/init --config.env A=b");
    fs::create_dir(work.join("modules")).unwrap();
    work.write(
        "modules/unit.py",
        "def modify(name, root, cfg):\n\
         \x20   with open(root + '/etc/start', 'w') as start:\n\
         \x20       start.write(' '.join(cfg['image_config']['config']['Entrypoint']))\n",
    );
    work.write(
        "build.yaml",
        "source: image\ntable: none\nmodules: [unit]\n",
    );
    kit::succeed(&mut work.hsb(["build", "-o", "a.raw"]));
    let image = work.join("a.raw");
    kit::e2fsck_clean(&image, 0);
    assert_eq!(kit::debugfs(&image, 0, "cat /etc/start"), "/sbin/init");
    let list = kit::debugfs(&image, 0, "ls /etc");
    assert!(list.contains("passwd") && !list.contains("old"), "{list}");
}

#[test]
fn layers_share_one_limit() {
    let work = Work::new("sources-limit");
    let umoci = |arguments: &str| {
        let mut umoci = kit::tool("umoci");
        kit::succeed(umoci.args(arguments.split(' ')).current_dir(work.path()));
    };
    umoci("init --layout image");
    umoci("new --image image:t");
    for (folder, letter) in [("one", b'1'), ("two", b'2')] {
        fs::create_dir(work.join(folder)).unwrap();
        work.write(&format!("{folder}/file"), vec![letter; 3_000_000]);
        umoci(&format!(
            "insert --rootless --image image:t {folder} /{folder}"
        ));
    }
    work.write("build.yaml", "table: none\nsource: image\n");
    // Each would fit.
    let message = kit::fail(&mut work.hsb(["build", "-q", "--max-decoded", "5M"]), 1);
    assert!(message.contains("--max-decoded allows more"), "{message}");
    kit::succeed(&mut work.hsb(["build", "-q", "--max-decoded", "7M"]));
}
