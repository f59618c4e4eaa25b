//! Asking a server, and going on where an answer was cut.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Error, Result, anyhow, ensure};
use modules::shown_address as shown;
use ureq::http::Response;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

use super::failed;
use super::patience::{Later, Patience};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(30);
/// How long to wait for the next bytes; a slow server is no broken one.
const SILENCE: Duration = Duration::from_secs(60);
/// What a server answers that has nothing from the byte on that was asked for: then what was
/// fetched before is of another file.
pub(super) const NOTHING_THERE: u16 = 416;
/// How much is written at once.
const CHUNK: usize = 256 << 10;

/// Who asks.
pub(super) struct Client<'p> {
    agent: Agent,
    /// Told how many bytes have come, of all downloads.
    progress: &'p dyn Fn(u64),
    received: AtomicU64,
}

/// The body of an answer, from a byte of the whole on.
pub(super) struct Answer<'c> {
    body: Box<dyn Read>,
    /// Where in the whole it starts.
    pub(super) at: u64,
    /// How long the whole is, where the server says so.
    pub(super) len: Option<u64>,
    /// What tells this version of the file from others: an entity tag, or when it was changed.
    pub(super) version: Option<String>,
    client: &'c Client<'c>,
}

impl Read for Answer<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.body.read(buf)?;
        let received = &self.client.received;
        let before = received.fetch_add(len as u64, Ordering::Relaxed);
        (self.client.progress)(before + len as u64);
        Ok(len)
    }
}

impl<'p> Client<'p> {
    /// Returns a client that trusts the authorities of Mozilla, or those in the file that
    /// `SSL_CERT_FILE` names.
    ///
    /// # Errors
    ///
    /// Fails when that file holds no certificates.
    pub(super) fn new(progress: &'p dyn Fn(u64)) -> Result<Self> {
        let mut tls = TlsConfig::builder();
        if let Some(file) = std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty()) {
            let shown = file.display().to_string();
            let read = || -> Result<Vec<Certificate<'static>>> {
                let pem = std::fs::read(&file)?;
                let items = parse_pem(&pem).filter_map(|item| match item {
                    Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
                    Ok(_) => None,
                    Err(error) => Some(Err(error.into())),
                });
                items.collect()
            };
            let certificates = read().with_context(|| format!("SSL_CERT_FILE {shown}"))?;
            ensure!(
                !certificates.is_empty(),
                "SSL_CERT_FILE {shown}: holds no certificate"
            );
            tls = tls.root_certs(RootCerts::Specific(Arc::new(certificates)));
        }
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            // A server may close a kept connection at any moment, and then the next request fails.
            .max_idle_connections(0)
            .user_agent(concat!("hsb/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build()
            .new_agent();
        Ok(Self {
            agent,
            progress,
            received: AtomicU64::new(0),
        })
    }

    /// Sends a GET, and returns whatever the answer is.
    ///
    /// # Errors
    ///
    /// Fails when there is none.
    pub(super) fn ask(&self, url: &str, headers: &[(&str, &str)]) -> io::Result<Response<Body>> {
        let request = self.agent.get(url).config();
        let mut request = request.https_only(is_https(url)).build();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.call().map_err(|error| failed(url, &error))
    }

    /// Sends a form, and returns whatever the answer is.
    ///
    /// # Errors
    ///
    /// Fails when there is none.
    pub(super) fn post(&self, url: &str, form: &[(&str, &str)]) -> io::Result<Response<Body>> {
        let request = self.agent.post(url).config();
        let request = request.https_only(is_https(url)).build();
        let sent = request.send_form(form.iter().copied());
        sent.map_err(|error| failed(url, &error))
    }

    /// Asks for a file, from a byte on if the server can do that.
    ///
    /// # Errors
    ///
    /// Fails when it does not give the file.
    pub(super) fn get(&self, url: &str, headers: &[(&str, &str)], at: u64) -> Result<Answer<'_>> {
        let range = format!("bytes={at}-");
        let mut asked = headers.to_vec();
        if at > 0 {
            asked.push(("Range", &range));
        }
        let response = self.ask(url, &asked)?;
        if at > 0 && response.status().as_u16() == NOTHING_THERE {
            return self.get(url, headers, 0);
        }
        self.answer(url, at, response)
    }

    /// Takes an answer for the file that was asked for.
    ///
    /// # Errors
    ///
    /// Fails when it is none.
    pub(super) fn answer(
        &self,
        url: &str,
        at: u64,
        response: Response<Body>,
    ) -> Result<Answer<'_>> {
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        // A weak tag does not say that all bytes are the same (RFC 9110, 13.1.5).
        let tag = header("ETag").filter(|tag| !tag.starts_with("W/"));
        let version = tag.or_else(|| header("Last-Modified")).map(str::to_owned);
        let (at, len) = match response.status().as_u16() {
            200 => {
                let len = header("Content-Length").and_then(|len| len.parse().ok());
                (0, len)
            }
            206 => {
                // `bytes 5-9/10`
                let range = header("Content-Range").and_then(|range| {
                    let (range, len) = range.strip_prefix("bytes ")?.split_once('/')?;
                    Some((
                        range.split_once('-')?.0.parse::<u64>().ok()?,
                        len.parse().ok(),
                    ))
                });
                let (start, len) = range.unwrap_or((at, None));
                ensure!(
                    start <= at,
                    "{}: asked for byte {at}, got byte {start} on",
                    shown(url)
                );
                (start, len)
            }
            _ => return Err(refused(&shown(url), response)),
        };
        Ok(Answer {
            body: Box::new(response.into_body().into_reader()),
            at,
            len,
            version,
            client: self,
        })
    }
}

/// Returns why a server does not give what it was asked for, and whether it might later.
pub(super) fn refused(url: &str, response: Response<Body>) -> Error {
    /// As much of what it says as fits a line.
    const LONGEST: usize = 200;
    let (head, body) = response.into_parts();
    let status = head.status.as_u16();
    let mut said = String::new();
    let body = body.into_reader();
    // What it says need not be text, and need not come.
    drop(body.take(4096).read_to_string(&mut said));
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let said: String = said
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect();
    let what = match status {
        401 => " (not logged in, or not allowed)",
        403 => " (not allowed)",
        404 => " (not there, or not for all to see)",
        429 => " (too many requests; log in, or wait)",
        _ => "",
    };
    let said = match said.is_empty() || said.starts_with('<') {
        true => format!("{url}: the server answers {status}{what}"),
        false => format!("{url}: the server answers {status}{what}: {said}"),
    };
    // It may name addresses as well.
    let said = shown(&said);
    match Later::of(&head, &said) {
        Some(later) => later.into(),
        None => Error::msg(said),
    }
}

/// Returns whether nobody on the way can read or change what is fetched: then no redirection may
/// lead to where somebody can.
fn is_https(url: &str) -> bool {
    url.starts_with("https://")
}

/// How a file is asked for, from a byte on.
pub(super) type Ask<'a> = dyn Fn(u64) -> Result<Answer<'a>> + 'a;

/// Fetches a file, or the rest of it; a download that is cut goes on where it was.
///
/// `len` is how long it has to be, where that is known.
///
/// # Errors
///
/// Fails when it cannot be had, or not in whole.
pub(super) fn download(file: &mut File, len: Option<u64>, ask: &Ask<'_>) -> Result<()> {
    let mut have = file.seek(SeekFrom::End(0))?;
    let mut patience = Patience::default();
    let mut most = have;
    loop {
        if len.is_some_and(|len| have >= len) {
            return Ok(());
        }
        match part(file, &mut have, len, ask) {
            Ok(()) => return Ok(()),
            Err(error) => {
                // A server that starts again each time has to get further than before.
                if have > most {
                    patience = Patience::with_known();
                    most = have;
                }
                patience.wait(error).map_err(|error| match have {
                    0 => error,
                    _ => error.context(format!("after {have} bytes")),
                })?;
            }
        }
    }
}

fn part(file: &mut File, have: &mut u64, len: Option<u64>, ask: &Ask<'_>) -> Result<()> {
    let mut answer = ask(*have)?;
    if let (Some(len), Some(said)) = (len, answer.len) {
        ensure!(
            len == said,
            "the server has {said} bytes of it, it should have {len}"
        );
    }
    *have = answer.at;
    file.set_len(*have)?;
    file.seek(SeekFrom::Start(*have))?;
    let len = len.or(answer.len);
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = answer.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        let end = *have + read as u64;
        if let Some(len) = len {
            ensure!(end <= len, "more than the {len} bytes that it should have");
        }
        // No error of input: to ask again would not help.
        file.write_all(&chunk[..read]).map_err(|error| {
            anyhow!(
                "what is fetched cannot be written: {error}; HSB_CACHE, or --tmp for what has no \
                 digest, takes another folder"
            )
        })?;
        *have = end;
    }
    if let Some(len) = len.filter(|len| *have < *len) {
        let message = format!("it ends after {have} of {len} bytes");
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message).into());
    }
    Ok(())
}
