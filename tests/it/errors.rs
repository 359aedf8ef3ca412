//! What all errors have in common.

use std::error::Error;
use std::io;

use audiosocket::call::Refusal;
use audiosocket::stream::{FrameReader, FrameWriter, ReadError, WriteError};
use audiosocket::wav::{RecordingError, Wav, WavError};
use audiosocket::wire::Message;

/// A source that fails with an error that has an error inside.
struct Failing;

impl io::Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(failure())
    }
}

/// A sink that fails once it has no room left.
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

/// The texts of an error and of all errors below it.
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
fn error_chains_say_everything_once() {
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
