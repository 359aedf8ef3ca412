//! Times that were measured for frames.

use std::time::Duration;

/// Times measured for frames, to be summed up.
#[derive(Debug, Default)]
pub struct FrameTimes {
    times: Vec<Duration>,
}

impl FrameTimes {
    pub fn push(&mut self, time: Duration) {
        self.times.push(time);
    }

    /// The time in milliseconds that so many percent of the frames did not exceed; `None` without a frame.
    pub fn percentile_ms(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.times.clone();
        sorted.sort_unstable();
        // Nearest rank: the smallest time that at least so many percent do not exceed.
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).map(|time| time.as_secs_f64() * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let mut times = FrameTimes::default();
        assert_eq!(times.percentile_ms(50), None);
        for milliseconds in (1..=200).rev() {
            times.push(Duration::from_millis(milliseconds));
        }
        assert_eq!(times.percentile_ms(0), Some(1.0));
        assert_eq!(times.percentile_ms(50), Some(100.0));
        assert_eq!(times.percentile_ms(99), Some(198.0));
        assert_eq!(times.percentile_ms(100), Some(200.0));
    }
}
