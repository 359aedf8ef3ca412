//! Places in a stream at which frames start.

use audiosocket::wire::{Frame, Header, Kind, Parsed};

/// Follows the headers of a stream, to know where the current frame ends.
#[derive(Debug, Default)]
pub struct Boundary {
    /// Bytes of an incomplete header.
    header: Vec<u8>,
    /// Bytes that the current frame still needs.
    rest: usize,
}

/// Number of frames that have to follow one another, so that their start is believed.
const CHAIN: usize = 3;

/// Payload of an error frame that is believed after missing bytes. Error codes have a byte or a few.
const MAX_ERROR: usize = 8;

impl Boundary {
    /// Passes bytes of the stream.
    pub fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (payload, after) = bytes.split_at(self.rest.min(bytes.len()));
            self.rest -= payload.len();
            bytes = after;
            let [byte, after @ ..] = bytes else {
                return;
            };
            self.header.push(*byte);
            bytes = after;
            if let [_, high, low] = self.header[..] {
                self.rest = usize::from(u16::from_be_bytes([high, low]));
                self.header.clear();
            }
        }
    }

    /// Returns the number of bytes up to the end of the current frame, if its header is known.
    pub fn rest(&self) -> Option<usize> {
        (self.rest > 0).then_some(self.rest)
    }
}

/// Returns the first place in the bytes at which a frame probably starts. `likely` are places to try first: a server usually
/// sends each frame in a segment of its own.
pub fn find_start(bytes: &[u8], likely: &[usize]) -> Option<usize> {
    let starts_chain = |place: &usize| bytes.get(*place..).is_some_and(is_chain);
    let likely = likely.iter().copied().find(starts_chain);
    // The last zeros of silence look like a hangup.
    let mut places = (0..bytes.len()).filter(|place| bytes[*place] != Kind::HANGUP.byte());
    likely.or_else(|| places.find(starts_chain))
}

/// Returns whether the bytes start with frames that follow one another, or with fewer of them up to the end.
fn is_chain(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    for count in 0..CHAIN {
        match Frame::parse(rest) {
            Parsed::Complete { frame, rest: after } => {
                let is_last = after.is_empty();
                if !is_plausible(frame.header(), is_last) {
                    return false;
                }
                if is_last {
                    return true;
                }
                rest = after;
            }
            // An incomplete frame at the end follows complete ones.
            Parsed::Incomplete { .. } => return count > 0,
        }
    }
    true
}

/// Returns whether a header may follow missing bytes. Silence is full of headers of hangup frames, so a hangup is believed only
/// as the last frame.
fn is_plausible(header: Header, is_last: bool) -> bool {
    let len = header.payload_len();
    match header.kind() {
        Kind::HANGUP => len == 0 && is_last,
        Kind::UUID => len == 16,
        Kind::DTMF_START_STOP => len == 6,
        Kind::DTMF_DIGIT => len == 1,
        Kind::ERROR => (1..=MAX_ERROR).contains(&len),
        kind => kind.sample_rate().is_some() && len > 0 && len % 2 == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audio(len: u16, byte: u8) -> Vec<u8> {
        let mut frame = vec![0x10];
        frame.extend(len.to_be_bytes());
        frame.extend(vec![byte; len.into()]);
        frame
    }

    #[test]
    fn end_of_frame_is_known_after_its_header() {
        let mut boundary = Boundary::default();
        let mut rests = Vec::new();
        for byte in [3, 0, 1, b'5', 0x10, 0, 4, 1, 2, 3, 4, 0, 0, 0] {
            boundary.pass(&[byte]);
            rests.push(boundary.rest().unwrap_or(0));
        }
        assert_eq!(rests, [0, 0, 1, 0, 0, 0, 4, 3, 2, 1, 0, 0, 0, 0]);
        let mut whole = Boundary::default();
        whole.pass(&audio(320, 1)[..100]);
        assert_eq!(whole.rest(), Some(223));
    }

    #[test]
    fn zeros_are_not_a_row_of_hangups() {
        let mut stream = vec![0; 100];
        stream.extend(audio(320, 0).repeat(4));
        assert_eq!(find_start(&stream, &[]), Some(100));
        assert_eq!(
            find_start(&stream, &[423]),
            Some(423),
            "likely places first"
        );
        assert_eq!(find_start(&[0; 320], &[0]), None);
        assert_eq!(find_start(&[0; 320], &[0, 317]), Some(317));
        assert_eq!(find_start(&[7, 7, 3, 0, 1, b'5', 0, 0, 0], &[]), Some(2));
    }
}
