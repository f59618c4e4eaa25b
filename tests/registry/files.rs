//! Files by http(s).

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use super::server::{Reply, Server, free_port};
use super::{build, hsb, wait_for};
use crate::kit::{self, Work};

#[test]
fn files_by_http() {
    let work = Work::new("http");
    fs::create_dir(work.join("etc")).unwrap();
    work.write("etc/passwd", vec![b'x'; 300_000]);
    let tar = work.join("a.tar");
    let mut make = kit::tool("tar");
    kit::succeed(
        make.arg("-C")
            .arg(work.path())
            .arg("-cf")
            .arg(&tar)
            .arg("etc"),
    );
    let digest = kit::sha256(&tar);
    kit::succeed(hsb(&work, "a.tar").arg("file.raw"));
    let want = kit::sha256(&work.join("file.raw"));
    let bytes = fs::read(&tar).unwrap();
    let server = Server::start(move |head, _| {
        if head.starts_with("GET /moved ") {
            return Reply::whole(
                "HTTP/1.1 302 No\r\nLocation: /a.tar\r\nContent-Length: 0\r\n\r\n",
            );
        }
        let range = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": bytes=")?;
            name.eq_ignore_ascii_case("range")
                .then_some(value.trim_end_matches('-'))
        });
        let at: usize = range.map_or(0, |at| at.parse().unwrap());
        let rest = &bytes[at..];
        let status = if at == 0 { "200 Yes" } else { "206 Part" };
        let mut answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Range: bytes {at}-{}/{}\r\n\
             ETag: \"one\"\r\n\r\n",
            rest.len(),
            bytes.len() - 1,
            bytes.len()
        )
        .into_bytes();
        answer.extend_from_slice(rest);
        Reply::cut(answer, 120_000)
    });
    let url = format!("http://{}/moved", server.host());
    let (image, said) = build(&work, &format!("{{from: '{url}', trust: true}}"));
    assert_eq!(image, want);
    assert!(said.contains(&format!("`sha256: {digest}`")), "{said}");
    let wrong = format!("{{from: '{url}', sha256: '{}'}}", "0".repeat(64));
    let message = kit::fail(hsb(&work, &wrong).arg("x.raw"), 1);
    assert!(
        message.contains(&format!("its digest is sha256:{digest}")),
        "{message}"
    );
    let pinned = format!("{{from: '{url}', sha256: '{digest}'}}");
    assert_eq!(build(&work, &pinned), (want.clone(), String::new()));
    drop(server);
    // From the cache.
    assert_eq!(build(&work, &pinned), (want.clone(), String::new()));
    let message = kit::fail(hsb(&work, &url).arg("x.raw"), 2);
    assert!(message.contains("give its `sha256:`"), "{message}");
    let message = kit::fail(hsb(&work, "docker://debian").arg("x.raw"), 2);
    assert!(
        message.contains("is written as `oci:HOST/NAME:TAG` here"),
        "{message}"
    );
    let message = kit::fail(hsb(&work, "{from: a.tar, trust: true}").arg("x.raw"), 2);
    assert!(message.contains("are for files by http(s)"), "{message}");
}

/// A file on trust that becomes another one after a cut is taken whole, and never of both.
#[test]
fn a_file_that_changes_while_it_is_fetched() {
    let work = Work::new("http-changes");
    let mut tars = Vec::new();
    for (name, letter) in [("one", b'1'), ("two", b'2')] {
        fs::create_dir(work.join(name)).unwrap();
        work.write(&format!("{name}/content"), vec![letter; 300_000]);
        let mut tar = kit::tool("tar");
        let made = format!("{name}.tar");
        kit::succeed(
            tar.args(["-C", name, "-cf", &made, "."])
                .current_dir(work.path()),
        );
        tars.push(fs::read(work.join(&made)).unwrap());
    }
    let want = {
        kit::succeed(hsb(&work, "two.tar").arg("file.raw"));
        kit::sha256(&work.join("file.raw"))
    };
    // With a tag, with a date, with neither, and from a server that knows no conditions.
    for (tags, heeds) in [
        (["ETag: \"a\"", "ETag: \"b\""], true),
        (
            [
                "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT",
                "Last-Modified: Tue, 02 Jan 2024 00:00:00 GMT",
            ],
            true,
        ),
        (["X: y", "X: y"], true),
        (["ETag: W/\"a\"", "ETag: W/\"a\""], true),
        (["ETag: \"a\"", "ETag: \"b\""], false),
    ] {
        let asked = AtomicU32::new(0);
        let tars = tars.clone();
        let server = Server::start(move |head, _| {
            let count = asked.fetch_add(1, Ordering::Relaxed);
            let which = usize::from(count > 0);
            let (bytes, tag) = (&tars[which], tags[which]);
            let head = head.to_ascii_lowercase();
            let range = head
                .lines()
                .find_map(|line| line.strip_prefix("range: bytes="));
            let same = head.contains(&tag.split(": ").nth(1).unwrap().to_ascii_lowercase());
            let at = match range {
                Some(at) if same || !heeds || !head.contains("if-range") => {
                    at.trim_end_matches('-').parse().unwrap()
                }
                _ => 0,
            };
            let status = if at == 0 { "200 Yes" } else { "206 Part" };
            let len = bytes.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Range: bytes {at}-{}/{len}\r\n\
                 {tag}\r\n\r\n",
                len - at,
                len - 1,
            );
            let answer = [answer.as_bytes(), &bytes[at..]].concat();
            match count {
                0 => Reply::cut(answer, 120_000),
                _ => Reply::whole(answer),
            }
        });
        let url = format!("http://{}/a.tar", server.host());
        let (image, _) = build(&work, &format!("{{from: '{url}', trust: true}}"));
        assert_eq!(image, want, "{tags:?}");
    }
}

/// A file that is shorter than what was fetched of it is another one, and fetched from its start.
#[test]
fn a_file_that_became_shorter() {
    let work = Work::new("http-shorter");
    for (name, len) in [("one", 300_000), ("two", 50_000)] {
        fs::create_dir(work.join(name)).unwrap();
        work.write(&format!("{name}/content"), vec![b'x'; len]);
        let mut tar = kit::tool("tar");
        let made = format!("{name}.tar");
        let tar = tar.args(["-C", name, "-cf", &made, "."]);
        kit::succeed(tar.current_dir(work.path()));
    }
    kit::succeed(hsb(&work, "two.tar").arg("file.raw"));
    let want = kit::sha256(&work.join("file.raw"));
    let tars = ["one", "two"].map(|name| fs::read(work.join(format!("{name}.tar"))).unwrap());
    let asked = AtomicU32::new(0);
    let server = Server::start(move |head, _| {
        let count = asked.fetch_add(1, Ordering::Relaxed);
        let bytes = &tars[usize::from(count > 0)];
        let len = bytes.len();
        if count > 0 && head.to_ascii_lowercase().contains("\r\nrange:") {
            return Reply::whole(format!(
                "HTTP/1.1 416 No\r\nContent-Range: bytes */{len}\r\nContent-Length: 0\r\n\r\n"
            ));
        }
        let head = format!("HTTP/1.1 200 Yes\r\nContent-Length: {len}\r\nETag: \"a\"\r\n\r\n");
        let answer = [head.as_bytes(), bytes].concat();
        match count {
            0 => Reply::cut(answer, 120_000),
            _ => Reply::whole(answer),
        }
    });
    let url = format!("http://{}/a.tar", server.host());
    let (image, _) = build(&work, &format!("{{from: '{url}', trust: true}}"));
    assert_eq!(image, want);
}

#[test]
fn files_by_https() {
    let work = Work::new("https");
    fs::create_dir(work.join("etc")).unwrap();
    work.write("etc/motd", "hello");
    let mut make = kit::tool("tar");
    kit::succeed(make.current_dir(work.path()).args(["-cf", "a.tar", "etc"]));
    let digest = kit::sha256(&work.join("a.tar"));
    let mut request = kit::tool("openssl");
    request.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ]);
    request.args([
        "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "30",
    ]);
    request.args([
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]);
    request.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    kit::succeed(request.current_dir(work.path()));
    // It sends files as they are, answers that lead to where anybody can read along among them.
    let plain = Server::start(|_, _| Reply::whole("HTTP/1.1 200 Yes\r\nContent-Length: 0\r\n\r\n"));
    let away = format!("http://{}/a.tar", plain.host());
    let answer = format!("HTTP/1.1 302 No\r\nLocation: {away}\r\nContent-Length: 0\r\n\r\n");
    work.write("moved", answer);
    let head = fs::read(work.join("a.tar")).unwrap();
    let len = head.len();
    let answer = format!("HTTP/1.1 200 Yes\r\nContent-Length: {len}\r\n\r\n");
    work.write("file", [answer.as_bytes(), &head].concat());
    let port = free_port();
    let mut serve = kit::tool("openssl");
    serve.args([
        "s_server", "-HTTP", "-cert", "cert.pem", "-key", "key.pem", "-accept",
    ]);
    serve.arg(port.to_string()).current_dir(work.path());
    let mut serve = serve
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(port);
    let source = |file| format!("{{from: 'https://localhost:{port}/{file}', sha256: '{digest}'}}");
    let stranger = kit::run(hsb(&work, &source("file")).arg("x.raw"));
    let certificate: PathBuf = work.join("cert.pem");
    let known = |file| {
        let source = source(file);
        let mut hsb = hsb(&work, &source);
        kit::run(hsb.env("SSL_CERT_FILE", &certificate).arg("x.raw"))
    };
    let moved = known("moved");
    let known = known("file");
    serve.kill().unwrap();
    serve.wait().unwrap();
    assert_eq!(stranger.code, Some(1));
    assert!(
        stranger
            .stderr
            .contains("UnknownIssuer; SSL_CERT_FILE takes a file"),
        "{}",
        stranger.stderr
    );
    assert_eq!((known.code, &*known.stderr), (Some(0), ""), "{known:?}");
    // From https, nothing leads to http.
    assert_eq!(moved.code, Some(1), "{moved:?}");
    assert!(moved.stderr.contains("https"), "{moved:?}");
}
