//! Measures the generator and the detector of tones at each rate, in nanoseconds per sample. `cargo run --release --bin tone`
//!
//! The detector receives silence, noise and an endless digit, because it runs its last tests only while there could be a digit.

use std::hint::black_box;
use std::time::{Duration, Instant};

use audiosocket::tone::{Detector, Generator};
use audiosocket::wire::{Digit, SampleRate};

/// The number of runs. Each figure is the minimum of all runs, because disturbances only add time.
const RUNS: usize = 7;

fn main() {
    println!("state: {} bytes the detector", size_of::<Detector>());
    println!("rate       generator    detector: silence    noise    a digit");
    for &rate in SampleRate::ALL {
        let mut samples = vec![0; rate.samples_in(1000)];
        let generator = Generator::new(rate).with_lengths(1000, 0);
        let generating = per_sample(&samples.clone(), |_| {
            generator
                .digits(&Digit::ALL[..1])
                .fill(black_box(&mut samples));
        });
        let silence = vec![0; samples.len()];
        let noise = noise(samples.len());
        let [silent, noisy, sounding] = [&silence, &noise, &samples].map(|samples| {
            let mut detector = Detector::new(rate);
            per_sample(samples, |samples| {
                black_box(detector.feed(black_box(samples)).count());
            })
        });
        println!(
            "{rate:<10} {generating:>9.1}    {silent:>17.1}    {noisy:>5.1}    {sounding:>7.1}"
        );
    }
}

fn per_sample(samples: &[i16], mut work: impl FnMut(&[i16])) -> f64 {
    let shortest = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            work(samples);
            start.elapsed()
        })
        .min()
        .unwrap_or(Duration::ZERO);
    shortest.as_secs_f64() * 1e9 / samples.len() as f64
}

/// Returns noise at a tenth of full scale, the same in each run.
fn noise(len: usize) -> Vec<i16> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as i16 / 10
    };
    std::iter::repeat_with(next).take(len).collect()
}
