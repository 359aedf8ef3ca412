//! What all errors have in common.

use std::error::Error;
use std::io;

use audiosocket::call::Refusal;
use audiosocket::stream::{FrameReader, ReadError, WriteError};
use audiosocket::wav::{RecordingError, Wav, WavError};

/// A source that fails with an error that has an error inside.
struct Failing;

impl io::Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(failure())
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
    let partial = WriteError::Partial {
        sent: 3,
        len: 7,
        error: failure(),
    };
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
            WriteError::Partial {
                sent: 3,
                len: 7,
                error: io::ErrorKind::BrokenPipe.into(),
            }
            .into(),
            io::ErrorKind::BrokenPipe,
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
