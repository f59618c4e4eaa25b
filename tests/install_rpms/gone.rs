//! What somebody put in the place of a package's files, when the package goes.

use super::build::{base, build_file, installed, rpm, rpm_installs, work};
use super::system::{assert_same, listing, pack};
use crate::kit::{run, succeed, tool};

/// How a file of a package is listed, how it is made, and what becomes of it before the package
/// goes: in `/opt/x`, where `there` is a folder with a file.
type Row = (&'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    ("%dir", "mkdir N", "rmdir N; ln -s there N"),
    ("%dir", "mkdir N", "mv N N-moved; ln -s N-moved N"),
    ("%dir", "mkdir N", "rmdir N; ln -s nowhere N"),
    ("%dir", "mkdir N", "rmdir N; echo mine > N"),
    ("%dir", "mkdir N", "echo mine > N/more"),
    (
        "",
        "mkdir N; echo x > N/in",
        "mv N N-moved; ln -s N-moved N",
    ),
    ("", "echo x > N", "rm N; mkdir N"),
    ("", "echo x > N", "rm N; mkdir N; echo mine > N/more"),
    ("", "echo x > N", "rm N; ln -s there/file N"),
    ("", "ln -s x N", "rm N; mkdir N"),
    ("", "ln -s x N", "rm N; echo mine > N"),
    ("%config", "echo x > N", "echo mine > N"),
    ("%config", "echo x > N", "rm N; mkdir N"),
    ("%config", "echo x > N", "rm N; mkdir N; echo mine > N/more"),
    ("%config", "echo x > N", "echo x > N-same; ln -sf N-same N"),
    ("%config", "echo x > N", "ln -sf nowhere N"),
    ("%config", "ln -s x N", "ln -sf y N"),
    ("%config", "ln -s x N", "rm N; echo mine > N"),
    ("%config", "ln -s x N", ":"),
    (
        "%config",
        "echo x > N",
        "rm N; mkdir N N.rpmsave; echo mine > N/more; echo older > N.rpmsave/more",
    ),
    (
        "%config",
        "echo x > N",
        "rm N; mkdir N N.rpmsave; echo mine > N/more",
    ),
    (
        "%config",
        "echo x > N",
        "rm N; mkdir N; echo older > N.rpmsave",
    ),
    ("%config", "echo x > N", "echo mine > N; mkdir N.rpmsave"),
    ("%config %dir", "mkdir N", "rmdir N; ln -s there N"),
    ("%ghost", "touch N", "echo mine > N"),
    ("%ghost", "touch N", "mkdir N"),
    ("%ghost %config", "touch N", "echo mine > N"),
    ("%ghost %config", "touch N", "mkdir N"),
];

#[test]
fn what_was_put_there_goes_as_with_rpm() {
    let work = work("gone");
    let tar = base(&work);
    let theirs = work.join("base");
    let named = |text: &str, number: usize| text.replace('N', &format!("r{number:02}"));
    let each = |line: &dyn Fn(usize, &Row) -> String| {
        let lines = ROWS.iter().enumerate();
        lines.map(|(n, row)| line(n, row)).collect::<String>()
    };
    for (version, install, files) in [
        (
            "1",
            each(&|n, (_, made, _)| named(made, n) + "\n"),
            each(&|n, (kind, ..)| named(&format!("{kind} /opt/x/N\n"), n)),
        ),
        ("2", String::new(), String::new()),
    ] {
        let text = format!(
            "Name: gone\nVersion: {version}\nRelease: 1\nSummary: x\nLicense: x\n\
             BuildArch: noarch\nAutoReqProv: no\n%description\nx\n%install\n\
             mkdir -p %{{buildroot}}/opt/x\ncd %{{buildroot}}/opt/x\n{install}\n%files\n{files}"
        );
        let spec = work.write(&format!("gone-{version}.spec"), text);
        build_file(&work, &spec, &format!("rpms{version}"), &[]);
    }
    if !rpm_installs() {
        return;
    }
    let by_rpm = |option: &str, version: &str| {
        let file = work.join(format!("rpms{version}/gone-{version}.noarch.rpm"));
        succeed(rpm(&theirs).args([option, "--noplugins"]).arg(file));
    };
    by_rpm("-i", "1");
    let changes = each(&|n, (.., change)| named(change, n) + "\n");
    let script = format!(
        "set -e\ncd {}/opt/x\nmkdir there\necho mine > there/file\n{changes}\
         find . -exec touch -hd @1000 {{}} +",
        theirs.display()
    );
    succeed(tool("sh").args(["-c", &script]));
    pack(&theirs, &tar);
    work.write(
        "build.yaml",
        "modules: [install_rpms]\nsize: 64M\nrpms: [rpms2]\ntable: none\n",
    );
    let plan = run(work.hsb(["plan", "-i"]).arg(&tar));
    for want in [
        "/opt/x/r13 of gone-1-1.noarch was changed; it is kept as /opt/x/r13.rpmsave",
        "/opt/x/r19 of gone-1-1.noarch was changed; it stays, as it cannot be renamed to /opt/x/r19.rpmsave",
    ] {
        assert!(plan.stderr.contains(want), "{want}: {plan:#?}");
    }
    let Some(mounted) = installed(&work, &tar) else {
        return;
    };
    by_rpm("-U", "2");
    assert_same(&listing(mounted.path()), &listing(&theirs));
}

/// What rpm adds to a header when it installs a package below another folder takes the place of
/// what the package had.
#[test]
fn what_was_put_elsewhere_goes_from_there() {
    let work = work("elsewhere");
    let tar = base(&work);
    let theirs = work.join("base");
    for (version, made) in [("1", "touch a b"), ("2", "touch b")] {
        let text = format!(
            "Name: moved\nVersion: {version}\nRelease: 1\nSummary: x\nLicense: x\n\
             BuildArch: noarch\nAutoReqProv: no\nPrefix: /opt\n%description\nx\n%install\n\
             mkdir -p %{{buildroot}}/opt\ncd %{{buildroot}}/opt\n{made}\n%files\n/opt/*\n"
        );
        let spec = work.write(&format!("moved-{version}.spec"), text);
        build_file(&work, &spec, &format!("rpms{version}"), &[]);
    }
    if !rpm_installs() {
        return;
    }
    let by_rpm = |options: &[&str], version: &str| {
        let file = work.join(format!("rpms{version}/moved-{version}.noarch.rpm"));
        succeed(rpm(&theirs).args(options).arg("--noplugins").arg(file));
    };
    by_rpm(&["-i", "--prefix", "/srv"], "1");
    let script = format!(
        "set -e\ncd {}\nmkdir -p opt\necho mine > opt/a\n\
         find opt srv -exec touch -hd @1000 {{}} +",
        theirs.display()
    );
    succeed(tool("sh").args(["-c", &script]));
    pack(&theirs, &tar);
    work.write(
        "build.yaml",
        "modules: [install_rpms]\nsize: 64M\nrpms: [rpms2]\ntable: none\n",
    );
    let Some(mounted) = installed(&work, &tar) else {
        return;
    };
    by_rpm(&["-U"], "2");
    assert!(!theirs.join("srv/a").exists() && theirs.join("opt/a").exists());
    assert_same(&listing(mounted.path()), &listing(&theirs));
}
