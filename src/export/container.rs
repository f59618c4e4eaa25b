//! A container image of one layer: as an OCI layout (image-spec 1.1), in a folder or an archive, or
//! as an archive that `docker load` reads.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use fsgen::{Timestamp, WriteAt};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::archive::{Archive, BLOCK};
use super::header::{Field, Header};
use super::{Options, store as put};
use crate::architecture;
use crate::output::{Output, OutputFolder, Place};
use crate::reader::Reader;

/// What kind of image it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An OCI layout.
    Oci,
    /// What `docker save` makes.
    Docker,
}

/// An image, before its layer is written.
pub(super) struct Image<'i> {
    /// The layer.
    pub(super) archive: &'i Archive<'i>,
    /// How long it is.
    pub(super) len: u64,
    /// Its configuration, as far as the layer does not matter.
    pub(super) config: Value,
    /// What it is called.
    pub(super) name: Option<&'i str>,
}

/// A document of an image.
struct Document {
    name: String,
    bytes: Vec<u8>,
}

/// Returns the configuration: that of the image which the files came from, or a new one.
pub(super) fn config(reader: &dyn Reader, before: Option<&Value>) -> Value {
    let mut config = match before {
        Some(Value::Object(map)) => map.clone(),
        _ => serde_json::Map::new(),
    };
    // It tells of layers that are one now.
    config.remove("history");
    config.entry("os").or_insert_with(|| "linux".into());
    config.entry("architecture").or_insert_with(|| {
        let machine = architecture::of_reader(reader).unwrap_or("x86_64");
        architecture::of_containers(machine).into()
    });
    config.into()
}

/// Writes an image to a place.
pub(super) fn store(
    image: &Image<'_>,
    form: Form,
    options: &Options<'_>,
    out: &Path,
) -> Result<()> {
    match out.extension().is_some_and(|ending| ending == "tar") {
        true => to_archive(image, form, options, out),
        false => to_folder(image, options, out),
    }
}

fn to_archive(image: &Image<'_>, form: Form, options: &Options<'_>, out: &Path) -> Result<()> {
    let place = Place::new(out, std::slice::from_ref(options.source))?;
    let output = Output::create(&place, true)?;
    // Without members of their own, readers make the folders root's, which only root can do.
    let folders: &[&str] = match form {
        Form::Oci => &["blobs/", "blobs/sha256/"],
        Form::Docker => &[],
    };
    let mut head = Vec::new();
    for folder in folders {
        head.extend_from_slice(&header(folder, 0o755, 0)?);
    }
    // The layer is the first file: its name, which goes before it, is known when it is written. Its
    // header takes one block, and more for what is larger than 8 GiB.
    let unknown = layer_name(form, &"0".repeat(64));
    let start = (head.len() + header(&unknown, 0o644, image.len)?.len()) as u64;
    put::to_sink(image.archive, &output, start, image.len, options.threads)?;
    let digest = output.sha256_of(start..start + image.len)?;
    let documents = match form {
        Form::Oci => oci(image, &digest),
        Form::Docker => docker(image, &digest),
    };
    head.extend_from_slice(&header(&layer_name(form, &digest), 0o644, image.len)?);
    ensure!(
        head.len() as u64 == start,
        "a header for the layer that is not as long as expected"
    );
    output.write_all_at(&head, 0)?;
    let mut rest = vec![0; padding(image.len)?];
    for document in &documents {
        let len = document.bytes.len() as u64;
        rest.extend_from_slice(&header(&document.name, 0o644, len)?);
        rest.extend_from_slice(&document.bytes);
        rest.resize(rest.len() + padding(len)?, 0);
    }
    rest.resize(rest.len() + 2 * usize::try_from(BLOCK)?, 0);
    output.write_all_at(&rest, start + image.len)?;
    image.archive.reader.check_unchanged()?;
    output.end()?;
    Output::finish(vec![output])
}

fn padding(len: u64) -> Result<usize> {
    Ok(usize::try_from(len.next_multiple_of(BLOCK) - len)?)
}

/// Returns the header of a file, or of a folder when the name ends with a slash.
fn header(name: &str, mode: u16, len: u64) -> Result<Vec<u8>> {
    let mut header = Header::new(name.as_bytes(), mode);
    header.time(Timestamp::from_secs(0));
    header.number("size", Field::Size, len);
    header.finish(if name.ends_with('/') { b'5' } else { b'0' })
}

fn to_folder(image: &Image<'_>, options: &Options<'_>, out: &Path) -> Result<()> {
    let sources = std::slice::from_ref(options.source);
    // A slash behind the name says that it is a folder, which is known.
    let out: PathBuf = out.components().collect();
    let folder = OutputFolder::create(&Place::new(&out, sources)?)?;
    let shown = || folder.path().display().to_string();
    let blobs = folder.path().join("blobs/sha256");
    fs::create_dir_all(&blobs).with_context(shown)?;
    let output = Output::create(&Place::new(&blobs.join("layer"), sources)?, true)?;
    put::to_sink(image.archive, &output, 0, image.len, options.threads)?;
    let digest = output.sha256_of(0..image.len)?;
    image.archive.reader.check_unchanged()?;
    output.end()?;
    Output::finish(vec![output])?;
    let layer = folder.path().join(layer_name(Form::Oci, &digest));
    fs::rename(blobs.join("layer"), layer).with_context(shown)?;
    for document in oci(image, &digest) {
        let path = folder.path().join(document.name);
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o644).open(path);
        let mut file = file.with_context(shown)?;
        std::io::Write::write_all(&mut file, &document.bytes).with_context(shown)?;
        file.sync_all().with_context(shown)?;
    }
    for names in [&*blobs, &folder.path().join("blobs"), folder.path()] {
        let synced = fs::File::open(names).and_then(|names| names.sync_all());
        synced.with_context(shown)?;
    }
    folder.finish()
}

/// Returns the name of the file with the layer.
fn layer_name(form: Form, digest: &str) -> String {
    match form {
        Form::Oci => blob(digest),
        Form::Docker => format!("{digest}.tar"),
    }
}

fn blob(digest: &str) -> String {
    format!("blobs/sha256/{digest}")
}

/// Returns all documents of an OCI layout, `index.json` last.
fn oci(image: &Image<'_>, layer_digest: &str) -> Vec<Document> {
    let config = config_with(image, layer_digest);
    let manifest = text(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": format!("sha256:{}", sha256(&config)),
            "size": config.len(),
        },
        "layers": [{
            "mediaType": "application/vnd.oci.image.layer.v1.tar",
            "digest": format!("sha256:{layer_digest}"),
            "size": image.len,
        }],
    }));
    let index = text(&json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": format!("sha256:{}", sha256(&manifest)),
            "size": manifest.len(),
            "annotations": {
                "org.opencontainers.image.ref.name": image.name.unwrap_or("latest"),
            },
        }],
    }));
    let layout = text(&json!({"imageLayoutVersion": "1.0.0"}));
    let documents = [
        (blob(&sha256(&config)), config),
        (blob(&sha256(&manifest)), manifest),
        ("oci-layout".to_owned(), layout),
        ("index.json".to_owned(), index),
    ];
    let documents = documents.map(|(name, bytes)| Document { name, bytes });
    documents.into()
}

/// Returns all documents of an archive for docker.
fn docker(image: &Image<'_>, layer_digest: &str) -> Vec<Document> {
    let config = config_with(image, layer_digest);
    let layer = layer_name(Form::Docker, layer_digest);
    let name = format!("{}.json", sha256(&config));
    let manifest = text(&json!([{
        "Config": name,
        "RepoTags": image.name.map(|name| vec![name]),
        "Layers": [layer],
    }]));
    vec![
        Document {
            name,
            bytes: config,
        },
        Document {
            name: "manifest.json".to_owned(),
            bytes: manifest,
        },
    ]
}

fn config_with(image: &Image<'_>, layer_digest: &str) -> Vec<u8> {
    let mut config = image.config.clone();
    config["rootfs"] = json!({"type": "layers", "diff_ids": [format!("sha256:{layer_digest}")]});
    text(&config)
}

fn text(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_layer_has_a_longer_header_of_known_length() {
        for (len, blocks) in [(0, 1), ((8 << 30) - 1, 1), (8 << 30, 3), (1 << 40, 3)] {
            for form in [Form::Oci, Form::Docker] {
                for digit in ["0", "f"] {
                    let name = layer_name(form, &digit.repeat(64));
                    let header = header(&name, 0o644, len).unwrap();
                    assert_eq!(header.len() as u64, blocks * BLOCK, "{form:?} {len}");
                }
            }
        }
        let header = header("x", 0o644, 8 << 30).unwrap();
        assert!(header[512..].starts_with(b"19 size=8589934592\n"));
    }
}
