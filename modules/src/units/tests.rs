//! What the links are was taken from systemctl of systemd 252.

use super::links::is_dependencies;
use super::*;
use crate::kit::{Files, NOW, image, texts};

const UNITS: &[(&str, &str)] = &[
    ("plain", "WantedBy=multi-user.target"),
    (
        "many",
        "WantedBy=multi-user.target graphical.target\nWantedBy=default.target\n\
         RequiredBy=plain.service\nAlias=other.service dbus-org.many.service\n\
         Also=plain.service many.socket missing-also.service",
    ),
    ("many.socket", "WantedBy=sockets.target"),
    ("getty@", "WantedBy=getty.target\nDefaultInstance=tty1"),
    ("nodef@", "WantedBy=getty.target\nAlias=al@.service"),
    (
        "spec",
        "WantedBy=x-%p.target %n.target\nAlias=%p-alias.service",
    ),
    (
        "spec@",
        "WantedBy=x-%p-%i-%j-%N.target multi-user.target\nRequiredBy=tmpl@%i.target\n\
         Alias=spalias@%i.service",
    ),
    ("q-r-s", "WantedBy=%j.target"),
    ("reset", "WantedBy=a.target\nWantedBy=\nWantedBy=b.target"),
    ("cont", "WantedBy=a.target \\\n# in between\n  b.target"),
    ("loop1", "WantedBy=multi-user.target\nAlso=loop2.service"),
    ("loop2", "WantedBy=multi-user.target\nAlso=loop1.service"),
    ("badalias", "Alias=other.socket"),
    ("badname", "WantedBy=nosuffix"),
    ("badpercent", "WantedBy=%H.target"),
    ("instance", "Alias=q@.service"),
    ("over", "WantedBy=vendor.target"),
    ("dropin", "WantedBy=multi-user.target"),
    ("static", ""),
    ("a.target", "Alias=default.target"),
    ("real", "Alias=vend.service"),
];

fn sample() -> fsgen::Tree {
    let lib = "/usr/lib/systemd/system";
    let full = |name: &str| match name.contains('.') {
        true => format!("{lib}/{name}"),
        false => format!("{lib}/{name}.service"),
    };
    let texts = UNITS.iter().map(|(name, install)| {
        let text = format!("[Service]\nWantedBy=no.target\n[Install]\n{install}\n[X]\nAlso=no");
        (full(name), text)
    });
    let mut files: Vec<(String, String)> = texts.collect();
    for (path, text) in [
        ("/usr/lib/systemd/system/linked.service@", "plain.service"),
        ("/usr/lib/systemd/system/autovt@.service@", "getty@.service"),
        ("/usr/lib/systemd/system/vend.service@", "real.service"),
        (
            "/usr/lib/systemd/system/dropin.service.d/10.conf",
            "[Install]\nWantedBy=more.target\n",
        ),
        (
            "/etc/systemd/system/over.service",
            "[Install]\nWantedBy=admin.target\n",
        ),
        ("/etc/systemd/system/masked.service@", "/dev/null"),
        ("/etc/systemd/system/empty.service", ""),
        ("/etc/systemd/system/etclink.service@", "over.service"),
        (
            "/usr/local/lib/systemd/system/local.service",
            "[Install]\nWantedBy=a.target\n",
        ),
    ] {
        files.push((path.to_owned(), text.to_owned()));
    }
    let files: Vec<_> = files.iter().map(|(p, t)| (&**p, &**t)).collect();
    image(&files)
}

/// Shows all links of `/etc/systemd/system`, but for those of the sample.
fn links(root: &Root<'_>) -> Vec<String> {
    let paths = root.walk("/etc/systemd/system").unwrap().into_iter();
    let links = paths.filter(|path| root.is_link(path)).map(|path| {
        let target = root.readlink(&path).unwrap();
        let path = String::from_utf8(path).unwrap();
        let target = String::from_utf8(target).unwrap();
        let target = target.replace("/usr/lib/systemd/system/", "");
        format!("{} {target}", path.replace("/etc/systemd/system/", ""))
    });
    let own = ["masked.service /dev/null", "etclink.service over.service"];
    links.filter(|link| !own.contains(&&**link)).collect()
}

type Call = fn(&mut Root<'_>, &str) -> Result<Vec<Vec<u8>>, UnitError>;

/// Does one thing after others were enabled; returns the links and the warnings, or the error.
fn after(enabled: &[&str], call: Call, unit: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let mut tree = sample();
    let host = Files::default();
    let mut root = Root::new(&mut tree, &host, NOW);
    for unit in enabled {
        enable(&mut root, unit).unwrap();
    }
    let before = links(&root);
    let done = call(&mut root, unit);
    if done.is_err() {
        assert_eq!(links(&root), before);
    }
    done.map_err(|error| error.to_string())?;
    Ok((links(&root), texts(&root.into_warnings())))
}

#[test]
fn enabled_units() {
    for (unit, want) in [
        (
            "plain.service",
            &["multi-user.target.wants/plain.service plain.service"][..],
        ),
        (
            "plain",
            &["multi-user.target.wants/plain.service plain.service"],
        ),
        (
            "linked",
            &["multi-user.target.wants/plain.service plain.service"],
        ),
        (
            "many",
            &[
                "dbus-org.many.service many.service",
                "default.target.wants/many.service many.service",
                "graphical.target.wants/many.service many.service",
                "multi-user.target.wants/many.service many.service",
                "multi-user.target.wants/plain.service plain.service",
                "other.service many.service",
                "plain.service.requires/many.service many.service",
                "sockets.target.wants/many.socket many.socket",
            ],
        ),
        (
            "getty@",
            &["getty.target.wants/getty@tty1.service getty@.service"],
        ),
        (
            "getty@tty3",
            &["getty.target.wants/getty@tty3.service getty@.service"],
        ),
        (
            "autovt@tty2",
            &["getty.target.wants/getty@tty2.service getty@.service"],
        ),
        ("vend", &["vend.service real.service"]),
        (
            "autovt@",
            &["getty.target.wants/getty@tty1.service getty@.service"],
        ),
        ("nodef@", &["al@.service nodef@.service"]),
        (
            "nodef@x",
            &[
                "al@x.service nodef@.service",
                "getty.target.wants/nodef@x.service nodef@.service",
            ],
        ),
        (
            "spec",
            &[
                "spec-alias.service spec.service",
                "spec.service.target.wants/spec.service spec.service",
                "x-spec.target.wants/spec.service spec.service",
            ],
        ),
        (
            "spec@a-b\\x2dc",
            &[
                "multi-user.target.wants/spec@a-b\\x2dc.service spec@.service",
                "spalias@a-b\\x2dc.service spec@.service",
                "tmpl@a-b\\x2dc.target.requires/spec@a-b\\x2dc.service spec@.service",
                "x-spec-a-b\\x2dc-spec-spec@a-b\\x2dc.target.wants/spec@a-b\\x2dc.service spec@.service",
            ],
        ),
        (
            "spec@",
            &[
                "spalias@.service spec@.service",
                "tmpl@.target.requires/spec@.service spec@.service",
                "x-spec--spec-spec@.target.wants/spec@.service spec@.service",
            ],
        ),
        ("q-r-s", &["s.target.wants/q-r-s.service q-r-s.service"]),
        ("reset", &["b.target.wants/reset.service reset.service"]),
        (
            "cont",
            &[
                "a.target.wants/cont.service cont.service",
                "b.target.wants/cont.service cont.service",
            ],
        ),
        (
            "loop1",
            &[
                "multi-user.target.wants/loop1.service loop1.service",
                "multi-user.target.wants/loop2.service loop2.service",
            ],
        ),
        (
            "over",
            &["admin.target.wants/over.service /etc/systemd/system/over.service"],
        ),
        (
            "dropin",
            &[
                "more.target.wants/dropin.service dropin.service",
                "multi-user.target.wants/dropin.service dropin.service",
            ],
        ),
        (
            "local",
            &["a.target.wants/local.service /usr/local/lib/systemd/system/local.service"],
        ),
        ("a.target", &["default.target a.target"]),
        ("static", &[]),
    ] {
        let (found, warnings) = after(&[], enable, unit).unwrap();
        assert_eq!(found, want, "{unit}");
        let warned = matches!(unit, "static" | "nodef@" | "spec@");
        assert_eq!(!warnings.is_empty(), warned, "{unit}: {warnings:?}");
        // A second time, all is there.
        assert_eq!(after(&[unit], enable, unit).unwrap().0, want, "{unit}");
    }
}

#[test]
fn disabled_units() {
    let getty = "getty.target.wants/getty@tty3.service getty@.service";
    for (enabled, unit, want) in [
        (&["many"][..], "many", &[][..]),
        (&["many"], "other", &[]),
        (&["linked"], "linked", &[]),
        (&["getty@", "getty@tty3"], "getty@", &[]),
        (&["getty@", "getty@tty3"], "getty@tty1", &[getty]),
        (&["nodef@", "nodef@x"], "nodef@", &[]),
        (
            &["nodef@", "nodef@x"],
            "nodef@x",
            &["al@.service nodef@.service", "al@x.service nodef@.service"],
        ),
        (&["spec@i"], "spec@i", &["spalias@i.service spec@.service"]),
        (&["loop1"], "loop2", &[]),
        (&["over"], "over", &[]),
        (
            &["plain"],
            "masked",
            &["multi-user.target.wants/plain.service plain.service"],
        ),
        (&[], "plain", &[]),
    ] {
        let (found, _) = after(enabled, disable, unit).unwrap();
        // systemctl leaves no empty directory either.
        let mut tree = sample();
        let host = Files::default();
        let mut root = Root::new(&mut tree, &host, NOW);
        for unit in enabled {
            enable(&mut root, unit).unwrap();
        }
        disable(&mut root, unit).unwrap();
        let names = root.list("/etc/systemd/system").unwrap();
        let kept = names.iter().filter(|name| is_dependencies(name)).count();
        let dirs: BTreeSet<_> = want
            .iter()
            .filter_map(|link| link.split_once('/'))
            .map(|(d, _)| d)
            .collect();
        assert_eq!(found, want, "{unit}");
        assert_eq!(kept, dirs.len(), "{unit}");
    }
}

#[test]
fn masked_units() {
    let masked: Call = |root, unit| mask(root, unit).map(|_| Vec::new());
    let unmasked: Call = |root, unit| unmask(root, unit).map(|_| Vec::new());
    for (call, unit, want) in [
        (masked, "plain", Ok(&["plain.service /dev/null"][..])),
        (masked, "missing", Ok(&["missing.service /dev/null"])),
        (masked, "getty@tty1", Ok(&["getty@tty1.service /dev/null"])),
        (masked, "masked", Ok(&[])),
        (
            masked,
            "over",
            Err("/etc/systemd/system/over.service exists already: it is a file"),
        ),
        (unmasked, "masked", Ok(&[])),
        (unmasked, "empty", Ok(&[])),
        (unmasked, "over", Ok(&[])),
        (unmasked, "missing", Ok(&[])),
    ] {
        let found = after(&[], call, unit).map(|(links, _)| links);
        let want = want.map(|links| links.iter().map(|link| (*link).to_owned()).collect());
        assert_eq!(found, want.map_err(str::to_owned), "{unit}");
    }
    let mut tree = sample();
    let host = Files::default();
    let mut root = Root::new(&mut tree, &host, NOW);
    for (unit, was, there) in [
        ("masked", true, false),
        ("empty", true, false),
        ("over", false, true),
    ] {
        assert_eq!(unmask(&mut root, unit).unwrap(), was, "{unit}");
        let path = format!("/etc/systemd/system/{unit}.service");
        assert_eq!(root.lstat(&path).is_ok(), there, "{unit}");
    }
}

#[test]
fn units_that_cannot_be() {
    for (enabled, call, unit, want) in [
        (
            &[][..],
            enable as Call,
            "missing",
            "the image has no unit missing.service",
        ),
        (
            &[],
            disable,
            "missing",
            "the image has no unit missing.service",
        ),
        (
            &[],
            enable,
            "foo.bar",
            "the image has no unit foo.bar.service",
        ),
        (
            &[],
            enable,
            "masked",
            "unit masked.service is masked by /etc/systemd/system/masked.service",
        ),
        (
            &[],
            enable,
            "empty",
            "unit empty.service is masked by /etc/systemd/system/empty.service",
        ),
        (
            &[],
            enable,
            "etclink",
            "unit etclink.service is a link to over.service; name that unit instead",
        ),
        (
            &[],
            enable,
            "",
            "\".service\" is no name of a unit: it is empty",
        ),
        (
            &[],
            enable,
            "/etc/x.service",
            "\"/etc/x.service\" is no name of a unit: it is a path; units are found by name",
        ),
        (
            &[],
            enable,
            "pl*",
            "\"pl*.service\" is no name of a unit: letters, digits and : - _ . @ \\ are allowed",
        ),
        (
            &[],
            enable,
            "badalias",
            "unit badalias.service: Alias=\"other.socket\": it is another sort of unit",
        ),
        (
            &[],
            enable,
            "badname",
            "unit badname.service: WantedBy=\"nosuffix\": it has no ending such as .service",
        ),
        (
            &[],
            enable,
            "badpercent",
            "unit badpercent.service: WantedBy=\"%H.target\": only %n, %N, %p, %i, %j and %% are \
             known before the system runs",
        ),
        (
            &[],
            enable,
            "instance",
            "unit instance.service: Alias=\"q@.service\": one is a template, or another instance",
        ),
    ] {
        assert_eq!(after(enabled, call, unit).unwrap_err(), want);
    }
}

#[test]
fn a_link_in_the_way_stops_all() {
    let mut tree = sample();
    let host = Files::default();
    let mut root = Root::new(&mut tree, &host, NOW);
    root.symlink("reset.service", "/etc/systemd/system/other.service", false)
        .unwrap();
    let before = links(&root);
    let error = enable(&mut root, "many").unwrap_err().to_string();
    assert_eq!(
        error,
        "/etc/systemd/system/other.service is a link to reset.service already"
    );
    assert_eq!(links(&root), before);
    // One that leads to the same file by another way is as good.
    let wants = "/etc/systemd/system/multi-user.target.wants";
    root.mkdir_all(wants, 0o755).unwrap();
    let target = "../../../../usr/lib/systemd/system/plain.service";
    root.symlink(target, format!("{wants}/plain.service"), false)
        .unwrap();
    assert_eq!(enable(&mut root, "plain").unwrap(), [b""; 0]);
}
