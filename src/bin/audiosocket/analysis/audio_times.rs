//! Playback times of the audio in one direction of a call.

use std::collections::VecDeque;
use std::time::Duration;

/// Placement of audio frames on the time axis. Each frame follows the one before it if that is within two frames of its arrival
/// time. So jitter leaves no gaps, and real gaps and bursts are kept.
#[derive(Debug, Default)]
pub struct AudioTimes {
    end: Option<Duration>,
    audio_ms: f64,
    /// For each recent frame: the milliseconds of audio before it, and the time at which it was placed.
    places: VecDeque<(f64, Duration)>,
}

const TOLERANCE: Duration = Duration::from_millis(40);
/// Limit of the stored places: 90 s in frames of 20 ms, which is longer than a key is held.
const MOST_PLACES: usize = 4096;

impl AudioTimes {
    /// Returns the playback time of audio that arrived at `at`.
    pub fn place(&mut self, at: Duration, samples: usize, hz: u32) -> Duration {
        let start = self
            .end
            .filter(|end| end.abs_diff(at) <= TOLERANCE)
            .unwrap_or(at);
        let length_ms = samples as f64 * 1000.0 / f64::from(hz);
        self.end = Some(start.saturating_add(Duration::from_secs_f64(length_ms / 1000.0)));
        if self.places.len() == MOST_PLACES {
            self.places.pop_front();
        }
        self.places.push_back((self.audio_ms, start));
        self.audio_ms += length_ms;
        start
    }

    /// Returns the time, in milliseconds, at which `audio_ms` of audio had been played.
    pub fn at_ms(&self, audio_ms: f64) -> f64 {
        let place = self
            .places
            .partition_point(|(before, _)| *before <= audio_ms);
        match self.places.get(place.saturating_sub(1)) {
            Some((before, start)) => start.as_secs_f64() * 1000.0 + (audio_ms - before).max(0.0),
            None => audio_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_times_smooth_jitter_and_keep_gaps() {
        let mut times = AudioTimes::default();
        let came = [100, 125, 138, 160, 300, 300, 300, 300, 300, 320];
        let placed = came.map(|at| {
            times
                .place(Duration::from_millis(at), 160, 8000)
                .as_millis()
        });
        assert_eq!(placed, [100, 120, 140, 160, 300, 320, 340, 300, 320, 340]);
        assert_eq!(times.at_ms(5.0), 105.0);
        assert_eq!(times.at_ms(79.0), 179.0);
        assert_eq!(times.at_ms(81.0), 301.0);
        assert_eq!(AudioTimes::default().at_ms(7.0), 7.0);
    }
}
