//! Test tone that rises, so that all frames differ and a missing one can be identified.

use std::f64::consts::TAU;

use audiosocket::wire::{Audio, SampleRate};

/// Generator of 20 ms frames with a rising tone. The tone repeatedly rises from 300 to 1200 Hz over 5 s.
#[derive(Debug)]
pub struct RisingTone {
    rate: SampleRate,
    sample: u64,
    phase: f64,
    samples: Vec<i16>,
    bytes: Vec<u8>,
}

/// A quarter of full scale, which is clearly audible and far from clipping when mixed.
const AMPLITUDE: f64 = 8000.0;
const RISE_SECONDS: f64 = 5.0;
const LOWEST_HZ: f64 = 300.0;
const HIGHEST_HZ: f64 = 1200.0;

impl RisingTone {
    pub fn new(rate: SampleRate) -> RisingTone {
        let count = rate.samples_in(20);
        RisingTone {
            rate,
            sample: 0,
            phase: 0.0,
            samples: vec![0; count],
            bytes: vec![0; count * 2],
        }
    }

    /// Returns the next 20 ms.
    pub fn next_frame(&mut self) -> Audio<'_> {
        let hz = f64::from(self.rate.hz());
        for sample in &mut self.samples {
            let seconds = self.sample as f64 / hz % RISE_SECONDS;
            let pitch = LOWEST_HZ + (HIGHEST_HZ - LOWEST_HZ) * seconds / RISE_SECONDS;
            *sample = (AMPLITUDE * self.phase.sin()) as i16;
            self.phase = (self.phase + TAU * pitch / hz) % TAU;
            self.sample += 1;
        }
        Audio::from_samples(self.rate, &self.samples, &mut self.bytes)
            .expect("20 ms of every rate fit into a frame, and the bytes are two for each sample")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_rising_tone_all_differ() {
        for &rate in SampleRate::ALL {
            let mut tone = RisingTone::new(rate);
            let frames: std::collections::HashSet<Vec<u8>> = (0..250)
                .map(|_| tone.next_frame().bytes().to_vec())
                .collect();
            assert_eq!(frames.len(), 250, "{rate}");
        }
    }
}
