//! Points in time as people write them, in UTC (RFC 3339), whatever year it is.

use fsgen::Timestamp;

const DAY: i64 = 86_400;

/// Returns `2024-02-29T12:00:00`, as `ls --time-style=+%FT%T` has it.
pub(crate) fn seconds(time: Timestamp) -> String {
    let (year, month, day) = time.date();
    let second = time.secs.rem_euclid(DAY);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}",
        second % 60
    )
}

/// Returns `2024-02-29T12:00:00.5Z`, with as many digits as it takes.
pub(crate) fn exact(time: Timestamp) -> String {
    let text = seconds(time);
    if time.nanos == 0 {
        return text + "Z";
    }
    let nanos = format!("{:09}", time.nanos);
    format!("{text}.{}Z", nanos.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_date_prints_them() {
        // As `date -u -d @SECS +%FT%T` has them.
        for (secs, nanos, want) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (-1, 999_999_999, "1969-12-31T23:59:59.999999999Z"),
            (951_825_600, 500_000_000, "2000-02-29T12:00:00.5Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00Z"),
            (-2_147_483_648, 0, "1901-12-13T20:45:52Z"),
            (253_402_300_800, 0, "10000-01-01T00:00:00Z"),
        ] {
            assert_eq!(exact(Timestamp { secs, nanos }), want);
        }
        // Nothing overflows.
        seconds(Timestamp::from_secs(i64::MIN));
        seconds(Timestamp::from_secs(i64::MAX));
    }
}
