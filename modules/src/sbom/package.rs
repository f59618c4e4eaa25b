//! One package, and its package URL: <https://github.com/package-url/purl-spec>.

/// What is known of a package. Packages are in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Package {
    pub(super) name: String,
    /// Empty if the database has none.
    pub(super) version: String,
    pub(super) purl: String,
    /// Who makes it; empty if unknown.
    pub(super) supplier: String,
    /// What the database says of its licence; empty if nothing.
    pub(super) license: String,
}

/// Returns a package URL.
pub(super) fn purl(
    kind: &str,
    system: &str,
    release: &str,
    [name, version, architecture]: [&str; 3],
) -> String {
    let mut url = format!("pkg:{kind}/{}/{}", escape(system), escape(name));
    if !version.is_empty() {
        url += &format!("@{}", escape(version));
    }
    add(&mut url, "arch", architecture);
    if !release.is_empty() {
        let distribution = format!("{system}-{release}");
        add(&mut url, "distro", &distribution);
    }
    url
}

/// Adds a qualifier to a package URL, unless it is empty. `upstream` is what scanners look for: the
/// source package, whose faults lists of distributions are about.
pub(super) fn add(url: &mut String, key: &str, value: &str) {
    if !value.is_empty() {
        let sign = if url.contains('?') { '&' } else { '?' };
        *url += &format!("{sign}{key}={}", escape(value));
    }
}

/// Writes `%2B` for `+` and so on; a colon stands for itself.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' | b':' => {
                out.push(char::from(byte));
            }
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}
