//! Points in time as people write them, in UTC (RFC 3339), whatever year it is.

use fsgen::Timestamp;

const DAY: i64 = 86_400;

/// Returns `2024-02-29T12:00:00`, as `ls --time-style=+%FT%T` has it.
pub(crate) fn seconds(time: Timestamp) -> String {
    let (year, month, day) = date(time.secs.div_euclid(DAY));
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

/// Returns year, month and day of a day that is counted from 1970-01-01 on.
fn date(days: i64) -> (i64, i64, i64) {
    // Years start in March here, so that the leap day is the last of its year; 400 of them have
    // 146,097 days. From March on, months have 31, 30, 31, 30, 31 days, again and again.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month < 3), month, day)
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
