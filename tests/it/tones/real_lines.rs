//! The faults of real lines: lost frames, DC, hum, dial tone, and energy outside the telephone band.

use std::f64::consts::TAU;

use audiosocket::tone::{Detector, Signal};
use audiosocket::wire::{Digit, SampleRate};

use super::sound::{Pair, Random, Sound, detected, digits, peak};

/// The places within a tick to test: 25 at 8 kHz, and some at the other rates, whose filters are alike.
fn alignments(rate: SampleRate) -> impl Iterator<Item = (Pair, Random)> {
    let count = match rate {
        SampleRate::Hz8000 => 25,
        SampleRate::Hz96000 | SampleRate::Hz192000 => 4,
        _ => 8,
    };
    (0..count).map(move |place| {
        let digit = Digit::ALL[place * 5 % 16];
        let random = Random::new(u64::from(rate.hz()) + place as u64);
        (Pair::of(digit, -10.0), random)
    })
}

/// One press with silence around it, which starts at a random place between two ticks. Returns its start in milliseconds.
fn press(rate: SampleRate, pair: Pair, ms: f64, random: &mut Random) -> (Sound, f64) {
    let before = 50.0 + random.unit();
    let sound = Sound::new(rate, (random.unit() * 1e9) as u64);
    (sound.silence(before).pair(pair, ms), before)
}

fn sine(dbm0: f64, hertz: f64) -> impl Fn(f64) -> f64 + Copy {
    move |seconds| peak(dbm0) * (TAU * hertz * seconds).sin()
}

/// The North American dial tone, each of its tones at this level.
fn dial_tone(dbm0: f64) -> impl Fn(f64) -> f64 + Copy {
    let (low, high) = (sine(dbm0, 350.0), sine(dbm0, 440.0));
    move |seconds| low(seconds) + high(seconds)
}

/// Asserts that the sound has one digit, which lasts from `start` to `end` within 2 ms.
#[track_caller]
fn is_one(what: &str, sound: &Sound, digit: Digit, start: f64, end: f64) {
    let signals = sound.detected();
    let what = format!("{what}, {digit} at {}", sound.rate);
    assert_eq!(digits(&signals), digit.to_string(), "{what}: {signals:?}");
    let &[
        _,
        Signal::Stop {
            start: from,
            end: to,
            ..
        },
    ] = &signals[..]
    else {
        unreachable!("one digit is two signals");
    };
    let ms = |place: u64| place as f64 * 1000.0 / f64::from(sound.rate.hz());
    let off = (ms(from) - start, ms(to) - end);
    assert!(
        off.0.abs() <= 2.0 && off.1.abs() <= 2.0,
        "{what}: {off:?} ms off"
    );
}

#[test]
fn lost_frame_of_zeros_leaves_one_digit() {
    for &rate in SampleRate::ALL {
        for (pair, mut random) in alignments(rate) {
            let (sound, start) = press(rate, pair, 160.0, &mut random);
            let sounding_again = 8.0 + (140.0 - 16.0) * random.unit();
            let sound = sound.zeroed(20.0 + sounding_again, 20.0).silence(60.0);
            let what = format!("{:.1} ms of tone after it", sounding_again);
            is_one(&what, &sound, pair.digit, start, start + 160.0);
        }
    }
}

#[test]
fn lost_frame_of_missing_samples_leaves_one_digit() {
    for &rate in SampleRate::ALL {
        for (pair, mut random) in alignments(rate) {
            let (sound, start) = press(rate, pair, 160.0, &mut random);
            let sounding_again = 8.0 + (140.0 - 16.0) * random.unit();
            let sound = sound.without(20.0 + sounding_again, 20.0).silence(60.0);
            let what = format!("{:.1} ms of tone after it", sounding_again);
            is_one(&what, &sound, pair.digit, start, start + 140.0);
        }
    }
}

#[test]
fn break_of_25_ms_joins_and_pause_of_40_ms_splits() {
    for &rate in SampleRate::ALL {
        for (pair, mut random) in alignments(rate) {
            for gap in [25.0, 40.0] {
                let (sound, start) = press(rate, pair, 50.0, &mut random);
                let sound = sound.silence(gap).pair(pair, 50.0).silence(60.0);
                if gap < 30.0 {
                    is_one("25 ms", &sound, pair.digit, start, start + 125.0);
                } else {
                    let twice = pair.digit.to_string().repeat(2);
                    assert_eq!(digits(&sound.detected()), twice, "{rate}");
                }
            }
        }
    }
}

#[test]
fn lost_frames_each_500_ms_leave_one_digit() {
    for rate in [SampleRate::Hz8000, SampleRate::Hz48000] {
        let mut random = Random::new(u64::from(rate.hz()));
        let pair = Pair::of(Digit::ALL[4], -10.0);
        let (mut sound, start) = press(rate, pair, 2000.0, &mut random);
        for lost in 0..4 {
            sound = sound.zeroed(100.0 + 500.0 * f64::from(lost), 20.0);
        }
        is_one(
            "2 s",
            &sound.silence(60.0),
            pair.digit,
            start,
            start + 2000.0,
        );
    }
}

/// All digits over a sound that never stops.
#[track_caller]
fn detects_all_over(what: &str, rate: SampleRate, dbm0: f64, ms: f64, under: impl Fn(f64) -> f64) {
    let mut random = Random::new(u64::from(rate.hz()));
    let mut sound = Sound::new(rate, 1).silence(100.0);
    for digit in Digit::ALL {
        sound = sound
            .pair(Pair::of(digit, dbm0), ms)
            .silence(40.0 + random.unit());
    }
    let detected = digits(&sound.silence(30.0).over(under).detected());
    assert_eq!(detected, "123A456B789C*0#D", "{what} at {rate}");
}

/// The rate with the least room above the telephone band, and one with filters of its own.
const RATES: [SampleRate; 2] = [SampleRate::Hz8000, SampleRate::Hz44100];

#[test]
fn dc_of_a_tenth_of_full_scale_hides_no_digit() {
    for rate in RATES {
        for level in [-3276.0, 1000.0, 3276.0] {
            detects_all_over("DC", rate, -25.0, 40.0, |_| level);
        }
    }
}

#[test]
fn hum_as_loud_as_a_tone_hides_no_digit() {
    for rate in RATES {
        for hertz in [50.0, 60.0, 100.0, 120.0, 150.0, 180.0] {
            detects_all_over("hum", rate, -10.0, 40.0, sine(-10.0, hertz));
        }
    }
}

#[test]
fn hum_as_loud_as_the_stronger_tone_hides_no_digit() {
    for (seed, digit) in (0..).zip(Digit::ALL) {
        for (low_dbm0, high_dbm0) in [(-8.0, -16.0), (-12.0, -8.0)] {
            let pair = Pair {
                low_dbm0,
                high_dbm0,
                ..Pair::of(digit, 0.0)
            };
            for hertz in [50.0, 180.0] {
                let (sound, start) = press(SampleRate::Hz8000, pair, 40.0, &mut Random::new(seed));
                let sound = sound.silence(60.0).over(sine(-8.0, hertz));
                is_one("hum", &sound, digit, start, start + 40.0);
            }
        }
    }
}

#[test]
fn sound_above_the_telephone_band_hides_no_digit() {
    for rate in RATES {
        for hertz in [3700.0, 5000.0, 10_000.0, 20_000.0] {
            if hertz < f64::from(rate.hz()) / 2.0 {
                detects_all_over("a whistle", rate, -10.0, 40.0, sine(-10.0, hertz));
            }
        }
    }
}

#[test]
fn dial_tone_6_db_below_hides_no_digit() {
    for rate in RATES {
        for below in [6.0, 12.0] {
            detects_all_over("dial tone", rate, -10.0, 40.0, dial_tone(-10.0 - below));
        }
        detects_all_over("dial tone of Europe", rate, -10.0, 40.0, sine(-13.0, 425.0));
    }
}

#[test]
fn lost_frame_over_hum_and_dial_tone_leaves_one_digit() {
    let mut random = Random::new(1);
    for digit in Digit::ALL {
        let pair = Pair::of(digit, -10.0);
        let (sound, start) = press(SampleRate::Hz8000, pair, 100.0, &mut random);
        // The frame is lost with all of its samples.
        let sound = sound
            .silence(60.0)
            .over(dial_tone(-17.0))
            .over(sine(-12.0, 50.0));
        let sound = sound.zeroed(60.0 + 50.0 * random.unit() + 10.0, 20.0);
        let signals = sound.detected();
        assert_eq!(
            digits(&signals),
            digit.to_string(),
            "from {start} ms: {signals:?}"
        );
    }
}

#[test]
fn tones_that_are_off_in_opposite_ways_are_ignored() {
    for digit in Digit::ALL {
        for (low_off, high_off) in [(0.021, -0.021), (-0.021, 0.021)] {
            let pair = Pair {
                low_off,
                high_off,
                ..Pair::of(digit, -10.0)
            };
            let (sound, _) = press(SampleRate::Hz8000, pair, 100.0, &mut Random::new(1));
            assert_eq!(sound.silence(60.0).detected(), [], "{pair:?}");
            // Each tone alone is within the limits.
            let same = Pair {
                high_off: low_off,
                ..pair
            };
            let (sound, _) = press(SampleRate::Hz8000, same, 100.0, &mut Random::new(1));
            assert_eq!(
                digits(&sound.silence(60.0).detected()),
                digit.to_string(),
                "{same:?}"
            );
        }
    }
}

#[test]
fn stop_comes_at_most_45_ms_after_the_end() {
    for &rate in SampleRate::ALL {
        let mut random = Random::new(u64::from(rate.hz()));
        let pair = Pair::of(Digit::ALL[6], -10.0);
        let (sound, start) = press(rate, pair, 70.0, &mut random);
        let samples = sound.silence(100.0).samples();
        let until = sound_len(rate, start + 70.0 + 45.0);
        let mut detector = Detector::new(rate);
        assert_eq!(detector.feed(&samples[..until]).count(), 2, "{rate}");
        assert_eq!(detected(detector, &samples[until..]), [], "{rate}");
    }
}

fn sound_len(rate: SampleRate, ms: f64) -> usize {
    (f64::from(rate.hz()) * ms / 1000.0) as usize
}
