//! Who the user is to a registry, as `docker login` and `podman login` have noted it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// What Docker calls its own registry in these files.
const DOCKER_HUB: &str = "index.docker.io";
/// The user name with which a helper says that it has a token.
const TOKEN: &str = "<token>";

/// What a registry is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// A name and a password.
    Password { user: String, password: String },
    /// A token that another token can be had for.
    Token(String),
}

/// A file of logins.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Config {
    auths: BTreeMap<String, Auth>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: String,
}

/// Returns the login for a repository of a host; nothing when the user has none.
///
/// # Errors
///
/// Fails when a file of logins cannot be read, or a helper that it names not be run.
pub(super) fn find(host: &str, repository: &str) -> Result<Option<Login>> {
    for file in files() {
        let text = match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            text => text.with_context(|| file.display().to_string())?,
        };
        let found = of_file(&text, host, repository).with_context(|| file.display().to_string())?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The files where logins are, those that count first first.
fn files() -> Vec<PathBuf> {
    let var = |name: &str| {
        let value = env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    let below = |folder: Option<PathBuf>, name: &str| Some(folder?.join(name));
    let docker = var("DOCKER_CONFIG").or_else(|| below(var("HOME"), ".docker"));
    [
        var("REGISTRY_AUTH_FILE"),
        below(var("XDG_RUNTIME_DIR"), "containers/auth.json"),
        below(docker, "config.json"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of_file(text: &[u8], host: &str, repository: &str) -> Result<Option<Login>> {
    let config: Config = serde_json::from_slice(text)?;
    let host = match host {
        "docker.io" => DOCKER_HUB,
        host => host,
    };
    if let Some((key, helper)) = of_place(&config.cred_helpers, host, repository) {
        return ask(helper, key);
    }
    let entry = of_place(&config.auths, host, repository);
    if let Some((_, auth)) = entry
        && let Some(login) = auth.login()?
    {
        return Ok(Some(login));
    }
    match &config.creds_store {
        Some(helper) => {
            let default = match host {
                DOCKER_HUB => "https://index.docker.io/v1/",
                host => host,
            };
            ask(helper, entry.map_or(default, |(key, _)| key))
        }
        None => Ok(None),
    }
}

/// Returns what is for a repository, or for the most of its path, or for its host
/// (containers-auth.json(5)).
fn of_place<'c, T>(
    entries: &'c BTreeMap<String, T>,
    host: &str,
    repository: &str,
) -> Option<(&'c str, &'c T)> {
    let mut wanted = format!("{host}/{repository}");
    loop {
        let found = entries.iter().find(|(key, _)| place_of(key) == wanted);
        if let Some((key, entry)) = found {
            return Some((key, entry));
        }
        wanted.truncate(wanted.rfind('/')?);
    }
}

/// Returns the host in a key, which may be a whole address, and the path that follows it.
fn place_of(key: &str) -> String {
    let place = match key.split_once("://") {
        Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
        // Docker has noted versions of the protocol there.
        None => ["/", "/v1", "/v2"]
            .iter()
            .fold(key, |key, end| key.strip_suffix(end).unwrap_or(key)),
    };
    match place.split_once('/') {
        Some(("docker.io", path)) => format!("{DOCKER_HUB}/{path}"),
        None if place == "docker.io" => DOCKER_HUB.to_owned(),
        _ => place.to_owned(),
    }
}

impl Auth {
    fn login(&self) -> Result<Option<Login>> {
        if let Some(token) = self
            .identitytoken
            .as_ref()
            .filter(|token| !token.is_empty())
        {
            return Ok(Some(Login::Token(token.clone())));
        }
        if let (Some(user), Some(password)) = (&self.username, &self.password) {
            let (user, password) = (user.clone(), password.clone());
            return Ok(Some(Login::Password { user, password }));
        }
        let Some(auth) = self.auth.as_ref().filter(|auth| !auth.is_empty()) else {
            return Ok(None);
        };
        let plain = STANDARD.decode(auth).ok();
        let plain = plain.and_then(|plain| String::from_utf8(plain).ok());
        let pair = plain.as_deref().and_then(|plain| plain.split_once(':'));
        // What is wrong with it is not shown: it is a secret.
        let (user, password) = pair.context("an `auth` that is no base64 of USER:PASSWORD")?;
        Ok(Some(Login::Password {
            user: user.to_owned(),
            password: password.trim_end_matches('\0').to_owned(),
        }))
    }
}

/// Asks a credential helper, a program of the user's.
fn ask(helper: &str, key: &str) -> Result<Option<Login>> {
    let program = format!("docker-credential-{helper}");
    let is_name = Path::new(&program).components().count() == 1;
    ensure!(is_name, "`{helper}` is no name of a credential helper");
    let run = || -> io::Result<_> {
        let mut child = Command::new(&program)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // It may know without reading.
            drop(stdin.write_all(key.as_bytes()));
        }
        child.wait_with_output()
    };
    let output = run().with_context(|| format!("{program}, which keeps logins"))?;
    if !output.status.success() {
        // It says so on standard output.
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(
            said.contains("credentials not found"),
            "{program}: {}",
            said.trim().escape_debug()
        );
        return Ok(None);
    }
    let helped: Helped = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{program}: not the JSON that was expected"))?;
    Ok(Some(match &*helped.username {
        TOKEN => Login::Token(helped.secret),
        _ => Login::Password {
            user: helped.username,
            password: helped.secret,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_logins() {
        let password = |user: &str, password: &str| {
            let (user, password) = (user.to_owned(), password.to_owned());
            Some(Login::Password { user, password })
        };
        let text = br#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "bWU6c2U6Y3JldA=="},
            "registry.example:5000": {"auth": "YTpi"},
            "http://old.example/v2/": {"username": "u", "password": "p"},
            "token.example": {"auth": "PHRva2VuPjo=", "identitytoken": "t"},
            "empty.example": {},
            "docker.io/mine": {"username": "mine", "password": "m"},
            "teams.example": {"username": "all", "password": "0"},
            "teams.example/a": {"username": "a", "password": "1"},
            "teams.example/a/b": {"username": "b", "password": "2"},
            "only.example/a": {"username": "a", "password": "3"},
            "index.example/v1/": {"username": "i", "password": "4"}
        }}"#;
        for (host, repository, want) in [
            ("docker.io", "library/debian", password("me", "se:cret")),
            ("docker.io", "mine/x", password("mine", "m")),
            ("registry.example:5000", "x", password("a", "b")),
            ("registry.example", "x", None),
            ("old.example", "v2/x", password("u", "p")),
            ("token.example", "x", Some(Login::Token("t".to_owned()))),
            ("empty.example", "x", None),
            ("teams.example", "a/b/c", password("b", "2")),
            ("teams.example", "a/b", password("b", "2")),
            ("teams.example", "a/bc", password("a", "1")),
            ("teams.example", "b/a", password("all", "0")),
            ("only.example", "b", None),
            ("index.example", "b", password("i", "4")),
        ] {
            let found = of_file(text, host, repository).unwrap();
            assert_eq!(found, want, "{host} {repository}");
        }
        for text in [
            "",
            "7",
            r#"{"auths": {"h": {"auth": "x"}}}"#,
            r#"{"credsStore": "../x"}"#,
        ] {
            assert!(of_file(text.as_bytes(), "h", "x").is_err(), "{text}");
        }
        let missing = br#"{"credHelpers": {"h": "there-is-none"}}"#;
        let message = format!("{:#}", of_file(missing, "h", "x").unwrap_err());
        assert!(
            message.contains("docker-credential-there-is-none"),
            "{message}"
        );
    }
}
