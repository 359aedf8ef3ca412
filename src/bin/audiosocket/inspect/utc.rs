//! Date and time of day.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Time displayed as `2026-11-22 19:40:12 UTC`.
#[derive(Clone, Copy, Debug)]
pub struct Utc(pub SystemTime);

const DAYS_OF_400_YEARS: u64 = 146_097;

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since_1970 = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = since_1970.as_secs();
        let (day, second) = (seconds / 86_400, seconds % 86_400);
        // Years start on the first of March of the year 0, 719,468 days before 1970. So a leap day is the last day of its year.
        let day = day + 719_468;
        let (cycle, day) = (day / DAYS_OF_400_YEARS, day % DAYS_OF_400_YEARS);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        // March to July, and again from August, have 31, 30, 31, 30 and 31 days: 153 in five months.
        let month = (5 * day + 2) / 153;
        let day_of_month = day - (153 * month + 2) / 5 + 1;
        let (year, month) = match month {
            0..=9 => (year, month + 3),
            _ => (year + 1, month - 9),
        };
        write!(
            f,
            "{}-{month:02}-{day_of_month:02} {:02}:{:02}:{:02} UTC",
            cycle * 400 + year,
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shown(seconds: u64) -> String {
        Utc(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
    }

    // Expected values are from `date -u -d @N`.
    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59:59 UTC"),
            (1_735_689_599, "2024-12-31 23:59:59 UTC"),
            (1_795_376_412, "2026-11-22 19:40:12 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(shown(seconds), expected);
        }
        assert!(
            Utc(SystemTime::UNIX_EPOCH - Duration::from_secs(9))
                .to_string()
                .starts_with("1970-01-01 00")
        );
    }
}
