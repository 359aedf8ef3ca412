//! The parts of the crate that cost a program flash and stack, each alone in a function.

use core::hint::black_box;
use core::mem::size_of_val;

use audiosocket::g711::Law;
use audiosocket::resample::Resampler;
use audiosocket::tone::{Detector, Generator, Signal};
use audiosocket::wire::{Decoded, Digit, FrameBuffer, SampleRate};

/// The number of bytes kept while a part worked.
pub type Kept = usize;

/// Converts bytes to frames and messages, and these to bytes again.
#[inline(never)]
pub fn wire(received: &[u8], sent: &mut [u8]) -> Kept {
    let mut buffer = FrameBuffer::new([0; 323]);
    for byte in received {
        if let Some(place) = buffer.spare().first_mut() {
            *place = *byte;
            buffer.commit(1);
        }
        while let Decoded::Frame(frame) = buffer.next_frame() {
            if let Ok(message) = frame.message() {
                black_box(message.encode(sent).is_ok());
            }
        }
    }
    size_of_val(&buffer)
}

/// Converts samples to digits, at a rate unknown at compile time.
#[inline(never)]
pub fn detector(rate: SampleRate, samples: &[i16]) -> Kept {
    let mut detector = Detector::new(rate);
    for signal in detector.feed(samples) {
        if let Signal::Start { digit, .. } = signal {
            black_box(digit);
        }
    }
    size_of_val(&detector)
}

/// Converts digits to samples, at a rate unknown at compile time.
#[inline(never)]
pub fn generator(rate: SampleRate, digits: &[Digit], samples: &mut [i16]) -> Kept {
    let mut tones = Generator::new(rate).digits(digits);
    black_box(tones.fill(samples));
    size_of_val(&tones)
}

/// Converts samples to another rate, with rates unknown at compile time.
#[inline(never)]
pub fn resampler(rates: [SampleRate; 2], samples: &[i16], output: &mut [i16]) -> Kept {
    let [from, to] = rates;
    let mut resampler = Resampler::new(from, to);
    black_box(resampler.feed(samples).fill(output));
    size_of_val(&resampler)
}

/// Converts samples to G.711 and back, with a law unknown at compile time.
#[inline(never)]
pub fn g711(law: Law, samples: &mut [i16], codes: &mut [u8]) -> Kept {
    if let Ok(codes) = law.encode_slice(samples, codes) {
        black_box(law.decode_slice(codes, samples).is_ok());
    }
    0
}
