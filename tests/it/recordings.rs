//! The position of each sample of a call in its recording.

use std::io::Cursor;
use std::time::{Duration, Instant};

use crate::common::response::{rest_beside_tone, sine};
use crate::common::script::{
    Told, at_8000, by_the_rules, bytes, frame, last, milliseconds, script, sides, tell,
};
use audiosocket::wav::Recording;
use audiosocket::wire::{Audio, SampleRate};
use proptest::collection::vec;
use proptest::prelude::*;

/// The two sides of a recording at 8 kHz that ends at `end`.
fn recorded(
    end: Duration,
    record: impl FnOnce(&mut Recording<&mut Cursor<Vec<u8>>>, Instant),
) -> (Vec<i16>, Vec<i16>) {
    let mut file = Cursor::new(Vec::new());
    let started = Instant::now();
    let mut recording = Recording::new(&mut file, SampleRate::Hz8000, started).unwrap();
    record(&mut recording, started);
    recording.finish(started + end).unwrap();
    let file = file.into_inner();
    let sides = sides(&file, 8000).expect("a whole file");
    assert_eq!(file.len(), 44 + 4 * sides.0.len());
    assert_eq!(
        u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize,
        file.len() - 8
    );
    sides
}

/// The start and end of the samples with this value on a side.
fn places(side: &[i16], value: i16) -> (usize, usize) {
    let first = side
        .iter()
        .position(|sample| *sample == value)
        .expect("such a sample");
    let count = side[first..]
        .iter()
        .take_while(|sample| **sample == value)
        .count();
    assert!(!side[first + count..].contains(&value), "in one piece");
    (first, first + count)
}

#[test]
fn each_side_starts_at_its_time() {
    let (left, right) = recorded(milliseconds(2000), |recording, started| {
        recording
            .received(at_8000(&frame(1)), started + milliseconds(30))
            .unwrap();
        recording
            .sent(at_8000(&frame(2)), started + milliseconds(1200))
            .unwrap();
    });
    assert_eq!((left.len(), right.len()), (16_000, 16_000));
    assert_eq!(places(&left, 1), (240, 400));
    assert_eq!(places(&right, 2), (9600, 9760));
}

#[test]
fn held_digit_is_silence_of_its_length() {
    let (left, _) = recorded(milliseconds(0), |recording, started| {
        for (at, sample) in [(0, 1), (20, 1), (160, 2), (180, 2)] {
            recording
                .received(at_8000(&frame(sample)), started + milliseconds(at))
                .unwrap();
        }
    });
    assert_eq!(
        (places(&left, 1), places(&left, 2)),
        ((0, 320), (1280, 1600))
    );
}

#[test]
fn audio_up_to_60_ms_late_is_continuous() {
    for (late, begin) in [
        (0, 160),
        (1, 160),
        (60, 160),
        (61, 160 + 61 * 8),
        (500, 160 + 500 * 8),
    ] {
        let (left, _) = recorded(milliseconds(0), |recording, started| {
            recording.received(at_8000(&frame(1)), started).unwrap();
            recording
                .received(at_8000(&frame(2)), started + milliseconds(20 + late))
                .unwrap();
        });
        assert_eq!(places(&left, 2), (begin, begin + 160), "{late}");
    }
}

#[test]
fn bursts_are_continuous_and_pauses_resync() {
    let (left, right) = recorded(milliseconds(0), |recording, started| {
        for sample in 1..=50 {
            recording
                .received(at_8000(&frame(sample)), started)
                .unwrap();
        }
        recording
            .received(at_8000(&frame(51)), started + milliseconds(1061))
            .unwrap();
        recording
            .sent(at_8000(&frame(1)), started + milliseconds(1061))
            .unwrap();
    });
    for sample in 1..=50 {
        let begin = (sample - 1) as usize * 160;
        assert_eq!(places(&left, sample), (begin, begin + 160));
    }
    assert_eq!(
        (places(&left, 51), places(&right, 1)),
        ((8488, 8648), (8488, 8648))
    );
}

#[test]
fn dropped_recording_ends_with_its_audio() {
    let mut file = Cursor::new(Vec::new());
    let started = Instant::now();
    let mut recording = Recording::new(&mut file, SampleRate::Hz8000, started).unwrap();
    recording.received(at_8000(&frame(1)), started).unwrap();
    recording
        .sent(at_8000(&frame(2)), started + milliseconds(100))
        .unwrap();
    recording.tick(started + milliseconds(200)).unwrap();
    drop(recording);
    let (left, right) = sides(&file.into_inner(), 8000).unwrap();
    assert_eq!(
        (places(&left, 1), places(&right, 2)),
        ((0, 160), (800, 960))
    );
    assert_eq!((left.len(), right.len()), (960, 960));
}

#[test]
fn flood_is_recorded_up_to_10_s_ahead() {
    let (left, _) = recorded(milliseconds(0), |recording, started| {
        for _ in 0..10_000 {
            recording.received(at_8000(&frame(1)), started).unwrap();
        }
        assert_eq!(recording.dropped_frames(), 10_000 - 501);
        for _ in 0..10 {
            recording
                .received(at_8000(&frame(2)), started + milliseconds(100))
                .unwrap();
        }
        assert_eq!(recording.dropped_frames(), 10_000 - 501 + 5);
    });
    assert_eq!(
        (places(&left, 1), places(&left, 2)),
        ((0, 80_160), (80_160, 80_960))
    );
}

#[test]
fn silent_call_is_recorded_in_full_length() {
    let (left, right) = recorded(milliseconds(60_123), |recording, started| {
        for second in 0..60 {
            recording
                .tick(started + Duration::from_secs(second))
                .unwrap();
        }
    });
    assert_eq!((left.len(), right.len()), (480_984, 480_984));
    assert!(left.iter().chain(&right).all(|sample| *sample == 0));
}

#[test]
fn side_of_another_rate_stays_in_step() {
    let (from, to) = (SampleRate::Hz44100, SampleRate::Hz8000);
    let mut file = Cursor::new(Vec::new());
    let started = Instant::now();
    let mut recording = Recording::new(&mut file, to, started).unwrap();
    // Frames of 20 ms and one sample, each exactly on time, so that only a rounding error could make a gap.
    let frame = bytes(&[1000; 883]);
    let frames = 60 * 44_100 / 883_u64;
    for count in 0..frames {
        let nanoseconds = count * 883 * 1_000_000_000 / 44_100;
        let audio = Audio::new(from, &frame).unwrap();
        recording
            .received(audio, started + Duration::from_nanos(nanoseconds))
            .unwrap();
    }
    recording.finish(started).unwrap();
    let (left, _) = sides(&file.into_inner(), 8000).unwrap();
    assert_eq!(left.len(), (frames * 883 * 8000 / 44_100) as usize);
    // The start of the first frame is a step, which the filter rounds off.
    assert!(left[20..].iter().all(|sample| sample.abs_diff(1000) <= 1));
}

#[test]
fn sides_of_two_rates_have_no_images_and_no_aliases() {
    // The caller's tone is in the telephone band. The server's second tone is above the band of all rates below 24 kHz.
    let (caller, server) = (SampleRate::Hz8000, SampleRate::Hz24000);
    let heard = sine(caller, 3200.0, 20_000.0, 8_000);
    let low = sine(server, 1000.0, 15_000.0, 24_000);
    let high = sine(server, 7000.0, 15_000.0, 24_000);
    let said: Vec<i16> = low.iter().zip(&high).map(|(a, b)| a + b).collect();
    for rate in [caller, server] {
        let mut file = Cursor::new(Vec::new());
        let started = Instant::now();
        let mut recording = Recording::new(&mut file, rate, started).unwrap();
        let frames = heard.chunks(160).zip(said.chunks(480));
        for (place, (heard, said)) in frames.enumerate() {
            let at = started + milliseconds(20 * place as u64);
            let (heard, said) = (bytes(heard), bytes(said));
            let heard = Audio::new(caller, &heard).unwrap();
            recording.received(heard, at).unwrap();
            let said = Audio::new(server, &said).unwrap();
            recording.sent(said, at).unwrap();
        }
        recording.finish(started).unwrap();
        let (left, right) = sides(&file.into_inner(), rate.hz()).unwrap();
        assert_eq!(
            (left.len(), right.len()),
            (rate.samples_in(1000), rate.samples_in(1000))
        );
        // Without the edges, where a tone starts and ends.
        let inner = rate.samples_in(20)..rate.samples_in(980);
        let rest = rest_beside_tone(&left[inner.clone()], rate, 3200.0);
        assert!(rest < -70.0, "{rest} dB beside the caller's tone at {rate}");
        if rate == caller {
            let rest = rest_beside_tone(&right[inner], rate, 1000.0);
            assert!(rest < -70.0, "{rest} dB beside the server's tone at {rate}");
        } else {
            assert!(right == said, "of the file's own rate as it is");
        }
    }
}

proptest! {
    // A case is a recording of ten seconds on average, compared sample by sample.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_sample_is_where_the_rules_place_it(script in script(), tail in 0..2_000_000_u64) {
        let end = last(&script) + tail;
        let sides = recorded(Duration::from_micros(end), |recording, started| {
            for told in &script {
                tell(recording, started, told).unwrap();
            }
        });
        prop_assert!(sides == by_the_rules(&script, end));
    }

    #[test]
    fn ticks_and_frame_cuts_do_not_change_the_file(script in script(), cut in 1..500_usize) {
        let end = Duration::from_micros(last(&script));
        let whole = recorded(end, |recording, started| {
            for told in &script {
                tell(recording, started, told).unwrap();
            }
        });
        let cut = recorded(end, |recording, started| {
            for told in &script {
                match told {
                    Told::Tick(_) => {}
                    Told::Heard(at, samples) => {
                        for piece in samples.chunks(cut) {
                            tell(recording, started, &Told::Tick(*at)).unwrap();
                            tell(recording, started, &Told::Heard(*at, piece.to_vec())).unwrap();
                        }
                    }
                    Told::Said(at, samples) => {
                        for piece in samples.chunks(cut) {
                            tell(recording, started, &Told::Said(*at, piece.to_vec())).unwrap();
                        }
                    }
                }
            }
        });
        prop_assert!(whole == cut);
    }

    /// Frames scheduled every 20 ms. They arrive in order and up to 60 ms late.
    #[test]
    fn jitter_up_to_60_ms_makes_no_gap_or_click(late in vec(0..=60_000_u64, 1..200)) {
        let mut samples = (1..=i16::MAX).cycle();
        let mut all = Vec::new();
        let mut now = 0;
        let (left, _) = recorded(Duration::ZERO, |recording, started| {
            for (count, late) in (0_u64..).zip(late) {
                now = now.max(count * 20_000 + late);
                let frame: Vec<i16> = samples.by_ref().take(160).collect();
                tell(recording, started, &Told::Heard(now, frame.clone())).unwrap();
                all.extend(frame);
            }
        });
        let begin = left.len() - all.len();
        prop_assert!(left[begin..] == all && left[..begin].iter().all(|sample| *sample == 0));
    }
}
