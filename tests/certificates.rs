//! The store of certificates that `ca_certificates` makes for Debian, beside the one that
//! update-ca-certificates makes of the same files: the same links, and the same bundle.
//!
//! The files are this machine's: some 140 real certificates, with subjects in every spelling.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fsgen::{Kind, Meta, ReadAt, Timestamp, Tree};
use modules::value::{Key, Map, Span, Value};
use modules::{Cfg, Host, Root};

use crate::kit::{self, Work};

/// A certificate that somebody put into the directory by hand.
const HAND: &str = "\
-----BEGIN CERTIFICATE-----
MIIBSDCB76ADAgECAgEBMAoGCCqGSM49BAMCMBcxFTATBgNVBAMMDEV4YW1wbGUg
bGVhZjAeFw02MDAxMDEwMDAwMDBaFw02OTEyMzEyMzU5NTlaMBcxFTATBgNVBAMM
DEV4YW1wbGUgbGVhZjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABE2Xny+eg5RE
41IY8Hc+Lgt/HSN/nudoNyBxhW8ZN0hQ6s4vPT+U/ZJYxEPw7H8FQoPE9+XjkBli
UA/xOooouAyjLDAqMAkGA1UdEwQCMAAwHQYDVR0OBBYEFP2HGEOAFGNoNi0v4/Ov
p3l9I34kMAoGCCqGSM49BAMCA0gAMEUCIQD3YcVT2AbplILtH95n1AR7OL2iyDMQ
ty6nao1A/0b8oAIgfTYPTilJrp2eXOhzVejM7jerrTR+qrAsr8QVpf80ekA=
-----END CERTIFICATE-----
";

/// What the directory has besides: links, some of which lead nowhere, and files.
const OTHERS: &[(&str, &str)] = &[
    ("hand.crt", HAND),
    ("hand-again.PEM", HAND),
    (
        "several.pem",
        "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n",
    ),
    ("old.pem", "/usr/local/share/ca-certificates/old.crt"),
    ("deadbeef.0", "gone.pem"),
    ("deadbee0.0", "hand.crt"),
    ("ABCDEF01.0", "hand.crt"),
    ("12345678.00", "hand.crt"),
    ("0dd8b5be.3", "hand.crt"),
    ("notes", "hand.crt"),
];

const OTHERS_TITLE: &str = "lines with blanks, and what others put there";

struct NoFiles;

impl Host for NoFiles {
    fn open(&self, _: &str) -> io::Result<(Arc<dyn ReadAt>, u64)> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Returns the files below a folder by their paths there.
fn files(folder: &Path, below: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        if entry.path().is_dir() {
            files(folder, &path, found);
        } else {
            found.insert(
                path.to_str().unwrap().to_owned(),
                fs::read(entry.path()).unwrap(),
            );
        }
    }
}

/// Returns what update-ca-certificates leaves in a folder: links as text, the bundle as it is.
fn theirs(work: &Work) -> BTreeMap<String, Vec<u8>> {
    let certs = work.join("certs");
    fs::create_dir_all(&certs).unwrap();
    fs::create_dir_all(work.join("hooks")).unwrap();
    let mut run = kit::tool("update-ca-certificates");
    run.arg("--certsconf")
        .arg(work.join("ca-certificates.conf"));
    run.arg("--certsdir")
        .arg(work.join("share"))
        .arg("--localcertsdir")
        .arg(work.join("local"));
    run.arg("--etccertsdir")
        .arg(&certs)
        .arg("--hooksdir")
        .arg(work.join("hooks"));
    kit::succeed(run.env("LC_ALL", "C"));
    let entries = fs::read_dir(&certs).unwrap().map(Result::unwrap);
    let state = entries.map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        let content = match fs::read_link(entry.path()) {
            Err(_) => fs::read(entry.path()).unwrap(),
            Ok(target) => {
                let target = target.to_str().unwrap();
                let share = work.join("share");
                let local = work.join("local");
                let target = target.replace(share.to_str().unwrap(), "/usr/share/ca-certificates");
                target
                    .replace(local.to_str().unwrap(), "/usr/local/share/ca-certificates")
                    .into()
            }
        };
        (name, content)
    });
    state.collect()
}

fn map<const N: usize>(keys: [(&str, Value); N]) -> Map {
    let mut map = Map::new();
    for (name, value) in keys {
        let key = Key {
            name: name.to_owned(),
            span: Span::default(),
        };
        map.insert(key, value).unwrap();
    }
    map
}

/// Returns the same of the tree that the module changed. `before` is what the store has already,
/// `local` what is beside the added certificate.
fn ours(
    shared: &BTreeMap<String, Vec<u8>>,
    conf: &str,
    local: &[(&str, &[u8])],
    before: &BTreeMap<String, Vec<u8>>,
) -> BTreeMap<String, Vec<u8>> {
    let then = Timestamp::from_secs(0);
    let mut tree = Tree::new(Meta::root(0o755, then));
    let mut root = Root::new(&mut tree, &NoFiles, then);
    root.mkdir_all("/etc", 0o755).unwrap();
    root.write("/etc/ca-certificates.conf", conf).unwrap();
    for (path, bytes) in shared {
        let path = format!("/usr/share/ca-certificates/{path}");
        root.mkdir_above(&path).unwrap();
        root.write(path, bytes).unwrap();
    }
    for (path, bytes) in local {
        let path = format!("/usr/local/share/ca-certificates/{path}");
        root.mkdir_above(&path).unwrap();
        root.write(path, bytes).unwrap();
    }
    root.mkdir_all("/etc/ssl/certs", 0o755).unwrap();
    for (name, content) in before {
        let path = format!("/etc/ssl/certs/{name}");
        match name.as_str() {
            "ca-certificates.crt" => root.write(path, content).unwrap(),
            _ if content.starts_with(b"-") => root.write(path, content).unwrap(),
            _ => root.symlink(content, path, false).unwrap(),
        }
    }
    let module = modules::find("ca_certificates").unwrap();
    let recipe: serde_json::Value = serde_saphyr::from_str(module.example).unwrap();
    let item = &recipe["ca_certificates"][0];
    let entry = |name| (name, item[name].as_str().unwrap().into());
    let item = map([entry("name"), entry("certificate")]);
    let recipe = map([("ca_certificates", vec![Value::from(item)].into())]);
    let cfg = Cfg::new(&Arc::new(recipe), module.keys, None, Span::default()).unwrap();
    modules::run(&mut tree, module.name, &NoFiles, then, |root| {
        (module.modify)(module.name, root, &cfg)
    })
    .unwrap();
    let folder = tree.resolve(b"/etc/ssl/certs").unwrap();
    let entries = tree.entries(folder).map(|(name, id)| {
        let content = match &tree.node(id).kind {
            Kind::Symlink(target) => target.to_vec(),
            Kind::File(content) => content.read(&tree, 1 << 24).unwrap(),
            other => panic!("{}", other.noun()),
        };
        (String::from_utf8(name.to_vec()).unwrap(), content)
    });
    entries.collect()
}

#[test]
fn the_store_is_the_one_that_update_ca_certificates_makes() {
    let mut shared = BTreeMap::new();
    files(
        Path::new("/usr/share/ca-certificates"),
        Path::new(""),
        &mut shared,
    );
    assert!(shared.len() > 50, "{}", shared.len());
    let all = shared
        .keys()
        .fold("# sample\n".to_owned(), |conf, path| conf + path + "\n");
    // Every tenth is turned off, one is not there.
    let some = shared.keys().enumerate().map(|(at, path)| match at % 10 {
        0 => format!("!{path}\n"),
        _ => format!("{path}\n"),
    });
    let some = some.collect::<String>() + "gone/away.crt\n";
    let blanks = shared.keys().enumerate().map(|(at, path)| match at % 3 {
        0 => format!("{path} \t\n"),
        1 => format!("\t {path}\n"),
        _ => format!("! {path} \n"),
    });
    let blanks: String = blanks.collect();
    let example = modules::find("ca_certificates").unwrap().example;
    let example: serde_json::Value = serde_saphyr::from_str(example).unwrap();
    let example = &example["ca_certificates"][0];
    let name = format!("{}.crt", example["name"].as_str().unwrap());
    let text = example["certificate"].as_str().unwrap().as_bytes();
    let mut different = shared.values().map(Vec::as_slice);
    let [first, second, third] = std::array::from_fn(|_| different.next().unwrap());
    let work = Work::new("labels");
    let file = work.write("second.pem", second);
    let mut trust = kit::tool("openssl");
    trust.args(["x509", "-trustout", "-addtrust", "serverAuth", "-in"]);
    let trusted = kit::succeed(trust.arg(file));
    assert!(trusted.contains("BEGIN TRUSTED CERTIFICATE"), "{trusted}");
    let old = String::from_utf8_lossy(third).replace("CERTIFICATE", "X509 CERTIFICATE");
    let indented = format!("  {}", String::from_utf8_lossy(first));
    for (title, conf, local, is_made_before) in [
        ("a new store", &all, &[][..], false),
        ("a store that is there", &all, &[], true),
        ("certificates that are turned off", &some, &[], true),
        (OTHERS_TITLE, &blanks, &[], true),
        (
            "the same certificate by another name",
            &all,
            &[("an other (1).crt", text), ("zz/deep.crt", first)],
            true,
        ),
        (
            "the same name for another certificate",
            &all,
            &[(&*format!("sub/{name}"), first)],
            true,
        ),
        (
            "certificates under other labels",
            &"# none\n".to_owned(),
            &[
                ("trusted.crt", trusted.as_bytes()),
                ("old.crt", old.as_bytes()),
                // That is none for OpenSSL.
                ("indented.crt", indented.as_bytes()),
            ],
            true,
        ),
        (
            "files that are none",
            &all,
            &[("notes.txt", &b"x"[..]), ("old.crt~", text)],
            true,
        ),
    ] {
        let others = OTHERS.iter().filter(|_| title == OTHERS_TITLE);
        let work = Work::new("certificates");
        // What is turned off was on before.
        work.write("ca-certificates.conf", &all);
        for (path, bytes) in &shared {
            let path = work.join("share").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        fs::create_dir(work.join("local")).unwrap();
        for (path, bytes) in local {
            let path = work.join("local").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let mut before = match is_made_before {
            true => theirs(&work),
            false => BTreeMap::new(),
        };
        for (name, content) in others {
            before.insert((*name).to_owned(), content.as_bytes().to_vec());
            let path = work.join("certs").join(name);
            match content.starts_with('-') {
                true => fs::write(path, content).unwrap(),
                false => std::os::unix::fs::symlink(content, path).unwrap(),
            }
        }
        work.write("ca-certificates.conf", conf);
        work.write(&format!("local/{name}"), text);
        let (theirs, ours) = (theirs(&work), ours(&shared, conf, local, &before));
        let names =
            |state: &BTreeMap<String, Vec<u8>>| -> Vec<String> { state.keys().cloned().collect() };
        assert_eq!(names(&ours), names(&theirs), "{title}");
        for (name, content) in theirs {
            let shown = |bytes: &[u8]| bytes[..bytes.len().min(200)].escape_ascii().to_string();
            let found = &ours[&name];
            assert!(
                *found == content,
                "{title}: {name} {} {}",
                shown(found),
                shown(&content)
            );
        }
    }
}

#[test]
fn what_is_damaged_for_openssl_is_damaged() {
    let module = modules::find("ca_certificates").unwrap();
    let inner = HAND.lines().filter(|line| !line.starts_with('-'));
    let der = STANDARD.decode(inner.collect::<String>()).unwrap();
    let work = Work::new("damaged");
    let mut refused = 0;
    for at in 0..der.len() {
        for value in [der[at] ^ 0x81, 0xff] {
            let mut damaged = der.clone();
            damaged[at] = value;
            let text = format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                STANDARD.encode(&damaged)
            );
            let item = map([("name", "a".into()), ("certificate", text.as_str().into())]);
            let recipe = map([("ca_certificates", vec![Value::from(item)].into())]);
            let cfg = Cfg::new(&Arc::new(recipe), module.keys, None, Span::default()).unwrap();
            // What we refuse, openssl may take: it reads more than DER.
            if (module.check)(&cfg, &NoFiles).is_err() {
                refused += 1;
                continue;
            }
            let file = work.write("damaged.pem", text);
            kit::succeed(
                kit::tool("openssl")
                    .args(["x509", "-noout", "-in"])
                    .arg(file),
            );
        }
    }
    assert!(refused > 150, "{refused}");
}
