//! Names of domains, as resolvers look names up in them.
//!
//! Sources: RFC 1035 section 2.3.4 for lengths, `dns_name_normalize` of systemd for the rest.

/// Checks a domain; a dot at its end is allowed.
///
/// # Errors
///
/// Fails with the reason why there is no such domain.
pub(crate) fn check(domain: &str) -> Result<(), &'static str> {
    let labels = domain.strip_suffix('.').unwrap_or(domain);
    if !domain.is_ascii() {
        // systemd takes the letters, but then asks for them, not for what servers know.
        return Err("letters beyond ASCII have a form that starts with xn--");
    }
    let is_sign = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if !labels.chars().all(is_sign) {
        return Err("letters, digits, `.`, `_` and `-` are in one");
    }
    if labels.split('.').any(str::is_empty) {
        return Err("a part of it is empty");
    }
    if labels.len() > 253 || labels.split('.').any(|label| label.len() > 63) {
        return Err("it has at most 253 letters, and 63 in a part");
    }
    if labels == "localhost" || labels.ends_with(".localhost") {
        return Err("localhost is the machine itself");
    }
    Ok(())
}
