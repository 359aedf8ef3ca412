//! What must hold for any samples and any digits, in any pieces. Used by the fuzz target and by `tests/corpus.rs`.
//!
//! The first nine bytes are the script: the rate (1 byte), the levels of the tones (2) and their lengths in milliseconds (2), the
//! floor (1), the difference of levels that is allowed, either way (2), and how long the pieces are (1). What follows are the
//! samples for the detector, and, of its first bytes those that are digits, what the generator is to make.

use audiosocket::tone::{Detector, Generator, Signal};
use audiosocket::wire::{Digit, SampleRate, Samples};

/// More digits take time and show nothing new.
const MOST_DIGITS: usize = 3;

pub fn check(bytes: &[u8]) {
    let Some((&[rate, low, high, tone, pause, floor, over, under, piece], rest)) =
        bytes.split_first_chunk()
    else {
        return;
    };
    let rate = SampleRate::ALL[usize::from(rate) % 9];
    let piece_len = 1 + usize::from(piece);
    let detector = Detector::new(rate)
        .with_floor(floor as i8)
        .with_twist(over, under);
    check_detector(rate, &detector, rest, piece_len);
    let digits = rest.iter().filter_map(|code| Digit::from_ascii(*code));
    let digits: Vec<Digit> = digits.take(MOST_DIGITS).collect();
    let generator = Generator::new(rate)
        .with_levels(low as i8, high as i8)
        .with_lengths(tone.into(), pause.into());
    reads_well(&generator);
    let mut samples = check_generator(generator, &digits, piece_len);
    let lengths = (u16::from(tone).max(1), u16::from(pause));
    let made = digits.len() * (rate.samples_in(lengths.0) + rate.samples_in(lengths.1));
    assert_eq!(samples.len(), made);
    let (low, high) = (low as i8, high as i8);
    if suits((low, high), lengths) {
        check_that_it_is_heard(rate, &digits, &samples);
        break_up(rate, lengths, u16::from(piece % 26), &mut samples);
        check_that_it_is_heard(rate, &digits, &samples);
        // Louder tones would clip on one side only.
        if low <= -7 && high <= -7 {
            // The DC is there before the first digit, as on a line.
            let mut samples = [vec![0; rate.samples_in(50)], samples].concat();
            raise(i16::from(floor as i8) * 25, &mut samples);
            check_that_it_is_heard(rate, &digits, &samples);
        }
    }
}

/// Whether the detector must detect what is made with these levels and lengths, by its own description.
fn suits((low, high): (i8, i8), (tone_ms, pause_ms): (u16, u16)) -> bool {
    let heard = |dbm0| (-25..=0).contains(&dbm0);
    let twist = i16::from(high) - i16::from(low);
    heard(low) && heard(high) && (-8..=4).contains(&twist) && tone_ms >= 40 && pause_ms >= 40
}

/// Zeroes a part of each tone, up to 25 ms long, after 40 ms of it.
fn break_up(rate: SampleRate, (tone_ms, pause_ms): (u16, u16), gap_ms: u16, samples: &mut [i16]) {
    let tone_len = rate.samples_in(tone_ms);
    let from = rate.samples_in(40);
    let to = (from + rate.samples_in(gap_ms)).min(tone_len);
    for press in samples.chunks_mut(tone_len + rate.samples_in(pause_ms)) {
        press[from..to].fill(0);
    }
}

/// Adds DC of up to a tenth of full scale.
fn raise(level: i16, samples: &mut [i16]) {
    for sample in samples {
        *sample = sample.saturating_add(level);
    }
}

fn check_detector(rate: SampleRate, detector: &Detector, bytes: &[u8], piece_len: usize) {
    let samples = Samples::new(bytes);
    let fed = samples.len() as u64;
    let two_ms = rate.samples_in(2) as u64;
    let mut whole = detector.clone();
    let mut expected: Vec<Signal> = whole.feed(samples.clone()).collect();
    expected.extend(whole.finish());
    in_order(&expected, fed + two_ms);

    let mut pieces = detector.clone();
    let mut signals = Vec::new();
    let samples: Vec<i16> = samples.collect();
    for piece in samples.chunks(piece_len) {
        signals.extend(pieces.feed(piece));
    }
    signals.extend(pieces.finish());
    assert_eq!(signals, expected);
    assert_eq!(format!("{pieces:?}"), format!("{whole:?}"));

    // Not asking for the signals changes nothing but that they are not told.
    let mut silent = detector.clone();
    drop(silent.feed(&samples));
    drop(silent.finish());
    assert_eq!(format!("{silent:?}"), format!("{whole:?}"));
}

/// Starts and stops by turns, one not before the other, and none beyond the end by more than a position may be off.
fn in_order(signals: &[Signal], last: u64) {
    let mut before = 0;
    for pair in signals.chunks(2) {
        reads_well(&pair);
        let &[
            Signal::Start { digit, at },
            Signal::Stop {
                digit: same,
                start,
                end,
                duration_ms,
            },
        ] = pair
        else {
            panic!("no start and its stop: {pair:?}");
        };
        assert_eq!((digit, at), (same, start));
        assert_eq!(pair[0].digit(), pair[1].digit());
        assert!(before <= at && at < end && end <= last, "{pair:?}");
        assert!(u64::from(duration_ms) <= end - start);
        before = end;
    }
}

fn check_generator(generator: Generator, digits: &[Digit], piece_len: usize) -> Vec<i16> {
    let whole: Vec<i16> = generator.digits(digits).collect();
    let mut tones = generator.digits(digits.iter().copied());
    let mut samples = Vec::new();
    let mut buffer = vec![0x5555; piece_len + 1];
    loop {
        buffer.fill(0x5555);
        let count = tones.fill(&mut buffer[..piece_len]);
        assert!(count <= piece_len);
        assert!(buffer[count..].iter().all(|sample| *sample == 0x5555));
        samples.extend_from_slice(&buffer[..count]);
        if count < piece_len {
            break;
        }
    }
    assert_eq!(tones.fill(&mut buffer), 0);
    reads_well(&tones);
    assert_eq!(samples, whole);
    samples
}

fn check_that_it_is_heard(rate: SampleRate, digits: &[Digit], samples: &[i16]) {
    let mut detector = Detector::new(rate);
    let mut signals: Vec<Signal> = detector.feed(samples).collect();
    signals.extend(detector.finish());
    in_order(&signals, (samples.len() + rate.samples_in(2)) as u64);
    let starts = signals.iter().step_by(2).map(Signal::digit);
    assert!(starts.eq(digits.iter().copied()), "{signals:?}");
}

fn reads_well(value: &impl std::fmt::Debug) {
    assert!(!format!("{value:?}").is_empty());
}
