//! Properties of all errors.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::time::Instant;

use audiosocket::asterisk::{Version, Way};
use audiosocket::call::{End, PlayError, RecordingWriter, Refusal, SendError};
use audiosocket::stream::{FrameReader, FrameWriter, ReadError, WriteError};
use audiosocket::wav::{RecordingError, Wav, WavError};
use audiosocket::wire::{
    Audio, Digit, DtmfDialect, Frame, Header, Kind, Message, SampleRate, Uuid,
};

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

/// The texts of the library's errors: what was wrong, and what to do if something can be done. `wav_files` has those of files.
#[test]
fn error_texts_name_the_fault_and_the_remedy() {
    const READ: &str = "cannot read: the cable is cut";
    const PARTIAL: &str = "cannot write: the cable is cut, after 2 of 3 bytes";
    let too_long = [0; 65_536];
    let audio = |len| Audio::new(SampleRate::Hz8000, &too_long[..len]).unwrap_err();
    let payload = |kind, bytes| {
        let frame = Frame::new(Kind::from_byte(kind), bytes).unwrap();
        frame.message().unwrap_err()
    };
    let read = |bytes: &[u8]| {
        let mut reader = FrameReader::with_max_payload_len(bytes, 20);
        reader.read_frame().map(drop).unwrap_err()
    };
    let mut cut = FrameWriter::new(FailingInside { room: 2 });
    let mut write = || cut.write_message(&Message::Hangup).unwrap_err();
    let digit = Digit::try_from('E').unwrap_err();
    let sent_late = PlayError::NotSent(SendError::CallEnded(End::LocalHangup));
    let no_folder = RecordingWriter::start(|_| {})
        .unwrap()
        .record("no/such/folder/7.wav", Instant::now())
        .unwrap_err();
    let not_found = no_folder.to_string();
    let (no_folder, _) = not_found.split_once(" (").unwrap();

    let table: &[(&dyn Display, &str)] = &[
        // wire
        (
            &Frame::new(Kind::SLIN, &too_long).unwrap_err(),
            "payload of 65536 bytes is too long: a frame holds at most 65535",
        ),
        (
            &Message::Hangup.encode(&mut [0; 2]).unwrap_err(),
            "buffer of 2 bytes is too short: expected at least 3",
        ),
        (
            &Audio::from_samples(SampleRate::Hz8000, &[1, 2], &mut [0; 3]).unwrap_err(),
            "buffer of 3 bytes is too short: expected at least 4",
        ),
        (
            &audio(0),
            "audio without a sample: expected at least 2 bytes",
        ),
        (&audio(3), "audio of 3 bytes: expected an even number"),
        (
            &audio(65_536),
            "audio of 65536 bytes is too long: a frame holds at most 65534",
        ),
        (
            &SampleRate::try_from(11_025).unwrap_err(),
            "unsupported sample rate 11025 Hz: expected 8000, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000",
        ),
        (&digit, "'E' is not a DTMF digit: expected 0-9, *, #, A-D"),
        (
            &"rfc4733".parse::<DtmfDialect>().unwrap_err(),
            "unknown DTMF dialect: expected asterisk or start-stop",
        ),
        (
            &Uuid::parse("40325ec2").unwrap_err(),
            "UUID text with length 8: expected 36 bytes, or 32 without hyphens",
        ),
        (
            &Uuid::parse("40325ec2-5efd-4bd3-805f-53576e581d1g").unwrap_err(),
            "wrong character at byte 36 of a UUID: expected hexadecimal digits in groups of 8-4-4-4-12",
        ),
        (
            &payload(0x01, &[0; 15]),
            "UUID (0x01) with payload length 15: expected 16",
        ),
        (
            &payload(0x10, &[]),
            "audio (0x10) without a sample: expected at least 2 bytes",
        ),
        (
            &payload(0x12, &[0; 639]),
            "audio (0x12) with payload length 639: expected an even length",
        ),
        (
            &payload(0x02, &[2, b'1', 0, 0, 0, 0]),
            "DTMF (0x02) with state 0x02: expected 0 (stop) or 1 (start)",
        ),
        (
            &payload(0x03, &[16]),
            "DTMF (0x03) with code 0x10: expected a digit 0-9, *, #, A-D",
        ),
        // stream
        (&ReadError::Io(failure()), READ),
        (
            &read(&[0x10, 0]),
            "the stream ended inside a frame, which lacks 1 of its bytes",
        ),
        (
            &read(&[0x10, 0, 21]),
            "frame too long: audio (0x10), payload length 21, expected at most 20",
        ),
        (&WriteError::Io(failure()), "cannot write: the cable is cut"),
        (&write(), PARTIAL),
        (
            &write(),
            "cannot write after a frame that was sent only in part: close the connection",
        ),
        // wav
        (
            &RecordingError::Io(failure()),
            "cannot write: the cable is cut",
        ),
        (
            &RecordingError::TooLong,
            "the recording has 4 GiB, the maximum of a WAV file: start a new one",
        ),
        (
            &RecordingError::Over,
            "the recording ended with an earlier error: start a new one",
        ),
        (
            &Wav::read(Failing).unwrap_err(),
            "the audio cannot be read: the cable is cut",
        ),
        // call
        (
            &PlayError::InvalidDigit(digit),
            "'E' is not a DTMF digit: expected 0-9, *, #, A-D",
        ),
        (
            &PlayError::RateMismatch(SampleRate::Hz16000),
            "audio at 16000 Hz is still queued: wait until it has been played, or clear it",
        ),
        (&sent_late, "the call is over: this side hung up"),
        (
            &SendError::Disconnected,
            "the connection is closed for sending",
        ),
        (
            &SendError::FrameLost(io::ErrorKind::OutOfMemory),
            "one frame was not sent: out of memory",
        ),
        (
            &no_folder,
            "cannot record in \"no/such/folder/7.wav\": create its folder first",
        ),
        (&Refusal::NothingSent, "closed without a byte"),
        (
            &Refusal::FirstFrame(Header::new(Kind::SLIN, 320)),
            "the first frame is audio (0x10), payload length 320: expected a UUID of 16 bytes",
        ),
        (
            &Refusal::Io(failure()),
            "the connection failed: the cable is cut",
        ),
        (&Refusal::TooManyCalls, "too many calls"),
        (
            &Refusal::TooManyPending,
            "too many connections without a UUID",
        ),
        (
            &Refusal::NotAdmitted("only from this machine".into()),
            "not admitted: only from this machine",
        ),
        (&Refusal::ShuttingDown, "shutting down"),
        (
            &Refusal::NoThread(failure()),
            "cannot start a thread: the cable is cut",
        ),
        // asterisk
        (
            &"new".parse::<Version>().unwrap_err(),
            "not a version: expected one such as 22.10 or start-stop",
        ),
        (
            &"tunnel".parse::<Way>().unwrap_err(),
            "unknown way: expected application or dial",
        ),
    ];
    for (error, text) in table {
        assert_eq!(error.to_string(), *text);
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
