//! The meaning of a frame.

use core::fmt;

use super::{Audio, BufferTooShort, Digit, Dtmf, ErrorCode, Frame, Header, Kind, Uuid};

/// A message: a frame's payload, read as its kind requires.
///
/// Encoding a message and reading it again gives an equal message, except for an [`Unknown`](Message::Unknown) frame of a defined
/// kind (tested with random messages).
///
/// ```
/// use audiosocket::wire::{Digit, Dtmf, Frame, Message, Parsed};
///
/// const BYTES: [u8; 9] = [0x02, 0x00, 0x06, 0x00, b'1', 0x64, 0x00, 0x00, 0x00];
/// let Parsed::Complete { frame, .. } = Frame::parse(&BYTES) else { unreachable!("a whole frame") };
/// let digit = Digit::from_ascii(b'1').ok_or("a digit")?;
/// assert_eq!(frame.message()?, Message::Dtmf(Dtmf::Stop { digit, duration_ms: 100 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Message<'a> {
    /// The call is over (kind 0x00). A payload has no use and is ignored.
    Hangup,
    /// The UUID of the call (kind 0x01).
    Uuid(Uuid),
    /// A DTMF digit of either dialect (kind 0x02 with six bytes, kind 0x03 with one).
    Dtmf(Dtmf),
    /// Audio (kinds 0x10 to 0x18).
    Audio(Audio<'a>),
    /// An error (kind 0xff).
    Error(ErrorCode<'a>),
    /// Kind 0x02 without payload: silence, as some old libraries define it. Do not send it: no Asterisk ever sent it, and
    /// Asterisk since 20.14, 21.9, 22.4 and 23.0 ends the call when it receives it.
    LegacySilence,
    /// A frame of an undefined kind.
    ///
    /// A frame of a defined kind can be sent this way too. The peer reads it as that frame's message.
    Unknown(Frame<'a>),
}

impl<'a> Message<'a> {
    /// The longest payload, in bytes, of a message other than audio, errors and unknown kinds: the UUID.
    pub(crate) const INLINE_LEN: usize = Uuid::LEN;

    /// Writes the message as a frame to `buffer` and returns the part written.
    ///
    /// # Errors
    ///
    /// [`BufferTooShort`] if the frame does not fit. Nothing is written then.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b mut [u8], BufferTooShort> {
        self.frame(&mut [0; Message::INLINE_LEN]).encode(buffer)
    }

    /// Returns the message as a frame.
    ///
    /// `inline` holds the payload of messages that have no payload to borrow.
    pub(crate) fn frame<'f>(&'f self, inline: &'f mut [u8; Message::INLINE_LEN]) -> Frame<'f> {
        match self {
            Message::Hangup => Frame::of_checked_payload(Kind::HANGUP, &[]),
            Message::Uuid(uuid) => Frame::of_checked_payload(Kind::UUID, uuid.as_bytes()),
            Message::Dtmf(Dtmf::Start(digit)) => start_stop_frame(1, *digit, 0, inline),
            Message::Dtmf(Dtmf::Stop { digit, duration_ms }) => {
                start_stop_frame(0, *digit, *duration_ms, inline)
            }
            Message::Dtmf(Dtmf::Digit(digit)) => {
                let [code, ..] = inline;
                *code = digit.wire_code();
                Frame::of_checked_payload(Kind::DTMF_DIGIT, core::slice::from_ref(code))
            }
            Message::Audio(audio) => Frame::from(*audio),
            Message::Error(code) => Frame::of_checked_payload(Kind::ERROR, code.payload()),
            Message::LegacySilence => Frame::of_checked_payload(Kind::DTMF_START_STOP, &[]),
            Message::Unknown(frame) => *frame,
        }
    }
}

/// Writes a few words for logs. Long payloads are left out.
impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::Hangup => f.write_str("hangup"),
            Message::Uuid(uuid) => write!(f, "UUID {uuid}"),
            Message::Dtmf(Dtmf::Start(digit)) => write!(f, "digit {digit} starts"),
            Message::Dtmf(Dtmf::Stop { digit, duration_ms }) => {
                write!(f, "digit {digit} stops after {duration_ms} ms")
            }
            Message::Dtmf(Dtmf::Digit(digit)) => write!(f, "digit {digit}"),
            // Never one byte, because a sample has two.
            Message::Audio(audio) => {
                write!(
                    f,
                    "audio, {} bytes at {}",
                    audio.bytes().len(),
                    audio.rate()
                )
            }
            Message::Error(code) => write!(f, "error: {code}"),
            Message::LegacySilence => f.write_str("silence without payload"),
            Message::Unknown(frame) => frame.fmt(f),
        }
    }
}

/// Builds the payload: state, ASCII code, then the duration in milliseconds, little-endian.
fn start_stop_frame(
    state: u8,
    digit: Digit,
    duration_ms: u32,
    inline: &mut [u8; Message::INLINE_LEN],
) -> Frame<'_> {
    let [a, b, c, d] = duration_ms.to_le_bytes();
    let payload = [state, digit.wire_code(), a, b, c, d];
    match inline.split_first_chunk_mut() {
        Some((start, _)) => {
            *start = payload;
            Frame::of_checked_payload(Kind::DTMF_START_STOP, start)
        }
        // Six bytes always fit into sixteen, so the compiler removes this arm.
        None => Frame::of_checked_payload(Kind::DTMF_START_STOP, &[]),
    }
}

impl<'a> Frame<'a> {
    /// Reads the frame as a message. A payload that does not suit its kind is an error.
    ///
    /// The frame remains usable after an error.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] for a UUID that does not have 16 bytes, audio that is empty or of odd length, and DTMF of a wrong length,
    /// state or digit. To use such a payload anyway, call [`payload`](Frame::payload), and [`Samples`](super::Samples) for audio.
    // Inlined, with audio first, because almost every frame is audio. If the calling code shows the compiler that a frame is
    // audio, the other messages cost nothing.
    #[inline]
    pub const fn message(&self) -> Result<Message<'a>, PayloadError> {
        if let Some(rate) = self.kind().sample_rate() {
            if let Ok(audio) = Audio::new(rate, self.payload()) {
                return Ok(Message::Audio(audio));
            }
        }
        self.rarer_message()
    }

    const fn rarer_message(&self) -> Result<Message<'a>, PayloadError> {
        match read_rarer_message(self) {
            Ok(message) => Ok(message),
            Err(reason) => Err(PayloadError {
                header: self.header(),
                reason,
            }),
        }
    }
}

/// Reads every message except valid audio.
const fn read_rarer_message<'a>(frame: &Frame<'a>) -> Result<Message<'a>, PayloadErrorReason> {
    let payload = frame.payload();
    if frame.kind().sample_rate().is_some() {
        return match payload.is_empty() {
            true => Err(PayloadErrorReason::EmptyAudio),
            // The length cannot exceed the limit of audio here, because the longest payload is odd.
            false => Err(PayloadErrorReason::OddAudio {
                actual: payload.len(),
            }),
        };
    }
    match (frame.kind(), payload) {
        (Kind::HANGUP, _) => Ok(Message::Hangup),
        (Kind::UUID, _) => match payload.first_chunk() {
            Some(bytes) if payload.len() == Uuid::LEN => {
                Ok(Message::Uuid(Uuid::from_bytes(*bytes)))
            }
            _ => Err(PayloadErrorReason::Length {
                actual: payload.len(),
                expected: Uuid::LEN,
            }),
        },
        (Kind::DTMF_START_STOP, []) => Ok(Message::LegacySilence),
        (Kind::DTMF_START_STOP, &[state, code, a, b, c, d]) => {
            match (state, Digit::from_ascii(code)) {
                (0, Some(digit)) => {
                    let duration_ms = u32::from_le_bytes([a, b, c, d]);
                    Ok(Message::Dtmf(Dtmf::Stop { digit, duration_ms }))
                }
                (1, Some(digit)) => Ok(Message::Dtmf(Dtmf::Start(digit))),
                (0 | 1, None) => Err(PayloadErrorReason::DtmfDigit { code }),
                _ => Err(PayloadErrorReason::DtmfState { state }),
            }
        }
        (Kind::DTMF_START_STOP, _) => Err(PayloadErrorReason::Length {
            actual: payload.len(),
            expected: 6,
        }),
        (Kind::DTMF_DIGIT, &[code]) => match Digit::from_ascii(code) {
            Some(digit) => Ok(Message::Dtmf(Dtmf::Digit(digit))),
            None => Err(PayloadErrorReason::DtmfDigit { code }),
        },
        (Kind::DTMF_DIGIT, _) => Err(PayloadErrorReason::Length {
            actual: payload.len(),
            expected: 1,
        }),
        (Kind::ERROR, _) => match ErrorCode::new(payload) {
            Ok(code) => Ok(Message::Error(code)),
            // No frame holds a payload that is too long for a code.
            Err(error) => Err(PayloadErrorReason::Length {
                actual: error.len,
                expected: Frame::MAX_PAYLOAD_LEN,
            }),
        },
        _ => Ok(Message::Unknown(*frame)),
    }
}

/// The error for a payload that does not suit the frame's kind.
///
/// The error borrows nothing, so `frame.message()?` works wherever errors are boxed. The frame remains usable, and its stream
/// stays in step.
///
/// ```
/// use std::error::Error;
/// use audiosocket::wire::{Frame, Kind, Message, PayloadError, PayloadErrorReason, Uuid};
///
/// fn uuid_of(frame: Frame<'_>) -> Result<Uuid, Box<dyn Error + Send + Sync>> {
///     match frame.message()? {
///         Message::Uuid(uuid) => Ok(uuid),
///         other => Err(format!("a UUID is expected, not {other}").into()),
///     }
/// }
///
/// let too_short = vec![1, 2, 3, 4];
/// let frame = Frame::new(Kind::UUID, &too_short)?;
/// let error = uuid_of(frame).expect_err("a UUID has 16 bytes");
/// drop(too_short);
/// assert_eq!(error.to_string(), "UUID (0x01) with payload length 4: expected 16");
/// let error: &PayloadError = error.downcast_ref().expect("the error of the frame");
/// assert!(matches!(error.reason(), PayloadErrorReason::Length { actual: 4, expected: 16, .. }));
/// # Ok::<(), audiosocket::wire::PayloadTooLong>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct PayloadError {
    header: Header,
    reason: PayloadErrorReason,
}

impl PayloadError {
    /// Returns the header of the frame: its kind and the length of its payload.
    pub const fn header(&self) -> Header {
        self.header
    }

    /// Returns the reason why the payload is wrong.
    pub const fn reason(&self) -> PayloadErrorReason {
        self.reason
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.header.kind(), self.reason)
    }
}

impl core::error::Error for PayloadError {}

/// The reason why a payload does not suit its kind.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PayloadErrorReason {
    /// The payload is shorter or longer than the kind requires. Kind 0x02 may also have no payload at all.
    #[non_exhaustive]
    Length {
        /// The length of the payload in bytes.
        actual: usize,
        /// The expected length in bytes.
        expected: usize,
    },
    /// The audio has no sample.
    EmptyAudio,
    /// The last sample of the audio has only one byte.
    #[non_exhaustive]
    OddAudio {
        /// The length of the payload in bytes.
        actual: usize,
    },
    /// The state byte of the start-stop dialect is neither 0 (stop) nor 1 (start).
    #[non_exhaustive]
    DtmfState {
        /// The state byte.
        state: u8,
    },
    /// The code is not one of the sixteen digits.
    #[non_exhaustive]
    DtmfDigit {
        /// The byte in the digit's place.
        code: u8,
    },
}

/// Writes text to follow the name of a kind.
impl fmt::Display for PayloadErrorReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PayloadErrorReason::Length { actual, expected } => {
                write!(f, "with payload length {actual}: expected {expected}")
            }
            PayloadErrorReason::EmptyAudio => {
                f.write_str("without a sample: expected at least 2 bytes")
            }
            PayloadErrorReason::OddAudio { actual } => {
                write!(f, "with payload length {actual}: expected an even length")
            }
            PayloadErrorReason::DtmfState { state } => {
                write!(f, "with state {state:#04x}: expected 0 (stop) or 1 (start)")
            }
            PayloadErrorReason::DtmfDigit { code } => {
                write!(f, "with code {code:#04x}: expected a digit 0-9, *, #, A-D")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::wire::SampleRate;

    fn digit(character: char) -> Digit {
        Digit::try_from(character).unwrap()
    }

    #[track_caller]
    fn frame(kind: u8, payload: &[u8]) -> Frame<'_> {
        Frame::new(Kind::from_byte(kind), payload).unwrap()
    }

    #[test]
    fn message_texts_read_well() {
        for (kind, payload, text) in [
            (0x00, &[][..], "hangup"),
            (0x01, &[7; 16], "UUID 07070707-0707-0707-0707-070707070707"),
            (0x02, &[], "silence without payload"),
            (0x02, &[1, b'5', 0, 0, 0, 0], "digit 5 starts"),
            (0x02, &[0, b'5', 100, 0, 0, 0], "digit 5 stops after 100 ms"),
            (0x03, b"#", "digit #"),
            (0x12, &[0; 640], "audio, 640 bytes at 16000 Hz"),
            (0xff, &[], "error: no code"),
            (0xff, &[4], "error: memory (0x04)"),
            (0x77, &[1], "unknown kind 0x77, payload length 1"),
        ] {
            let frame = frame(kind, payload);
            assert_eq!(frame.message().unwrap().to_string(), text);
        }
    }

    #[test]
    fn message_of_every_kind_is_parsed() {
        let unknown = frame(0x19, &[7]);
        let table: [(Frame<'_>, Message<'_>); 15] = [
            (frame(0x00, &[]), Message::Hangup),
            (frame(0x00, &[1, 2, 3]), Message::Hangup),
            (
                frame(0x01, &[9; 16]),
                Message::Uuid(Uuid::from_bytes([9; 16])),
            ),
            (frame(0x02, &[]), Message::LegacySilence),
            (
                frame(0x02, &[1, b'0', 0, 0, 0, 0]),
                Message::Dtmf(Dtmf::Start(digit('0'))),
            ),
            (
                frame(0x02, &[1, b'a', 9, 9, 9, 9]),
                Message::Dtmf(Dtmf::Start(digit('A'))),
            ),
            (
                frame(0x02, &[0, b'#', 0xe8, 0x03, 0, 0]),
                Message::Dtmf(Dtmf::Stop {
                    digit: digit('#'),
                    duration_ms: 1000,
                }),
            ),
            (
                frame(0x02, &[0, b'*', 0xff, 0xff, 0xff, 0xff]),
                Message::Dtmf(Dtmf::Stop {
                    digit: digit('*'),
                    duration_ms: u32::MAX,
                }),
            ),
            (frame(0x03, b"5"), Message::Dtmf(Dtmf::Digit(digit('5')))),
            (frame(0x03, b"d"), Message::Dtmf(Dtmf::Digit(digit('D')))),
            (
                frame(0x10, &[1, 2]),
                Message::Audio(Audio::new(SampleRate::Hz8000, &[1, 2]).unwrap()),
            ),
            (
                frame(0x18, &[1, 2]),
                Message::Audio(Audio::new(SampleRate::Hz192000, &[1, 2]).unwrap()),
            ),
            (
                frame(0xff, &[]),
                Message::Error(ErrorCode::new(&[]).unwrap()),
            ),
            (
                frame(0xff, &[3]),
                Message::Error(ErrorCode::new(&[3]).unwrap()),
            ),
            (unknown, Message::Unknown(unknown)),
        ];
        for (frame, message) in table {
            assert_eq!(frame.message(), Ok(message), "{frame:?}");
            let mut buffer = [0; 19];
            let again = Frame::parse(message.encode(&mut buffer).unwrap());
            let crate::wire::Parsed::Complete {
                frame: again,
                rest: [],
            } = again
            else {
                panic!("{message:?} gave {again:?}");
            };
            assert_eq!(again.message(), Ok(message));
        }
    }

    #[test]
    fn every_payload_fault_has_a_name_and_text() {
        let table: [(Frame<'_>, PayloadErrorReason, &str); 14] = [
            (
                frame(0x01, &[0; 15]),
                PayloadErrorReason::Length {
                    actual: 15,
                    expected: 16,
                },
                "UUID (0x01) with payload length 15: expected 16",
            ),
            (
                frame(0x01, &[0; 17]),
                PayloadErrorReason::Length {
                    actual: 17,
                    expected: 16,
                },
                "UUID (0x01) with payload length 17: expected 16",
            ),
            (
                frame(0x02, &[1, b'1', 0, 0, 0]),
                PayloadErrorReason::Length {
                    actual: 5,
                    expected: 6,
                },
                "DTMF (0x02) with payload length 5: expected 6",
            ),
            (
                frame(0x02, &[1, b'1', 0, 0, 0, 0, 0]),
                PayloadErrorReason::Length {
                    actual: 7,
                    expected: 6,
                },
                "DTMF (0x02) with payload length 7: expected 6",
            ),
            (
                frame(0x02, &[2, b'1', 0, 0, 0, 0]),
                PayloadErrorReason::DtmfState { state: 2 },
                "DTMF (0x02) with state 0x02: expected 0 (stop) or 1 (start)",
            ),
            (
                frame(0x02, &[2, b'x', 0, 0, 0, 0]),
                PayloadErrorReason::DtmfState { state: 2 },
                "DTMF (0x02) with state 0x02: expected 0 (stop) or 1 (start)",
            ),
            (
                frame(0x02, &[1, 1, 0, 0, 0, 0]),
                PayloadErrorReason::DtmfDigit { code: 1 },
                "DTMF (0x02) with code 0x01: expected a digit 0-9, *, #, A-D",
            ),
            (
                frame(0x02, &[0, b'E', 0, 0, 0, 0]),
                PayloadErrorReason::DtmfDigit { code: b'E' },
                "DTMF (0x02) with code 0x45: expected a digit 0-9, *, #, A-D",
            ),
            (
                frame(0x03, &[]),
                PayloadErrorReason::Length {
                    actual: 0,
                    expected: 1,
                },
                "DTMF (0x03) with payload length 0: expected 1",
            ),
            (
                frame(0x03, b"12"),
                PayloadErrorReason::Length {
                    actual: 2,
                    expected: 1,
                },
                "DTMF (0x03) with payload length 2: expected 1",
            ),
            // A later commit of the start-stop fork sends AST_CONTROL_* values, about 1 to 40, as kind 0x03.
            (
                frame(0x03, &[16]),
                PayloadErrorReason::DtmfDigit { code: 16 },
                "DTMF (0x03) with code 0x10: expected a digit 0-9, *, #, A-D",
            ),
            (
                frame(0x10, &[]),
                PayloadErrorReason::EmptyAudio,
                "audio (0x10) without a sample: expected at least 2 bytes",
            ),
            (
                frame(0x12, &[0; 639]),
                PayloadErrorReason::OddAudio { actual: 639 },
                "audio (0x12) with payload length 639: expected an even length",
            ),
            (
                frame(0x18, &[0; 65_535]),
                PayloadErrorReason::OddAudio { actual: 65_535 },
                "audio (0x18) with payload length 65535: expected an even length",
            ),
        ];
        for (frame, fault, text) in table {
            let error = frame.message().unwrap_err();
            assert_eq!((error.header(), error.reason()), (frame.header(), fault));
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn message_can_be_a_constant() {
        const FRAME: Frame<'static> = match Frame::new(Kind::DTMF_DIGIT, b"7") {
            Ok(frame) => frame,
            Err(_) => panic!("one byte fits"),
        };
        const MESSAGE: Message<'static> = match FRAME.message() {
            Ok(message) => message,
            Err(_) => panic!("7 is a digit"),
        };
        assert_eq!(MESSAGE, Message::Dtmf(Dtmf::Digit(digit('7'))));
    }
}
