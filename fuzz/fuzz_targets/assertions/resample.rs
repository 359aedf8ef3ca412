//! What must hold for any samples between any two rates, in any pieces, and for G.711. Used by the fuzz target and by
//! `tests/corpus.rs`.
//!
//! The first three bytes are the script: the rate of the input, that of the output, and how long the pieces are. Samples follow.

use audiosocket::g711::Law;
use audiosocket::resample::Resampler;
use audiosocket::wire::{SampleRate, Samples};

pub fn check(bytes: &[u8]) {
    let Some((&[from, to, piece], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let rate = |number: u8| SampleRate::ALL[usize::from(number) % 9];
    let samples: Vec<i16> = Samples::new(rest).collect();
    check_resampler(rate(from), rate(to), &samples, 1 + usize::from(piece));
    for law in [Law::Mu, Law::A] {
        check_law(law, &samples, rest);
    }
}

fn check_resampler(from: SampleRate, to: SampleRate, samples: &[i16], piece_len: usize) {
    let mut whole = Resampler::new(from, to);
    let mut expected: Vec<i16> = whole.feed(samples).collect();
    let made = in_time(expected.len(), to);
    let fed = in_time(samples.len(), from);
    let one = in_time(1, if from < to { from } else { to });
    assert!(made.abs_diff(fed) < one, "{made} of {fed}");

    let mut pieces = Resampler::new(from, to);
    let mut output = Vec::new();
    let mut buffer = vec![0x5555; piece_len];
    for piece in samples.chunks(piece_len) {
        let mut resampled = pieces.feed(piece);
        loop {
            buffer.fill(0x5555);
            let count = resampled.fill(&mut buffer);
            assert!(buffer[count..].iter().all(|sample| *sample == 0x5555));
            output.extend_from_slice(&buffer[..count]);
            if count < piece_len {
                break;
            }
        }
    }
    assert_eq!(output, expected);
    assert_eq!(format!("{pieces:?}"), format!("{whole:?}"));

    // Dropped output is lost, and changes nothing else.
    let mut dropped = Resampler::new(from, to);
    drop(dropped.feed(samples));
    assert_eq!(format!("{dropped:?}"), format!("{whole:?}"));

    expected.extend(whole.finish());
    let made = in_time(expected.len(), to);
    let fed = fed + in_time(whole.delay(), to);
    assert!(made.abs_diff(fed) < 2 * one, "{made} of {fed} in the end");
    if from == to {
        assert_eq!(expected, samples);
    }
    if samples.iter().all(|sample| *sample == 0) {
        assert!(expected.iter().all(|sample| *sample == 0));
    }
}

/// How long samples last, in a unit that every rate divides: 28,224,000 a second.
fn in_time(count: usize, rate: SampleRate) -> u64 {
    count as u64 * u64::from(28_224_000 / rate.hz())
}

fn check_law(law: Law, samples: &[i16], codes: &[u8]) {
    let mut buffer = vec![0; samples.len()];
    let encoded = law.encode_slice(samples, &mut buffer).expect("room");
    let level = |sample: i16| law.decode(law.encode(sample));
    for (sample, code) in samples.iter().zip(encoded) {
        assert_eq!(law.encode(*sample), *code);
        // A step is a sixteenth of its segment, and the nearest level is at most half a step away: except beyond the largest.
        let (sample, level) = (i32::from(*sample), i32::from(law.decode(*code)));
        let magnitude = sample.abs().min(32_635);
        assert!(level.abs().abs_diff(magnitude) <= 8 + magnitude as u32 / 32);
    }
    for pair in samples.windows(2) {
        let (low, high) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
        assert!(level(low) <= level(high), "{law:?}: {low} {high}");
    }
    let mut buffer = vec![0; codes.len()];
    let decoded = law.decode_slice(codes, &mut buffer).expect("room");
    for (code, sample) in codes.iter().zip(decoded) {
        assert_eq!(law.decode(*code), *sample);
        assert_eq!(level(*sample), *sample);
    }
    if let Some((_, short)) = codes.split_first() {
        let mut short = vec![0x5555; short.len()];
        assert!(law.decode_slice(codes, &mut short).is_err());
        assert!(short.iter().all(|sample| *sample == 0x5555));
    }
}
