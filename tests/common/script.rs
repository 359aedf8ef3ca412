//! The input of a recording, and the samples expected in its file.

#![allow(
    dead_code,
    reason = "each test that includes this file uses a part of it"
)]

use std::io::{Seek, Write};
use std::time::{Duration, Instant};

use audiosocket::wav::{Recording, RecordingError};
use audiosocket::wire::{Audio, SampleRate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

pub fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub fn bytes(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

/// A frame of 20 ms at 8 kHz in which all samples are equal.
pub fn frame(sample: i16) -> Vec<u8> {
    bytes(&[sample; 160])
}

pub fn at_8000(bytes: &[u8]) -> Audio<'_> {
    Audio::new(SampleRate::Hz8000, bytes).expect("whole samples")
}

/// Reads the two sides of a file at this rate in the simplest way. Returns `None` if the file is not whole.
pub fn sides(file: &[u8], rate: u32) -> Option<(Vec<i16>, Vec<i16>)> {
    let number = |place: usize| u32::from_le_bytes(file[place..place + 4].try_into().unwrap());
    if file.len() < 44 {
        return None;
    }
    let is_stereo = &file[..4] == b"RIFF"
        && &file[8..24] == b"WAVEfmt \x10\0\0\0\x01\0\x02\0"
        && (number(24), number(28)) == (rate, rate * 4)
        && &file[32..40] == b"\x04\0\x10\0data";
    let audio = file.get(44..44 + number(40) as usize)?;
    let is_within = number(4) as usize + 8 <= file.len() && audio.len() % 4 == 0;
    let samples = |first: usize| {
        let pairs = audio.chunks_exact(4);
        pairs
            .map(|pair| i16::from_le_bytes([pair[first], pair[first + 1]]))
            .collect()
    };
    (is_stereo && is_within).then(|| (samples(0), samples(2)))
}

/// One input of a recording, with its time in microseconds.
#[derive(Clone, Debug)]
pub enum Told {
    Heard(u64, Vec<i16>),
    Said(u64, Vec<i16>),
    Tick(u64),
}

/// Times that advance by frames and pauses, and sometimes go back a little.
pub fn script() -> impl Strategy<Value = Vec<Told>> {
    let step = prop_oneof![
        8 => 0..30_000_u64,
        2 => 0..200_000_u64,
        1 => 0..3_000_000_u64,
        2 => select(vec![0, 20_000, 60_000, 80_000, 80_125, 500_000]),
    ];
    let told = (step, 0..50_000_u64, 0..5_u8, 1..500_usize, any::<i16>());
    vec(told, 0..60).prop_map(|steps| {
        let mut now = 0;
        let told = steps.into_iter().map(|(step, back, kind, len, first)| {
            now += step;
            let at = if step % 3 == 0 {
                now - back.min(now)
            } else {
                now
            };
            let samples = (0..len)
                .map(|place| first.wrapping_add(place as i16))
                .collect();
            match kind {
                0 | 1 => Told::Heard(at, samples),
                2 | 3 => Told::Said(at, samples),
                _ => Told::Tick(at),
            }
        });
        told.collect()
    })
}

/// The latest time in a script.
pub fn last(script: &[Told]) -> u64 {
    let times = script.iter().map(|told| match told {
        Told::Heard(at, _) | Told::Said(at, _) | Told::Tick(at) => *at,
    });
    times.max().unwrap_or(0)
}

pub fn tell<W: Write + Seek>(
    recording: &mut Recording<W>,
    started: Instant,
    told: &Told,
) -> Result<(), RecordingError> {
    let time = |at: &u64| started + Duration::from_micros(*at);
    match told {
        Told::Heard(at, samples) => recording.received(at_8000(&bytes(samples)), time(at)),
        Told::Said(at, samples) => recording.sent(at_8000(&bytes(samples)), time(at)),
        Told::Tick(at) => recording.tick(time(at)),
    }
}

/// Where the rules place the samples of one side. Uses one list and no file.
pub fn side_by_the_rules<'a>(told: impl Iterator<Item = (u64, &'a Vec<i16>)>) -> Vec<i16> {
    let mut side: Vec<i16> = Vec::new();
    for (at, samples) in told {
        let due = (at * 8 / 1000) as usize;
        if side.len() > due + 80_000 {
            continue;
        }
        if side.is_empty() || due > side.len() + 480 {
            side.resize(due, 0);
        }
        side.extend(samples);
    }
    side
}

pub fn by_the_rules(script: &[Told], end: u64) -> (Vec<i16>, Vec<i16>) {
    let mut left = side_by_the_rules(script.iter().filter_map(|told| match told {
        Told::Heard(at, samples) => Some((*at, samples)),
        _ => None,
    }));
    let mut right = side_by_the_rules(script.iter().filter_map(|told| match told {
        Told::Said(at, samples) => Some((*at, samples)),
        _ => None,
    }));
    let len = left.len().max(right.len()).max((end * 8 / 1000) as usize);
    left.resize(len, 0);
    right.resize(len, 0);
    (left, right)
}
