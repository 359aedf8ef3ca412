//! Who has ended a call, and how.

use std::time::Duration;

use crate::tap_file::Sender;

use super::finding::Ending;

/// The end of a call: whose doing it was, and when it was seen.
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

impl Ended {
    /// What counts of two ends of one call, in whatever order they were seen: the first. But that somebody takes no more is the sign of an
    /// end of his, which comes later and says more.
    pub fn or(self, other: Ended) -> Ended {
        let (first, later) = if self.at <= other.at {
            (self, other)
        } else {
            (other, self)
        };
        let takes_no_more = HowEnded::Ended(Ending::TakesNoMore);
        if first.by == later.by && first.how == takes_no_more {
            Ended {
                at: first.at,
                ..later
            }
        } else {
            first
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_end_counts_in_whatever_order_they_are_seen() {
        let ended = |by, how, at| Ended {
            by,
            how,
            at: Duration::from_millis(at),
        };
        let (closed, reset, takes_no_more) = (
            HowEnded::Ended(Ending::Closed),
            HowEnded::Ended(Ending::Reset),
            HowEnded::Ended(Ending::TakesNoMore),
        );
        for (a, b, counts) in [
            (
                ended(Sender::Server, HowEnded::HungUp, 1),
                ended(Sender::Server, closed, 2),
                ended(Sender::Server, HowEnded::HungUp, 1),
            ),
            (
                ended(Sender::Caller, closed, 1),
                ended(Sender::Server, reset, 2),
                ended(Sender::Caller, closed, 1),
            ),
            (
                ended(Sender::Server, takes_no_more, 1),
                ended(Sender::Server, reset, 2),
                ended(Sender::Server, reset, 1),
            ),
            (
                ended(Sender::Server, takes_no_more, 1),
                ended(Sender::Caller, closed, 2),
                ended(Sender::Server, takes_no_more, 1),
            ),
            (
                ended(Sender::Server, reset, 1),
                ended(Sender::Server, takes_no_more, 2),
                ended(Sender::Server, reset, 1),
            ),
        ] {
            assert_eq!(a.or(b), counts);
            assert_eq!(b.or(a), counts);
        }
    }
}
