//! A server's call: the caller's audio goes back, and the server answers each digit with the digit's tones.

use core::fmt::{self, Write};

use audiosocket::tone::{Detector, Generator, Signal};
use audiosocket::wire::{
    Audio, Decoded, Digit, Dtmf, ErrorCode, FrameBuffer, Message, SampleRate, Uuid,
};

use crate::captures::AUDIO_AND_DIGITS;
use crate::digest::Digest;
use crate::pieces::feed;
use crate::reading::BUFFER_LEN;

const RATE: SampleRate = SampleRate::Hz8000;

pub fn report(lines: &mut dyn Write) -> fmt::Result {
    let mut answer = Answer::new();
    let mut tones = Generator::new(RATE).digits(Keys::default());
    let mut buffer = FrameBuffer::new([0; BUFFER_LEN]);
    let mut heard = Ok(());
    let received = AUDIO_AND_DIGITS.bytes.iter().copied();
    feed(&mut buffer, received, |word| {
        let Decoded::Frame(frame) = word else {
            panic!("{word:?}")
        };
        let answered = match frame.message() {
            Ok(Message::Audio(audio)) => answer.audio(lines, audio),
            Ok(Message::Dtmf(dtmf)) => {
                tones = Generator::new(RATE).digits(Keys(Some(dtmf.digit())));
                answer.tones(lines, &mut tones)
            }
            _ => Ok(()),
        };
        heard = heard.and(answered);
    });
    heard?;
    answer.rest();
    writeln!(
        lines,
        "answer: {} frames, {} bytes, digest {}",
        answer.frames, answer.bytes, answer.digest
    )
}

/// The digit whose tones are to be sent next.
#[derive(Default)]
struct Keys(Option<Digit>);

impl Iterator for Keys {
    type Item = Digit;

    fn next(&mut self) -> Option<Digit> {
        self.0.take()
    }
}

/// The frames sent, and the digits a detector finds in them.
struct Answer {
    detector: Detector,
    frames: u32,
    bytes: usize,
    digest: Digest,
}

impl Answer {
    fn new() -> Answer {
        Answer {
            detector: Detector::new(RATE),
            frames: 0,
            bytes: 0,
            digest: Digest::new(),
        }
    }

    fn send(&mut self, message: Message<'_>) {
        let mut room = [0; BUFFER_LEN];
        let encoded = message.encode(&mut room).expect("as long as it came");
        self.digest.add(encoded);
        self.frames += 1;
        self.bytes += encoded.len();
    }

    fn audio(&mut self, lines: &mut dyn Write, audio: Audio<'_>) -> fmt::Result {
        self.send(Message::Audio(audio));
        for signal in self.detector.feed(audio.samples()) {
            if let Signal::Stop {
                digit, start, end, ..
            } = signal
            {
                writeln!(lines, "answer: {digit} is heard from {start} to {end}")?;
            }
        }
        Ok(())
    }

    fn tones(
        &mut self,
        lines: &mut dyn Write,
        tones: &mut audiosocket::tone::Tones<Keys>,
    ) -> fmt::Result {
        let mut samples = [0; 160];
        let mut room = [0; 320];
        loop {
            let count = tones.fill(&mut samples);
            match Audio::from_samples(RATE, &samples[..count], &mut room) {
                Ok(audio) => self.audio(lines, audio)?,
                // There are no samples left.
                Err(_) => return Ok(()),
            }
        }
    }

    /// A message of every other kind.
    fn rest(&mut self) {
        let digit = Digit::ALL[7];
        self.send(Message::Uuid(Uuid::from_bytes([0x5a; 16])));
        self.send(Message::Dtmf(Dtmf::Start(digit)));
        let duration_ms = 0x0102_0304;
        self.send(Message::Dtmf(Dtmf::Stop { digit, duration_ms }));
        self.send(Message::Dtmf(Dtmf::Digit(digit)));
        self.send(Message::Error(
            ErrorCode::new(&[1, 2, 3]).expect("three bytes fit"),
        ));
        self.send(Message::Hangup);
    }
}
