//! A program that is linked but never run. It links only if `wire`, `tone`, `g711` and `resample` need no std and no allocator, and
//! if the compiler can prove that nothing in them panics.
//!
//! It calls every public function of these modules as `Type::name(..)`, the form that `prove` looks for. Every input goes through
//! `black_box`, so that the compiler knows nothing about it.

#![no_std]
#![no_main]

use core::hash::{Hash, Hasher};
use core::hint::black_box;
use core::panic::PanicInfo;
use core::str::FromStr;

use audiosocket::g711::Law;
use audiosocket::resample::{Resampled, Resampler};
use audiosocket::tone::{Detector, Generator, Signal, Tones};
use audiosocket::wire::{
    Audio, AudioError, Decoded, Digit, Dtmf, DtmfDialect, ErrorCode, ErrorFlags, Frame,
    FrameBuffer, Frames, Header, InvalidDigit, Kind, Message, ParseUuidError, Parsed, PayloadError,
    PayloadErrorReason, PayloadTooLong, SampleRate, Samples, Uuid,
};

unsafe extern "C" {
    // Defined nowhere. If any code still calls the panic handler after optimization, linking fails.
    fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    unsafe { a_panic_is_reachable() }
}

#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let bytes: &[u8] = black_box(&[0; 64]);
    let mut first = [0; 64];
    let mut second = [0; 64];
    let buffer: &mut [u8] = black_box(&mut first);
    let other: &mut [u8] = black_box(&mut second);

    kinds_and_headers();
    frames(bytes, buffer);
    messages(bytes, buffer);
    audio(bytes, buffer);
    dtmf();
    errors(bytes);
    uuids(bytes);
    frame_buffers(bytes, buffer, other);
    generated();
    detected(bytes);
    companded(bytes, other);
    resampled(bytes);
    controls(bytes);
    loop {
        black_box(());
    }
}

fn kinds_and_headers() {
    let kind = Kind::from_byte(black_box(0));
    black_box(Kind::byte(kind));
    black_box(Kind::sample_rate(kind));
    black_box(Kind::name(kind));
    black_box(Kind::from(black_box(0)));
    black_box(u8::from(kind));
    ordered(kind);

    let header = Header::new(kind, black_box(0));
    black_box(Header::to_bytes(header));
    let header = Header::parse(black_box([0; 3]));
    black_box(Header::kind(header));
    black_box(Header::payload_len(header));
    black_box(Header::frame_len(header));
    hashed(header);
}

fn frames(bytes: &[u8], buffer: &mut [u8]) {
    let parsed = Frame::parse(bytes);
    black_box(parsed == black_box(parsed));
    if let Parsed::Complete { frame, rest } = parsed {
        black_box(rest);
        black_box(Frame::kind(&frame));
        black_box(Frame::payload(&frame));
        black_box(Frame::header(&frame));
        black_box(Frame::encoded_len(&frame));
        black_box(Frame::encode(&frame, buffer).map(|bytes| &*bytes)).ok();
        hashed(frame);
    }
    if let Err(error) = Frame::new(black_box(Kind::SLIN), bytes) {
        hashed::<PayloadTooLong>(error);
        black_box(error.len);
    }
    let mut frames = Frames::new(bytes);
    black_box(frames.next());
    black_box(frames.clone().last());
    black_box(frames.size_hint());
    black_box(Frames::rest(&frames));
}

fn messages(bytes: &[u8], buffer: &mut [u8]) {
    for frame in Frames::new(bytes) {
        match Frame::message(&frame) {
            Ok(message) => {
                black_box(Message::encode(&message, buffer).map(|bytes| &*bytes)).ok();
                hashed(message);
            }
            Err(error) => {
                black_box(PayloadError::header(&error));
                let fault: PayloadErrorReason = PayloadError::reason(&error);
                hashed(fault);
                hashed(error);
            }
        }
    }
    // Of any variant, whatever the content of the frames.
    let message = black_box(Message::Hangup);
    black_box(Message::encode(&message, buffer).map(|bytes| &*bytes)).ok();
}

fn audio(bytes: &[u8], buffer: &mut [u8]) {
    for &rate in SampleRate::ALL {
        black_box(SampleRate::hz(black_box(rate)));
        black_box(SampleRate::kind(black_box(rate)));
        black_box(SampleRate::samples_in(black_box(rate), black_box(20)));
    }
    if let Some(rate) = SampleRate::from_hz(black_box(8000)) {
        ordered(rate);
    }
    let rate = black_box(SampleRate::Hz8000);
    match Audio::new(rate, bytes) {
        Ok(audio) => {
            black_box(Audio::rate(&audio));
            black_box(Audio::bytes(&audio));
            black_box(Audio::duration_us(&audio));
            black_box(Audio::samples(&audio));
            black_box(Frame::from(audio));
            hashed(audio);
        }
        Err(error) => hashed::<AudioError>(error),
    }
    let samples: &[i16] = black_box(&[0; 32]);
    if let Err(error) = Audio::from_samples(rate, samples, buffer) {
        hashed(error);
    }

    let mut samples = Samples::new(bytes);
    black_box(Samples::trailing(&samples));
    black_box(samples.next());
    black_box(samples.next_back());
    black_box(samples.nth(black_box(1)));
    black_box(samples.nth_back(black_box(1)));
    black_box(samples.size_hint());
    black_box(samples.len());
    for sample in samples.clone().rev() {
        black_box(sample);
    }
    for sample in samples {
        black_box(sample);
    }
}

fn dtmf() {
    if let Some(digit) = Digit::from_ascii(black_box(b'5')) {
        black_box(Digit::to_ascii(digit));
        black_box(Digit::wire_code(digit));
        black_box(Digit::to_char(digit));
        ordered(digit);
        let dtmf = black_box(Dtmf::Digit(digit));
        black_box(Dtmf::digit(&dtmf));
        black_box(Dtmf::duration(&dtmf));
        let dialect: DtmfDialect = Dtmf::dialect(&dtmf);
        hashed(dialect);
        hashed(dtmf);
    }
    black_box(DtmfDialect::default());
    match Digit::try_from(black_box('5')) {
        Ok(digit) => hashed(digit),
        Err(error) => hashed::<InvalidDigit>(error),
    }
}

fn errors(bytes: &[u8]) {
    if let Ok(code) = ErrorCode::new(bytes) {
        black_box(ErrorCode::payload(&code));
        black_box(ErrorCode::flags(&code));
        hashed(code);
    }
    let flags = ErrorFlags::from_bits(black_box(0));
    black_box(ErrorFlags::bits(flags));
    black_box(ErrorFlags::contains(flags, black_box(ErrorFlags::MEMORY)));
    hashed(flags);
}

fn uuids(bytes: &[u8]) {
    let uuid = Uuid::from_bytes(black_box([0; 16]));
    black_box(Uuid::as_bytes(&uuid));
    black_box(Uuid::from(black_box([0; 16])));
    black_box(<[u8; 16]>::from(uuid));
    ordered(uuid);
    let text = core::str::from_utf8(bytes).unwrap_or_default();
    if let Err(error) = Uuid::parse(text) {
        hashed::<ParseUuidError>(error);
    }
    black_box(Uuid::from_str(text)).ok();
}

fn frame_buffers(bytes: &[u8], storage: &mut [u8], other: &mut [u8]) {
    let buffer = FrameBuffer::new(storage);
    let mut buffer = FrameBuffer::with_max_payload_len(buffer, black_box(320));
    decode(&mut buffer, bytes);
    if let Ok(mut buffer) = FrameBuffer::move_to(buffer, other) {
        decode(&mut buffer, bytes);
        black_box(FrameBuffer::into_storage(buffer));
    }
    // For the compiler, storage of a known length is a separate function.
    let mut buffer = FrameBuffer::new(black_box([0; 323]));
    decode(&mut buffer, bytes);
    decode(&mut buffer.clone(), bytes);
    black_box(FrameBuffer::move_to(buffer, black_box([0; 643]))).ok();
    let mut none = FrameBuffer::new(black_box([0; 0]));
    decode(&mut none, bytes);
}

fn decode<S: AsRef<[u8]> + AsMut<[u8]>>(buffer: &mut FrameBuffer<S>, bytes: &[u8]) {
    // Twice, so that the compiler knows nothing about the positions in the buffer the second time.
    for _ in 0..black_box(2) {
        let spare = FrameBuffer::spare(buffer);
        for (to, from) in spare.iter_mut().zip(bytes) {
            *to = *from;
        }
        FrameBuffer::commit(buffer, black_box(usize::MAX));
        black_box(FrameBuffer::len(buffer));
        black_box(FrameBuffer::is_empty(buffer));
        black_box(FrameBuffer::at_frame_boundary(buffer));
        black_box(FrameBuffer::header(buffer));
        black_box(FrameBuffer::needed(buffer));
        while let Decoded::Frame(frame) = FrameBuffer::next_frame(buffer) {
            black_box(frame);
        }
        let decoded = FrameBuffer::next_frame(buffer);
        black_box(decoded == black_box(decoded));
    }
    // Positions that the compiler knows from no sequence of calls.
    let buffer = black_box(buffer);
    black_box(FrameBuffer::needed(buffer));
    black_box(FrameBuffer::next_frame(buffer));
    FrameBuffer::commit(buffer, black_box(1));
    black_box(FrameBuffer::spare(buffer));
}

fn generated() {
    let mut silence = [0; 64];
    let samples: &mut [i16] = black_box(&mut silence);
    let rate = black_box(SampleRate::Hz8000);
    let generator = Generator::with_levels(Generator::new(rate), black_box(0), black_box(0));
    let generator = Generator::with_lengths(generator, black_box(0), black_box(0));
    hashed(generator);
    let generator = black_box(generator);
    let mut tones = Generator::digits(generator, black_box(Digit::ALL));
    black_box(Tones::fill(&mut tones, samples));
    // A state that the compiler knows from no sequence of calls.
    let tones = black_box(&mut tones);
    black_box(Tones::fill(tones, samples));
    black_box(tones.next());
    black_box(tones.clone().last());
    let lent: &[Digit] = black_box(&Digit::ALL);
    black_box(Generator::digits(generator, lent).next());
}

fn detected(bytes: &[u8]) {
    let rate = black_box(SampleRate::Hz8000);
    let detector = Detector::with_floor(Detector::new(rate), black_box(0));
    let mut detector = Detector::with_twist(detector, black_box(0), black_box(0));
    signalled(Detector::feed(&mut detector, Samples::new(bytes)));
    let detector = black_box(&mut detector);
    let samples: &[i16] = black_box(&[0; 64]);
    signalled(Detector::feed(detector, samples));
    drop(Detector::feed(black_box(&mut detector.clone()), samples));
    signalled(Detector::finish(black_box(detector)));
}

fn signalled(mut signals: impl Iterator<Item = Signal>) {
    if let Some(signal) = signals.next() {
        black_box(Signal::digit(&signal));
        hashed(signal);
    }
    for signal in signals {
        black_box(signal);
    }
}

fn companded(bytes: &[u8], codes: &mut [u8]) {
    let mut silence = [0; 32];
    let samples: &mut [i16] = black_box(&mut silence);
    for law in [Law::Mu, Law::A] {
        let law = black_box(law);
        black_box(Law::encode(law, black_box(0)));
        black_box(Law::decode(law, black_box(0)));
        if let Ok(decoded) = Law::decode_slice(law, bytes, samples) {
            black_box(decoded);
        }
        if let Err(error) = Law::encode_slice(law, samples, codes) {
            hashed(error);
        }
        hashed(law);
    }
}

fn resampled(bytes: &[u8]) {
    let (from, to) = (
        black_box(SampleRate::Hz8000),
        black_box(SampleRate::Hz44100),
    );
    let mut resampler = Resampler::new(from, to);
    black_box(Resampler::input_rate(&resampler));
    black_box(Resampler::output_rate(&resampler));
    black_box(Resampler::delay(&resampler));
    let mut silence = [0; 64];
    let room: &mut [i16] = black_box(&mut silence);
    let mut output = Resampler::feed(&mut resampler, Samples::new(bytes));
    black_box(Resampled::fill(&mut output, room));
    black_box(output.next());
    drop(output);
    // A state that the compiler knows from no sequence of calls.
    let resampler = black_box(&mut resampler);
    let samples: &[i16] = black_box(&[0; 64]);
    for sample in Resampler::feed(resampler, samples) {
        black_box(sample);
    }
    drop(Resampler::feed(black_box(&mut resampler.clone()), samples));
    black_box(Resampler::finish(resampler).last());
}

/// The functions of the derived traits.
fn hashed<T: Copy + Eq + Hash>(value: T) {
    black_box(value == black_box(value));
    value.hash(&mut Sum(black_box(0)));
}

fn ordered<T: Copy + Ord + Hash>(value: T) {
    black_box(value.cmp(&black_box(value)));
    black_box(value < black_box(value));
    hashed(value);
}

struct Sum(u64);

impl Hasher for Sum {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(31).wrapping_add(u64::from(*byte));
        }
    }
}

/// Empty, unless a feature selects code that must not link.
fn controls(bytes: &[u8]) {
    #[cfg(feature = "control-index")]
    black_box(bytes[black_box(7)]);
    #[cfg(feature = "control-addition")]
    black_box(bytes.len() + black_box(7));
    #[cfg(feature = "control-allocation")]
    {
        extern crate alloc;
        black_box(alloc::vec![black_box(7_u8); bytes.len()]);
    }
    #[cfg(feature = "control-std-path")]
    black_box(std::time::Instant::now());
    black_box(bytes);
}
