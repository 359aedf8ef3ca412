//! Properties of all errors.

use std::error::Error;
use std::io;

use audiosocket::call::Refusal;
use audiosocket::stream::{FrameReader, FrameWriter, ReadError, WriteError};
use audiosocket::wav::{RecordingError, Wav, WavError};
use audiosocket::wire::{Audio, Digit, Frame, Kind, Message, SampleRate};

/// A source whose error contains another error.
struct Failing;

impl io::Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(failure())
    }
}

/// A sink that fails when it is full.
struct FailingInside {
    room: usize,
}

impl io::Write for FailingInside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.room);
        self.room -= count;
        if count == 0 {
            Err(failure())
        } else {
            Ok(count)
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn failure() -> io::Error {
    io::Error::other("the cable is cut")
}

/// The texts of an error and of all its sources.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        text += &format!(": {error}");
        below = error.source();
    }
    text
}

#[test]
fn error_chains_repeat_nothing() {
    let wav: WavError = Wav::read(Failing).expect_err("no audio");
    let partial = FrameWriter::new(FailingInside { room: 2 })
        .write_message(&Message::Hangup)
        .expect_err("room for two bytes");
    assert!(matches!(partial, WriteError::Partial { .. }), "{partial}");
    let errors: [&dyn Error; 8] = [
        &ReadError::Io(failure()),
        &WriteError::Io(failure()),
        &partial,
        &RecordingError::Io(failure()),
        &wav,
        &Refusal::Io(failure()),
        &Refusal::NoThread(failure()),
        &Refusal::NotAdmitted("the cable is cut".into()),
    ];
    for error in errors {
        let text = chain(error);
        assert_eq!(text.matches("the cable is cut").count(), 1, "{text}");
    }
}

/// An error below an I/O error, for example one of TLS, stays accessible.
#[test]
fn stream_errors_keep_the_chain_below() {
    #[derive(Debug)]
    struct Outer(io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the session failed")
        }
    }
    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }
    let outer = || io::Error::other(Outer(failure()));
    let errors: [&dyn Error; 3] = [
        &ReadError::Io(outer()),
        &WriteError::Io(outer()),
        &Refusal::Io(outer()),
    ];
    for error in errors {
        let text = chain(error);
        assert!(
            text.ends_with(": the session failed: the cable is cut"),
            "{text}"
        );
    }
}

#[test]
fn wire_errors_have_texts() {
    let audio = |len| Audio::new(SampleRate::Hz8000, &[0; 65_536][..len]).unwrap_err();
    let short = Audio::from_samples(SampleRate::Hz8000, &[1, 2], &mut [0; 3]).unwrap_err();
    for (error, text) in [
        (
            audio(0).to_string(),
            "audio without a sample: expected at least 2 bytes",
        ),
        (
            audio(3).to_string(),
            "audio of 3 bytes: expected an even number",
        ),
        (
            audio(65_536).to_string(),
            "audio of 65536 bytes is too long: a frame holds at most 65534",
        ),
        (
            short.to_string(),
            "buffer of 3 bytes is too short: expected at least 4",
        ),
        (
            Frame::new(Kind::SLIN, &[0; 65_536])
                .unwrap_err()
                .to_string(),
            "payload of 65536 bytes is too long: a frame holds at most 65535",
        ),
        (
            Digit::try_from('E').unwrap_err().to_string(),
            "'E' is not a DTMF digit: expected 0-9, *, #, A-D",
        ),
    ] {
        assert_eq!(error, text);
    }
}

#[test]
fn stream_errors_become_io_errors() {
    let kinds: [(io::Error, io::ErrorKind); 5] = [
        (ReadError::Io(failure()).into(), io::ErrorKind::Other),
        (
            FrameReader::new(&[0x10, 0][..])
                .read_frame()
                .expect_err("cut")
                .into(),
            io::ErrorKind::UnexpectedEof,
        ),
        (
            FrameReader::with_max_payload_len(&[0x10, 0xff, 0xff][..], 20)
                .read_frame()
                .expect_err("too long")
                .into(),
            io::ErrorKind::InvalidData,
        ),
        (
            FrameWriter::new(FailingInside { room: 2 })
                .write_message(&Message::Hangup)
                .expect_err("room for two bytes")
                .into(),
            io::ErrorKind::Other,
        ),
        (
            WriteError::Desynchronized.into(),
            io::ErrorKind::InvalidData,
        ),
    ];
    for (error, kind) in kinds {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.to_string().is_empty());
    }
}
