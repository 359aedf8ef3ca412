//! When the audio of one direction of a call is heard.

use std::collections::VecDeque;
use std::time::Duration;

/// Gives the audio of frames, as they come, its place in time: one frame's after the other's, as long as that is within two
/// frames of the time at which it came. So jitter leaves no slits, and gaps and bursts stay what they are.
#[derive(Debug, Default)]
pub struct AudioTimes {
    end: Option<Duration>,
    heard_ms: f64,
    /// How much audio came before that of a frame, in milliseconds, and where its own was put: of the last frames.
    places: VecDeque<(f64, Duration)>,
}

const TOLERANCE: Duration = Duration::from_millis(40);
/// A minute and a half in frames of 20 ms: longer than a key is held.
const MOST_PLACES: usize = 4096;

impl AudioTimes {
    /// The place of audio that came at this time.
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
        self.places.push_back((self.heard_ms, start));
        self.heard_ms += length_ms;
        start
    }

    /// When it was, in milliseconds, that so many milliseconds of audio had been heard.
    pub fn at_ms(&self, heard_ms: f64) -> f64 {
        let place = self
            .places
            .partition_point(|(before, _)| *before <= heard_ms);
        match self.places.get(place.saturating_sub(1)) {
            Some((before, start)) => start.as_secs_f64() * 1000.0 + (heard_ms - before).max(0.0),
            None => heard_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_is_evened_out_and_gaps_and_bursts_are_not() {
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
