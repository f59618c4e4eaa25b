//! The options of a command in sudoers(5), such as `CWD=/srv`: what each may be.

/// Returns what tells whether a text is a value of an option; nothing for what is none.
pub(super) fn values(name: &str) -> Option<fn(&str) -> bool> {
    Some(match name {
        "ROLE" | "TYPE" | "APPARMOR_PROFILE" => |_| true,
        "CWD" | "CHROOT" => |value| value.starts_with(['/', '~']) || value == "*",
        "TIMEOUT" => is_time,
        "NOTBEFORE" | "NOTAFTER" => is_moment,
        _ => return None,
    })
}

/// Seconds, or days, hours, minutes and seconds in this order: `1d12h`.
fn is_time(text: &str) -> bool {
    let mut units = "dhms".chars();
    let mut rest = text;
    loop {
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (digits, unit) = rest.split_at(end);
        if digits.parse::<i32>().is_err() {
            return false;
        }
        let mut signs = unit.chars();
        match signs.next() {
            None => return true,
            Some(sign) if units.any(|unit| unit == sign.to_ascii_lowercase()) => {
                rest = signs.as_str();
            }
            Some(_) => return false,
        }
        if rest.is_empty() {
            return true;
        }
    }
}

/// Year, month, day, hour, and perhaps minutes and seconds, with or without a zone.
fn is_moment(text: &str) -> bool {
    let end = text.find(['Z', '+', '-', '.']).unwrap_or(text.len());
    let (digits, zone) = text.split_at(end);
    let is_zone = match zone.as_bytes() {
        b"" | b"Z" => true,
        [b'+' | b'-', rest @ ..] => matches!(rest.len(), 2 | 4) && rest.is_ascii(),
        _ => false,
    };
    matches!(digits.len(), 10 | 12 | 14) && digits.bytes().all(|b| b.is_ascii_digit()) && is_zone
}
