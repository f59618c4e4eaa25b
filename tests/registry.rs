//! Images from a real registry, which skopeo has pushed to.
//!
//! Between hsb and the registry stands a server of ours that can do what registries of the world
//! do: ask for tokens, cut connections, damage what they send.

mod files;
pub(crate) mod server;

use std::collections::HashSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use super::kit::{self, Work};
use server::{Reply, Server, free_port};

/// A registry that runs until this is dropped.
struct Registry {
    child: Child,
    port: u16,
}

impl Registry {
    /// Starts one that keeps all in the folder of a test; `auth` goes into its configuration.
    fn start(work: &Work, auth: &str) -> Self {
        let port = free_port();
        let root = work.join("registry");
        let config = work.write(
            "registry.yml",
            format!(
                "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
                 http: {{addr: '127.0.0.1:{port}'}}\n{auth}",
                root.display()
            ),
        );
        let mut registry = kit::tool("docker-registry");
        registry.arg("serve").arg(config);
        registry.stdout(Stdio::null()).stderr(Stdio::null());
        let child = registry.spawn().unwrap();
        let registry = Self { child, port };
        wait_for(port);
        registry
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Pushes the image of the test.
    fn push(&self, work: &Work, options: &[&str]) {
        let mut skopeo = kit::tool("skopeo");
        skopeo.args([
            "copy",
            "--quiet",
            "--insecure-policy",
            "--dest-tls-verify=false",
        ]);
        skopeo
            .args(options)
            .arg(format!("oci:{}:t", work.join("image").display()));
        kit::succeed(skopeo.arg(format!("docker://{}/lib/app:1", self.host())));
    }

    /// Sends a request on to the registry, and returns all of the answer.
    fn forward(port: u16, head: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let kept = head.lines().filter(|line| {
            let line = line.to_ascii_lowercase();
            !line.starts_with("connection:") && !line.starts_with("authorization:")
        });
        let mut request = kept
            .filter(|line| !line.is_empty())
            .fold(String::new(), |all, line| all + line + "\r\n");
        request += "Connection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Waits until a server listens.
fn wait_for(port: u16) {
    for _ in 0..500 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("nobody listens at port {port}");
}

/// Makes an image of two layers, one of which does not shrink, and builds it as a file.
fn sample(work: &Work) -> String {
    fs::create_dir_all(work.join("etc")).unwrap();
    work.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    let mut state = 1_u32;
    let noise: Vec<u8> = (0..300_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect();
    fs::create_dir_all(work.join("usr")).unwrap();
    work.write("usr/noise", noise);
    for arguments in [
        "init --layout image",
        "new --image image:t",
        "insert --rootless --image image:t etc /etc",
        "insert --rootless --image image:t usr /usr",
    ] {
        let mut umoci = kit::tool("umoci");
        kit::succeed(umoci.args(arguments.split(' ')).current_dir(work.path()));
    }
    kit::succeed(hsb(work, "image").arg("file.raw"));
    kit::sha256(&work.join("file.raw"))
}

/// A build of a source that knows nothing but the test's folder; the name of the image is missing.
fn hsb(work: &Work, source: &str) -> Command {
    work.write("build.yaml", format!("table: none\nsource: {source}\n"));
    let mut hsb = work.hsb(["build", "-q", "-o"]);
    hsb.env("HSB_CACHE", work.join("cache"))
        .env("HOME", work.path())
        .env_remove("DOCKER_CONFIG")
        .env_remove("REGISTRY_AUTH_FILE")
        .env_remove("XDG_RUNTIME_DIR");
    hsb
}

/// Builds, and returns the digest of the image and what was said.
fn build(work: &Work, source: &str) -> (String, String) {
    let run = kit::run(hsb(work, source).arg("pulled.raw"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    (kit::sha256(&work.join("pulled.raw")), run.stderr)
}

fn forget(work: &Work) {
    fs::remove_dir_all(work.join("cache")).ok();
}

#[test]
fn an_image_is_pulled_and_kept() {
    let work = Work::new("registry");
    let want = sample(&work);
    let registry = Registry::start(&work, "");
    registry.push(&work, &[]);
    let name = format!("oci:{}/lib/app", registry.host());
    let (image, said) = build(&work, &format!("'{name}:1'"));
    assert_eq!(image, want);
    let (_, pinned) = said.split_once("; `").unwrap();
    let (pinned, _) = pinned.split_once('`').unwrap();
    assert!(pinned.starts_with(&format!("{name}:1@sha256:")), "{said}");
    for (source, want) in [
        (
            format!("'{name}:2'"),
            "the server answers 404 (not there, or not for all to see)",
        ),
        (format!("'{name}:1@sha256:{}'", "0".repeat(64)), "404"),
        (
            format!("{{from: '{name}:1', platform: linux/s390x}}"),
            "the image is for linux/amd64",
        ),
    ] {
        let message = kit::fail(hsb(&work, &source).arg("x.raw"), 1);
        assert!(
            message.contains(want) && message.contains(&name),
            "{message}"
        );
    }
    // The tag is for the one whose name has none.
    for (a, b) in [
        ("image", &*format!("{name}:1")),
        (&format!("{name}:1"), "image"),
    ] {
        let mut diff = work.hsb(["diff", a, b, "--tag", "t"]);
        kit::succeed(diff.env("HSB_CACHE", work.join("cache")));
    }
    // What has its digest and is here needs no registry.
    drop(registry);
    let (image, said) = build(&work, &format!("'{pinned}'"));
    assert_eq!((image, said), (want.clone(), String::new()));
    let message = kit::fail(hsb(&work, &format!("'{name}:1'")).arg("x.raw"), 1);
    assert!(message.contains("refused"), "{message}");
    // Damage to what was kept is found.
    let digest = pinned.rsplit_once(':').unwrap().1;
    let kept = work.join("cache/blobs/sha256").join(digest);
    fs::write(&kept, "{}").unwrap();
    let message = kit::fail(hsb(&work, &format!("'{pinned}'")).arg("x.raw"), 1);
    assert!(message.contains("refused"), "{message}");
    assert_eq!(
        work.names().iter().filter(|name| *name == "x.raw").count(),
        0
    );
}

/// `user` with the password `secret`.
const HTPASSWD: &str = "user:$2b$04$uLfU0q3RiTmz6DukZe/bfehAIa2qzVLcruNkvMFfPfWDmbFtUWMwS";

#[test]
fn logins() {
    let work = Work::new("logins");
    let want = sample(&work);
    let passwords = work.write("htpasswd", HTPASSWD);
    let auth = format!(
        "auth: {{htpasswd: {{realm: r, path: {}}}}}\n",
        passwords.display()
    );
    let registry = Registry::start(&work, &auth);
    registry.push(&work, &["--dest-creds", "user:secret"]);
    let host = registry.host();
    let source = format!("'oci:{host}/lib/app:1'");
    let message = kit::fail(hsb(&work, &source).arg("x.raw"), 1);
    assert!(
        message.contains(&format!("`docker login {host}`")),
        "{message}"
    );
    fs::create_dir(work.join(".docker")).unwrap();
    let config = |text: String| work.write(".docker/config.json", text);
    // user:wrong, and user:secret
    config(format!(
        r#"{{"auths": {{"{host}": {{"auth": "dXNlcjp3cm9uZw=="}}}}}}"#
    ));
    let message = kit::fail(hsb(&work, &source).arg("x.raw"), 1);
    assert!(
        message.contains("401 (not logged in, or not allowed)"),
        "{message}"
    );
    config(format!(
        r#"{{"auths": {{"{host}": {{"auth": "dXNlcjpzZWNyZXQ="}}}}}}"#
    ));
    assert_eq!(build(&work, &source).0, want);
    forget(&work);
    fs::create_dir(work.join("bin")).unwrap();
    let helper = work.write(
        "bin/docker-credential-test",
        format!(
            "#!/bin/sh\n[ $1 = get ] && [ \"$(cat)\" = {host} ] || exit 1\n\
             echo '{{\"Username\": \"user\", \"Secret\": \"secret\"}}'\n"
        ),
    );
    fs::set_permissions(helper, PermissionsExt::from_mode(0o755)).unwrap();
    config(format!(r#"{{"credHelpers": {{"{host}": "test"}}}}"#));
    let path = format!(
        "{}:{}",
        work.join("bin").display(),
        std::env::var("PATH").unwrap()
    );
    kit::succeed(hsb(&work, &source).env("PATH", path).arg("pulled.raw"));
    assert_eq!(kit::sha256(&work.join("pulled.raw")), want);
}

#[test]
fn registries_of_the_world() {
    let work = Work::new("world");
    let want = sample(&work);
    let registry = Registry::start(&work, "");
    registry.push(&work, &[]);
    let port = registry.port;
    let is_large = |answer: &[u8]| answer.len() > 100_000;

    // Who asks gets a token, and with it all.
    let server = Server::start(move |head, own| {
        if head.starts_with("GET /token?service=a%20b&scope=repository%3Alib%2Fapp%3Apull ") {
            return Reply::json(r#"{"token": "T0KEN"}"#);
        }
        if !head.contains("uthorization: Bearer T0KEN") && !head.contains("uthorization: bearer") {
            return Reply::whole(format!(
                "HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Bearer \
                 realm=\"http://127.0.0.1:{own}/token\",service=\"a b\"\r\n\r\n"
            ));
        }
        Reply::whole(Registry::forward(port, head))
    });
    assert_eq!(
        build(&work, &format!("'oci:{}/lib/app:1'", server.host())).0,
        want
    );
    forget(&work);

    // The connection is cut again and again, each time a little later.
    let cuts = AtomicU32::new(0);
    let server = Server::start(move |head, _| {
        let answer = Registry::forward(port, head);
        match is_large(&answer) {
            true => {
                cuts.fetch_add(1, Ordering::Relaxed);
                Reply::cut(answer, 100_000)
            }
            false => Reply::whole(answer),
        }
    });
    assert_eq!(
        build(&work, &format!("'oci:{}/lib/app:1'", server.host())).0,
        want
    );
    forget(&work);

    // It takes its time.
    let server = Server::start(move |head, _| Reply::slow(Registry::forward(port, head)));
    assert_eq!(
        build(&work, &format!("'oci:{}/lib/app:1'", server.host())).0,
        want
    );
    forget(&work);

    // It is busy when it is asked for something the first time.
    let asked = Mutex::new(HashSet::new());
    let server = Server::start(move |head, _| {
        let what = head.lines().next().unwrap().to_owned();
        match asked.lock().unwrap().insert(what) {
            true => Reply::whole("HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy"),
            false => Reply::whole(Registry::forward(port, head)),
        }
    });
    assert_eq!(
        build(&work, &format!("'oci:{}/lib/app:1'", server.host())).0,
        want
    );
    forget(&work);

    // A blob is not what it should be, or not there; then no image is left.
    let server = Server::start(move |head, _| {
        let answer = Registry::forward(port, head);
        match is_large(&answer) {
            true => Reply::json("{}"),
            false => Reply::whole(answer),
        }
    });
    let message = kit::fail(
        hsb(&work, &format!("'oci:{}/lib/app:1'", server.host())).arg("x.raw"),
        1,
    );
    assert!(
        message.contains("the server has 2 bytes of it, it should have"),
        "{message}"
    );
    let server = Server::start(move |head, _| {
        let mut answer = Registry::forward(port, head);
        if is_large(&answer) {
            *answer.last_mut().unwrap() ^= 1;
        }
        Reply::whole(answer)
    });
    let message = kit::fail(
        hsb(&work, &format!("'oci:{}/lib/app:1'", server.host())).arg("x.raw"),
        1,
    );
    assert!(
        message.contains("it is damaged, or another one"),
        "{message}"
    );
    let server = Server::start(move |head, _| {
        let answer = Registry::forward(port, head);
        match is_large(&answer) {
            true => Reply::whole("HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\ngone"),
            false => Reply::whole(answer),
        }
    });
    let message = kit::fail(
        hsb(&work, &format!("'oci:{}/lib/app:1'", server.host())).arg("x.raw"),
        1,
    );
    assert!(message.contains("the server answers 404"), "{message}");
    assert!(
        message.contains("gone") && message.contains("blob sha256:"),
        "{message}"
    );
    assert!(!work.join("x.raw").exists());
}

#[test]
fn what_a_manifest_says_does_nothing_to_a_terminal() {
    let work = Work::new("manifests");
    let escape = "\\u001b[2J\\u009b\\r";
    for manifest in [
        format!(r#"{{"schemaVersion": 2, "mediaType": "x{escape}y"}}"#),
        format!(r#"{{"schemaVersion": 1, "name": "{escape}"}}"#),
        format!(
            r#"{{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                "manifests": [{{"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 9,
                "digest": "sha256:{}", "platform": {{"os": "{escape}", "architecture": "z{escape}"}}}}]}}"#,
            "0".repeat(64)
        ),
        format!(
            r#"{{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "layers": [], "config": {{"mediaType": "z{escape}", "size": 9, "digest": "q{escape}"}}}}"#
        ),
        "no JSON \u{1b}[2J\u{9b}\r".to_owned(),
    ] {
        let server = Server::start(move |_, _| Reply::json(&manifest));
        let source = format!("'oci:{}/lib/app:1'", server.host());
        let message = kit::fail(hsb(&work, &source).arg("x.raw"), 1);
        let harmless = |c: char| c == '\n' || !c.is_control();
        assert!(message.chars().all(harmless), "{message:?}");
    }
    // The same in the answer that says no.
    let server = Server::start(|_, _| {
        Reply::whole("HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\ngo\x1b[2Jne")
    });
    let source = format!("'oci:{}/lib/app:1'", server.host());
    let message = kit::fail(hsb(&work, &source).arg("x.raw"), 1);
    assert!(
        message.contains("404") && !message.contains('\x1b'),
        "{message:?}"
    );
}
