//! Public types are `Send` and `Sync` whenever their content is. A fault shows as a compile error.

use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};

use audiosocket::asterisk::{
    Behaviour, CallState, Consequence, Consequences, Judge, OtherFrames, ParseVersionError,
    ParseWayError, Received, Rule, Rules, Version, Violation, Way,
};
use audiosocket::call::{
    Call, CallOptions, CallReceiver, CallRecording, CallRecordingError, CallRecordingErrorReason,
    CallStats, Direction, End, Event, Gather, GatherEnd, Gathered, HangUpOnDrop, KeyEvent,
    KeyEvents, Lateness, Mark, PlayError, PlayOutcome, Player, Prompt, RecordingTarget,
    RecordingWriter, Refusal, SendError, Timeout, Unplayed, Voice,
};
use audiosocket::server::{
    CallInfo, Incident, IncomingCall, Server, ServerBuilder, ServerHandle, ServerStats,
};
use audiosocket::simulator::{
    SimulatedAsterisk, SimulatedCaller, SimulatedConnection, TestCall, TestOutcome, TestReport,
};
use audiosocket::stream::{
    Batch, ByteRate, Filled, FrameReader, FrameWriter, Pacer, ReadError, WriteError,
};
use audiosocket::tone::{Detector, Generator, Signal, Signals, Tones};
use audiosocket::wav::{
    Format, OtherFile, Recording, RecordingError, Wav, WavError, WavErrorReason,
};
use audiosocket::wire::{
    Audio, AudioError, BufferTooShort, Decoded, Digit, Dtmf, DtmfDialect, ErrorCode, ErrorFlags,
    Frame, FrameBuffer, Frames, Header, InvalidDigit, Kind, Message, ParseDialectError,
    ParseUuidError, Parsed, PayloadError, PayloadErrorReason, PayloadTooLong, SampleRate, Samples,
    UnsupportedRate, Uuid,
};

fn is_for_threads<T: Send + Sync + Unpin + Debug>() {}

fn is_sent<T: Send + Unpin + Debug>() {}

fn survives_panics<T: UnwindSafe + RefUnwindSafe>() {}

fn is_a_value<T: Copy + Eq + UnwindSafe + RefUnwindSafe + Send + Sync + Unpin + Debug>() {}

fn is_compared<T: Clone + Eq + Send + Sync + Debug>() {}

fn is_an_error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn values_are_copied_compared_and_shared() {
    is_a_value::<Audio<'_>>();
    is_a_value::<Decoded<'_>>();
    is_a_value::<Digit>();
    is_a_value::<Dtmf>();
    is_a_value::<DtmfDialect>();
    is_a_value::<ErrorCode<'_>>();
    is_a_value::<ErrorFlags>();
    is_a_value::<Frame<'_>>();
    is_a_value::<Header>();
    is_a_value::<Kind>();
    is_a_value::<Message<'_>>();
    is_a_value::<Parsed<'_>>();
    is_a_value::<PayloadErrorReason>();
    is_a_value::<SampleRate>();
    is_a_value::<Uuid>();
    is_a_value::<Format>();
    is_a_value::<OtherFile>();
}

#[test]
fn calls_and_servers_can_be_sent_to_threads() {
    is_for_threads::<Call>();
    is_for_threads::<CallReceiver>();
    is_for_threads::<CallRecording>();
    is_for_threads::<CallRecordingErrorReason>();
    is_for_threads::<RecordingWriter>();
    is_sent::<RecordingTarget>();
    is_for_threads::<Player>();
    is_for_threads::<Voice>();
    is_for_threads::<HangUpOnDrop>();
    is_for_threads::<Unplayed>();
    is_for_threads::<KeyEvents>();
    is_for_threads::<Server>();
    is_for_threads::<ServerBuilder>();
    is_for_threads::<ServerHandle>();
    is_for_threads::<CallInfo>();
    is_for_threads::<IncomingCall>();
    is_for_threads::<Incident<'_>>();
    is_for_threads::<SimulatedCaller>();
    is_for_threads::<SimulatedConnection>();
    is_a_value::<CallOptions>();
    is_a_value::<Direction>();
    is_a_value::<End>();
    is_a_value::<Event<'_>>();
    is_a_value::<GatherEnd>();
    is_a_value::<KeyEvent>();
    is_a_value::<Mark>();
    is_a_value::<Timeout>();
    is_a_value::<ServerStats>();
    is_compared::<CallStats>();
    is_compared::<Gathered>();
    is_compared::<PlayOutcome>();
    is_for_threads::<Gather<'_>>();
    is_for_threads::<Prompt<'_>>();
    is_compared::<Lateness>();
}

#[test]
fn rules_are_copied_and_judges_can_be_sent() {
    is_a_value::<Behaviour>();
    is_a_value::<Consequence>();
    is_a_value::<Consequences>();
    is_a_value::<OtherFrames>();
    is_a_value::<Way>();
    is_a_value::<Rule>();
    is_a_value::<Rules>();
    is_a_value::<CallState>();
    is_a_value::<OtherFrames>();
    is_a_value::<Way>();
    is_a_value::<Version>();
    is_a_value::<Violation>();
    is_for_threads::<Judge>();
    is_compared::<Received<'_>>();
    is_for_threads::<SimulatedAsterisk>();
    is_for_threads::<TestCall>();
    is_for_threads::<TestReport>();
    is_for_threads::<TestOutcome>();
}

#[test]
fn tones_are_send_if_their_source_is() {
    is_a_value::<Generator>();
    is_a_value::<Signal>();
    is_for_threads::<Detector>();
    is_for_threads::<Signals<'_, Samples<'_>>>();
    is_for_threads::<Tones<std::vec::IntoIter<Digit>>>();
    survives_panics::<Detector>();
    survives_panics::<Tones<std::vec::IntoIter<Digit>>>();
}

#[test]
fn wrappers_are_send_if_their_content_is() {
    is_for_threads::<Frames<'_>>();
    is_for_threads::<Samples<'_>>();
    is_for_threads::<FrameBuffer<[u8; 323]>>();
    is_for_threads::<FrameBuffer<&mut [u8]>>();
    is_for_threads::<FrameReader<std::net::TcpStream>>();
    is_for_threads::<FrameWriter<std::net::TcpStream>>();
    is_for_threads::<Batch<'_, std::net::TcpStream>>();
    is_for_threads::<Pacer>();
    is_for_threads::<ByteRate>();
    is_compared::<Filled>();
    is_for_threads::<Recording<std::fs::File>>();
    is_for_threads::<Wav>();
    is_for_threads::<WavErrorReason>();
    survives_panics::<Frames<'_>>();
    survives_panics::<Samples<'_>>();
    survives_panics::<FrameBuffer<Vec<u8>>>();
    survives_panics::<FrameReader<std::net::TcpStream>>();
    survives_panics::<FrameWriter<std::net::TcpStream>>();
    survives_panics::<Pacer>();
    survives_panics::<Recording<std::fs::File>>();
    survives_panics::<Wav>();
}

#[test]
fn errors_can_be_boxed_and_sent_to_another_thread() {
    is_an_error::<AudioError>();
    is_an_error::<BufferTooShort>();
    is_an_error::<CallRecordingError>();
    is_an_error::<InvalidDigit>();
    is_an_error::<ParseDialectError>();
    is_an_error::<ParseUuidError>();
    is_an_error::<PlayError>();
    is_an_error::<Refusal>();
    is_an_error::<SendError>();
    is_an_error::<UnsupportedRate>();
    is_an_error::<ParseVersionError>();
    is_an_error::<ParseWayError>();
    is_an_error::<PayloadError>();
    is_an_error::<PayloadTooLong>();
    is_an_error::<ReadError>();
    is_an_error::<RecordingError>();
    is_an_error::<WavError>();
    is_an_error::<WriteError>();
}

#[test]
fn debug_output_names_the_type() {
    let audio = Audio::new(SampleRate::Hz8000, &[1, 0]).unwrap();
    let digit = Digit::try_from('5').unwrap();
    let frame = Frame::new(Kind::SLIN, &[1, 0]).unwrap();
    let uuid = Uuid::from_bytes([7; 16]);
    let mut writer = FrameWriter::new(Vec::new());
    for (output, name) in [
        (format!("{frame:?}"), "Frame"),
        (
            format!("{uuid:?}"),
            "Uuid(07070707-0707-0707-0707-070707070707)",
        ),
        (format!("{:?}", FrameBuffer::new([0; 323])), "FrameBuffer"),
        (format!("{audio:?}"), "Audio"),
        (format!("{digit:?}"), "Digit(5)"),
        (
            format!("{:?}", FrameReader::new(&[0_u8][..])),
            "FrameReader",
        ),
        (format!("{writer:?}"), "FrameWriter"),
        (format!("{:?}", writer.batch()), "Batch"),
    ] {
        assert!(output.starts_with(name), "{output}");
    }
}

/// Every public type of each module is named in this file.
#[test]
fn every_public_type_is_covered() {
    let modules = [
        include_str!("../../src/asterisk/mod.rs"),
        include_str!("../../src/call/mod.rs"),
        include_str!("../../src/server/mod.rs"),
        include_str!("../../src/simulator/mod.rs"),
        include_str!("../../src/stream/mod.rs"),
        include_str!("../../src/tone/mod.rs"),
        include_str!("../../src/wav/mod.rs"),
        include_str!("../../src/wire/mod.rs"),
    ];
    let mut types = Vec::new();
    for line in modules.iter().flat_map(|text| text.split(';')) {
        if let Some((_, names)) = line.split_once("pub use ") {
            let words = names.split(|letter: char| !letter.is_alphanumeric());
            types.extend(words.filter(|word| word.starts_with(char::is_uppercase)));
        }
    }
    assert!(types.len() > 70, "{types:?}");
    let checks = include_str!("auto_traits.rs");
    let is_covered = |name: &&str| {
        // `Transport` is a trait. Constants have no lower-case letters.
        let checked = [">", "<", "<'"].map(|end| format!("::<{name}{end}"));
        *name == "Transport"
            || !name.contains(char::is_lowercase)
            || checked.iter().any(|check| checks.contains(check))
    };
    let missing: Vec<&str> = types.into_iter().filter(|name| !is_covered(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
