//! The end of a call: the side that ended it, and how.

use std::time::Duration;

use crate::tap_file::Sender;

use super::finding::Ending;

/// End of a call: the side that caused it, how, and when it was seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ended {
    pub by: Sender,
    pub how: HowEnded,
    pub at: Duration,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HowEnded {
    HungUp,
    Ended(Ending),
}

/// Ends seen in a call, in any order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ends {
    /// First end of each side that shows how it ended.
    shown: [Option<Ended>; 2],
    /// First time each side stopped reading. This is only the sign of an end that may be seen later.
    stopped_reading: [Option<Ended>; 2],
}

impl Ends {
    pub fn add(&mut self, ended: Ended) {
        let of_side = match ended.how {
            HowEnded::Ended(Ending::StoppedReading) => &mut self.stopped_reading,
            _ => &mut self.shown,
        };
        let first = &mut of_side[usize::from(ended.by == Sender::Server)];
        if first.is_none_or(|first| ended.at < first.at) {
            *first = Some(ended);
        }
    }

    /// Returns the earliest end, which is the one that counts.
    pub fn first(&self) -> Option<Ended> {
        let sides = self.shown.iter().zip(&self.stopped_reading);
        sides
            .filter_map(
                |(shown, stopped_reading)| match (*shown, *stopped_reading) {
                    (Some(shown), Some(sign)) => Some(Ended {
                        at: shown.at.min(sign.at),
                        ..shown
                    }),
                    (shown, sign) => shown.or(sign),
                },
            )
            .min_by_key(|ended| ended.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSED: HowEnded = HowEnded::Ended(Ending::Closed);
    const RESET: HowEnded = HowEnded::Ended(Ending::Reset);
    const STOPPED_READING: HowEnded = HowEnded::Ended(Ending::StoppedReading);

    fn ended(by: Sender, how: HowEnded, at: u64) -> Ended {
        let at = Duration::from_millis(at);
        Ended { by, how, at }
    }

    #[test]
    fn earliest_end_counts_in_any_order() {
        use Sender::{Caller, Server};
        for (seen, counts) in [
            (
                [
                    ended(Server, HowEnded::HungUp, 1),
                    ended(Server, CLOSED, 2),
                    ended(Caller, CLOSED, 3),
                ],
                ended(Server, HowEnded::HungUp, 1),
            ),
            (
                [
                    ended(Caller, CLOSED, 1),
                    ended(Server, STOPPED_READING, 2),
                    ended(Server, RESET, 3),
                ],
                ended(Caller, CLOSED, 1),
            ),
            (
                [
                    ended(Server, STOPPED_READING, 1),
                    ended(Caller, CLOSED, 2),
                    ended(Server, RESET, 3),
                ],
                ended(Server, RESET, 1),
            ),
            (
                [
                    ended(Server, STOPPED_READING, 1),
                    ended(Caller, CLOSED, 2),
                    ended(Caller, CLOSED, 3),
                ],
                ended(Server, STOPPED_READING, 1),
            ),
        ] {
            for order in [
                [0, 1, 2],
                [0, 2, 1],
                [1, 0, 2],
                [1, 2, 0],
                [2, 0, 1],
                [2, 1, 0],
            ] {
                let mut ends = Ends::default();
                for place in order {
                    ends.add(seen[place]);
                }
                assert_eq!(ends.first(), Some(counts), "{seen:?} as {order:?}");
            }
        }
        assert_eq!(Ends::default().first(), None);
    }
}
