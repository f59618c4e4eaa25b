//! Lists of repositories: signed by gpg, and packed in other ways than createrepo_c's own.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::build::{base, build_file, work};
use super::keys::Keys;
use crate::kit::{Work, run, succeed, tool};

const LIST: &str = "repo/repodata/repomd.xml";

/// Makes a package that needs another one, and a repository with that.
fn make(work: &Work) {
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/install_rpms/app.spec");
    let spec = Path::new(spec);
    build_file(work, spec, "repo", &[("called", "elder")]);
    let needy = [("called", "needy"), ("requires", "elder")];
    build_file(work, spec, "apps", &needy);
    succeed(tool("createrepo_c").arg("-q").arg(work.join("repo")));
}

fn recipe(work: &Work, more: &str) {
    let text =
        format!("modules: [install_rpms]\nverify: none\nrepos: [repo]\nrpms: [apps]\n{more}\n");
    work.write("build.yaml", text);
}

#[test]
fn lists_are_signed_as_gpg_sees_it() {
    let work = work("lists");
    make(&work);
    let tar = base(&work);
    let keys = Keys::new(&work);
    keys.make("one", "ed25519", "sign");
    keys.make("two", "rsa2048", "sign");
    let list = work.join(LIST);
    let text = fs::read(&list).unwrap();
    let signature = work.join("repo/repodata/repomd.xml.asc");
    let sign = |key: &str, armor: &str| {
        let mut gpg = keys.gpg();
        gpg.args(["--local-user", key, armor, "--detach-sign", "--output"]);
        succeed(gpg.arg(&signature).arg(&list));
    };
    let good = "repo is signed by key";
    // Who signs it, what happens then, the keys of the recipe, and what comes of it.
    for (signer, damage, keyring, want) in [
        ("one", "", "one.asc", Ok(good)),
        ("two", "", "two.asc", Ok(good)),
        ("two", "", "one.asc, two.asc", Ok(good)),
        ("one", "binary", "one.asc", Ok(good)),
        ("two", "", "one.asc", Err("which is not in the keyring")),
        ("one", "list", "one.asc", Err("not right for what it signs")),
        ("one", "cut", "one.asc", Err("repomd.xml.asc: ")),
        (
            "one",
            "empty",
            "one.asc",
            Err("there is no signature in it"),
        ),
        ("one", "key", "one.asc", Err("repomd.xml.asc: ")),
        ("one", "missing", "one.asc", Err("No such file")),
    ] {
        fs::write(&list, &text).unwrap();
        let armor = if damage == "binary" {
            "--no-armor"
        } else {
            "--armor"
        };
        sign(signer, armor);
        match damage {
            "list" => fs::write(&list, [&*text, b"\n"].concat()).unwrap(),
            "cut" => {
                let bytes = fs::read(&signature).unwrap();
                fs::write(&signature, &bytes[..bytes.len() / 2]).unwrap();
            }
            "empty" => fs::write(&signature, "").unwrap(),
            "key" => drop(fs::copy(work.join("one.asc"), &signature).unwrap()),
            "missing" => fs::remove_file(&signature).unwrap(),
            _ => {}
        }
        recipe(&work, &format!("repo_gpgcheck: true\nkeyring: [{keyring}]"));
        let run = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        let (code, want) = match want {
            Ok(want) => (0, want),
            Err(want) => (1 + i32::from(damage == "missing"), want),
        };
        let is_told = run.stderr.contains(want) && run.code == Some(code);
        assert!(is_told, "{signer} {damage} {keyring}: {run:#?}");
        // gpg has both keys: it tells a wrong signature from a right one.
        if !keyring.contains(signer) {
            continue;
        }
        let mut verify = keys.gpg();
        let judged = crate::kit::run(verify.arg("--verify").arg(&signature).arg(&list));
        assert_eq!(judged.code == Some(0), code == 0, "{damage}: {judged:#?}");
    }
    recipe(&work, "");
    let run = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
    assert_eq!(run.code, Some(0), "{run:#?}");
    work.write(
        "build.yaml",
        "modules: [install_rpms]\nrpms: [apps]\nnodeps: true\nrepo_gpgcheck: true\n",
    );
    let run = crate::kit::run(work.hsb(["plan", "-i"]).arg(&tar));
    let is_told = run.stderr.contains("`repo_gpgcheck` is about `repos`");
    assert!(run.code == Some(2) && is_told, "{run:#?}");
}

#[test]
fn lists_are_packed_in_any_way() {
    let work = work("packed-lists");
    make(&work);
    let tar = base(&work);
    let text = fs::read_to_string(work.join(LIST)).unwrap();
    let start = text.find("href=\"repodata/").unwrap();
    let of = |ending: &str| {
        let names = text.split('"').filter(|part| part.ends_with(ending));
        names.map(str::to_owned).next().unwrap()
    };
    assert!(start > 0);
    let primary = of("primary.xml.gz");
    let packed = work.join("repo").join(&primary);
    let plain = work.join("primary.xml");
    let unpacked = tool("gzip").arg("-dc").arg(&packed).output().unwrap();
    fs::write(&plain, unpacked.stdout).unwrap();
    for (program, ending) in [("zstd", "zst"), ("xz", "xz"), ("bzip2", "bz2"), ("", "")] {
        let path = format!("repodata/primary.xml.{ending}");
        let path = path.trim_end_matches('.');
        let to = work.join("repo").join(path);
        match program {
            "" => drop(fs::copy(&plain, &to).unwrap()),
            program => {
                let output = tool(program).arg("-c").arg(&plain).output().unwrap();
                fs::write(&to, output.stdout).unwrap();
            }
        }
        let digest = Sha256::digest(fs::read(&to).unwrap());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        // The first checksum behind the start of the entry is that of the packed list.
        let entry = text.find("<data type=\"primary\">").unwrap();
        let from = entry + text[entry..].find("<checksum type=\"sha256\">").unwrap() + 24;
        let list = format!("{}{digest}{}", &text[..from], &text[from + 64..]);
        fs::write(work.join(LIST), list.replace(&primary, path)).unwrap();
        recipe(&work, "");
        let run = run(work.hsb(["plan", "-v", "-i"]).arg(&tar));
        let is_told = run.stderr.contains("elder-1.0-1.noarch is required");
        assert!(run.code == Some(0) && is_told, "{program}: {run:#?}");
    }
}
