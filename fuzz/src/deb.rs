//! Any bytes as a Debian package, and as what dpkg knows of the image: an error of one line, or a
//! tree that holds together.

use std::io::{self, BufRead, Read};
use std::ops::Range;
use std::sync::Arc;

use fsgen::tree::Device;
use fsgen::tree::content::SourceId;
use fsgen::{Content, Kind, Meta, ReadAt, Timestamp, Tree};
use modules::value::Value;
use modules::{Host, Packed, PackedKind, Root, Spool};

use crate::Target;
use crate::step::{self, Memory, NOW, list, open, parts};

pub(crate) const TARGET: Target = Target {
    name: "deb",
    promise: "a package is refused in one line, or becomes a tree that holds together",
    run,
    rounds: 800,
};

/// The files of the image that the parts after the package are.
const IMAGE: [&str; 6] = [
    "/var/lib/dpkg/status",
    "/var/lib/dpkg/info/there.list",
    "/var/lib/dpkg/diversions",
    "/var/lib/dpkg/statoverride",
    "/var/lib/dpkg/triggers/File",
    "/etc/there.conf",
];

/// The files of the package's header that the first parts are.
const HEADER: [&str; 6] = [
    "control",
    "conffiles",
    "triggers",
    "preinst",
    "postinst",
    "md5sums",
];

fn run(input: &[u8]) {
    let parts = parts(input);
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    let header = HEADER.iter().enumerate();
    let header = header.map(|(index, name)| packed(name, PackedKind::File(content(part(index)))));
    let host = Files {
        // A package that is none is looked at as it is.
        package: match input.starts_with(b"!<arch>") {
            true => input.to_vec(),
            false => PACKAGE.concat(),
        },
        header: header.filter(|file| !is_empty(file)).collect(),
        files: files(part(HEADER.len())),
    };
    let mut tree = Tree::new(Meta::root(0o755, NOW));
    let mut root = Root::new(&mut tree, &host, NOW);
    for (index, path) in IMAGE.into_iter().enumerate() {
        let text = part(HEADER.len() + 1 + index);
        if index == 0 || !text.is_empty() {
            root.mkdir_above(path).unwrap();
            root.write(path, text).unwrap();
        }
    }
    root.mkdir_all("/usr/lib", 0o755).unwrap();
    root.symlink("usr/lib", "/lib", false).unwrap();
    drop(root);
    let choices = step::map([
        ("packages", list("x.deb")),
        ("nodeps", Value::from(true)),
        ("downgrade", Value::from(true)),
    ]);
    let options = [("debs", Value::from(choices))];
    step::run("install_debs", options, &mut tree, &host);
}

/// A package whose archives are one byte each, which [`Files`] knows.
const PACKAGE: [&[u8]; 7] = [
    b"!<arch>\n",
    b"debian-binary   0           0     0     100644  4         `\n",
    b"2.0\n",
    b"control.tar     0           0     0     100644  1         `\n",
    b"c\n",
    b"data.tar        0           0     0     100644  1         `\n",
    b"d\n",
];

fn content(bytes: &[u8]) -> Content {
    Content::bytes(bytes)
}

fn is_empty(packed: &Packed) -> bool {
    matches!(&packed.kind, PackedKind::File(content) if content.is_empty())
}

fn packed(path: &str, kind: PackedKind) -> Packed {
    Packed {
        path: path.as_bytes().to_vec(),
        user: b"root".to_vec(),
        group: Vec::new(),
        meta: Meta::root(0o644, Timestamp::from_secs(2)),
        kind,
    }
}

/// Reads a line for each file: a letter, a path, and what is there.
fn files(text: &[u8]) -> Vec<Packed> {
    let text = String::from_utf8_lossy(text);
    let files = text.lines().filter_map(|line| {
        let mut words = line.splitn(3, ' ');
        let (kind, path) = (words.next()?, words.next()?);
        let what = words.next().unwrap_or_default();
        // As the reader of archives promises.
        let is_path = |path: &str| {
            !path.is_empty() && !path.contains('\0') && !path.split('/').any(|name| name == "..")
        };
        let bytes = what.as_bytes().to_vec();
        let kind = match kind {
            "d" => PackedKind::Directory,
            "f" => PackedKind::File(content(&bytes)),
            "l" if !bytes.is_empty() && !bytes.contains(&0) && bytes.len() < 4096 => {
                PackedKind::Symlink(bytes)
            }
            "h" if is_path(what) => PackedKind::HardLink(bytes),
            "p" => PackedKind::Special(Kind::Fifo),
            "c" => PackedKind::Special(Kind::CharDevice(Device { major: 1, minor: 3 })),
            _ => return None,
        };
        is_path(path).then(|| packed(path, kind))
    });
    files.collect()
}

/// The files of the host, which are one package.
struct Files {
    package: Vec<u8>,
    header: Vec<Packed>,
    files: Vec<Packed>,
}

impl Host for Files {
    fn open(&self, _: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        Ok(open(&self.package))
    }

    fn list(&self, _: &str) -> io::Result<Vec<String>> {
        Err(io::ErrorKind::NotADirectory.into())
    }

    fn decode<'i>(&self, input: Box<dyn BufRead + 'i>, _: u64) -> io::Result<Box<dyn Read + 'i>> {
        Ok(Box::new(input))
    }

    fn members(
        &self,
        file: Arc<dyn ReadAt>,
        part: Range<u64>,
        _: SourceId,
        _: Option<&'static str>,
    ) -> io::Result<Vec<Packed>> {
        let mut first = [0];
        file.read_exact_at(&mut first, part.start)?;
        Ok(match first[0] {
            b'c' => self.header.clone(),
            _ => self.files.clone(),
        })
    }

    fn spool(&self) -> io::Result<Arc<dyn Spool>> {
        Ok(Arc::new(Memory::default()))
    }
}
