//! Captures read through a [`FrameBuffer`], and every message in them.

use core::fmt::{self, Write};

use audiosocket::wire::{Decoded, Dtmf, Frame, FrameBuffer, Frames, Message, Parsed};

use crate::captures::{ASTERISK_DIGITS, AUDIO_AND_DIGITS, CAPTURES, LONG_FRAMES};
use crate::digest::Digest;
use crate::pieces::feed;

/// Room for a frame of 20 ms at 16 kHz, but not at 24 kHz.
pub const BUFFER_LEN: usize = 700;

pub fn report(lines: &mut dyn Write) -> fmt::Result {
    for capture in &CAPTURES {
        let buffer = FrameBuffer::new([0; BUFFER_LEN]);
        read(lines, capture.name, buffer, &[capture.bytes])?;
    }
    let digits = ASTERISK_DIGITS.bytes;
    let buffer = FrameBuffer::new([0; BUFFER_LEN]);
    read(
        lines,
        "long frames, then digits",
        buffer,
        &[&LONG_FRAMES, digits],
    )?;
    let buffer = FrameBuffer::new([0; BUFFER_LEN]).with_max_payload_len(319);
    let mix = AUDIO_AND_DIGITS.bytes;
    read(lines, "digits between long frames", buffer, &[mix])?;
    let buffer = FrameBuffer::new([0; BUFFER_LEN]);
    let cut = &mix[..mix.len() - 100];
    read(lines, "a stream that ends in a frame", buffer, &[cut])
}

/// Prints a line about the messages of a stream whose bytes are in several slices.
fn read(
    lines: &mut dyn Write,
    name: &str,
    mut buffer: FrameBuffer<[u8; BUFFER_LEN]>,
    stream: &[&[u8]],
) -> fmt::Result {
    // The expected frames, parsed from the whole stream instead of from pieces.
    let mut expected = stream.iter().flat_map(|bytes| Frames::new(bytes));
    let mut counts = Counts::new();
    let bytes = stream.iter().copied().flatten().copied();
    feed(&mut buffer, bytes, |word| {
        let frame = expected.next();
        match word {
            Decoded::Frame(met) => {
                assert_eq!(Some(met), frame, "{name}");
                counts.take(met);
            }
            // The comparison includes the frames after a frame that is too long, so the stream is in step.
            Decoded::TooLong(header) => {
                assert_eq!(Some(header), frame.map(|frame| frame.header()), "{name}");
                counts.too_long += 1;
            }
            Decoded::Incomplete { .. } => unreachable!("not handed over"),
        }
    });
    assert_eq!(expected.next(), None, "{name}");
    write!(lines, "{name}: {counts}")?;
    if !buffer.at_frame_boundary() {
        write!(lines, ", {} bytes missing", buffer.needed())?;
    }
    writeln!(lines)
}

/// The content of a stream.
struct Counts {
    uuids: u32,
    audio: u32,
    samples: usize,
    starts: u32,
    stops: u32,
    digits: u32,
    too_long: u32,
    digest: Digest,
}

impl Counts {
    fn new() -> Counts {
        Counts {
            uuids: 0,
            audio: 0,
            samples: 0,
            starts: 0,
            stops: 0,
            digits: 0,
            too_long: 0,
            digest: Digest::new(),
        }
    }

    fn take(&mut self, frame: Frame<'_>) {
        let message = frame.message().expect("Asterisk sends no wrong payload");
        match message {
            Message::Uuid(_) => self.uuids += 1,
            Message::Audio(audio) => {
                self.audio += 1;
                self.samples += audio.samples().len();
                for sample in audio.samples() {
                    self.digest.add_sample(sample);
                }
            }
            Message::Dtmf(Dtmf::Start(_)) => self.starts += 1,
            Message::Dtmf(Dtmf::Stop { .. }) => self.stops += 1,
            Message::Dtmf(Dtmf::Digit(_)) => self.digits += 1,
            other => panic!("Asterisk sends no {other:?}"),
        }
        let mut room = [0; BUFFER_LEN];
        let encoded = message.encode(&mut room).expect("as long as it came");
        self.digest.add(encoded);
        let Parsed::Complete { frame, rest: [] } = Frame::parse(encoded) else {
            panic!("{message:?} is encoded as {encoded:?}");
        };
        assert_eq!(frame.message(), Ok(message));
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} UUID, {} audio with {} samples, {} starts, {} stops, {} digits, {} too long, digest {}",
            self.uuids,
            self.audio,
            self.samples,
            self.starts,
            self.stops,
            self.digits,
            self.too_long,
            self.digest
        )
    }
}
