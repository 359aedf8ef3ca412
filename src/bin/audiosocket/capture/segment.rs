//! TCP segment, read from a line of text.

use std::fmt;
use std::time::Duration;

/// TCP segment of a capture. The order of segments is that of their times, whatever the order of the lines.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Segment {
    pub at: Duration,
    /// Number of the connection in the capture.
    pub stream: u64,
    /// Port of the sender.
    pub port: u16,
    pub sequence: u32,
    /// Number of payload bytes that were sent.
    pub len: u32,
    flags: u16,
    /// Captured payload, which is shorter than `len` if the capture has a snap length.
    pub payload: Vec<u8>,
}

/// Error in a line, with the name of the field as tshark has it.
#[derive(Debug)]
pub enum LineError {
    Fields(usize),
    Field { name: &'static str, value: String },
    TooMuchPayload,
}

/// Fields of a line, separated by tabs.
const FIELDS: [&str; 7] = [
    "tcp.stream",
    "frame.time_epoch",
    "tcp.srcport",
    "tcp.seq",
    "tcp.len",
    "tcp.flags",
    "tcp.payload",
];

const FIN: u16 = 0x01;
const SYN: u16 = 0x02;
const RST: u16 = 0x04;
const ACK: u16 = 0x10;

/// Limit of the characters of a wrong value in an error message.
const MAX_SHOWN: usize = 24;

/// Returns whether a file with these first bytes has lines of segments.
///
/// A raw AudioSocket stream never starts with digits, because there are no kinds 0x30 to 0x39.
pub fn is_text_of_segments(start: &[u8]) -> bool {
    let is_header = start.starts_with(b"tcp.");
    let has_number = start.first().is_some_and(u8::is_ascii_digit);
    let is_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'\t';
    is_header || has_number && start.iter().all(is_number)
}

impl Segment {
    /// Parses a line. Returns `None` for a line without a TCP segment: a packet of another protocol, or tshark's header.
    pub fn parse(line: &[u8]) -> Result<Option<Segment>, LineError> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
        let [stream, at, port, sequence, len, flags, payload] = fields[..] else {
            return match line {
                [] => Ok(None),
                _ => Err(LineError::Fields(fields.len())),
            };
        };
        if stream.is_empty() || stream == FIELDS[0].as_bytes() {
            return Ok(None);
        }
        let segment = Segment {
            stream: value(0, stream, number)?,
            at: value(1, at, time)?,
            port: value(2, port, number)?,
            sequence: value(3, sequence, number)?,
            len: value(4, len, number)?,
            flags: value(5, flags, flag_bits)?,
            payload: value(6, payload, bytes)?,
        };
        match segment.payload.len() as u64 > u64::from(segment.len) {
            true => Err(LineError::TooMuchPayload),
            false => Ok(Some(segment)),
        }
    }

    /// Returns whether the sender ends its direction.
    pub const fn is_fin(&self) -> bool {
        self.flags & FIN != 0
    }

    pub const fn is_reset(&self) -> bool {
        self.flags & RST != 0
    }

    /// Returns whether the segment opens the connection, in either direction.
    pub const fn is_syn(&self) -> bool {
        self.flags & SYN != 0
    }

    /// Returns whether the sender opened the connection.
    pub const fn is_connect(&self) -> bool {
        self.flags & (SYN | ACK) == SYN
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineError::Fields(count) => write!(
                f,
                "{count} fields instead of {}; expected {}",
                FIELDS.len(),
                FIELDS.join(", ")
            ),
            LineError::Field { name, value } => {
                write!(f, "invalid value '{value}' of {name}; expected ")?;
                f.write_str(match *name {
                    "frame.time_epoch" => "seconds since 1970",
                    "tcp.flags" | "tcp.payload" => "hexadecimal digits",
                    _ => "a number",
                })
            }
            LineError::TooMuchPayload => f.write_str(
                "tcp.payload has more bytes than tcp.len; expected the order of fields in --help",
            ),
        }
    }
}

fn value<T>(field: usize, bytes: &[u8], parse: impl Fn(&str) -> Option<T>) -> Result<T, LineError> {
    let text = std::str::from_utf8(bytes).ok();
    text.and_then(parse).ok_or_else(|| LineError::Field {
        name: FIELDS[field],
        value: String::from_utf8_lossy(bytes)
            .chars()
            .take(MAX_SHOWN)
            .collect(),
    })
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// Parses a time since 1970: seconds, or the date that tshark 4.6 prints in some formats (`2026-11-22T19:40:12.5Z`).
fn time(text: &str) -> Option<Duration> {
    let (seconds, decimals) = match text.strip_suffix('Z') {
        Some(date) => {
            let (date, decimals) = date.split_once('.').unwrap_or((date, "0"));
            (seconds_of_date(date)?, decimals)
        }
        None => {
            let (seconds, decimals) = text.split_once('.').unwrap_or((text, "0"));
            (number(seconds)?, decimals)
        }
    };
    let nanoseconds: u32 = match decimals.len() {
        1..=9 if decimals.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{decimals:0<9}").parse().ok()?
        }
        _ => return None,
    };
    Some(Duration::new(seconds.into(), nanoseconds))
}

/// Returns the seconds from 1970 to a date such as `2026-11-22T19:40:12`. They fit up to the year 2106.
fn seconds_of_date(text: &str) -> Option<u32> {
    let parts: Vec<u32> = text.split(['-', 'T', ':']).map_while(number).collect();
    let [
        year @ 1970..=2106,
        month @ 1..=12,
        day @ 1..=31,
        hour,
        minute,
        second,
    ] = parts[..]
    else {
        return None;
    };
    // The year starts in March, so that a leap day is its last day. March to July, and again from August, have 31, 30, 31, 30
    // and 31 days: 153 in five months.
    let (year, month) = match month {
        3.. => (year, month - 3),
        _ => (year - 1, month + 9),
    };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    // The first of March of the year 0 is 719,468 days before 1970.
    let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year;
    let days = days.checked_sub(719_468)?;
    let of_day = hour
        .checked_mul(3600)?
        .checked_add(minute.checked_mul(60)?)?;
    days.checked_mul(86_400)?
        .checked_add(of_day)?
        .checked_add(second)
}

fn flag_bits(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("0x")?;
    u16::try_from(u32::from_str_radix(digits, 16).ok()?).ok()
}

/// Parses hexadecimal bytes. Old versions of tshark separate them with colons.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut digits = text.bytes().filter(|byte| *byte != b':');
    let mut bytes = Vec::with_capacity(text.len() / 2);
    while let Some(high) = digits.next() {
        let byte = [high, digits.next()?].map(|digit| char::from(digit).to_digit(16));
        let [Some(high), Some(low)] = byte else {
            return None;
        };
        bytes.push(u8::try_from(high << 4 | low).ok()?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINE: &str = "7\t1795376412.000100000\t40000\t4294967295\t4\t0x0018\t03000135";

    fn parse(line: &str) -> Result<Option<Segment>, String> {
        Segment::parse(line.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn line_has_all_fields() {
        let expected = Segment {
            stream: 7,
            at: Duration::new(1_795_376_412, 100_000),
            port: 40_000,
            sequence: u32::MAX,
            len: 4,
            flags: 0x18,
            payload: vec![3, 0, 1, b'5'],
        };
        for line in [
            String::from(LINE),
            format!("{LINE}\n"),
            format!("{LINE}\r\n"),
            LINE.replace("03000135", "03:00:01:35"),
            LINE.replace("0x0018", "0x00000018"),
            LINE.replace("000100000", "0001"),
            LINE.replace("1795376412", "2026-11-22T19:40:12")
                .replace("00000\t4", "00000Z\t4"),
        ] {
            assert_eq!(parse(&line), Ok(Some(expected.clone())), "{line:?}");
        }
    }

    // Expected values are from `date -u -d DATE +%s`.
    #[test]
    fn dates_are_those_of_the_calendar() {
        for (date, seconds) in [
            ("1970-01-01T00:00:00", Some(0)),
            ("2000-02-29T00:00:00", Some(951_782_400)),
            ("2000-03-01T00:00:01", Some(951_868_801)),
            ("2024-02-28T23:59:59", Some(1_709_164_799)),
            ("2026-11-22T19:40:12", Some(1_795_376_412)),
            ("2100-03-01T00:00:00", Some(4_107_542_400)),
            ("2106-12-31T00:00:00", None),
            ("1969-12-31T23:59:59", None),
            ("2026-13-01T00:00:00", None),
            ("2026-11-22T19:40", None),
            ("2026-11-22T4294967295:40:12", None),
        ] {
            assert_eq!(seconds_of_date(date), seconds, "{date}");
        }
    }

    #[test]
    fn lines_without_segment_are_skipped() {
        for line in ["", "\n", &FIELDS.join("\t"), "\t1795376412.5\t\t\t\t\t\n"] {
            assert_eq!(parse(line), Ok(None), "{line:?}");
        }
    }

    #[test]
    fn wrong_lines_name_the_field() {
        for (line, message) in [
            (
                "7\t1.5",
                "2 fields instead of 7; expected tcp.stream, frame.time_epoch, tcp.srcport, tcp.seq, tcp.len, tcp.flags, tcp.payload",
            ),
            (
                &LINE.replace("40000", "70000"),
                "invalid value '70000' of tcp.srcport; expected a number",
            ),
            (
                &LINE.replace("0x0018", "24"),
                "invalid value '24' of tcp.flags; expected hexadecimal digits",
            ),
            (
                &LINE.replace("412.0", "412.x"),
                "invalid value '1795376412.x00100000' of frame.time_epoch; expected seconds since 1970",
            ),
            (
                &LINE.replace("35", "3"),
                "invalid value '0300013' of tcp.payload; expected hexadecimal digits",
            ),
            (
                &LINE.replace("\t4\t", "\t3\t"),
                "tcp.payload has more bytes than tcp.len; expected the order of fields in --help",
            ),
        ] {
            assert_eq!(parse(line), Err(String::from(message)));
        }
    }

    #[test]
    fn text_capture_is_recognized_by_its_start() {
        for start in [&b"0\t17"[..], b"1234", b"tcp.", b"7\t"] {
            assert!(is_text_of_segments(start));
        }
        for start in [
            &b""[..],
            &[1, 0, 16, 7],
            &[0x89, b'A'],
            b"\t123",
            &[0x31, 0, 2, 7],
        ] {
            assert!(!is_text_of_segments(start));
        }
    }

    proptest! {
        #[test]
        fn line_of_any_bytes_causes_no_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Segment::parse(&line).map_err(|error| error.to_string());
        }

        #[test]
        fn line_like_a_segment_causes_no_panic(fields in prop::collection::vec("[0-9a-fxTZ.:,-]{0,20}", 5..9)) {
            let _ = parse(&fields.join("\t"));
        }
    }
}
