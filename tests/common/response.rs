//! The response of a resampler to tones, in decibels.

use std::f64::consts::TAU;

use audiosocket::resample::Resampler;
use audiosocket::wire::SampleRate;

/// A function that resamples a whole input, with any delay.
pub type Convert<'a> = &'a dyn Fn(SampleRate, SampleRate, &[i16]) -> Vec<i16>;

pub fn ours(from: SampleRate, to: SampleRate, input: &[i16]) -> Vec<i16> {
    Resampler::new(from, to).feed(input).collect()
}

/// All pairs of two rates.
pub fn pairs() -> impl Iterator<Item = (SampleRate, SampleRate)> {
    let rates = SampleRate::ALL;
    let all = rates
        .iter()
        .flat_map(move |from| rates.iter().map(move |to| (*from, *to)));
    all.filter(|(from, to)| from != to)
}

pub fn sine(rate: SampleRate, hertz: f64, peak: f64, count: usize) -> Vec<i16> {
    let step = TAU * hertz / f64::from(rate.hz());
    let samples = (0..count).map(|place| (peak * (step * place as f64).sin()).round() as i16);
    samples.collect()
}

/// The peak of a sine at -1 dBFS.
pub const PEAK: f64 = 29_204.0;

/// The measurements of a resampler.
#[derive(Clone, Copy)]
pub struct Measurement<'a> {
    pub convert: Convert<'a>,
    /// How long a tone sounds before and after the measured part, in milliseconds: longer than the filter and the delay.
    pub edge_ms: u16,
    pub measured_ms: u16,
}

/// The response to a sine with a peak of [`PEAK`].
#[derive(Clone, Copy, Debug)]
pub struct Response {
    /// The gain in decibels.
    pub gain: f64,
    /// Everything except the sine, relative to the input.
    pub rest: f64,
}

/// The worst values for a pair of rates.
#[derive(Clone, Copy, Debug)]
pub struct Worst {
    /// The gain that is farthest from 0 dB, up to 0.42 of the lower rate.
    pub gain: f64,
    /// Images, aliases and noise for a tone up to 0.42 of the lower rate, relative to the tone.
    pub images: f64,
    /// The output for a tone from 0.58 of the lower rate, relative to the tone. `None` if the input rate cannot hold such a tone.
    pub leak: Option<f64>,
    /// The ratio of a 1 kHz sine to everything else.
    pub signal_to_noise: f64,
}

impl Measurement<'_> {
    fn output(&self, from: SampleRate, to: SampleRate, hertz: f64) -> Vec<i16> {
        let input_ms = 2 * self.edge_ms + self.measured_ms;
        let input = sine(from, hertz, PEAK, from.samples_in(input_ms));
        let output = (self.convert)(from, to, &input);
        output[to.samples_in(self.edge_ms)..][..to.samples_in(self.measured_ms)].to_vec()
    }

    pub fn response(&self, from: SampleRate, to: SampleRate, hertz: f64) -> Response {
        let output = self.output(from, to, hertz);
        let (amplitude, rest) = fitted(&output, hertz / f64::from(to.hz()));
        Response {
            gain: decibels(amplitude / PEAK),
            rest: decibels(rest * 2.0_f64.sqrt() / PEAK),
        }
    }

    /// The level of the whole output, relative to a tone in the input.
    pub fn level(&self, from: SampleRate, to: SampleRate, hertz: f64) -> f64 {
        let output = self.output(from, to, hertz);
        let squares = output.iter().map(|it| f64::from(*it).powi(2));
        let power = squares.sum::<f64>() / output.len() as f64;
        decibels((power * 2.0).sqrt() / PEAK)
    }

    /// Measures a pair of rates with `count` tones in each band.
    pub fn worst(&self, from: SampleRate, to: SampleRate, count: u32) -> Worst {
        let lower = f64::from(from.hz().min(to.hz()));
        let spread = |low: f64, high: f64| {
            let step = (high - low) / f64::from(count - 1);
            (0..count).map(move |place| low + step * f64::from(place))
        };
        let passed: Vec<Response> = spread(0.05 * lower, 0.42 * lower)
            .map(|hertz| self.response(from, to, hertz))
            .collect();
        let gains = passed.iter().map(|it| it.gain);
        let gain = gains.max_by(|a, b| a.abs().total_cmp(&b.abs()));
        let images = passed.iter().map(|it| it.rest - it.gain);
        let highest = f64::from(from.hz()) / 2.0;
        let leak = (0.58 * lower < highest).then(|| {
            // Half of the tones are where the filter is steep.
            let near = spread(0.58 * lower, lower.min(highest));
            let far = spread(0.58 * lower, highest * 0.99);
            let levels = near.chain(far).map(|hertz| self.level(from, to, hertz));
            levels.max_by(f64::total_cmp).expect("a tone")
        });
        let sine = self.response(from, to, 1000.0);
        Worst {
            gain: gain.expect("a tone"),
            images: images.max_by(f64::total_cmp).expect("a tone"),
            leak,
            signal_to_noise: sine.gain - sine.rest,
        }
    }
}

/// Everything except a tone of this frequency, in decibels relative to the tone.
pub fn rest_beside_tone(samples: &[i16], rate: SampleRate, hertz: f64) -> f64 {
    let (amplitude, rest) = fitted(samples, hertz / f64::from(rate.hz()));
    decibels(rest * 2.0_f64.sqrt() / amplitude)
}

fn decibels(ratio: f64) -> f64 {
    // Silence counts as -200 dB.
    20.0 * ratio.max(1e-10).log10()
}

/// Returns the amplitude of the best-fitting sine of this frequency, in cycles a sample, and the effective value of the rest.
fn fitted(samples: &[i16], frequency: f64) -> (f64, f64) {
    // A sine, a cosine and a constant by least squares: three equations.
    let mut matrix = [[0.0; 4]; 3];
    let waves = |place: usize| {
        let angle = TAU * frequency * place as f64;
        [angle.sin(), angle.cos(), 1.0]
    };
    for (place, sample) in samples.iter().enumerate() {
        let waves = waves(place);
        for row in 0..3 {
            for column in 0..3 {
                matrix[row][column] += waves[row] * waves[column];
            }
            matrix[row][3] += waves[row] * f64::from(*sample);
        }
    }
    for pivot in 0..3 {
        for row in 0..3 {
            if row != pivot {
                let subtracted = matrix[pivot];
                let factor = matrix[row][pivot] / subtracted[pivot];
                for (cell, subtracted) in matrix[row].iter_mut().zip(subtracted) {
                    *cell -= factor * subtracted;
                }
            }
        }
    }
    let [a, b, c] = [0, 1, 2].map(|row| matrix[row][3] / matrix[row][row]);
    let squares = samples.iter().enumerate().map(|(place, sample)| {
        let [sine, cosine, one] = waves(place);
        (f64::from(*sample) - a * sine - b * cosine - c * one).powi(2)
    });
    let power = squares.sum::<f64>() / samples.len() as f64;
    ((a * a + b * b).sqrt(), (power + c * c).sqrt())
}
