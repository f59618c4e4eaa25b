use std::time::UNIX_EPOCH;

use super::*;
use crate::disk::file::PlainFile;
use fsgen::ReadAt as _;
use rustix::fs::{CWD, FileType, Mode, mknodat};

/// Makes a cache that holds `limit` bytes at most.
fn cache(limit: u64) -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path().join("a/hsb"), limit);
    (folder, cache)
}

/// Returns a digest, another one for each name.
fn digest(name: &str) -> Digest {
    Digest::sha256(name.as_bytes())
}

/// Keeps bytes as what a source of 7 bytes holds.
fn keep(cache: &Cache, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut part = Part::new(cache).unwrap();
    bytes.chunks(10).try_for_each(|chunk| part.write(chunk))?;
    part.keep(&digest(name), 7)
}

fn found(cache: &Cache, name: &str) -> Option<Vec<u8>> {
    let Found { file, places, len } = cache.find(&digest(name))?;
    let mut bytes = vec![0; usize::try_from(len).unwrap()];
    let file = PlainFile::copy(String::new(), file, places, len);
    file.read_exact_at(&mut bytes, 0).unwrap();
    Some(bytes)
}

/// Returns the names of all files in the cache, those of sums left out.
fn names(cache: &Cache) -> Vec<String> {
    let folders = ["decoded/sha256", "known"].map(|name| cache.folder.join(name));
    let files = folders.iter().flat_map(|folder| children(folder));
    let mut names: Vec<_> = files.map(|path| super::super::name(&path)).collect();
    names.retain(|name| !name.ends_with(".checked"));
    names.sort();
    names
}

#[test]
fn gaps_before_contents_change_nothing() {
    let (_folder, cache) = cache(1 << 20);
    let bytes: Vec<_> = (0..20_000_u32).map(|i| (i % 251) as u8).collect();
    for aligned in [&[][..], &[0], &[512], &[4096], &[1, 1, 9000], &[20_000]] {
        let mut part = Part::new(&cache).unwrap();
        let mut at = 0;
        for &next in aligned.iter().chain([&bytes.len()]) {
            part.write(&bytes[at..next]).unwrap();
            // At the end there is a gap only where one is asked for.
            if aligned.contains(&next) {
                part.align();
            }
            at = next;
        }
        part.keep(&digest("a"), 7).unwrap();
        let Found { file, places, len } = cache.find(&digest("a")).unwrap();
        for &content in aligned {
            assert_eq!(places.locate(content as u64).0 % BLOCK, 0);
        }
        assert_eq!(len, 20_000);
        let copy = PlainFile::copy(String::new(), file, places, len);
        for (start, end) in [
            (0, 20_000),
            (0, 1),
            (1, 9001),
            (8_999, 9_000),
            (19_999, 20_000),
        ] {
            let mut read = vec![0; end - start];
            copy.read_exact_at(&mut read, start as u64).unwrap();
            assert!(read == bytes[start..end], "{aligned:?} {start}..{end}");
        }
        // Gaps and places count, too, when it is looked at whether anything was damaged.
        let path = &cache.place(DECODED, &digest("a"));
        let stored = fs::read(path).unwrap();
        for at in [0, 4095, 8191, stored.len() - FOOTER - 1] {
            let mut damaged = stored.clone();
            damaged[at] ^= 1;
            fs::write(path, &damaged).unwrap();
            assert!(cache.find(&digest("a")).is_none(), "{aligned:?} {at}");
        }
    }
}

#[test]
fn what_was_kept_is_found() {
    let (_folder, cache) = cache(1 << 20);
    assert!(found(&cache, "a").is_none() && !cache.has_source_of(7));
    for bytes in [&b""[..], &[5; 700], b"another"] {
        keep(&cache, "a", bytes).unwrap();
        assert_eq!(found(&cache, "a").unwrap(), bytes);
    }
    assert!(cache.has_source_of(7) && !cache.has_source_of(8));
    assert!(found(&cache, "b").is_none());
    // One that was not kept leaves nothing.
    let before = names(&cache);
    let mut part = Part::new(&cache).unwrap();
    part.write(b"half").unwrap();
    assert_eq!(names(&cache).len(), 2);
    drop(part);
    assert_eq!(names(&cache), before);
    // A cache that cannot be has nothing, and takes nothing.
    let nowhere = Cache::new("/dev/null".into(), 1 << 20);
    assert!(nowhere.find(&digest("a")).is_none() && Part::new(&nowhere).is_none());
    assert!(nowhere.entries().is_empty());
}

#[test]
fn what_is_damaged_is_removed() {
    let end = 700;
    for (at, what) in [
        (0, "start"),
        (699, "last"),
        (end, "magic"),
        (end + 8, "size"),
    ]
    .into_iter()
    .chain([
        (end + 16, "source"),
        (end + 24, "end"),
        (end + 32, "sum"),
        (end + 36, "its own"),
    ])
    .chain([(end + FOOTER, "longer")])
    {
        let (_folder, cache) = cache(1 << 20);
        keep(&cache, "a", &[5; 700]).unwrap();
        let path = cache.place(DECODED, &digest("a"));
        let mut bytes = fs::read(&path).unwrap();
        bytes.resize(bytes.len().max(at + 1), 0);
        bytes[at] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        assert!(found(&cache, "a").is_none(), "{what}");
        assert!(!path.exists(), "{what}");
        keep(&cache, "a", &[5; 700]).unwrap();
        fs::write(&path, &bytes[..at]).unwrap();
        assert!(found(&cache, "a").is_none() || at == end + FOOTER, "{what}");
    }
}

#[test]
fn a_sum_is_computed_once() {
    let (_folder, cache) = cache(1 << 20);
    keep(&cache, "a", &[5; 700]).unwrap();
    let path = cache.place(DECODED, &digest("a"));
    let mut bytes = fs::read(&path).unwrap();
    bytes[3] = 6;
    fs::write(&path, &bytes).unwrap();
    // As if it had been right like this: nobody looks again, until it changes once more.
    let state = state(&File::open(&path).unwrap()).unwrap().unwrap();
    fs::write(checked(&path), state).unwrap();
    assert_eq!(found(&cache, "a").unwrap()[3], 6);
    File::open(&path).unwrap().set_modified(UNIX_EPOCH).unwrap();
    assert!(found(&cache, "a").is_none());
}

#[test]
fn the_limit_is_kept() {
    let (_folder, cache) = cache(3000);
    let mut part = Part::new(&cache).unwrap();
    part.write(&[1; 2900]).unwrap();
    let error = part.write(&[1; 100]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded);
    // What was there is still there to be copied.
    assert_eq!(part.found().unwrap().len, 2900);
    drop(part);
    for name in ["a", "b", "c"] {
        keep(&cache, name, &[2; 900]).unwrap();
    }
    let touch = |name, seconds| {
        let checked = File::open(checked(&cache.place(DECODED, &digest(name)))).unwrap();
        checked.set_modified(UNIX_EPOCH + Duration::from_secs(seconds))
    };
    touch("a", 30).unwrap();
    touch("b", 10).unwrap();
    touch("c", 20).unwrap();
    // What was used last stays longest.
    found(&cache, "b").unwrap();
    keep(&cache, "d", &[2; 900]).unwrap();
    let has = |name: &str| cache.place(DECODED, &digest(name)).exists();
    assert_eq!(["a", "b", "c", "d"].map(has), [true, true, false, true]);
    keep(&cache, "e", &[2; 2000]).unwrap();
    let has = |name: &str| cache.place(DECODED, &digest(name)).exists();
    assert_eq!(
        ["a", "b", "d", "e"].map(has),
        [false, false, true, true].map(|d| d && cache.held() <= 3000)
    );
    cache.clear().unwrap();
    assert_eq!(names(&cache), [""; 0]);
}

#[test]
fn a_file_is_known_by_its_stamp() {
    let (folder, cache) = cache(1 << 20);
    let of = |path: &Path| Stamp::of(&fs::metadata(path).unwrap());
    let old = of(Path::new("/bin/sh"));
    let new = folder.path().join("new");
    fs::write(&new, "x").unwrap();
    File::open(&new).unwrap().set_modified(UNIX_EPOCH).unwrap();
    keep(&cache, "a", b"1").unwrap();
    for (stamp, is_known) in [(old, true), (of(&new), false)] {
        cache.know(&stamp, &digest("a"), "a.tar.gz");
        assert_eq!(cache.digest_of(&stamp), is_known.then(|| digest("a")));
    }
    assert_eq!(
        cache.names(),
        [(digest("a").to_string(), "a.tar.gz".to_owned())]
    );
    // It goes with the archive that it is for.
    cache.make_room(0);
    assert!(cache.digest_of(&old).is_some());
    fs::remove_file(cache.place(DECODED, &digest("a"))).unwrap();
    cache.make_room(0);
    assert!(cache.digest_of(&old).is_none() && names(&cache).is_empty());
}

#[test]
fn what_killed_builds_left_is_removed() {
    let (_folder, cache) = cache(1 << 20);
    let part = Part::new(&cache).unwrap();
    let left = cache.folder.join("decoded/sha256/.tmp1.part");
    fs::write(&left, "left").unwrap();
    keep(&cache, "a", b"1").unwrap();
    assert!(!left.exists() && part.file.path().exists());
    cache.clear().unwrap();
    assert!(part.file.path().exists());
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let (_folder, cache) = cache(1 << 20);
    let stamp = Stamp::of(&fs::metadata("/").unwrap());
    let entry = cache.place(DECODED, &digest("a"));
    for path in [
        entry.clone(),
        checked(&entry),
        entry.with_extension(PART),
        cache.known(&stamp),
    ] {
        keep(&cache, "a", b"content").unwrap();
        put(&cache.known(&stamp), "").unwrap();
        fs::remove_file(&path).ok();
        mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let is_there = path != entry;
        assert_eq!(found(&cache, "a").is_some(), is_there, "{path:?}");
        assert!(!is_there || cache.has_source_of(7));
        assert_eq!(cache.digest_of(&stamp), None);
        cache.names();
        cache.clear().unwrap();
        fs::remove_file(&path).ok();
        assert!(names(&cache).is_empty(), "{path:?}");
    }
}
