//! Reassembly of one direction of a TCP connection.

use std::collections::BTreeMap;
use std::time::Duration;

use super::boundary::{Boundary, find_start};
use super::segment::Segment;

/// Bytes of one direction of a connection, in the order of their sequence numbers.
#[derive(Debug, Default)]
pub struct Reassembly {
    /// Pieces in the order of the stream. Their times never decrease.
    pub pieces: Vec<Piece>,
    /// Whether the capture has the start of the stream.
    pub has_start: bool,
    /// Whether the capture has a segment of the sender, even one without bytes.
    pub has_segments: bool,
    /// Number of segments whose last bytes are not in the capture.
    pub cut_segments: usize,
}

/// Part of a stream, with the time at which the receiver could read it.
#[derive(Debug)]
pub struct Piece {
    /// Time since 1970. A segment that overtook another one waits for it.
    pub at: Duration,
    pub what: Received,
}

#[derive(Debug)]
pub enum Received {
    Bytes(Vec<u8>),
    Lost(Lost),
    /// The sender has ended the stream (FIN).
    Closed,
    /// The sender has reset the connection (RST).
    Reset,
}

/// Bytes of a stream that cannot be read as frames.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lost {
    /// Number of bytes that the capture lacks. `None` means the unknown number before a capture that starts in the middle of a
    /// call.
    pub missing: Option<usize>,
    /// Number of bytes after them, up to the start of a frame.
    pub skipped: usize,
}

/// Bytes of a segment that no earlier segment had, at their position in the stream.
struct Range {
    at: Duration,
    bytes: Vec<u8>,
}

/// First bytes of a UUID frame.
const UUID_HEADER: [u8; 3] = [0x01, 0, 16];

/// Limit of the bytes that are searched for the start of a frame. The longest frame has 65,538.
const MAX_SEARCH: usize = 1 << 18;

impl Reassembly {
    /// Puts the segments of one sender in order. They have to be sorted by time.
    pub fn of(segments: Vec<Segment>) -> Reassembly {
        let mut reassembly = Reassembly::default();
        let mut ranges = BTreeMap::new();
        let mut first = None;
        let mut fin = None;
        let mut reset = None;
        let mut last: Option<(u32, i64)> = None;
        for segment in segments {
            reassembly.has_segments = true;
            if segment.is_reset() {
                // A reset may have any sequence number.
                reset = reset.or(Some(segment.at));
                continue;
            }
            // Sequence numbers wrap around at 2^32. Segments that are close in time are close in the stream.
            let start = match last {
                Some((sequence, place)) => {
                    let distance = segment.sequence.wrapping_sub(sequence) as i32;
                    place.saturating_add(distance.into())
                }
                None => 0,
            };
            last = Some((segment.sequence, start));
            if segment.is_syn() {
                first = Some(start.saturating_add(1));
                continue;
            }
            let end = start.saturating_add(segment.len.into());
            if segment.is_fin() && fin.is_none() {
                fin = Some((end, segment.at));
            }
            if (segment.payload.len() as u64) < u64::from(segment.len) {
                reassembly.cut_segments += 1;
            }
            add_uncovered(&mut ranges, start, segment);
        }
        reassembly.has_start = first.is_some();
        let first = first.or_else(|| ranges.keys().next().copied());
        reassembly.join(ranges, first.unwrap_or_default(), fin);
        if let Some(at) = reset {
            // What was sent before the reset arrived before it.
            let place = reassembly.pieces.partition_point(|piece| piece.at <= at);
            let what = Received::Reset;
            reassembly.pieces.insert(place, Piece { at, what });
        }
        reassembly
    }

    /// Adds the ranges from `first` on, and marks the places between them.
    fn join(&mut self, ranges: BTreeMap<i64, Range>, first: i64, fin: Option<(i64, Duration)>) {
        let mut now = Duration::ZERO;
        let mut next = first;
        for (start, range) in ranges {
            // The range before may have the first bytes. Bytes before the start are those of a keep-alive.
            let known = distance(start, next);
            let mut bytes = range.bytes;
            bytes.drain(..known.min(bytes.len()));
            if bytes.is_empty() {
                continue;
            }
            now = now.max(range.at);
            self.add_missing(now, distance(next, start));
            next = start.max(next).saturating_add_unsigned(bytes.len() as u64);
            let what = Received::Bytes(bytes);
            self.pieces.push(Piece { at: now, what });
        }
        if let Some((end, at)) = fin {
            now = now.max(at);
            self.add_missing(now, distance(next, end));
            let what = Received::Closed;
            self.pieces.push(Piece { at: now, what });
        }
    }

    fn add_missing(&mut self, at: Duration, missing: usize) {
        if missing > 0 {
            let missing = Some(missing);
            let what = Received::Lost(Lost {
                missing,
                skipped: 0,
            });
            self.pieces.push(Piece { at, what });
        }
    }

    /// Returns whether the stream starts with a UUID frame.
    pub fn sends_uuid(&self) -> bool {
        match self.pieces.first() {
            Some(Piece {
                what: Received::Bytes(first),
                ..
            }) => first.starts_with(&UUID_HEADER),
            _ => false,
        }
    }

    /// Returns whether the capture has a byte of the stream.
    pub fn has_bytes(&self) -> bool {
        let is_bytes = |piece: &Piece| matches!(piece.what, Received::Bytes(_));
        self.pieces.iter().any(is_bytes)
    }

    /// Marks the start as lost, for a capture that starts in the middle of a call.
    pub fn lose_start(&mut self) {
        if let Some(Piece { at, .. }) = self.pieces.first() {
            let what = Received::Lost(Lost {
                missing: None,
                skipped: 0,
            });
            self.pieces.insert(0, Piece { at: *at, what });
        }
    }

    /// Skips the bytes after each loss up to the next start of a frame.
    pub fn skip_to_frames(&mut self) {
        let mut boundary = Boundary::default();
        let mut place = 0;
        while let Some(piece) = self.pieces.get(place) {
            match &piece.what {
                Received::Bytes(bytes) => boundary.pass(bytes),
                Received::Lost(lost) => {
                    let skipped = match (boundary.rest(), lost.missing) {
                        // The loss ends inside the frame in which it started.
                        (Some(rest), Some(missing)) if missing <= rest => rest - missing,
                        _ => self.bytes_before_frame(place + 1),
                    };
                    let skipped = self.skip(place + 1, skipped);
                    if let Some(Piece {
                        what: Received::Lost(lost),
                        ..
                    }) = self.pieces.get_mut(place)
                    {
                        lost.skipped = skipped;
                    }
                    boundary = Boundary::default();
                }
                Received::Closed | Received::Reset => {}
            }
            place += 1;
        }
        let is_empty =
            |piece: &Piece| matches!(&piece.what, Received::Bytes(bytes) if bytes.is_empty());
        self.pieces.retain(|piece| !is_empty(piece));
    }

    /// Returns how many bytes from a piece on belong to no known frame, up to the next loss at most.
    fn bytes_before_frame(&self, place: usize) -> usize {
        let mut bytes = Vec::new();
        let mut starts = Vec::new();
        let mut len = 0;
        for piece in self.pieces.get(place..).unwrap_or_default() {
            match &piece.what {
                Received::Bytes(more) => {
                    len += more.len();
                    if bytes.len() < MAX_SEARCH {
                        starts.push(bytes.len());
                        bytes.extend(more);
                    }
                }
                Received::Lost(_) => break,
                Received::Closed | Received::Reset => {}
            }
        }
        find_start(&bytes, &starts).unwrap_or(len)
    }

    /// Removes bytes from a piece on, up to the next loss at most. Returns their number.
    fn skip(&mut self, place: usize, count: usize) -> usize {
        let mut left = count;
        for piece in self.pieces.get_mut(place..).unwrap_or_default() {
            match &mut piece.what {
                Received::Bytes(bytes) => {
                    let skipped = left.min(bytes.len());
                    bytes.drain(..skipped);
                    left -= skipped;
                }
                Received::Lost(_) => break,
                Received::Closed | Received::Reset => {}
            }
        }
        count - left
    }
}

/// Adds the bytes of a segment, except those of ranges that start inside it. The end of a range may overlap the next one.
fn add_uncovered(ranges: &mut BTreeMap<i64, Range>, start: i64, segment: Segment) {
    let end = start.saturating_add_unsigned(segment.payload.len() as u64);
    let at = segment.at;
    let mut bytes = segment.payload;
    let mut next = start;
    while !bytes.is_empty() {
        let (until, after) = match ranges.range(next..end).next() {
            Some((place, range)) => (
                *place,
                place.saturating_add_unsigned(range.bytes.len() as u64),
            ),
            None => (end, end),
        };
        let mut known = bytes.split_off(distance(next, until).min(bytes.len()));
        if !bytes.is_empty() {
            ranges.insert(next, Range { at, bytes });
        }
        known.drain(..known.len().min(distance(until, after)));
        bytes = known;
        next = after;
    }
}

/// Returns the number of bytes between two places of a stream.
fn distance(from: i64, to: i64) -> usize {
    usize::try_from(to.saturating_sub(from)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reassembles segments: milliseconds, sequence number, flags and payload.
    fn reassembled(segments: &[(u32, u32, u8, &str)]) -> Reassembly {
        let segments = segments.iter().map(|(ms, sequence, flags, payload)| {
            let hex: String = payload.bytes().map(|byte| format!("{byte:02x}")).collect();
            let len = payload.len();
            let line = format!("0\t7.{ms:03}\t9092\t{sequence}\t{len}\t{flags:#x}\t{hex}");
            Segment::parse(line.as_bytes()).unwrap().unwrap()
        });
        Reassembly::of(segments.collect())
    }

    /// Formats the pieces as `MILLISECONDS CONTENT`.
    fn pieces(reassembly: &Reassembly) -> Vec<String> {
        let pieces = reassembly.pieces.iter().map(|piece| {
            let what = match &piece.what {
                Received::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Received::Lost(lost) => format!("lost {:?}", lost.missing),
                Received::Closed => String::from("closed"),
                Received::Reset => String::from("reset"),
            };
            format!("{} {what}", piece.at.subsec_millis())
        });
        pieces.collect()
    }

    #[test]
    fn segment_that_overtook_waits_for_the_other() {
        let found = reassembled(&[
            (0, 9, 2, ""),
            (1, 12, 16, "cd"),
            (2, 14, 17, ""),
            (5, 10, 16, "ab"),
        ]);
        assert_eq!(pieces(&found), ["5 ab", "5 cd", "5 closed"]);
        assert!(found.has_start);
    }

    #[test]
    fn bytes_sent_again_keep_their_first_time() {
        let found = reassembled(&[
            (0, u32::MAX - 2, 2, ""),
            (1, u32::MAX - 1, 16, "ab"),
            (3, 2, 16, "ef"),
            (4, u32::MAX - 1, 16, "abcdefgh"),
            (6, 1, 16, "de"),
        ]);
        assert_eq!(pieces(&found), ["1 ab", "4 cd", "4 ef", "4 gh"]);
    }

    #[test]
    fn missing_bytes_are_counted_up_to_the_end() {
        let found = reassembled(&[
            (0, 9, 2, ""),
            (1, 13, 16, "de"),
            (2, 20, 17, ""),
            (3, 20, 17, ""),
        ]);
        assert_eq!(
            pieces(&found),
            ["1 lost Some(3)", "1 de", "2 lost Some(5)", "2 closed"]
        );
    }

    #[test]
    fn rest_of_a_damaged_frame_is_skipped() {
        let skipped = |segments: &[(u32, u32, u8, &str)]| {
            let mut reassembly = reassembled(segments);
            reassembly.skip_to_frames();
            let skipped = reassembly.pieces.iter().find_map(|piece| match piece.what {
                Received::Lost(lost) => Some((lost.missing, lost.skipped)),
                _ => None,
            });
            (skipped.unwrap(), pieces(&reassembly).pop().unwrap())
        };
        // The header of the damaged frame is there, so its end is known.
        let known = [
            (0, 9, 2, ""),
            (1, 10, 16, "\x10\0\x04abcd\x10\0\x04e"),
            (2, 22, 16, "gh\x03\0\x01\x35"),
        ];
        assert_eq!(
            skipped(&known),
            ((Some(1), 2), String::from("2 \x03\0\x01\x35"))
        );
        // The header is lost, so the next frame is searched.
        let lost = [
            (0, 9, 2, ""),
            (1, 10, 16, "\x10\0\x04abcd"),
            (2, 20, 16, "efgh"),
            (3, 24, 16, "\x03\0\x01\x35"),
        ];
        assert_eq!(
            skipped(&lost),
            ((Some(3), 4), String::from("3 \x03\0\x01\x35"))
        );
    }

    #[test]
    fn reset_has_any_number_and_keep_alives_no_bytes() {
        let found = reassembled(&[
            (0, 9, 2, ""),
            (1, 9, 16, "x"),
            (2, 10, 16, "ab"),
            (3, 77, 4, ""),
        ]);
        assert_eq!(pieces(&found), ["2 ab", "3 reset"]);
    }
}
