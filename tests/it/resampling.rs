//! The limits in the documentation of `resample`, for every pair of rates. `bench` measures with more tones.

use audiosocket::wire::SampleRate;

use crate::common::response::{Convert, Measurement, Worst, ours, pairs};

/// The number of tones in each band: both edges and three between.
const TONES: u32 = 5;

fn worst(convert: Convert<'_>, from: SampleRate, to: SampleRate) -> Worst {
    let measurement = Measurement {
        convert,
        edge_ms: 5,
        measured_ms: 10,
    };
    measurement.worst(from, to, TONES)
}

#[test]
fn every_pair_of_rates_is_within_the_limits() {
    let mut count = 0;
    for (from, to) in pairs() {
        let worst = worst(&ours, from, to);
        let pair = format!("from {from} to {to}: {worst:?}");
        assert!(worst.gain.abs() < 0.1, "{pair}");
        assert!(worst.images < -70.0, "{pair}");
        assert!(worst.leak.is_none_or(|leak| leak < -70.0), "{pair}");
        assert!(worst.signal_to_noise > 80.0, "{pair}");
        count += 1;
    }
    assert_eq!(count, 72);
}

/// Shows that the measurement can fail. Without a filter, the images and aliases are where theory predicts them.
#[test]
fn linear_interpolation_is_out_of_the_limits() {
    let linear = |from: SampleRate, to: SampleRate, input: &[i16]| -> Vec<i16> {
        let ratio = f64::from(from.hz()) / f64::from(to.hz());
        let places = (0..).map(|place| f64::from(place) * ratio);
        let pairs = places.map_while(|place| {
            let (index, way) = (place as usize, place.fract());
            let (before, after) = (*input.get(index)?, *input.get(index + 1)?);
            Some(f64::from(before) * (1.0 - way) + f64::from(after) * way)
        });
        pairs.map(|sample| sample.round() as i16).collect()
    };
    let up = worst(&linear, SampleRate::Hz8000, SampleRate::Hz24000);
    assert!(up.images > -10.0, "{up:?}");
    assert!((-40.0..-25.0).contains(&-up.signal_to_noise), "{up:?}");
    let down = worst(&linear, SampleRate::Hz24000, SampleRate::Hz8000);
    assert!(down.leak.is_some_and(|leak| leak > -1.0), "{down:?}");
}
