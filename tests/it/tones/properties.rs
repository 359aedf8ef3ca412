//! Properties of all digits, all samples and all pieces, tested with many random ones.

use audiosocket::tone::{Detector, Generator, Signal};
use audiosocket::wire::{Digit, SampleRate, Samples};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::sound::{Random, detected, digits, peak};

fn any_rate() -> impl Strategy<Value = SampleRate> {
    select(SampleRate::ALL.to_vec())
}

/// Any digits, any lengths from 40 ms, any levels and any twist within the limits.
fn any_tones(rate: SampleRate) -> impl Strategy<Value = (Vec<Digit>, i8, Vec<i16>)> {
    let digits = vec(select(Digit::ALL.to_vec()), 0..6);
    (digits, -18..=-3_i8, -7..=4_i8, 40..90_u16, 40..70_u16).prop_map(
        move |(digits, level, twist, tone_ms, pause_ms)| {
            let generator = Generator::new(rate)
                .with_levels(
                    level.saturating_sub(twist.max(0)),
                    level.saturating_add(twist.min(0)),
                )
                .with_lengths(tone_ms, pause_ms);
            let tones = generator.digits(&digits).collect();
            (digits, level, tones)
        },
    )
}

/// Pieces of these lengths, repeated.
fn pieces<'a>(samples: &'a [i16], lengths: &'a [usize]) -> impl Iterator<Item = &'a [i16]> {
    let mut rest = samples;
    lengths.iter().cycle().map_while(move |len| {
        let (piece, after) = rest.split_at((*len).min(rest.len()));
        let was_left = !rest.is_empty();
        rest = after;
        was_left.then_some(piece)
    })
}

fn any_lengths() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![vec(1..5_usize, 1..10), vec(1..2000_usize, 1..10)]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Also in noise, 20 dB below the louder tone.
    #[test]
    fn generated_digits_are_detected(
        (rate, (made, level, mut samples)) in any_rate().prop_flat_map(|rate| (Just(rate), any_tones(rate))),
        seed in any::<u64>(),
    ) {
        let mut random = Random::new(seed);
        let deviation = peak(f64::from(level) - 20.0) / 2_f64.sqrt();
        for sample in &mut samples {
            *sample = (f64::from(*sample) + deviation * random.normal()) as i16;
        }
        let made: String = made.into_iter().map(Digit::to_char).collect();
        prop_assert_eq!(digits(&detected(Detector::new(rate), &samples)), made);
    }

    #[test]
    fn pieces_of_any_length_give_equal_digits(
        (rate, (_, _, samples)) in any_rate().prop_flat_map(|rate| (Just(rate), any_tones(rate))),
        lengths in any_lengths(),
    ) {
        let mut in_slices = Detector::new(rate);
        let mut from_the_wire = Detector::new(rate);
        let (mut first, mut second): (Vec<Signal>, Vec<Signal>) = (Vec::new(), Vec::new());
        for piece in pieces(&samples, &lengths) {
            first.extend(in_slices.feed(piece));
            let bytes: Vec<u8> = piece.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            second.extend(from_the_wire.feed(Samples::new(&bytes)));
        }
        first.extend(in_slices.finish());
        second.extend(from_the_wire.finish());
        let whole = detected(Detector::new(rate), &samples);
        prop_assert_eq!(&first, &whole);
        prop_assert_eq!(&second, &whole);
    }

    #[test]
    fn signals_are_in_order_and_within_the_samples(
        rate in any_rate(),
        samples in vec(any::<i16>(), 0..3000),
        loud in vec(select(vec![i16::MIN, i16::MAX]), 0..3000),
    ) {
        let samples = [samples, loud].concat();
        let signals = detected(Detector::new(rate), &samples);
        digits(&signals);
        let mut before = 0;
        for signal in signals {
            let at = match signal {
                Signal::Start { at, .. } => at,
                Signal::Stop { end, .. } => end,
                _ => unreachable!("there are two"),
            };
            prop_assert!(at >= before);
            prop_assert!(at <= samples.len() as u64);
            before = at;
        }
    }
}

#[test]
fn dropped_iterator_still_consumes_its_samples() {
    let rate = SampleRate::Hz8000;
    let samples: Vec<i16> = Generator::new(rate).digits(&Digit::ALL[..2]).collect();
    let whole = detected(Detector::new(rate), &samples);
    let mut detector = Detector::new(rate);
    // The first two signals come after about 300 and 1100 samples, within the first piece.
    assert_eq!(detector.feed(&samples[..1300]).next(), Some(whole[0]));
    let rest: Vec<Signal> = detector.feed(&samples[1300..]).collect();
    let at_end: Vec<Signal> = detector.finish().collect();
    assert_eq!([rest, at_end].concat(), whole[2..]);
}
