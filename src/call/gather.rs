//! Collecting the digits that a caller types.

use core::fmt;
use std::string::String;
use std::time::{Duration, Instant};

use super::keypad::Keypad;
use super::prompt::{Next, Playing};
use super::transport::Transport;
use super::{CallReceiver, Event, PlayError, Prompt};
use crate::wire::Digit;

/// A question to a caller that is answered with digits.
///
/// ```no_run
/// use audiosocket::call::{Call, Gather};
/// use audiosocket::wav::Wav;
///
/// fn handle(call: &mut Call, question: &Wav) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///     let gathered = call.gather(Gather::new().prompt(question).max_digits(6))?;
///     println!("{}: {}", call.uuid(), gathered.digits);
///     Ok(())
/// }
/// ```
///
/// Any key stops the prompt. Digits are collected until the caller presses the finish key, has typed the maximum number of digits,
/// or pauses for too long. Digits that were typed ahead, during an earlier prompt or question, count first. In that case, the
/// prompt is not played.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is asked until it is passed to `Call::gather`"]
pub struct Gather<'a> {
    prompt: Option<Prompt<'a>>,
    retry_prompt: Option<Prompt<'a>>,
    tries: u32,
    max_digits: usize,
    finish_key: Option<Digit>,
    first_timeout: Duration,
    digit_timeout: Duration,
    keeps_type_ahead: bool,
    hears_tones: bool,
}

impl<'a> Gather<'a> {
    /// Returns a question without a prompt, answered by any number of digits and `#`.
    ///
    /// The caller has 5 s for the first digit and 3 s for each further one, and one try.
    pub const fn new() -> Gather<'a> {
        Gather {
            prompt: None,
            retry_prompt: None,
            tries: 1,
            max_digits: usize::MAX,
            finish_key: Digit::from_ascii(b'#'),
            first_timeout: Duration::from_secs(5),
            digit_timeout: Duration::from_secs(3),
            keeps_type_ahead: true,
            hears_tones: false,
        }
    }

    /// Sets the prompt.
    pub fn prompt(mut self, prompt: impl Into<Prompt<'a>>) -> Gather<'a> {
        self.prompt = Some(prompt.into());
        self
    }

    /// Sets how often to ask if the caller presses nothing: at least once.
    pub const fn tries(mut self, tries: u32) -> Gather<'a> {
        self.tries = tries;
        self
    }

    /// Sets the prompt of the second try and all further ones.
    pub fn retry_prompt(mut self, prompt: impl Into<Prompt<'a>>) -> Gather<'a> {
        self.retry_prompt = Some(prompt.into());
        self
    }

    /// Sets the number of digits that completes the answer: at least one.
    pub const fn max_digits(mut self, count: usize) -> Gather<'a> {
        self.max_digits = count;
        self
    }

    /// Sets the key that ends the answer without being part of it; `None` for no key.
    pub const fn finish_key(mut self, key: Option<Digit>) -> Gather<'a> {
        self.finish_key = key;
        self
    }

    /// Sets the time from the end of the prompt to the first digit.
    pub const fn first_timeout(mut self, timeout: Duration) -> Gather<'a> {
        self.first_timeout = timeout;
        self
    }

    /// Sets the time from one digit to the next.
    pub const fn digit_timeout(mut self, timeout: Duration) -> Gather<'a> {
        self.digit_timeout = timeout;
        self
    }

    /// Discards the digits that were typed before the question.
    ///
    /// Use it for a question that the caller must hear before answering.
    pub const fn without_type_ahead(mut self) -> Gather<'a> {
        self.keeps_type_ahead = false;
        self
    }

    /// Collects digits that arrive as tones in the audio, too.
    ///
    /// Asterisk itself turns tones into digits unless the trunk's `dtmf_mode` is wrong. A press that arrives both as a tone and as
    /// a signal within half a second counts once.
    pub const fn with_tones(mut self) -> Gather<'a> {
        self.hears_tones = true;
        self
    }

    const fn prompt_of(&self, attempt: u32) -> Option<Prompt<'a>> {
        match (attempt, self.retry_prompt) {
            (0, _) | (_, None) => self.prompt,
            (_, retry) => retry,
        }
    }
}

impl Default for Gather<'_> {
    fn default() -> Self {
        Gather::new()
    }
}

/// The answer to a [`Gather`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Gathered {
    /// The digits, without the finish key.
    pub digits: String,
    /// Why the answer ended.
    pub end: GatherEnd,
}

/// The reason why an answer ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum GatherEnd {
    /// The caller pressed the finish key.
    FinishKey,
    /// The caller typed the maximum number of digits.
    Full,
    /// The caller paused for too long, or pressed nothing.
    TimedOut,
    /// The call ended. [`Call::end`](super::Call::end) returns how.
    CallEnded,
}

impl fmt::Display for GatherEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GatherEnd::FinishKey => "finish key",
            GatherEnd::Full => "maximum number of digits",
            GatherEnd::TimedOut => "no digit in time",
            GatherEnd::CallEnded => "the call ended",
        })
    }
}

impl<T: Transport> CallReceiver<T> {
    /// Asks the caller and collects digits. See [`Call::gather`](super::Call::gather).
    ///
    /// # Errors
    ///
    /// As for [`Call::gather`](super::Call::gather).
    pub fn gather(&mut self, gather: Gather<'_>) -> Result<Gathered, PlayError> {
        self.gather_with(gather, |_| {})
    }

    /// Asks the caller, collects digits, and passes other events to `on_event`.
    ///
    /// See [`Call::gather_with`](super::Call::gather_with).
    ///
    /// # Errors
    ///
    /// As for [`Call::gather`](super::Call::gather).
    pub fn gather_with(
        &mut self,
        gather: Gather<'_>,
        mut on_event: impl FnMut(&Event<'_>),
    ) -> Result<Gathered, PlayError> {
        self.with_keypad(|receiver, keypad| {
            keypad.listen_for_tones(gather.hears_tones);
            if !gather.keeps_type_ahead {
                keypad.discard_typed();
            }
            let mut attempt = 0;
            loop {
                let gathered = receiver.ask(&gather, attempt, keypad, &mut on_event)?;
                attempt = attempt.saturating_add(1);
                let is_silent = gathered.end == GatherEnd::TimedOut && gathered.digits.is_empty();
                if !is_silent || attempt >= gather.tries {
                    return Ok(gathered);
                }
            }
        })
    }

    fn ask(
        &mut self,
        gather: &Gather<'_>,
        attempt: u32,
        keypad: &mut Keypad,
        on_event: &mut impl FnMut(&Event<'_>),
    ) -> Result<Gathered, PlayError> {
        let mut playing = match gather.prompt_of(attempt) {
            Some(prompt) if !keypad.has_typed() => Playing::new(self.voice(), prompt)?,
            _ => Playing::nothing(self.voice()),
        };
        let mut answer = Answer::new(gather);
        loop {
            while let Some(digit) = keypad.take_typed() {
                if !playing.is_over() {
                    playing.stop();
                }
                if let Some(end) = answer.press(digit, Instant::now()) {
                    return Ok(answer.finish(end));
                }
            }
            let now = Instant::now();
            if playing.is_over() {
                answer.prompt_is_over(now);
            }
            if answer.is_overdue(now) {
                return Ok(answer.finish(GatherEnd::TimedOut));
            }
            match self.next_key(keypad, &mut playing, answer.deadline(), on_event)? {
                Next::CallEnded => return Ok(answer.finish(GatherEnd::CallEnded)),
                Next::Down(_) => {
                    if !playing.is_over() {
                        playing.stop();
                    }
                    answer.key_is_down();
                }
                Next::Other => {}
            }
        }
    }
}

/// The digits so far, and how long to wait for more.
#[derive(Debug)]
struct Answer {
    digits: String,
    max_digits: usize,
    finish_key: Option<Digit>,
    first_timeout: Duration,
    digit_timeout: Duration,
    wait: Wait,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wait {
    ForPrompt,
    /// A key is down, and its press follows.
    ForPress,
    Until(Option<Instant>),
}

impl Answer {
    const fn new(gather: &Gather<'_>) -> Answer {
        Answer {
            digits: String::new(),
            max_digits: gather.max_digits,
            finish_key: gather.finish_key,
            first_timeout: gather.first_timeout,
            digit_timeout: gather.digit_timeout,
            wait: Wait::ForPrompt,
        }
    }

    /// Adds a press; returns why the answer is complete, if it is.
    fn press(&mut self, digit: Digit, now: Instant) -> Option<GatherEnd> {
        if Some(digit) == self.finish_key {
            return Some(GatherEnd::FinishKey);
        }
        self.digits.push(digit.to_char());
        self.wait = Wait::Until(now.checked_add(self.digit_timeout));
        (self.digits.len() >= self.max_digits).then_some(GatherEnd::Full)
    }

    fn key_is_down(&mut self) {
        self.wait = Wait::ForPress;
    }

    fn prompt_is_over(&mut self, now: Instant) {
        if self.wait == Wait::ForPrompt {
            self.wait = Wait::Until(now.checked_add(self.first_timeout));
        }
    }

    const fn deadline(&self) -> Option<Instant> {
        match self.wait {
            Wait::Until(time) => time,
            Wait::ForPrompt | Wait::ForPress => None,
        }
    }

    fn is_overdue(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }

    fn finish(self, end: GatherEnd) -> Gathered {
        Gathered {
            digits: self.digits,
            end,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec::Vec;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Computes the answer of keys at these times in milliseconds, without deadlines.
    fn model(
        gather: &Gather<'_>,
        prompt_ends: u32,
        keys: &[(u32, Digit)],
    ) -> (String, GatherEnd, u32) {
        let ms = |time: Duration| time.as_millis() as u32;
        let mut limit = prompt_ends + ms(gather.first_timeout);
        let mut digits = String::new();
        for (at, digit) in keys {
            if *at >= limit {
                break;
            }
            if Some(*digit) == gather.finish_key {
                return (digits, GatherEnd::FinishKey, *at);
            }
            digits.push(digit.to_char());
            if digits.len() >= gather.max_digits.max(1) {
                return (digits, GatherEnd::Full, *at);
            }
            limit = at + ms(gather.digit_timeout);
        }
        (digits, GatherEnd::TimedOut, limit)
    }

    /// Simulates an [`Answer`] millisecond by millisecond and returns its digits, its end and its duration.
    fn run(
        gather: &Gather<'_>,
        prompt_ends: u32,
        keys: &[(u32, Digit)],
    ) -> (String, GatherEnd, u32) {
        let started = Instant::now();
        let mut answer = Answer::new(gather);
        let mut keys = keys.iter().peekable();
        for ms in 0..10_000 {
            let now = started + MS * ms;
            if ms >= prompt_ends {
                answer.prompt_is_over(now);
            }
            if answer.is_overdue(now) {
                let gathered = answer.finish(GatherEnd::TimedOut);
                return (gathered.digits, gathered.end, ms);
            }
            while let Some((_, digit)) = keys.next_if(|(at, _)| *at == ms) {
                if let Some(end) = answer.press(*digit, now) {
                    let gathered = answer.finish(end);
                    return (gathered.digits, gathered.end, ms);
                }
            }
        }
        panic!("no end");
    }

    proptest! {
        #[test]
        fn answer_is_that_of_plain_model(
            prompt_ends in 0_u32..300,
            first in 1_u32..400,
            between in 1_u32..300,
            max_digits in 0_usize..6,
            has_finish_key in any::<bool>(),
            gaps in proptest::collection::vec((0_u32..300, 0_usize..16), 0..10),
        ) {
            let mut gather = Gather::new()
                .first_timeout(MS * first)
                .digit_timeout(MS * between)
                .max_digits(max_digits);
            if !has_finish_key {
                gather = gather.finish_key(None);
            }
            let mut at = 0;
            let keys: Vec<(u32, Digit)> = gaps
                .into_iter()
                .map(|(gap, key)| {
                    at += gap;
                    (at, Digit::ALL[key])
                })
                .collect();
            prop_assert_eq!(
                run(&gather, prompt_ends, &keys),
                model(&gather, prompt_ends, &keys)
            );
        }
    }

    #[test]
    fn key_that_is_down_stops_the_clock() {
        let now = Instant::now();
        let mut answer = Answer::new(&Gather::new());
        answer.prompt_is_over(now);
        assert_eq!(answer.deadline(), now.checked_add(MS * 5000));
        answer.key_is_down();
        assert!(!answer.is_overdue(now + MS * 60_000));
        answer.press(Digit::ALL[0], now + MS * 60_000);
        assert_eq!(answer.deadline(), now.checked_add(MS * 63_000));
    }
}
