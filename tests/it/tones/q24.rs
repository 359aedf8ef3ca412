//! The limits of ITU-T Q.24 with AT&T's values, from both sides: tones that must be detected, and tones that must not be.

use audiosocket::tone::{Detector, Signal};
use audiosocket::wire::{Digit, SampleRate};

use super::sound::{Pair, Sound, detected, digits};

/// All digits at 8 kHz. At 44.1 kHz, four digits that cover every row and every column. The filters of all nine rates are alike,
/// and 44.1 kHz is the only rate whose decimated rate is not 2 kHz.
fn rates_and_digits() -> impl Iterator<Item = (SampleRate, u64, Digit)> {
    let digits = || (0..).zip(Digit::ALL);
    let all = digits().map(|(seed, digit)| (SampleRate::Hz8000, seed, digit));
    let diagonal = digits().step_by(5);
    all.chain(diagonal.map(|(seed, digit)| (SampleRate::Hz44100, seed, digit)))
}

/// `count` places within a tick of the detector at 8 kHz, and every fourth of them at 44.1 kHz.
fn rates_and_places(count: usize) -> impl Iterator<Item = (SampleRate, usize)> {
    let all = (0..count).map(|place| (SampleRate::Hz8000, place));
    all.chain(
        (0..count)
            .step_by(4)
            .map(|place| (SampleRate::Hz44100, place)),
    )
}

/// One digit with silence around it, at any position relative to the detector's ticks.
fn pressed(rate: SampleRate, pair: Pair, ms: f64, seed: u64) -> Sound {
    let sound = Sound::new(rate, seed);
    let before = 40.0 + seed as f64 * 0.37 % 5.0;
    sound.silence(before).pair(pair, ms).silence(60.0)
}

#[track_caller]
fn is_detected(sound: &Sound, pair: Pair) {
    let detected = digits(&sound.detected());
    assert_eq!(
        detected,
        pair.digit.to_string(),
        "{:?}, {}",
        pair,
        sound.rate
    );
}

#[track_caller]
fn is_ignored(sound: &Sound, pair: Pair) {
    assert_eq!(sound.detected(), [], "{:?}, {}", pair, sound.rate);
}

/// The pair with each tone too high and too low by its offset, in all combinations. A tone without an offset stays as it is.
fn both_ways(pair: Pair, low_off: f64, high_off: f64) -> Vec<Pair> {
    let signs = |off: f64| if off == 0.0 { &[1.0][..] } else { &[1.0, -1.0] };
    let mut pairs = Vec::new();
    for low in signs(low_off) {
        for high in signs(high_off) {
            pairs.push(Pair {
                low_off: low * low_off,
                high_off: high * high_off,
                ..pair
            });
        }
    }
    pairs
}

#[test]
fn every_digit_is_detected_in_place_at_every_rate() {
    for &rate in SampleRate::ALL {
        for (seed, digit) in Digit::ALL.into_iter().enumerate() {
            let pair = Pair::of(digit, -10.0);
            let sound = pressed(rate, pair, 100.0, seed as u64);
            let start = sound.len() - sound.len_of(160.0);
            let end = sound.len() - sound.len_of(60.0);
            let signals = sound.detected();
            let &[
                _,
                Signal::Stop {
                    start: from,
                    end: to,
                    duration_ms,
                    ..
                },
            ] = &signals[..]
            else {
                panic!("{digit} at {rate}: {signals:?}");
            };
            assert_eq!(digits(&signals), digit.to_string(), "{rate}");
            let ms =
                |from: u64, to: usize| (from as f64 - to as f64) * 1000.0 / f64::from(rate.hz());
            assert!(
                ms(from, start).abs() < 1.5,
                "{digit} at {rate}: {} ms off",
                ms(from, start)
            );
            assert!(
                ms(to, end).abs() < 1.5,
                "{digit} at {rate}: {} ms off",
                ms(to, end)
            );
            assert!(
                (98..=102).contains(&duration_ms),
                "{digit} at {rate}: {duration_ms} ms"
            );
        }
    }
}

#[test]
fn frequency_limits_are_1_5_and_3_5_percent() {
    for (rate, seed, digit) in rates_and_digits() {
        let pair = Pair::of(digit, -10.0);
        for pair in both_ways(pair, 0.015, 0.015) {
            is_detected(&pressed(rate, pair, 40.0, seed), pair);
        }
        let off = [
            (0.035, 0.0),
            (0.0, 0.035),
            (0.035, 0.035),
            (0.06, 0.0),
            (0.0, 0.06),
        ];
        for pair in off
            .into_iter()
            .flat_map(|(low, high)| both_ways(pair, low, high))
        {
            is_ignored(&pressed(rate, pair, 100.0, seed), pair);
        }
    }
}

#[test]
fn weaker_tone_has_the_same_frequency_limits() {
    for (seed, digit) in (0..).zip(Digit::ALL) {
        let high_weaker = Pair {
            high_dbm0: -16.0,
            ..Pair::of(digit, -8.0)
        };
        let low_weaker = Pair {
            low_dbm0: -12.0,
            ..Pair::of(digit, -8.0)
        };
        for pair in [
            both_ways(high_weaker, 0.0, 0.035),
            both_ways(low_weaker, 0.035, 0.0),
        ]
        .concat()
        {
            is_ignored(&pressed(SampleRate::Hz8000, pair, 200.0, seed), pair);
        }
        for pair in [
            both_ways(high_weaker, 0.015, 0.015),
            both_ways(low_weaker, 0.015, 0.015),
        ]
        .concat()
        {
            is_detected(&pressed(SampleRate::Hz8000, pair, 40.0, seed), pair);
        }
    }
}

#[test]
fn tone_of_40_ms_is_detected_and_23_ms_is_not() {
    // A tick of the detector is 1 ms, so these are all possible positions within a tick.
    for (rate, place) in rates_and_places(40) {
        let pair = Pair::of(Digit::ALL[place % 16], -10.0);
        let around = |ms| {
            let sound = Sound::new(rate, place as u64);
            sound
                .silence(45.0 + place as f64 / 40.0)
                .pair(pair, ms)
                .silence(60.0)
        };
        is_detected(&around(40.0), pair);
        is_ignored(&around(23.0), pair);
    }
}

#[test]
fn pause_of_40_ms_splits_and_break_of_10_ms_does_not() {
    for (rate, place) in rates_and_places(20) {
        let digit = Digit::ALL[place % 16];
        let pair = Pair::of(digit, -10.0);
        let twice = |before: f64, gap: f64| {
            let sound = Sound::new(rate, place as u64);
            let sound = sound.silence(45.0 + place as f64 / 20.0).pair(pair, before);
            digits(&sound.silence(gap).pair(pair, 60.0).silence(60.0).detected())
        };
        assert_eq!(twice(40.0, 40.0), format!("{digit}{digit}"), "{rate}");
        // The break may be anywhere in the tone: before the digit can be detected, and after.
        for before in [5.0, 15.0, 25.0, 30.0, 35.0, 40.0, 80.0] {
            assert_eq!(
                twice(before, 10.0),
                digit.to_string(),
                "{before} ms, {rate}"
            );
        }
    }
}

#[test]
fn many_short_breaks_do_not_split_a_digit() {
    for digit in Digit::ALL {
        let pair = Pair::of(digit, -10.0);
        let mut sound = Sound::new(SampleRate::Hz8000, 1).silence(50.0);
        for _ in 0..8 {
            sound = sound.pair(pair, 50.0).silence(8.0);
        }
        is_detected(&sound, pair);
    }
}

#[test]
fn digits_of_40_ms_or_without_pause_are_detected() {
    for rate in [SampleRate::Hz8000, SampleRate::Hz44100] {
        let mut sound = Sound::new(rate, 1).silence(50.0);
        for digit in Digit::ALL {
            sound = sound.pair(Pair::of(digit, -12.0), 40.0).silence(40.0);
        }
        assert_eq!(digits(&sound.detected()), "123A456B789C*0#D", "{rate}");
        let mut sound = Sound::new(rate, 2);
        for digit in Digit::ALL {
            sound = sound.pair(Pair::of(digit, -12.0), 60.0);
        }
        assert_eq!(digits(&sound.detected()), "123A456B789C*0#D", "{rate}");
    }
}

#[test]
fn levels_down_to_25_db_below_are_detected() {
    for (rate, seed, digit) in rates_and_digits() {
        for dbm0 in [0.0, -3.0, -10.0, -20.0, -25.0] {
            let pair = Pair::of(digit, dbm0);
            is_detected(&pressed(rate, pair, 40.0, seed), pair);
        }
        for dbm0 in [-29.0, -40.0, -55.0] {
            let pair = Pair::of(digit, dbm0);
            is_ignored(&pressed(rate, pair, 100.0, seed), pair);
            let pair = Pair {
                high_dbm0: -26.0,
                ..pair
            };
            is_ignored(&pressed(rate, pair, 100.0, seed), pair);
        }
    }
}

#[test]
fn level_below_a_set_floor_is_ignored() {
    let detector = || Detector::new(SampleRate::Hz8000).with_floor(-40);
    for (seed, digit) in (0..).zip(Digit::ALL) {
        let at = |dbm0| pressed(SampleRate::Hz8000, Pair::of(digit, dbm0), 60.0, seed).samples();
        assert_eq!(digits(&detected(detector(), &at(-40.0))), digit.to_string());
        assert_eq!(detected(detector(), &at(-44.0)), []);
    }
}

#[test]
fn twist_limits_are_4_and_8_db_or_as_set() {
    let heard_with = |detector: Detector, high_over_low: f64, digit: Digit, seed: u64| {
        let level = -12.0 - high_over_low / 2.0;
        let pair = Pair {
            high_dbm0: level + high_over_low,
            ..Pair::of(digit, level)
        };
        digits(&detected(
            detector,
            &pressed(SampleRate::Hz8000, pair, 60.0, seed).samples(),
        ))
    };
    for (seed, digit) in (0..).zip(Digit::ALL) {
        let normal = || Detector::new(SampleRate::Hz8000);
        let wide = || normal().with_twist(10, 12);
        let narrow = || normal().with_twist(0, 0);
        for twist in [4.0, 0.0, -8.0] {
            assert_eq!(
                heard_with(normal(), twist, digit, seed),
                digit.to_string(),
                "{twist}"
            );
        }
        for twist in [6.0, 15.0, -10.0, -20.0] {
            assert_eq!(
                heard_with(normal(), twist, digit, seed),
                "",
                "{twist} of {digit}"
            );
        }
        assert_eq!(heard_with(wide(), 10.0, digit, seed), digit.to_string());
        assert_eq!(heard_with(wide(), -12.0, digit, seed), digit.to_string());
        assert_eq!(heard_with(wide(), 12.0, digit, seed), "");
        assert_eq!(heard_with(narrow(), 0.0, digit, seed), digit.to_string());
        assert_eq!(heard_with(narrow(), 2.0, digit, seed), "");
    }
}

#[test]
fn u_law_steps_hide_no_digit() {
    for (seed, digit) in (0..).zip(Digit::ALL) {
        for (low_dbm0, high_dbm0) in [(0.0, -4.0), (-25.0, -25.0), (-17.0, -25.0), (-25.0, -21.0)] {
            let pair = Pair {
                low_dbm0,
                high_dbm0,
                ..Pair::of(digit, 0.0)
            };
            for pair in both_ways(pair, 0.015, 0.015) {
                is_detected(
                    &pressed(SampleRate::Hz8000, pair, 40.0, seed).companded(),
                    pair,
                );
            }
            for pair in [both_ways(pair, 0.035, 0.0), both_ways(pair, 0.0, 0.035)].concat() {
                is_ignored(
                    &pressed(SampleRate::Hz8000, pair, 100.0, seed).companded(),
                    pair,
                );
            }
        }
    }
}

#[test]
fn noise_15_db_below_hides_no_digit() {
    for digit in Digit::ALL {
        let pair = Pair::of(digit, -15.0);
        for seed in 0..40 {
            is_detected(
                &pressed(SampleRate::Hz8000, pair, 40.0, seed).noise_below(pair, 15.0),
                pair,
            );
        }
    }
}

#[test]
fn noise_15_db_below_keeps_the_other_limits() {
    for (seed, digit) in (0..).zip(Digit::ALL) {
        for twist in [4.0, -8.0] {
            let pair = Pair {
                high_dbm0: -14.0 + twist,
                ..Pair::of(digit, -14.0)
            };
            let noisy =
                |pair, ms| pressed(SampleRate::Hz8000, pair, ms, seed).noise_below(pair, 15.0);
            for pair in both_ways(pair, 0.015, 0.015) {
                is_detected(&noisy(pair, 40.0), pair);
                is_ignored(&noisy(pair, 23.0), pair);
            }
            for pair in [both_ways(pair, 0.035, 0.0), both_ways(pair, 0.0, 0.035)].concat() {
                is_ignored(&noisy(pair, 100.0), pair);
            }
        }
    }
}

#[test]
fn long_tone_in_noise_is_one_digit() {
    for (seed, digit) in (0..).zip(Digit::ALL) {
        let pair = Pair {
            high_dbm0: -20.0,
            ..Pair::of(digit, -12.0)
        };
        is_detected(
            &pressed(SampleRate::Hz8000, pair, 2000.0, seed).noise_below(pair, 15.0),
            pair,
        );
    }
}

#[test]
fn start_comes_during_the_tone_and_stop_soon_after() {
    for &rate in SampleRate::ALL {
        let pair = Pair::of(Digit::ALL[5], -10.0);
        let sound = Sound::new(rate, 1).silence(100.0).pair(pair, 100.0);
        let mut detector = Detector::new(rate);
        let mut told_at_ms = Vec::new();
        for (place, sample) in sound.silence(100.0).samples().iter().enumerate() {
            for _ in detector.feed([sample]) {
                told_at_ms.push(place as f64 * 1000.0 / f64::from(rate.hz()));
            }
        }
        let &[start, stop] = &told_at_ms[..] else {
            panic!("{rate}: {told_at_ms:?}");
        };
        assert!((130.0..138.0).contains(&start), "{rate}: {start} ms");
        assert!((232.0..242.0).contains(&stop), "{rate}: {stop} ms");
    }
}

#[test]
fn tone_that_fills_the_samples_is_a_digit() {
    for &rate in SampleRate::ALL {
        for digit in Digit::ALL {
            let pair = Pair::of(digit, -10.0);
            let sound = Sound::new(rate, 3).pair(pair, 40.0);
            let signals = sound.detected();
            assert_eq!(digits(&signals), digit.to_string(), "{rate}");
            assert!(
                matches!(
                    signals[1],
                    Signal::Stop {
                        duration_ms: 37..=42,
                        ..
                    }
                ),
                "{rate}: {signals:?}"
            );
        }
    }
}

#[test]
fn flush_adds_silence_and_detection_continues() {
    let pair = Pair::of(Digit::ALL[0], -10.0);
    let sound = Sound::new(SampleRate::Hz8000, 1).pair(pair, 50.0);
    let mut detector = Detector::new(SampleRate::Hz8000);
    let mut starts = Vec::new();
    for _ in 0..3 {
        for signal in detector.feed(sound.samples()) {
            starts.extend(start_of(&signal));
        }
        for signal in detector.finish() {
            starts.extend(start_of(&signal));
        }
    }
    assert_eq!(starts.len(), 3);
    for (start, expected) in starts.into_iter().zip([0_u64, 800, 1600]) {
        assert!(expected.abs_diff(start) <= 16, "{start} is not {expected}");
    }
}

fn start_of(signal: &Signal) -> Option<u64> {
    match signal {
        Signal::Start { at, .. } => Some(*at),
        _ => None,
    }
}
