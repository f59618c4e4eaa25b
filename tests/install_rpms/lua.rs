//! Scripts in Lua: they leave what they leave with rpm, which has Lua inside as well.

use std::fs;

use super::build::{NOW, base, build, installed, packages, recipe, rpm, work};
use super::scripts::{furnish, quiet};
use super::system::{assert_same, dump, pack};
use crate::kit::{run, succeed};

#[test]
fn scripts_in_lua_leave_what_they_leave_with_rpm() {
    let work = work("lua");
    build(&work, "lua.spec", &[]);
    for left in ["refused", "undone"] {
        fs::remove_file(work.join(format!("rpms/luafs-{left}-1.noarch.rpm"))).unwrap();
    }
    let tar = base(&work);
    let theirs = work.join("base");
    furnish(&theirs);
    fs::create_dir_all(theirs.join("srv/was-directory/inside")).unwrap();
    fs::create_dir_all(theirs.join("srv/was-directory.rpmmoved/before")).unwrap();
    fs::write(theirs.join("etc/group.rpmnew"), "x\n").unwrap();
    pack(&theirs, &tar);
    recipe(&work, "nodeps: true");
    let Some(mounted) = installed(&work, &tar) else {
        return;
    };
    let ours = mounted.path();
    let mut install = rpm(&theirs);
    install.args(["-i", "--noplugins", "--nodeps"]);
    install.args(packages(&work)).env("SOURCE_DATE_EPOCH", NOW);
    succeed(&mut install);
    let [our_words, their_words] = [ours, &theirs].map(|root| {
        let text = fs::read_to_string(root.join("srv/out")).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    });
    assert_same(&our_words, &their_words);
    assert!(our_words.len() > 60, "{our_words:#?}");
    assert_same(&quiet(ours), &quiet(&theirs));
    assert_same(&dump(ours), &dump(&theirs));
}

#[test]
fn what_runs_programs_is_not_run() {
    let work = work("lua-refused");
    build(&work, "lua.spec", &[]);
    let tar = base(&work);
    for (more, code, want) in [
        (
            "",
            0,
            "the script luafs-refused.post is not run: if posix.fork()",
        ),
        ("", 0, "script luafs.pretrans: done (Lua)"),
        (
            "",
            0,
            "the script luafs-undone.post is not run: posix.mkdir",
        ),
        (
            "",
            0,
            "cannot be done, it needs what is not here: string.format: '%p'",
        ),
        (
            "scriptlets: fail",
            1,
            "the script luafs-refused.post would have to run",
        ),
        ("scriptlets: skip", 0, "script luafs.post: not run"),
    ] {
        recipe(&work, &format!("nodeps: true\n{more}"));
        let run = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        let is_told = run.stderr.contains(want);
        assert!(
            run.code == Some(code) && is_told,
            "{more}: {want}: {run:#?}"
        );
    }
}
