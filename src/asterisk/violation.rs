//! A violation by a server.

use core::fmt;
use std::time::Duration;

use super::{Consequence, Rule};

/// A violation of a rule by a server: its time, its place, and Asterisk's reaction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Violation {
    /// The violated rule.
    pub rule: Rule,
    /// The consequence of the violation.
    pub consequence: Consequence,
    /// The time from the start of the call to the detection.
    pub at: Duration,
    /// The position in the server's stream, in bytes.
    ///
    /// This is the start of the frame, or the number of bytes received if no frame was at fault.
    pub offset: u64,
    excerpt: Excerpt,
}

impl Violation {
    pub(super) const fn new(
        rule: Rule,
        consequence: Consequence,
        at: Duration,
        offset: u64,
        excerpt: Excerpt,
    ) -> Violation {
        Violation {
            rule,
            consequence,
            at,
            offset,
            excerpt,
        }
    }

    /// Returns the first bytes of the frame, at most eight.
    ///
    /// These are the header and part of the payload. Returns no bytes if no frame was at fault.
    pub fn bytes(&self) -> &[u8] {
        self.excerpt.bytes()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation {
            rule,
            consequence,
            at,
            offset,
            ..
        } = self;
        let seconds = at.as_secs_f64();
        let fault = rule.fault();
        write!(f, "{rule} at {seconds:.3} s, byte {offset}")?;
        if !self.bytes().is_empty() {
            f.write_str(" (")?;
            for (place, byte) in self.bytes().iter().enumerate() {
                write!(f, "{}{byte:02x}", if place > 0 { " " } else { "" })?;
            }
            f.write_str(")")?;
        }
        write!(f, ": {fault}; Asterisk {consequence}")
    }
}

/// The first bytes of a frame, at most eight.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Excerpt {
    bytes: [u8; 8],
    len: usize,
}

impl Excerpt {
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Appends bytes until the excerpt is full.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        for (place, byte) in room.iter_mut().zip(bytes) {
            *place = *byte;
            self.len = self.len.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn violation_text_reads_well() {
        let mut excerpt = Excerpt::default();
        for piece in [&[0x10][..], &[0x00, 0x01], &[9; 100]] {
            excerpt.extend(piece);
        }
        let at = Duration::from_millis(1204);
        let mut violation = Violation::new(
            Rule::OddLength,
            Consequence::RecordsNoise,
            at,
            3230,
            excerpt,
        );
        assert_eq!(
            violation.to_string(),
            "odd-length at 1.204 s, byte 3230 (10 00 01 09 09 09 09 09): audio with half a sample; Asterisk records noise from there on"
        );
        violation = Violation::new(
            Rule::Idle,
            Consequence::HangsUp,
            at,
            323,
            Excerpt::default(),
        );
        assert_eq!(
            violation.to_string(),
            "idle at 1.204 s, byte 323: 2 s without traffic in either direction; Asterisk hangs up the caller"
        );
    }
}
