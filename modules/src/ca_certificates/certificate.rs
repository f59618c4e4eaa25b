//! Certificates of X.509 as PEM (RFC 7468).

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::content::Content;
use super::der::Elements;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The label of a certificate behind which OpenSSL says what it is trusted for.
const TRUSTED: &str = "TRUSTED CERTIFICATE";

/// Those that OpenSSL knows, of which others know the first.
const LABELS: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", TRUSTED];

/// The longest lines of PEM, in signs (RFC 7468, section 2).
const LINE: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    der: Vec<u8>,
    pub(super) content: Content,
}

impl Certificate {
    /// Reads a text that holds one certificate.
    pub(super) fn only(text: &[u8]) -> Result<Self, String> {
        only(Self::all(text))
    }

    /// Reads a text that holds one certificate under any label that OpenSSL knows.
    pub(super) fn of_openssl(text: &[u8]) -> Result<Self, String> {
        // It knows a label at the start of a line only.
        let text = [b"\n", text].concat();
        only(labelled(&text, "\n-----BEGIN ", &LABELS))
    }

    /// Reads all certificates of a text; what is between them is passed over.
    pub(super) fn all(text: &[u8]) -> Vec<Result<Self, String>> {
        labelled(text, "-----BEGIN ", &LABELS[..1])
    }

    /// Returns where a text has this certificate, with the comment above it.
    pub(super) fn places(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        // Where the line above is, if a comment, and where a certificate starts.
        let (mut comment, mut begin, mut at) = (None, None, 0);
        for line in text.split_inclusive(|b| *b == b'\n') {
            let body = line.trim_ascii();
            let end = at + line.len();
            if body == BEGIN.as_bytes() {
                begin = Some((comment.unwrap_or(at), at));
            } else if body == END.as_bytes()
                && let Some((top, start)) = begin.take()
                && Self::only(&text[start..end]).is_ok_and(|found| found == *self)
            {
                places.push(top..end);
            }
            comment = body.starts_with(b"#").then_some(at);
            at = end;
        }
        places
    }

    fn decode(inner: &str, label: &str) -> Result<Self, String> {
        let signs: String = inner.split_whitespace().collect();
        let mut der = STANDARD
            .decode(signs)
            .map_err(|error| format!("it is no base64: {error}"))?;
        if label == TRUSTED {
            let mut all = Elements(&der);
            all.any();
            der.truncate(der.len() - all.0.len());
        }
        let content = Content::read(&der).ok_or("what is in it is no certificate of X.509")?;
        Ok(Self { der, content })
    }

    /// Returns it as PEM, with a line end behind.
    pub(super) fn pem(&self) -> String {
        let signs = STANDARD.encode(&self.der);
        let lines = signs.as_bytes().chunks(LINE).map(String::from_utf8_lossy);
        let lines: Vec<_> = lines.collect();
        format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"))
    }
}

fn only(all: Vec<Result<Certificate, String>>) -> Result<Certificate, String> {
    let mut all = all.into_iter();
    match (all.next(), all.len()) {
        (None, _) => Err(format!("there is no line {BEGIN}")),
        (Some(one), 0) => one,
        (Some(_), more) => Err(format!(
            "there are {} certificates: give each a name",
            more + 1
        )),
    }
}

fn labelled(text: &[u8], begin: &str, labels: &[&str]) -> Vec<Result<Certificate, String>> {
    let text = String::from_utf8_lossy(text);
    let parts = text.split(begin).skip(1);
    let parts = parts.filter_map(|part| part.split_once("-----"));
    parts
        .filter(|(label, _)| labels.contains(label))
        .map(|(label, rest)| {
            let end = format!("-----END {label}-----");
            let (inner, _) = rest.split_once(&end).ok_or("it has no end")?;
            Certificate::decode(inner, label)
        })
        .collect()
}
