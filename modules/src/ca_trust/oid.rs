//! Object identifiers, as people write them.

/// Returns one in numbers with dots; nothing if a number in it is beyond all that are used.
pub(super) fn dotted(oid: &[u8]) -> Option<String> {
    let mut numbers = Vec::new();
    let mut number = 0_u64;
    for byte in oid {
        number = number.checked_mul(128)? + u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            numbers.push(number);
            number = 0;
        }
    }
    let (first, rest) = numbers.split_first()?;
    let top = (first / 40).min(2);
    let mut text = format!("{top}.{}", first - top * 40);
    for number in rest {
        text += &format!(".{number}");
    }
    Some(text)
}
