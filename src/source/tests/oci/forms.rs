//! Where images lie, which one is taken, and what is refused.

use super::*;

/// A layer with a file that says which one it is.
fn mark(text: &str) -> Vec<u8> {
    layer(&[member("mark", b'0', text.as_bytes())])
}

/// Packs a folder by GNU tar.
fn pack(folder: &Path, archive: &Path) {
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(folder).arg("-cf").arg(archive).arg(".");
    run(&mut tar, "tar (GNU tar)");
}

#[test]
fn layouts_and_their_archives() {
    let work = tempfile::tempdir().unwrap();
    let layout = Layout::new(work.path().join("image"));
    let layers = [
        layer(&[member("a", b'0', b"1"), member("b", b'0', b"1")]),
        layer(&[member("b", b'0', b"2"), member("c", b'0', b"2")]),
        layer(&[member("c", b'0', b"3"), member(".wh.a", b'0', b"")]),
        // Nothing is lost when a layer has no padding and no end marker: its digest is right.
        member("d", b'0', b"4")[..513].to_vec(),
    ];
    layout.index(&[layout.image(&layers, "linux/amd64")]);
    let archive = work.path().join("image.tar");
    pack(&layout.root, &archive);
    let packed = work.path().join("image.tar.zst");
    let bytes = fs::read(&archive).unwrap();
    fs::write(&packed, zstd::encode_all(&bytes[..], 1).unwrap()).unwrap();
    for path in [&layout.root, &archive, &packed] {
        let loaded = load_file(path).unwrap_or_else(|error| panic!("{error:#}"));
        let all = ["/b", "/c", "/d"].map(|path| text(&loaded, path));
        assert_eq!(all, ["2", "3", "4"], "{}", path.display());
        assert!(loaded.tree.resolve(b"/a").is_err());
        assert_eq!(loaded.warnings, [""; 0]);
        let config = loaded.image_config.unwrap();
        assert_eq!(config["config"]["Entrypoint"][0], "/init");
    }
    // A layer of the list, as any source.
    let base = work.path().join("base.tar");
    fs::write(&base, layer(&[member("a", b'0', b"base")])).unwrap();
    let image = Source {
        path: "/opt".to_owned(),
        ..source(&archive)
    };
    let loaded = load_all(&[source(&base), image]).unwrap();
    assert_eq!(
        (text(&loaded, "/a"), text(&loaded, "/opt/d")),
        ("base".into(), "4".into())
    );
}

#[test]
fn the_image_that_is_meant() {
    let work = tempfile::tempdir().unwrap();
    let layout = Layout::new(work.path().join("image"));
    let image = |platform: &str| {
        let image = layout.image(
            &[mark(platform)],
            platform.rsplit_once("/v").map_or(platform, |p| p.0),
        );
        on(image, platform)
    };
    let attestation = on(
        layout.image(&[mark("attestation")], "linux/amd64"),
        "unknown/unknown",
    );
    let platforms = [
        "linux/arm/v6",
        "linux/arm/v7",
        "linux/amd64",
        "linux/arm64/v8",
        "windows/amd64",
    ];
    let mut images: Vec<Value> = platforms.iter().map(|platform| image(platform)).collect();
    images.push(attestation);
    let index = json!({"schemaVersion": 2, "manifests": images});
    let index = layout.json("application/vnd.oci.image.index.v1+json", &index);
    let old = layout.image(&[mark("old")], "linux/amd64");
    let some = "there are: docker.io/library/app:1, 2.0 or latest";
    let none = "there are: linux/arm/v6, linux/arm/v7, linux/amd64, linux/arm64/v8, windows/amd64";
    let flat = [index.clone()];
    let names = [
        named(index.clone(), "docker.io/library/app:1"),
        named(old.clone(), "2.0"),
        named(old, "latest"),
    ];
    for (entries, tag, platform, want) in [
        (&flat[..], None, None, Ok("linux/amd64")),
        (&images, None, None, Ok("linux/amd64")),
        (&images, None, Some("arm"), Ok("linux/arm/v7")),
        (&flat, None, Some("linux/arm"), Ok("linux/arm/v7")),
        (&flat, None, Some("linux/arm/v6"), Ok("linux/arm/v6")),
        (&flat, None, Some("aarch64"), Ok("linux/arm64/v8")),
        (&flat, None, Some("riscv64"), Err(none)),
        (&names, Some("app:1"), None, Ok("linux/amd64")),
        (&names, Some("1"), Some("arm64"), Ok("linux/arm64/v8")),
        (&names, Some("latest"), None, Ok("old")),
        (&names, Some("2.0"), None, Ok("old")),
        (&names, Some("pp:1"), None, Err(some)),
        (
            &names,
            None,
            None,
            Err("2 images; choose one with `tag`, or --tag: docker.io/library/app:1, 2.0"),
        ),
        (
            &names,
            Some("2.0"),
            Some("arm64"),
            Err("the image is for linux/amd64, and `platform`"),
        ),
        (&[], None, None, Err("there is no image in it")),
    ] {
        layout.index(entries);
        let chosen = Source {
            tag: tag.map(str::to_owned),
            platform: platform.map(|text| text.parse().unwrap()),
            ..source(&layout.root)
        };
        let got = load_all(&[chosen]);
        match want {
            Ok(want) => assert_eq!(text(&got.unwrap(), "/mark"), want),
            Err(want) => {
                let message = message(got);
                assert!(message.contains(want), "{message}");
            }
        }
    }
}

#[test]
fn layers_are_those_that_the_configuration_names() {
    let work = tempfile::tempdir().unwrap();
    let layout = Layout::new(work.path().join("image"));
    let (plain, other) = (mark("1"), mark("2"));
    let packed = layout.blob("application/vnd.oci.image.layer.v1.tar+gzip", &gzip(&plain));
    let stored = layout.blob("application/vnd.oci.image.layer.v1.tar", &plain);
    let id = |layer: &[u8]| format!("sha256:{}", hex(layer));
    for (layer, ids, want) in [
        (&packed, vec![id(&plain)], ""),
        (&stored, vec![id(&plain)], ""),
        (&packed, vec![id(&other)], "when it is decoded"),
        (&stored, vec![id(&other)], "when it is decoded"),
        (&packed, vec![], "1 layers, and 0 digests"),
        (&packed, vec!["x".to_owned()], "`diff_ids`: `x`"),
    ] {
        let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ids}});
        let config = layout.json("application/vnd.oci.image.config.v1+json", &config);
        let manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        layout.index(&[named(layout.json(media_type, &manifest), "t")]);
        let said = message(load_file(&layout.root));
        assert!(
            said.contains(want) && said.is_empty() == want.is_empty(),
            "{said}"
        );
    }
}

#[test]
fn archives_by_docker_save() {
    let work = tempfile::tempdir().unwrap();
    let folder = work.path().join("saved");
    let layers = [mark("1"), layer(&[member("x", b'0', b"2")])];
    let ids: Vec<String> = layers
        .iter()
        .map(|l| format!("sha256:{}", hex(l)))
        .collect();
    let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": ids}});
    let config = config.to_string();
    let config_name = format!("{}.json", hex(config.as_bytes()));
    let mut paths = Vec::new();
    for (i, layer) in layers.iter().enumerate() {
        let name = hex(&[u8::try_from(i).unwrap()]);
        fs::create_dir_all(folder.join(&name)).unwrap();
        // Old ones use links for layers that are the same.
        fs::write(folder.join(format!("{}.tar", hex(layer))), layer).unwrap();
        let target = format!("../{}.tar", hex(layer));
        std::os::unix::fs::symlink(target, folder.join(&name).join("layer.tar")).unwrap();
        paths.push(format!("{name}/layer.tar"));
    }
    fs::write(folder.join(&config_name), &config).unwrap();
    fs::write(folder.join("repositories"), "{}").unwrap();
    let saved = |tags: &[&str]| json!({"Config": config_name, "RepoTags": tags, "Layers": paths});
    let archive = work.path().join("saved.tar");
    let save = |images: Value| {
        fs::write(folder.join("manifest.json"), images.to_string()).unwrap();
        pack(&folder, &archive);
        load_file(&archive)
    };
    let loaded = save(json!([saved(&["app:1"])])).unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(
        (text(&loaded, "/mark"), text(&loaded, "/x")),
        ("1".into(), "2".into())
    );
    let two = message(save(json!([saved(&["app:1"]), saved(&["app:2"])])));
    assert!(
        two.contains("2 images; choose one with `tag`, or --tag: app:1, app:2"),
        "{two}"
    );
    fs::write(folder.join(format!("{}.tar", hex(&layers[1]))), mark("3")).unwrap();
    let damaged = message(save(json!([saved(&["app:1"])])));
    assert!(
        damaged.contains(&ids[1]) && damaged.contains("damaged"),
        "{damaged}"
    );
    fs::write(folder.join(&config_name), config + " ").unwrap();
    let damaged = message(save(json!([saved(&[])])));
    assert!(
        damaged.contains(&config_name) && damaged.contains("damaged"),
        "{damaged}"
    );
}

#[test]
fn archives_that_others_save() {
    let work = tempfile::tempdir().unwrap();
    let layer = mark("1");
    let id = format!("sha256:{}", hex(&layer));
    let config = json!({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": [id]}});
    let config = config.to_string();
    let by_digest = format!("sha256:{}", hex(config.as_bytes()));
    let packed = format!("{}.tar.gz", hex(b"packed"));
    let saved = |config: &str| json!([{"Config": config, "Layers": [packed]}]).to_string();
    let manifest = "manifest.json";
    let (crane, jib, app) = (
        saved(&by_digest),
        saved("config.json"),
        "{\"name\": \"x\"}".to_owned(),
    );
    for (what, files, is_image) in [
        (
            "crane",
            &[(&*by_digest, &*config), (manifest, &crane)][..],
            true,
        ),
        ("jib", &[("config.json", &config), (manifest, &jib)], true),
        (
            "a file more",
            &[
                ("README", "hello"),
                (&by_digest, &config),
                (manifest, &crane),
            ],
            true,
        ),
        ("a manifest alone", &[(manifest, &*app)], false),
        (
            "an application",
            &[("index.html", "hello"), (manifest, &app)],
            false,
        ),
        (
            "a root",
            &[("bin/sh", "sh"), ("config.json", &config), (manifest, &jib)],
            false,
        ),
    ] {
        let folder = work.path().join(what);
        fs::create_dir_all(folder.join("bin")).unwrap();
        for (name, bytes) in files {
            fs::write(folder.join(name), bytes).unwrap();
        }
        fs::remove_dir(folder.join("bin")).ok();
        if files.len() > 1 {
            fs::write(folder.join(&packed), &layer).unwrap();
        }
        let archive = work.path().join("a.tar");
        pack(&folder, &archive);
        let loaded = load_file(&archive).unwrap_or_else(|error| panic!("{what}: {error:#}"));
        let is_found = loaded.tree.resolve(b"/mark").is_ok();
        assert_eq!(is_found, is_image, "{what}");
        let warns = |w: &String| w.contains("are those of a container image");
        assert_eq!(loaded.warnings.iter().any(warns), !is_image, "{what}");
        // As a folder, it is none that is known.
        let loaded = load_file(&folder).unwrap();
        assert!(loaded.warnings.iter().any(warns), "{what}");
    }
    let wrong = work.path().join("crane").join(&by_digest);
    fs::write(wrong, config + " ").unwrap();
    let archive = work.path().join("a.tar");
    pack(&work.path().join("crane"), &archive);
    let damaged = message(load_file(&archive));
    assert!(damaged.contains("damaged"), "{damaged}");
}

#[test]
fn what_skopeo_makes_of_it() {
    let work = tempfile::tempdir().unwrap();
    let layout = Layout::new(work.path().join("image"));
    let image = layout.image(
        &[mark("skopeo"), layer(&[member("x", b'0', b"x")])],
        "linux/amd64",
    );
    layout.index(&[named(image, "t")]);
    for (transport, name) in [
        ("oci-archive", "a.tar:name:t"),
        ("docker-archive", "b.tar:name:t"),
        ("oci", "c:t"),
    ] {
        let path = work.path().join(name.split(':').next().unwrap());
        let target = format!("{transport}:{}", work.path().join(name).display());
        let mut skopeo = Command::new("skopeo");
        skopeo.args(["copy", "--quiet", "--insecure-policy"]);
        skopeo
            .arg(format!("oci:{}:t", layout.root.display()))
            .arg(target);
        run(&mut skopeo, "skopeo");
        let loaded = load_file(&path).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        assert_eq!(text(&loaded, "/mark"), "skopeo", "{name}");
    }
}

#[test]
fn images_that_are_refused() {
    let work = tempfile::tempdir().unwrap();
    let layout = Layout::new(work.path().join("image"));
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().unwrap();
        layout.root.join(digest.replace("sha256:", "blobs/sha256/"))
    };
    let refused = |manifest: &Value| {
        layout.index(std::slice::from_ref(manifest));
        message(load_file(&layout.root))
    };
    let tar = "application/vnd.oci.image.layer.v1.tar";
    let good = layout.blob(tar, &mark("x"));
    let manifest = |layers: &[Value]| layout.manifest(layers, "linux/amd64");

    let mut longer = good.clone();
    longer["size"] = 5.into();
    let mut encrypted = good.clone();
    encrypted["mediaType"] = format!("{tar}+encrypted").into();
    let lost = layout.blob(tar, &mark("lost"));
    let with_lost = manifest(std::slice::from_ref(&lost));
    fs::remove_file(blob(&lost)).unwrap();
    let damaged = layout.blob(tar, &mark("damaged"));
    let with_damaged = manifest(&[good.clone(), damaged.clone()]);
    fs::write(blob(&damaged), mark("Damaged")).unwrap();
    let text = layout.blob(tar, b"no archive");
    let evil = layout.blob(tar, &layer(&[member("../x", b'0', b"")]));
    let other = json!({"schemaVersion": 1, "history": []});
    let other = layout.json(
        "application/vnd.docker.distribution.manifest.v1+json",
        &other,
    );
    let chart = layout.json("application/vnd.cncf.helm.config.v1+json", &json!({}));
    let chart = json!({"schemaVersion": 2, "config": chart, "layers": []});
    let chart = layout.json("application/vnd.oci.image.manifest.v1+json", &chart);
    let both = json!({"schemaVersion": 2, "manifests": [], "layers": [good.clone()]});
    let both = layout.json("application/vnd.oci.image.index.v1+json", &both);
    let loose = layout.image(&[mark("x")], "linux/amd64");
    fs::write(blob(&loose), "{}").unwrap();
    let mut escape = good.clone();
    escape["digest"] = "sha256:../../../etc/passwd".into();
    for (manifest, want) in [
        (&manifest(&[longer]), "it has 2048 bytes, and should have 5"),
        (&manifest(&[encrypted]), "is encrypted; decrypt"),
        (&with_lost, "no such file"),
        (&with_damaged, "it is damaged, or another one"),
        (&manifest(&[text]), "not a tar archive"),
        (&manifest(&[evil]), "layer 1 of 1, sha256:"),
        (&other, "an image manifest of version 1"),
        (
            &chart,
            "no container image, but `application/vnd.cncf.helm.config.v1+json`",
        ),
        (&both, "it is an index and a manifest in one"),
        (&loose, "should have"),
        (&escape, "`sha256:../../../etc/passwd` is no digest"),
    ] {
        let message = refused(manifest);
        assert!(message.contains(want), "{want}: {message}");
        assert!(message.contains("image"), "{message}");
    }
    fs::write(layout.root.join("index.json"), "{").unwrap();
    let message = message(load_file(&layout.root));
    assert!(message.contains("index.json: not the JSON"), "{message}");
    // What only images have is asked of what is none.
    let tarball = work.path().join("a.tar");
    fs::write(&tarball, mark("x")).unwrap();
    let asked = Source {
        platform: "arm64".parse().ok(),
        ..source(tarball)
    };
    let message = super::message(load_all(&[asked]));
    assert!(
        message.contains("`platform` chooses a container image"),
        "{message}"
    );
}
