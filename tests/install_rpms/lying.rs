//! Headers that are not what their entries say: rpm and hsb take and refuse the same.

use std::fs;

use super::build::{base, build_file, rpm, rpm_installs, work};
use super::seal::Parts;
use crate::kit::run;

/// A tag, a field of its entry, what that becomes, and what hsb says if it refuses it.
type Row = (usize, usize, u8, Option<&'static str>);

// The fields of an entry, by the last bytes of these numbers.
const TYPE: usize = 7;
const OFFSET: usize = 11;
const COUNT: usize = 15;

const NAME: usize = 1000;
const SUMMARY: usize = 1004;
const SIZE: usize = 1009;
const FILESIZES: usize = 1028;
const FILEMODES: usize = 1030;
const FILEDIGESTS: usize = 1035;
const BASENAMES: usize = 1117;

const ROWS: &[Row] = &[
    (NAME, TYPE, 6, None),
    (NAME, TYPE, 8, None),
    (NAME, TYPE, 9, None),
    (
        NAME,
        TYPE,
        7,
        Some("tag 1000 of the header has the type 7; rpm allows [6, 8, 9]"),
    ),
    (SUMMARY, TYPE, 6, None),
    (
        SIZE,
        TYPE,
        3,
        Some("tag 1009 of the header has the type 3; rpm allows [4]"),
    ),
    (SIZE, COUNT, 2, Some("of the header begins at byte")),
    (SIZE, COUNT, 0, Some("tag 1009 of the header has no place")),
    (
        FILESIZES,
        TYPE,
        2,
        Some("tag 1028 of the header has the type 2; rpm allows [4]"),
    ),
    (FILESIZES, COUNT, 1, Some("the values of the header take")),
    (FILEMODES, COUNT, 1, Some("the values of the header take")),
    (FILEMODES, OFFSET, 1, Some("tag 1030 of the header")),
    (
        FILEDIGESTS,
        TYPE,
        9,
        Some("tag 1035 of the header has 1 values where 3 are needed"),
    ),
    (
        BASENAMES,
        TYPE,
        9,
        Some("tag 1116 of the header has 3 values where 1 are needed"),
    ),
];

#[test]
fn headers_are_what_rpm_takes_for_sound() {
    let work = work("lying");
    let base = base(&work);
    let spec = work.write(
        "lying.spec",
        "Name: lying\nVersion: 1\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n\
         AutoReqProv: no\n%description\nx\n%install\nmkdir -p %{buildroot}/opt/x\n\
         cd %{buildroot}/opt/x\nfor n in one two; do echo $n > $n; done\necho 3 > three\n\
         %files\n/opt/x/*\n",
    );
    build_file(&work, &spec, "built", &[]);
    let whole = Parts::of(&fs::read(work.join("built/lying-1.noarch.rpm")).unwrap());
    work.write("build.yaml", "modules: [install_rpms]\nrpms: [l.rpm]\n");
    let mut wrong = Vec::new();
    let mut check = |what: &str, changed: Parts, want: Option<&str>| {
        let package = work.write("l.rpm", changed.seal(&work, &whole));
        let ours = run(work.hsb(["plan", "-i"]).arg(&base));
        let is_as_wanted = match want {
            Some(want) => ours.code != Some(0) && ours.stderr.contains(want),
            None => ours.code == Some(0),
        };
        if !is_as_wanted {
            wrong.push(format!("{what}: {ours:#?}"));
        }
        if rpm_installs() {
            let options = ["-i", "--force", "--noplugins"];
            let theirs = run(rpm(&work.join("base")).args(options).arg(&package));
            if (theirs.code == Some(0)) != want.is_none() {
                wrong.push(format!("{what}: {theirs:#?}"));
            }
        }
    };
    for (tag, field, byte, want) in ROWS {
        let mut changed = whole.clone();
        let at = changed.entry(*tag) + field;
        changed.header[at] = match *field {
            OFFSET => changed.header[at].wrapping_add(*byte),
            _ => *byte,
        };
        check(&format!("{tag} {field} {byte}"), changed, *want);
    }
    // A text that goes on into what follows it, and one that ends early.
    for (byte, want) in [
        (b'x', Some("of the header begins at byte")),
        (0, Some("the values of the header take")),
    ] {
        let mut changed = whole.clone();
        let at = changed.place(NAME) + if byte == 0 { 2 } else { "lying".len() };
        changed.header[at] = byte;
        check(&format!("name with {byte}"), changed, want);
    }
}
