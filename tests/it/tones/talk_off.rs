//! Sounds that are no digit, however loud and long: network tones, voices, chords, noise, and sounds that break filters.

use std::f64::consts::TAU;

use audiosocket::tone::{Detector, Signal};
use audiosocket::wire::{Digit, Frames, Message, SampleRate};

use super::sound::{COLUMNS, Pair, ROWS, Random, Sound, detected, digits, peak};

#[track_caller]
fn is_silent(what: &str, sound: &Sound) {
    assert_eq!(sound.detected(), [], "{what} at {}", sound.rate);
}

/// Sines with these frequencies, each at this level.
fn chord<'a>(hertz: &'a [f64], dbm0: f64) -> impl Fn(f64) -> f64 + 'a {
    move |seconds| {
        let sines = hertz.iter().map(|hertz| (TAU * hertz * seconds).sin());
        peak(dbm0) * sines.sum::<f64>()
    }
}

#[test]
fn network_tones_are_not_detected_as_digits() {
    let tones: [(&str, &[f64]); 10] = [
        ("dial tone of America", &[350.0, 440.0]),
        ("busy tone of America", &[480.0, 620.0]),
        ("ringing tone of America", &[440.0, 480.0]),
        ("dial, ringing and busy tone of Europe", &[425.0]),
        ("special information 1", &[950.0]),
        ("special information 2", &[1400.0]),
        ("special information 3", &[1800.0]),
        ("a calling fax", &[1100.0]),
        ("an answering fax", &[2100.0]),
        ("a test tone", &[1004.0]),
    ];
    for &rate in SampleRate::ALL {
        for (what, hertz) in tones {
            // On and off for the same time, like busy tones, and cut short. The longest one would add nothing at the high rates.
            let lengths = match rate {
                SampleRate::Hz8000 | SampleRate::Hz44100 => &[500.0, 250.0, 45.0][..],
                _ => &[100.0, 45.0],
            };
            let mut sound = Sound::new(rate, 1);
            for &ms in lengths {
                sound = sound.wave(ms, chord(hertz, -3.0)).silence(ms);
            }
            is_silent(what, &sound);
        }
    }
}

#[test]
fn tones_not_in_one_pair_are_no_digit() {
    for rate in [SampleRate::Hz8000, SampleRate::Hz48000] {
        let silent = |what: &str, hertz: &[f64]| {
            let sound = Sound::new(rate, 1).wave(100.0, chord(hertz, -10.0));
            is_silent(what, &sound.silence(40.0));
        };
        for tone in ROWS.into_iter().chain(COLUMNS) {
            silent("one tone", &[tone]);
        }
        for group in [ROWS, COLUMNS] {
            for (index, first) in group.into_iter().enumerate() {
                for second in &group[index + 1..] {
                    silent("two of a group", &[first, *second]);
                    for third in ROWS.into_iter().chain(COLUMNS) {
                        if !group.contains(&third) {
                            silent(
                                "two of a group and one of the other",
                                &[first, *second, third],
                            );
                        }
                    }
                }
            }
        }
        for third in [300.0, 500.0, 1060.0, 2000.0, 2500.0, 3300.0] {
            silent("a pair with a third tone", &[770.0, 1336.0, third]);
        }
    }
}

#[test]
fn sweep_through_all_frequencies_is_no_digit() {
    for &rate in SampleRate::ALL {
        for seconds_in_all in [0.5, 2.0] {
            let sound = Sound::new(rate, 1).wave(seconds_in_all * 1000.0, |seconds| {
                let hertz_so_far =
                    100.0 * seconds + 3800.0 * seconds * seconds / seconds_in_all / 2.0;
                peak(0.0) * (TAU * hertz_so_far).sin()
            });
            is_silent("a sweep", &sound);
        }
    }
}

#[test]
fn gliding_tone_pair_is_no_digit() {
    for row in ROWS {
        for column in COLUMNS {
            for direction in [-1.0, 1.0] {
                // By 15 % in 100 ms: at most 2.3 % off during the minimum length of a digit.
                let glide = |hertz: f64, seconds: f64| {
                    let turns = hertz
                        * (seconds + 1.5 * direction * (seconds * seconds / 2.0 - seconds / 20.0));
                    (TAU * turns).sin()
                };
                let sound = Sound::new(SampleRate::Hz8000, 1).wave(100.0, |seconds| {
                    peak(-10.0) * (glide(row, seconds) + glide(column, seconds))
                });
                is_silent("a pair that glides", &sound.silence(40.0));
            }
        }
    }
}

#[test]
fn square_waves_at_full_scale_are_no_digits() {
    for hertz in (50..2000).step_by(13) {
        let square = |seconds: f64| {
            if seconds * f64::from(hertz) % 1.0 < 0.5 {
                32_767.0
            } else {
                -32_768.0
            }
        };
        let sound = Sound::new(SampleRate::Hz8000, 1).wave(120.0, square);
        is_silent("a square wave", &sound.silence(40.0));
    }
    for &rate in SampleRate::ALL {
        for hertz in ROWS.into_iter().chain(COLUMNS) {
            let square = |seconds: f64| {
                if seconds * hertz % 1.0 < 0.5 {
                    32_767.0
                } else {
                    -32_768.0
                }
            };
            is_silent(
                "a square wave",
                &Sound::new(rate, 1).wave(60.0, square).silence(40.0),
            );
        }
    }
}

#[test]
fn constant_or_alternating_samples_are_no_digit() {
    for &rate in SampleRate::ALL {
        let len = rate.samples_in(100);
        let extremes: [(&str, Vec<i16>); 5] = [
            ("silence", vec![0; len]),
            ("the highest", vec![i16::MAX; len]),
            ("the lowest", vec![i16::MIN; len]),
            ("both by turns", [i16::MIN, i16::MAX].repeat(len / 2)),
            (
                "the lowest, once",
                [&[0; 500][..], &[i16::MIN], &[0; 500]].concat(),
            ),
        ];
        for (what, samples) in extremes {
            assert_eq!(
                detected(Detector::new(rate), &samples),
                [],
                "{what} at {rate}"
            );
        }
    }
}

#[test]
fn noise_of_100_s_at_any_level_has_no_digit() {
    let mut random = Random::new(1);
    for loudness in [1.0, 100.0, 10_000.0, 200_000.0] {
        let noise: Vec<i16> = (0..200_000)
            .map(|_| (loudness * random.normal()) as i16)
            .collect();
        assert_eq!(
            detected(Detector::new(SampleRate::Hz8000), &noise),
            [],
            "{loudness}"
        );
    }
}

/// Harmonics of a pitch that wavers, weaker towards higher frequencies except around two formants: similar to a vowel.
fn vowel(pitch: f64, formants: [f64; 2]) -> impl FnMut(f64) -> f64 {
    move |seconds| {
        let turns = pitch * (seconds + 0.001 * (TAU * 5.0 * seconds).sin());
        let harmonics = (1..)
            .map(f64::from)
            .take_while(|harmonic| harmonic * pitch < 3400.0);
        let sum: f64 = harmonics
            .map(|harmonic| {
                let near =
                    |formant: f64| 1.0 / (1.0 + ((harmonic * pitch - formant) / 80.0).powi(2));
                let strength = 0.5 / harmonic + near(formants[0]) + near(formants[1]);
                strength * (TAU * harmonic * turns).sin()
            })
            .sum();
        5000.0 * sum
    }
}

#[test]
fn voices_with_formants_on_dtmf_are_no_digits() {
    for row in ROWS {
        for column in COLUMNS {
            for pitch in [85.0, 100.0, 116.2, 140.0, 170.0, 232.3, 261.6] {
                let sound =
                    Sound::new(SampleRate::Hz8000, 1).wave(250.0, vowel(pitch, [row, column]));
                is_silent("a vowel", &sound.silence(40.0));
            }
        }
    }
}

#[test]
fn digit_stops_when_a_voice_starts() {
    for digit in Digit::ALL {
        for pitch in [100.0, 140.0, 210.0] {
            let sound = Sound::new(SampleRate::Hz8000, 1).pair(Pair::of(digit, -20.0), 100.0);
            let glides = |seconds: f64| seconds + seconds * seconds / 2.0;
            let mut voice = vowel(pitch, [600.0, 1700.0]);
            let signals = sound
                .wave(300.0, |seconds| voice(glides(seconds)))
                .detected();
            assert_eq!(digits(&signals), digit.to_string());
            let Signal::Stop { duration_ms, .. } = signals[1] else {
                panic!("{signals:?}");
            };
            assert!(
                (98..250).contains(&duration_ms),
                "{digit}, {pitch} Hz: {duration_ms} ms"
            );
        }
    }
}

#[test]
fn chords_are_not_detected_as_digits() {
    // C major, A minor, a seventh and an octave higher, each note with the overtones of a string.
    let chords: [&[f64]; 4] = [
        &[261.63, 329.63, 392.0],
        &[220.0, 261.63, 329.63, 440.0],
        &[392.0, 493.88, 587.33, 698.46],
        &[523.25, 659.26, 783.99, 1046.5],
    ];
    for rate in [SampleRate::Hz8000, SampleRate::Hz44100] {
        for notes in chords {
            let mut sound = Sound::new(rate, 1);
            for transposed in 0..12 {
                let up = 2_f64.powf(f64::from(transposed) / 12.0);
                sound = sound.wave(250.0, |seconds| {
                    let fading = 3000.0 * (-6.0 * seconds).exp();
                    let overtone = |note: f64, count: i32| {
                        (TAU * note * up * f64::from(count) * seconds).sin() / f64::from(count)
                    };
                    let string =
                        |note: &f64| (1..6).map(|count| overtone(*note, count)).sum::<f64>();
                    fading * notes.iter().map(string).sum::<f64>()
                });
            }
            is_silent("chords", &sound);
        }
    }
}

/// Asterisk sends digits as frames, and no audio at the same time.
#[test]
fn audio_of_captures_has_no_digit() {
    let captures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures");
    let mut with_audio = 0;
    for entry in std::fs::read_dir(captures).expect("the captures") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "bin") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a capture");
        let mut detector: Option<Detector> = None;
        for frame in Frames::new(&bytes) {
            if let Ok(Message::Audio(audio)) = frame.message() {
                let detector = detector.get_or_insert_with(|| Detector::new(audio.rate()));
                assert_eq!(
                    detector.feed(audio.samples()).next(),
                    None,
                    "{}",
                    path.display()
                );
            }
        }
        with_audio += u32::from(detector.is_some());
    }
    assert!(with_audio >= 12);
}
