//! Lists of signatures as the firmware EDK2 reads them (UEFI 2.7, section 31.4.1).

use super::Stop;
use super::store::Found;

/// `EFI_CERT_X509_GUID`, and that by which p11-kit names itself.
const X509: [u8; 16] = guid(0xa5c0_59a1, 0x94e4, 0x4aa7, 0x87b5_ab15_5c2b_f072);
const OWNER: [u8; 16] = guid(0xdcdd_3b50, 0xf405, 0x43fd, 0x96be_bd33_b173_4776);

/// The lengths of a list's head, and of what is before a certificate.
const HEAD: usize = 28;
const BEFORE: usize = 16;

const fn guid(a: u32, b: u16, c: u16, d: u64) -> [u8; 16] {
    let (a, b, c, d) = (
        a.to_le_bytes(),
        b.to_le_bytes(),
        c.to_le_bytes(),
        d.to_be_bytes(),
    );
    [
        a[0], a[1], a[2], a[3], b[0], b[1], c[0], c[1], d[0], d[1], d[2], d[3], d[4], d[5], d[6],
        d[7],
    ]
}

/// Returns a list for each certificate.
pub(super) fn list(all: &[Found<'_>]) -> Result<Vec<u8>, Stop> {
    let mut out = Vec::new();
    for found in all {
        let der = &found.certificate.der;
        let size = |more: usize| {
            let size = der.len().checked_add(more);
            let size = size.and_then(|size| u32::try_from(size).ok());
            size.ok_or_else(|| format!("a certificate of {} bytes is too long", der.len()))
        };
        out.extend(X509);
        out.extend(size(HEAD + BEFORE)?.to_le_bytes());
        out.extend(0_u32.to_le_bytes());
        out.extend(size(BEFORE)?.to_le_bytes());
        out.extend(OWNER);
        out.extend_from_slice(der);
    }
    Ok(out)
}
