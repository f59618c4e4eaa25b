//! What lets us into a registry (Docker "Token Authentication Specification" and "OAuth2 Token
//! Authentication").

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::io::Read as _;

use super::super::reference::Reference;
use super::challenge::Challenge;
use super::client::{Client, refused};
use super::login::{self, Login};

/// The longest answer with a token, in bytes.
const LONGEST: u64 = 1 << 20;

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// Returns the `Authorization` that answers one of the challenges of a registry; nothing when we
/// are not logged in where one has to be.
///
/// # Errors
///
/// Fails when a login cannot be read, and when the server that gives tokens gives none.
pub(super) fn answer(
    challenges: &[String],
    reference: &Reference,
    client: &Client<'_>,
) -> Result<Option<String>> {
    let login = login::find(reference.host(), reference.repository())?;
    let challenges: Vec<_> = challenges.iter().flat_map(|c| Challenge::all(c)).collect();
    if let Some(bearer) = challenges.iter().find(|c| c.scheme == "bearer") {
        return token(bearer, login.as_ref(), reference, client).map(Some);
    }
    let schemes = challenges.iter().map(|challenge| &*challenge.scheme);
    let schemes = schemes.collect::<Vec<_>>().join(", ");
    ensure!(
        challenges
            .iter()
            .any(|challenge| challenge.scheme == "basic"),
        "in a way that is not known here: `{schemes}`"
    );
    Ok(match login {
        Some(Login::Password { user, password }) => Some(basic(&user, &password)),
        Some(Login::Token(_)) | None => None,
    })
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn token(
    bearer: &Challenge,
    login: Option<&Login>,
    reference: &Reference,
    client: &Client<'_>,
) -> Result<String> {
    let realm = bearer.get("realm").context("without saying where")?;
    ensure!(
        realm.starts_with("https://") || reference.url("").starts_with("http://"),
        "and gives tokens at {realm}, where others could read the login: it is not https"
    );
    let service = bearer.get("service").unwrap_or_default();
    let scope = reference.scope();
    let response = match login {
        Some(Login::Token(refresh)) => client.post(
            realm,
            &[
                ("grant_type", "refresh_token"),
                ("service", service),
                ("client_id", "hsb"),
                ("scope", &scope),
                ("refresh_token", refresh),
            ],
        )?,
        login => {
            let sign = if realm.contains('?') { '&' } else { '?' };
            let (service, scope) = (encoded(service), encoded(&scope));
            let url = format!("{realm}{sign}service={service}&scope={scope}");
            let authorization = match login {
                Some(Login::Password { user, password }) => Some(basic(user, password)),
                _ => None,
            };
            let headers = authorization
                .as_deref()
                .map(|basic| ("Authorization", basic));
            client.ask(&url, headers.as_slice())?
        }
    };
    if response.status().as_u16() != 200 {
        return Err(refused(realm, response));
    }
    let mut text = Vec::new();
    let mut body = response.into_body().into_reader().take(LONGEST);
    body.read_to_end(&mut text)
        .with_context(|| realm.to_owned())?;
    let token: Token = serde_json::from_slice(&text).with_context(|| realm.to_owned())?;
    let token = token.token.or(token.access_token);
    let token = token.with_context(|| format!("{realm}: an answer without a token"))?;
    Ok(format!("Bearer {token}"))
}

/// Returns a text as a part of a URL's query.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte.into());
            }
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_query_may_have() {
        assert_eq!(encoded("repository:a/b:pull"), "repository%3Aa%2Fb%3Apull");
    }
}
