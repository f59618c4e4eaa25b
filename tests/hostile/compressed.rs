//! Compressed archives that are damaged, or more than they seem.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use flate2::{Compression, GzBuilder};

use super::archive::{END, member};
use super::{SMALL, Try, Work, hsb, none};
use crate::kit::{succeed, tool};

const BUILD: [&str; 4] = ["build", "-q", "-i", "in"];

fn refused(work: &Work, what: &str, args: &[&str], want: String) -> Option<String> {
    let attempt = Try {
        what,
        args,
        memory: SMALL,
        code: 1,
        want,
    };
    attempt.complaint(work)
}

/// Returns what a program makes of some bytes.
fn pack(program: &str, args: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut child = tool(program)
        .arg("-c")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(bytes).unwrap());
        child.wait_with_output().unwrap().stdout
    })
}

/// An archive that does not compress well.
fn sample() -> Vec<u8> {
    let noise: Vec<u8> = (0..30_000_u32)
        .flat_map(|n| n.wrapping_mul(n).wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    [member("f", b'0', &noise), END.to_vec()].concat()
}

fn folder() -> Work {
    let work = Work::new("compressed");
    work.write("build.yaml", "table: none\n");
    work
}

#[test]
fn damaged() {
    let cut = |bytes: &[u8], len: usize| bytes[..len].to_vec();
    let flip = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 0x10;
        bytes
    };
    let work = folder();
    let bytes = sample();
    let mut complaints = Vec::new();
    for program in ["gzip", "bzip2", "xz", "zstd"] {
        let pack = |bytes: &[u8]| pack(program, &[], bytes);
        let whole = pack(&bytes);
        let len = whole.len();
        let bad = format!("hsb: in: bad {program} data near byte ");
        let holds = format!("hsb: in: {program} data that holds no tar archive, but ");
        #[rustfmt::skip]
        let rows = [
            ("cut in its header", cut(&whole, 11), bad.clone()),
            ("cut in the middle", cut(&whole, len / 2), bad.clone()),
            ("cut at the end", cut(&whole, len - 1), bad.clone()),
            ("a bit in the header", flip(&whole, 6), "hsb: in: ".to_owned()),
            ("a bit in the middle", flip(&whole, len / 2), bad.clone()),
            ("a bit at the end", flip(&whole, len - 3), bad.clone()),
            ("junk after the end", [&whole[..], b"junk"].concat(), bad.clone()),
            ("half a stream after the end", [&whole[..], &whole[..len / 2]].concat(), bad.clone()),
            ("packed twice", pack(&whole), format!("{holds}{program} data once more; decode it once before")),
            ("text inside", pack(&b"no archive\n".repeat(99)), format!("{holds}no format that is known here, or damaged")),
            ("nothing inside", pack(b""), format!("{holds}an empty file")),
        ];
        for (what, bytes, want) in rows {
            // Not all of gzip's header is checked by anyone.
            if (program, what) == ("gzip", "a bit in the header") {
                continue;
            }
            work.write("in", bytes);
            let what = format!("{program}, {what}");
            complaints.push(refused(&work, &what, &BUILD, want));
        }
    }
    none(complaints.into_iter());
}

#[test]
fn decoders_ask_for_bounded_memory() {
    let work = folder();
    let tar = [member("f", b'0', b"x"), END.to_vec()].concat();
    // The window of a frame without a size is what its header says: here 2 GiB.
    let zstd = pack("zstd", &["--ultra", "--long=31"], &tar);
    let xz = pack("xz", &["--lzma2=preset=0,dict=768MiB"], &tar);
    for (what, bytes, want) in [
        (
            "zstd with a window of 2 GiB",
            zstd,
            "its window is larger than 128 MiB, the most that is decoded; pack it again, with --long=27",
        ),
        (
            "xz with a dictionary of 768 MiB",
            xz,
            "decoding it takes more than 256 MiB of memory, the most that is allowed; pack it again",
        ),
    ] {
        work.write("in", bytes);
        let complaint = refused(&work, what, &BUILD, format!("hsb: in: {want}"));
        none([complaint].into_iter());
    }
    for (program, args) in [
        ("xz", &["-9e"][..]),
        ("zstd", &["--ultra", "-22", "--long=27"]),
    ] {
        work.write("in", pack(program, args, &tar));
        let run = hsb(&work, &BUILD, SMALL);
        assert_eq!(run.code, Some(0), "{program} {args:?}: {run:?}");
    }
}

/// What is decoded has a limit, and the limit can be raised.
#[test]
fn bombs() {
    let work = folder();
    let tar = [member("f", b'0', &vec![0; 3 << 20]), END.to_vec()].concat();
    for program in ["gzip", "bzip2", "xz", "zstd"] {
        let bytes = pack(program, &[], &tar);
        let len = bytes.len();
        work.write("in", bytes);
        let build = |limit| ["build", "-q", "-i", "in", "--max-decoded", limit];
        let want = format!(
            "hsb: in: {program} data of {len} bytes are more than 1048576 bytes when decoded; \
             if they should be, --max-decoded allows more"
        );
        none([refused(&work, program, &build("1M"), want)].into_iter());
        let run = hsb(&work, &build("4M"), SMALL);
        assert_eq!(run.code, Some(0), "{program}: {run:?}");
        fs::remove_file(work.join("image.raw")).unwrap();
    }
    let want = "'--max-decoded <SIZE>'";
    refused_call(&work, &["build", "--max-decoded", "auto"], want);
    refused_call(
        &work,
        &["build", "--max-metadata", "+5G"],
        "'--max-metadata <SIZE>'",
    );
}

/// What the command line alone is wrong about, clap says, in more than one line.
fn refused_call(work: &Work, args: &[&str], want: &str) {
    let run = hsb(work, args, SMALL);
    assert_eq!(run.code, Some(2), "{args:?}: {run:?}");
    assert!(run.stderr.contains(want), "{args:?}: {run:?}");
}

/// Members of gzip that say their size, as those of bgzip, but decode to far more than these.
#[test]
fn small_streams_are_held_in_small_memory() {
    let work = folder();
    let tar = [member("f", b'0', b"x"), END.to_vec()].concat();
    let sized = |bytes: &[u8]| {
        let builder = GzBuilder::new().extra(*b"BC\x02\0\0\0");
        let mut encoder = builder.write(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        let mut member = encoder.finish().unwrap();
        let size = u16::try_from(member.len() - 1).unwrap();
        member[16..18].copy_from_slice(&size.to_le_bytes());
        member
    };
    let zeros = sized(&vec![0; 40 << 20]).repeat(6);
    work.write("in", [sized(&tar), zeros].concat());
    let script = "import resource, subprocess, sys\n\
                  subprocess.run(sys.argv[1:], check=True)\n\
                  print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let mut measured = tool("python3");
    measured
        .args(["-c", script, env!("CARGO_BIN_EXE_hsb")])
        .args(BUILD);
    measured.arg("--no-cache").current_dir(work.path());
    let peak: u64 = succeed(&mut measured).trim().parse().unwrap();
    assert!(peak < 100 << 10, "{peak} KiB");
}
