//! Writers to sinks that follow a script, write by write.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};

use audiosocket::stream::{FrameWriter, WriteError};
use audiosocket::wire::{Frame, Kind, Message};
use proptest::collection::vec;
use proptest::prelude::*;

/// Two samples.
const BYTES: [u8; 7] = [0x10, 0x00, 0x04, 1, 2, 3, 4];

/// Each step of `write` accepts at most this number of bytes or fails. After the last step, all bytes are accepted.
#[derive(Default)]
struct Sink {
    steps: VecDeque<Result<usize, ErrorKind>>,
    taken: Vec<u8>,
    writes: usize,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        let count = self.steps.pop_front().unwrap_or(Ok(bytes.len()))?;
        let count = count.min(bytes.len());
        self.taken.extend(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        panic!("nothing is held back, so nothing need be flushed");
    }
}

fn writer_with(steps: impl IntoIterator<Item = Result<usize, ErrorKind>>) -> FrameWriter<Sink> {
    FrameWriter::new(Sink {
        steps: steps.into_iter().collect(),
        ..Sink::default()
    })
}

fn audio_frame() -> Frame<'static> {
    Frame::new(Kind::SLIN, &BYTES[3..]).expect("it fits")
}

#[test]
fn writer_makes_one_write_per_frame() {
    let payload = vec![0; 65_535];
    let mut writer = FrameWriter::new(Sink::default());
    for (written, len) in [0, 1, 320, 65_535, 7680, 0].into_iter().enumerate() {
        let frame = Frame::new(Kind::ERROR, &payload[..len]).expect("it fits");
        writer.write_frame(frame).expect("a sink that accepts all");
        assert_eq!(writer.get_ref().writes, written + 1);
    }
    writer
        .write_message(&Message::Hangup)
        .expect("all bytes are accepted");
    assert_eq!(writer.get_ref().writes, 7);
    assert_eq!(writer.get_ref().taken.len(), 65_535 + 7680 + 321 + 7 * 3);
}

#[test]
fn short_writes_lose_nothing() {
    for first in 1..=7 {
        for second in 1..=7 {
            let mut writer = writer_with([first, second].into_iter().cycle().take(50).map(Ok));
            for _ in 0..3 {
                writer
                    .write_frame(audio_frame())
                    .expect("all bytes are accepted");
            }
            assert_eq!(writer.get_ref().taken, BYTES.repeat(3));
        }
    }
}

#[test]
fn interrupted_write_is_repeated() {
    let steps = [Err(ErrorKind::Interrupted), Ok(1)];
    let mut writer = writer_with(steps.into_iter().cycle().take(14));
    writer
        .write_frame(audio_frame())
        .expect("all bytes are accepted");
    assert_eq!(writer.get_ref().taken, BYTES);
    assert_eq!(writer.get_ref().writes, 14);
}

#[test]
fn writer_continues_after_error_before_first_byte() {
    for kind in [
        ErrorKind::WouldBlock,
        ErrorKind::TimedOut,
        ErrorKind::BrokenPipe,
    ] {
        let mut writer = writer_with([Err(kind), Err(kind)]);
        for _ in 0..2 {
            let error = writer.write_frame(audio_frame()).expect_err("a failure");
            assert_eq!(error.is_timeout(), kind != ErrorKind::BrokenPipe);
            assert!(matches!(error, WriteError::Io(error) if error.kind() == kind));
        }
        writer
            .write_frame(audio_frame())
            .expect("all bytes are accepted");
        assert_eq!(writer.get_ref().taken, BYTES);
    }
}

#[test]
fn writer_stops_after_error_inside_frame() {
    for kind in [
        ErrorKind::WouldBlock,
        ErrorKind::TimedOut,
        ErrorKind::BrokenPipe,
    ] {
        for cut in 1..7 {
            let mut writer = writer_with([Ok(cut), Err(kind)]);
            let error = writer.write_frame(audio_frame()).expect_err("a failure");
            assert!(!error.is_timeout(), "it must not be tried again");
            let WriteError::Partial {
                sent, len, error, ..
            } = error
            else {
                panic!("{error}");
            };
            assert_eq!((sent, len, error.kind()), (cut, 7, kind));
            assert_out_of_step(&mut writer, cut);
        }
    }
}

#[test]
fn write_of_zero_bytes_is_an_error() {
    let mut writer = writer_with([Ok(0)]);
    let error = writer.write_frame(audio_frame()).expect_err("a failure");
    assert!(matches!(error, WriteError::Io(error) if error.kind() == ErrorKind::WriteZero));
    writer
        .write_frame(audio_frame())
        .expect("all bytes are accepted");
    for cut in 1..7 {
        let mut writer = writer_with([Ok(cut), Ok(0)]);
        let error = writer.write_frame(audio_frame()).expect_err("a failure");
        let WriteError::Partial {
            sent, len, error, ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((sent, len, error.kind()), (cut, 7, ErrorKind::WriteZero));
        assert_out_of_step(&mut writer, cut);
    }
}

#[track_caller]
fn assert_out_of_step(writer: &mut FrameWriter<Sink>, cut: usize) {
    let writes = writer.get_ref().writes;
    for _ in 0..2 {
        let error = writer.write_message(&Message::Hangup).expect_err("no more");
        assert!(matches!(error, WriteError::Desynchronized));
    }
    assert_eq!(writer.get_ref().taken, BYTES[..cut]);
    assert_eq!(writer.get_ref().writes, writes);
}

proptest! {
    /// For all batches, and for all sinks that accept parts, a batch sends the same bytes as single writes.
    #[test]
    fn batches_send_what_single_frames_would(
        batches in vec(vec((any::<u8>(), vec(any::<u8>(), 0..40)), 0..6), 0..6),
        takes in vec(1_usize..50, 0..40),
    ) {
        let mut single = FrameWriter::new(Vec::new());
        let mut whole = FrameWriter::new(Sink::default());
        let mut pieces = writer_with(takes.into_iter().map(Ok));
        let mut writes = 0;
        for frames in &batches {
            let frames = frames
                .iter()
                .map(|(kind, payload)| Frame::new(Kind::from_byte(*kind), payload).expect("it fits"));
            for frame in frames.clone() {
                single.write_frame(frame).expect("a vector accepts all");
            }
            for writer in [&mut whole, &mut pieces] {
                let mut batch = writer.batch();
                for frame in frames.clone() {
                    batch.add_frame(frame);
                }
                prop_assert_eq!(batch.len(), frames.clone().map(|frame| frame.encoded_len()).sum::<usize>());
                batch.write().expect("all bytes are accepted");
                prop_assert!(batch.is_empty());
                batch.write().expect("there is nothing left to write");
            }
            writes += usize::from(frames.len() > 0);
        }
        prop_assert_eq!(&whole.get_ref().taken, single.get_ref());
        prop_assert_eq!(&pieces.get_ref().taken, single.get_ref());
        prop_assert_eq!(whole.get_ref().writes, writes);
    }
}

#[test]
fn batch_is_kept_after_error_before_first_byte() {
    let mut writer = writer_with([Err(ErrorKind::WouldBlock)]);
    let mut batch = writer.batch();
    batch.add_frame(audio_frame());
    batch.add_message(&Message::Hangup);
    assert!(batch.write().expect_err("a failure").is_timeout());
    assert_eq!(batch.len(), 10);
    batch.write().expect("all bytes are accepted");
    assert_eq!(writer.get_ref().taken, [&BYTES[..], &[0, 0, 0]].concat());
}

/// Also for errors between its frames, because the sender does not know which frames of the batch were sent.
#[test]
fn writer_stops_after_error_inside_batch() {
    for cut in 1..14 {
        let mut writer = writer_with([Ok(cut), Err(ErrorKind::TimedOut)]);
        let mut batch = writer.batch();
        batch.add_frame(audio_frame());
        batch.add_frame(audio_frame());
        let error = batch.write().expect_err("a failure");
        let WriteError::Partial { sent, len, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((sent, len), (cut, 14));
        assert!(matches!(batch.write(), Err(WriteError::Desynchronized)));
        let writes = writer.get_ref().writes;
        writer.write_frame(audio_frame()).expect_err("no more");
        assert_eq!(writer.get_ref().taken, BYTES.repeat(2)[..cut]);
        assert_eq!(writer.get_ref().writes, writes);
    }
}

#[test]
fn batch_not_written_sends_nothing() {
    let mut writer = writer_with([]);
    let mut batch = writer.batch();
    batch.add_message(&Message::Hangup);
    batch.add_message(&Message::Hangup);
    drop(batch);
    writer
        .write_frame(audio_frame())
        .expect("all bytes are accepted");
    assert_eq!(writer.get_ref().taken, BYTES);
}

/// Claims to have accepted more bytes than it was given.
struct Boaster;

impl Write for Boaster {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len() + 1)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn sink_claiming_too_many_bytes_is_harmless() {
    let mut writer = FrameWriter::new(Boaster);
    for _ in 0..3 {
        writer
            .write_frame(audio_frame())
            .expect("the sink claims success");
    }
}

#[test]
fn batch_length_is_that_on_the_wire() {
    let mut writer = FrameWriter::new(Sink::default());
    let mut batch = writer.batch();
    assert_eq!((batch.len(), batch.is_empty()), (0, true));
    batch.add_frame(audio_frame());
    assert_eq!((batch.len(), batch.is_empty()), (7, false));
    batch.add_message(&Message::Hangup);
    assert_eq!((batch.len(), batch.is_empty()), (10, false));
}
