//! Key presses from DTMF signals of either dialect.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::wire::{Digit, Dtmf};

/// A converter from the DTMF signals of any dialect to key events. Each key press gives one [`KeyEvent::Press`].
///
/// Asterisk sends a digit once, when the key has been released, without a duration. The start-stop dialect sends a start, and a
/// stop with the duration. Lost or repeated signals are corrected:
///
/// - A repeated start counts as one start.
/// - A stop without a start is a press.
/// - A start without a stop becomes a press when the next key is pressed, or after the [longest
///   press](KeyEvents::with_longest_press).
///
/// You pass all times. [`deadline`](KeyEvents::deadline) returns when to call [`pop`](KeyEvents::pop) again without a new signal.
///
/// ```
/// use std::time::{Duration, Instant};
/// use audiosocket::call::{KeyEvent, KeyEvents};
/// use audiosocket::wire::{Digit, Dtmf};
///
/// let digit = Digit::try_from('5')?;
/// let now = Instant::now();
/// let mut events = KeyEvents::new();
/// events.push(Dtmf::Start(digit), now);
/// events.push(Dtmf::Stop { digit, duration_ms: 100 }, now + Duration::from_millis(100));
/// assert_eq!(events.pop(now), Some(KeyEvent::Down(digit)));
/// let Some(KeyEvent::Press { digit: pressed, duration, .. }) = events.pop(now) else {
///     panic!("the key was pressed and came up");
/// };
/// assert_eq!((pressed, duration), (digit, Some(Duration::from_millis(100))));
/// assert_eq!(events.pop(now), None);
/// # Ok::<(), audiosocket::wire::InvalidDigit>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeyEvents {
    longest_press: Duration,
    held: Option<Held>,
    /// The digit of a key that was held for too long. Its later stop is ignored.
    given_up: Option<Digit>,
    waiting: VecDeque<KeyEvent>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    digit: Digit,
    since: Instant,
}

/// A change of a key: it went down, or its press is complete.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeyEvent {
    /// A key went down. Only the start-stop dialect reports this; the press follows.
    Down(Digit),
    /// A key was pressed and released.
    #[non_exhaustive]
    Press {
        /// The digit of the key.
        digit: Digit,
        /// How long the key was held. `None` if the dialect does not report it, or if the stop was lost.
        duration: Option<Duration>,
    },
}

impl KeyEvents {
    /// Returns a converter in which a key counts as released after 10 s.
    pub const fn new() -> KeyEvents {
        KeyEvents::with_longest_press(Duration::from_secs(10))
    }

    /// Returns a converter with another limit on how long a key may be held.
    ///
    /// A key held for longer counts as released, even without a stop.
    pub const fn with_longest_press(longest_press: Duration) -> KeyEvents {
        KeyEvents {
            longest_press,
            held: None,
            given_up: None,
            waiting: VecDeque::new(),
        }
    }

    /// Adds a signal, which may give no events, one or two.
    pub fn push(&mut self, signal: Dtmf, now: Instant) {
        self.give_up_overdue(now);
        match signal {
            Dtmf::Digit(digit) => self.waiting.push_back(KeyEvent::Press {
                digit,
                duration: None,
            }),
            Dtmf::Start(digit) => {
                if self.held.is_some_and(|held| held.digit == digit) {
                    return;
                }
                self.end_held();
                self.given_up = None;
                self.held = Some(Held { digit, since: now });
                self.waiting.push_back(KeyEvent::Down(digit));
            }
            Dtmf::Stop { digit, duration_ms } => {
                if self.given_up.take() == Some(digit) {
                    return;
                }
                match self.held {
                    Some(held) if held.digit != digit => self.end_held(),
                    _ => self.held = None,
                }
                let duration = Some(Duration::from_millis(u64::from(duration_ms)));
                self.waiting.push_back(KeyEvent::Press { digit, duration });
            }
        }
    }

    /// Returns the next event.
    ///
    /// It comes from the signals so far, or from a key that has been held for too long.
    pub fn pop(&mut self, now: Instant) -> Option<KeyEvent> {
        self.give_up_overdue(now);
        self.waiting.pop_front()
    }

    /// Returns when a held key counts as released; `None` if no key is held.
    pub fn deadline(&self) -> Option<Instant> {
        self.held?.since.checked_add(self.longest_press)
    }

    /// Ignores the next stop of this digit, unless its key is held.
    pub(super) fn ignore_stop(&mut self, digit: Digit) {
        if self.held.is_none_or(|held| held.digit != digit) {
            self.given_up = Some(digit);
        }
    }

    fn give_up_overdue(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.given_up = self.held.map(|held| held.digit);
            self.end_held();
        }
    }

    /// Counts the held key as released, although its stop has not arrived.
    fn end_held(&mut self) {
        if let Some(held) = self.held.take() {
            self.waiting.push_back(KeyEvent::Press {
                digit: held.digit,
                duration: None,
            });
        }
    }
}

impl Default for KeyEvents {
    fn default() -> KeyEvents {
        KeyEvents::new()
    }
}

#[cfg(test)]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use super::*;

    /// Returns the events of signals a second apart. A signal is written as `5+` for a start, `5-` for a stop after 100 ms, and
    /// `5` for a digit. An event is written as `5+` for a start, `5` for a press, and `5=100` for a press with its duration. A
    /// dot is a second without signals.
    fn events(signals: &str) -> String {
        let mut events = KeyEvents::with_longest_press(Duration::from_secs(3));
        let mut now = Instant::now();
        let mut seen = Vec::new();
        for word in signals.split_whitespace() {
            now += Duration::from_secs(1);
            let (code, sign) = word.split_at(1);
            if let Ok(digit) = Digit::try_from(code.chars().next().unwrap()) {
                let signal = match sign {
                    "+" => Dtmf::Start(digit),
                    "-" => Dtmf::Stop {
                        digit,
                        duration_ms: 100,
                    },
                    _ => Dtmf::Digit(digit),
                };
                events.push(signal, now);
            }
            while let Some(event) = events.pop(now) {
                seen.push(match event {
                    KeyEvent::Down(digit) => std::format!("{digit}+"),
                    KeyEvent::Press { digit, duration } => match duration {
                        Some(duration) => std::format!("{digit}={}", duration.as_millis()),
                        None => std::format!("{digit}"),
                    },
                });
            }
        }
        seen.join(" ")
    }

    #[test]
    fn press_is_one_digit_with_lost_or_repeated_signals() {
        for (signals, expected) in [
            ("5 5 #", "5 5 #"),
            ("5+ 5- 5+ 5-", "5+ 5=100 5+ 5=100"),
            ("5+ 5+ 5-", "5+ 5=100"),
            ("5- 6-", "5=100 6=100"),
            ("5+ 6+ 6-", "5+ 5 6+ 6=100"),
            ("5+ 6-", "5+ 5 6=100"),
            ("5+ . .", "5+"),
            ("5+ . . .", "5+ 5"),
            ("5+ . . . . 5-", "5+ 5"),
            ("5+ . . . . 5- 5-", "5+ 5 5=100"),
            ("5+ . . . 5+ 5-", "5+ 5 5+ 5=100"),
            ("5+ . . . 6-", "5+ 5 6=100"),
            ("5+ 6 5-", "5+ 6 5=100"),
            (". .", ""),
        ] {
            assert_eq!(events(signals), expected, "{signals}");
        }
    }

    #[test]
    fn held_key_sets_a_deadline() {
        let (started, digit) = (Instant::now(), Digit::try_from('7').unwrap());
        let mut events = KeyEvents::default();
        assert_eq!(events.deadline(), None);
        events.push(Dtmf::Start(digit), started);
        let deadline = started + Duration::from_secs(10);
        assert_eq!(events.deadline(), Some(deadline));
        // A repeated start does not move the deadline.
        events.push(Dtmf::Start(digit), started + Duration::from_secs(9));
        assert_eq!(events.deadline(), Some(deadline));
        assert_eq!(events.pop(started), Some(KeyEvent::Down(digit)));
        assert_eq!(events.pop(started), None);
        let late = KeyEvent::Press {
            digit,
            duration: None,
        };
        assert_eq!(events.pop(deadline), Some(late));
        assert_eq!(events.deadline(), None);
    }
}
