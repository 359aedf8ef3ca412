//! Measures the work on frames in memory (parsing, encoding and samples) at five lengths. The contenders are this library, the crate
//! `audiosocket` 1.0.0 and the length-delimited codec of tokio-util. The limits are loops that only walk the headers, copy the
//! bytes, or add up the bytes.
//!
//! Run `cargo run --release --bin memory`, optionally with a number of rounds: `-- 20`. Prints nanoseconds per frame: the median, p10
//! and p90 of the rounds. All contenders receive the same bytes. Their results are compared first, and a contender with a wrong result
//! is not timed. Each round runs every contender in turn, so all meet the same state of the machine.
//!
//! `-- --count parse ours 320 1000` processes 1000 inputs without a measurement, for a tool that counts instructions.

use std::hint::black_box;
use std::time::{Duration, Instant};

use asterisk_audiosocket_bench::spread;
use audiosocket::wire::{Audio, Frame, Frames, Kind, SampleRate};
use audiosocket_1::{Message, RawMessage, Type};
use bytes::{Buf, BytesMut};
use tokio_util::codec::{Decoder, LengthDelimitedCodec};

const LENGTHS: [usize; 5] = [20, 320, 640, 1920, 65_535];
const ROUNDS: usize = 200;
/// The time that each contender works in a round.
const ROUND_TIME: Duration = Duration::from_micros(100);
/// The length of an input. It fits into the processor's cache, because a larger input would measure the memory.
const INPUT_LEN: usize = 128 * 1024;

/// One implementation of an operation. It processes each frame of an input, passes each result to `sink`, and returns the time of
/// the whole input.
struct Contender {
    operation: &'static str,
    name: &'static str,
    time: fn(&Input) -> Duration,
    answers: fn(&Input) -> Vec<u8>,
}

macro_rules! contender {
    ($operation:literal, $name:literal, $work:path) => {
        Contender {
            operation: $operation,
            name: $name,
            time: |input| {
                $work(input, |kind, bytes| {
                    black_box((kind, bytes));
                })
            },
            answers: |input| {
                let mut answers = Vec::new();
                $work(input, |kind, bytes| {
                    answers.push(kind);
                    answers.extend_from_slice(bytes);
                });
                answers
            },
        }
    };
}

/// The contenders of each operation. The first is the limit.
const CONTENDERS: [Contender; 11] = [
    contender!("parse", "limit", walk_headers),
    contender!("parse", "ours", parse_ours),
    contender!("parse", "ours-typed", parse_ours_typed),
    contender!("parse", "ivan770", parse_ivan770),
    contender!("parse", "ivan770-typed", parse_ivan770_typed),
    contender!("parse", "tokio-util", parse_tokio_util),
    contender!("encode", "limit", copy_bytes),
    contender!("encode", "ours", encode_ours),
    contender!("encode", "ivan770", encode_ivan770),
    contender!("samples", "limit", add_up_pairs),
    contender!("samples", "ours", add_up_samples),
];

/// A stream of frames of one length.
struct Input {
    stream: Vec<u8>,
    frame_len: usize,
    frames: usize,
}

impl Input {
    fn of(payload_len: usize) -> Input {
        let frame_len = 3 + payload_len;
        let frames = (INPUT_LEN / frame_len).max(1);
        let length = u16::try_from(payload_len).expect("a length").to_be_bytes();
        let mut stream = Vec::new();
        for number in 0..frames {
            stream.extend([0x10, length[0], length[1]]);
            stream.extend((0..payload_len).map(|place| (place * 7 + number * 13) as u8));
        }
        Input {
            stream,
            frame_len,
            frames,
        }
    }

    /// Returns the frames, for contenders that cannot find the end of a frame.
    fn each(&self) -> impl Iterator<Item = &[u8]> {
        self.stream.chunks_exact(self.frame_len)
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--count", operation, name, len, inputs] => {
            count(operation, name, number(len), number(inputs));
        }
        [rounds] => measure(number(rounds)),
        _ => measure(ROUNDS),
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

/// Processes `inputs` inputs and prints the number of frames.
fn count(operation: &str, name: &str, payload_len: usize, inputs: usize) {
    let contender = CONTENDERS
        .iter()
        .find(|contender| (contender.operation, contender.name) == (operation, name))
        .expect("a contender");
    let input = Input::of(payload_len);
    for _ in 0..inputs {
        (contender.time)(&input);
    }
    println!("{}", input.frames * inputs);
}

fn measure(rounds: usize) {
    println!("operation    bytes  contender      median     p10     p90");
    for operation in ["parse", "encode", "samples"] {
        for len in LENGTHS {
            measure_one(operation, len, rounds);
        }
    }
}

fn measure_one(operation: &str, len: usize, rounds: usize) {
    let input = Input::of(len);
    let of_operation = || {
        CONTENDERS
            .iter()
            .filter(|contender| contender.operation == operation)
    };
    let right = of_operation().next().map(|limit| (limit.answers)(&input));
    let mut timed = Vec::new();
    for contender in of_operation() {
        if Some((contender.answers)(&input)) == right {
            let once = (contender.time)(&input).max(Duration::from_nanos(1));
            let repeats = (ROUND_TIME.as_nanos() / once.as_nanos()).max(1) as u32;
            timed.push((contender, repeats, Vec::new()));
        } else {
            println!(
                "{operation:<9} {len:>8}  {:<13}  answers wrong",
                contender.name
            );
        }
    }
    for _ in 0..rounds {
        for (contender, repeats, figures) in &mut timed {
            let spent: Duration = (0..*repeats).map(|_| (contender.time)(&input)).sum();
            figures.push(spent.as_secs_f64() * 1e9 / f64::from(*repeats) / input.frames as f64);
        }
    }
    for (contender, _, figures) in timed {
        let [median, p10, p90] = spread(figures);
        println!(
            "{operation:<9} {len:>8}  {:<13} {median:>7.2} {p10:>7.2} {p90:>7.2}",
            contender.name
        );
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

// ---- parsing ---------------------------------------------------------------------------------------------------------

fn walk_headers(input: &Input, mut sink: impl FnMut(u8, &[u8])) -> Duration {
    let mut rest = black_box(&input.stream[..]);
    timed(|| {
        while let [kind, high, low, body @ ..] = rest {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            let Some((payload, behind)) = body.split_at_checked(len) else {
                break;
            };
            sink(*kind, payload);
            rest = behind;
        }
    })
}

fn parse_ours(input: &Input, mut sink: impl FnMut(u8, &[u8])) -> Duration {
    let stream = black_box(&input.stream[..]);
    timed(|| {
        for frame in Frames::new(stream) {
            sink(frame.kind().byte(), frame.payload());
        }
    })
}

/// Parses frames and their messages. A frame with audio of an odd length is an error, so this passes on the frame.
fn parse_ours_typed(input: &Input, mut sink: impl FnMut(u8, &[u8])) -> Duration {
    let stream = black_box(&input.stream[..]);
    timed(|| {
        for frame in Frames::new(stream) {
            match frame.message() {
                Ok(audiosocket::Message::Audio(audio)) => {
                    black_box(audio.rate());
                    sink(0x10, audio.bytes());
                }
                Ok(_) => sink(0, &[]),
                Err(_) => sink(frame.kind().byte(), frame.payload()),
            }
        }
    })
}

fn parse_ivan770(input: &Input, mut sink: impl FnMut(u8, &[u8])) -> Duration {
    timed(|| {
        for bytes in black_box(input).each() {
            let message = RawMessage::try_from(bytes).expect("a kind it knows");
            sink(
                u8::from(*message.message_type()),
                message.payload().unwrap_or_default(),
            );
        }
    })
}

fn parse_ivan770_typed(input: &Input, mut sink: impl FnMut(u8, &[u8])) -> Duration {
    timed(|| {
        for bytes in black_box(input).each() {
            let raw = RawMessage::try_from(bytes).expect("a kind it knows");
            match Message::try_from(raw) {
                Ok(Message::Audio(payload)) => sink(0x10, payload.unwrap_or_default()),
                _ => sink(0, &[]),
            }
        }
    })
}

/// Parses with tokio-util. The copy into its own kind of buffer is not timed.
fn parse_tokio_util(input: &Input, mut sink: impl FnMut(u8, &[u8])) -> Duration {
    let mut codec = LengthDelimitedCodec::builder()
        .length_field_offset(1)
        .length_field_length(2)
        .length_adjustment(3)
        .num_skip(0)
        .new_codec();
    let mut stream = BytesMut::from(&input.stream[..]);
    timed(|| {
        while let Ok(Some(mut frame)) = codec.decode(&mut stream) {
            let kind = frame[0];
            frame.advance(3);
            sink(kind, &frame);
        }
    })
}

// ---- encoding --------------------------------------------------------------------------------------------------------

fn copy_bytes(input: &Input, mut sink: impl FnMut(u8, &[u8])) -> Duration {
    let mut buffer = vec![0; input.frame_len];
    timed(|| {
        for bytes in input.each() {
            buffer.copy_from_slice(black_box(bytes));
            sink(0, black_box(&buffer));
        }
    })
}

fn encode_ours(input: &Input, mut sink: impl FnMut(u8, &[u8])) -> Duration {
    let mut buffer = vec![0; input.frame_len];
    timed(|| {
        for bytes in input.each() {
            let frame = Frame::new(Kind::SLIN, &black_box(bytes)[3..]).expect("it fits");
            let bytes = frame.encode(&mut buffer).expect("there is room");
            sink(0, black_box(bytes));
        }
    })
}

fn encode_ivan770(input: &Input, mut sink: impl FnMut(u8, &[u8])) -> Duration {
    timed(|| {
        for bytes in input.each() {
            debug_assert_eq!(u8::from(Type::Audio), bytes[0]);
            let message = Message::Audio(Some(&black_box(bytes)[3..]));
            let bytes = Vec::try_from(message).expect("it fits");
            sink(0, black_box(&bytes));
        }
    })
}

// ---- samples ---------------------------------------------------------------------------------------------------------

fn whole_samples(frame: &[u8]) -> &[u8] {
    &frame[3..frame.len() - (frame.len() - 3) % 2]
}

fn add_up_pairs(input: &Input, mut sink: impl FnMut(u8, &[u8])) -> Duration {
    timed(|| {
        for bytes in input.each() {
            let sum: i32 = whole_samples(black_box(bytes))
                .chunks_exact(2)
                .map(|pair| i32::from(i16::from_le_bytes([pair[0], pair[1]])))
                .sum();
            sink(0, &sum.to_ne_bytes());
        }
    })
}

fn add_up_samples(input: &Input, mut sink: impl FnMut(u8, &[u8])) -> Duration {
    timed(|| {
        for bytes in input.each() {
            let audio = Audio::new(SampleRate::Hz8000, whole_samples(black_box(bytes)));
            let sum: i32 = audio.expect("whole samples").samples().map(i32::from).sum();
            sink(0, &sum.to_ne_bytes());
        }
    })
}
