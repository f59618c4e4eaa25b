//! Container images: made by hand, in every form that they come in.

mod forms;
mod umoci;

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::source::Platform;

/// A folder in the OCI layout that a test fills.
struct Layout {
    root: PathBuf,
}

impl Layout {
    fn new(root: PathBuf) -> Self {
        fs::create_dir_all(root.join("blobs/sha256")).unwrap();
        fs::write(
            root.join("oci-layout"),
            r#"{"imageLayoutVersion": "1.0.0"}"#,
        )
        .unwrap();
        Self { root }
    }

    /// Puts a blob there, and returns its descriptor.
    fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let hex = hex(bytes);
        fs::write(self.root.join("blobs/sha256").join(&hex), bytes).unwrap();
        json!({"mediaType": media_type, "digest": format!("sha256:{hex}"), "size": bytes.len()})
    }

    fn json(&self, media_type: &str, value: &Value) -> Value {
        self.blob(media_type, value.to_string().as_bytes())
    }

    /// Puts an image there whose layers are tar archives, compressed in turn by nothing, gzip and
    /// zstd, and returns the descriptor of its manifest.
    fn image(&self, layers: &[Vec<u8>], platform: &str) -> Value {
        let layers = layers.iter().enumerate().map(|(i, layer)| match i % 3 {
            0 => self.blob("application/vnd.oci.image.layer.v1.tar", layer),
            1 => self.blob("application/vnd.oci.image.layer.v1.tar+gzip", &gzip(layer)),
            _ => self.blob(
                "application/vnd.oci.image.layer.v1.tar+zstd",
                &zstd::encode_all(&layer[..], 1).unwrap(),
            ),
        });
        let layers: Vec<Value> = layers.collect();
        self.manifest(&layers, platform)
    }

    fn manifest(&self, layers: &[Value], platform: &str) -> Value {
        let platform: Platform = platform.parse().unwrap();
        let config = json!({
            "os": platform.os, "architecture": platform.architecture,
            "config": {"Env": ["A=b"], "Entrypoint": ["/init"]},
            "rootfs": {"type": "layers", "diff_ids": self.diff_ids(layers)},
        });
        let config = self.json("application/vnd.oci.image.config.v1+json", &config);
        self.json(
            "application/vnd.oci.image.manifest.v1+json",
            &json!({"schemaVersion": 2, "config": config, "layers": layers}),
        )
    }

    /// The digests of layers when they are decoded, which umoci looks at.
    fn diff_ids(&self, layers: &[Value]) -> Vec<String> {
        let ids = layers.iter().map(|layer| {
            let digest = layer["digest"].as_str().unwrap();
            let blob = fs::read(self.root.join(digest.replace("sha256:", "blobs/sha256/")));
            let blob = blob.unwrap();
            let tar = match layer["mediaType"].as_str().unwrap() {
                "application/vnd.oci.image.layer.v1.tar" => blob,
                "application/vnd.oci.image.layer.v1.tar+gzip" => {
                    let mut tar = Vec::new();
                    let mut decoder = flate2::read::GzDecoder::new(&blob[..]);
                    io::Read::read_to_end(&mut decoder, &mut tar).unwrap();
                    tar
                }
                _ => zstd::decode_all(&blob[..]).unwrap_or_default(),
            };
            format!("sha256:{}", hex(&tar))
        });
        ids.collect()
    }

    fn index(&self, manifests: &[Value]) {
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        fs::write(self.root.join("index.json"), index.to_string()).unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive of these members.
fn layer(pieces: &[Vec<u8>]) -> Vec<u8> {
    [&pieces.concat()[..], &ZEROS, &ZEROS].concat()
}

fn named(mut descriptor: Value, name: &str) -> Value {
    descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": name});
    descriptor
}

fn on(mut descriptor: Value, platform: &str) -> Value {
    let platform: Platform = platform.parse().unwrap();
    descriptor["platform"] = json!({
        "os": platform.os, "architecture": platform.architecture,
    });
    if let Some(variant) = platform.variant {
        descriptor["platform"]["variant"] = variant.into();
    }
    descriptor
}

fn source(path: impl Into<PathBuf>) -> Source {
    Source::from(Input::Path(path.into()))
}

/// The text of a file in the tree.
fn text(loaded: &Loaded, path: &str) -> String {
    let id = loaded.tree.resolve(path.as_bytes()).unwrap();
    let Kind::File(content) = &loaded.tree.node(id).kind else {
        panic!("{path} is no file");
    };
    String::from_utf8(content.read(&loaded.tree, 1 << 20).unwrap()).unwrap()
}
