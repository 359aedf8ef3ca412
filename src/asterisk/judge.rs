//! The judge of a server's behaviour.

use std::time::{Duration, Instant};
use std::vec::Vec;

use super::frame_under_way::FrameUnderWay;
use super::pace::{Came, Pace};
use super::violation::Excerpt;
use super::{Rule, Rules, Violation};
use crate::wire::{Header, Kind, SampleRate};

/// A judge of a server's bytes, by the rules of one version of Asterisk.
///
/// The judge has no connection and no clock. You report to it each read of the connection, with its times, and every other event.
///
/// **It never reports a fault that did not happen**, even if the reading thread runs late. For that, it needs two times for each
/// read, from before and after it:
///
/// - A pause is certain only if the connection was found empty twice and nothing was read in between. The certain pause is from the
///   end of the first such read to the start of the second.
/// - The bytes of a read may have arrived at any time since the connection was last found empty.
///
/// Each rule is reported at most once per call. A violation that ends the call in that version is the last one.
///
/// ```
/// use std::time::{Duration, Instant};
/// use audiosocket::asterisk::{CallState, Judge, Received, Rule, Version};
///
/// let started = Instant::now();
/// let mut judge = Judge::new(Version::REFERENCE, started);
/// let later = started + Duration::from_millis(20);
/// let bytes = &[0x10, 0, 2, 7, 7, 0x10, 0, 0];
/// judge.bytes_read(Received { asked: started, at: later, bytes, emptied: true });
/// let violation = judge.violations()[0];
/// assert_eq!((violation.rule, violation.offset, violation.bytes()), (Rule::EmptyAudio, 5, &[0x10, 0, 0][..]));
/// assert_eq!(judge.state(), CallState::Ended);
/// ```
#[derive(Clone, Debug)]
pub struct Judge {
    rules: Rules,
    started: Instant,
    state: CallState,
    violations: Vec<Violation>,
    /// The number of bytes received from the server.
    received: u64,
    frame: FrameUnderWay,
    /// The bytes that are not read yet arrived after this time.
    empty_after: Instant,
    /// The end of the read that found the connection empty inside the current frame, if nothing has been read since.
    waiting_since: Option<Instant>,
    last_traffic: Instant,
    /// The last frame with a probable split, which only the end of the call can confirm.
    suspected_split: Option<SuspectedSplit>,
    pace: Pace,
}

/// A frame whose parts were read further apart than Asterisk waits, without the certainty that no bytes were there meanwhile.
#[derive(Clone, Copy, Debug)]
struct SuspectedSplit {
    rule: Rule,
    /// The time at which Asterisk would have ended the call.
    at: Instant,
    offset: u64,
    excerpt: Excerpt,
}

/// Asterisk's 2 s without traffic may have started up to this much before the judge's, because data takes a moment to arrive.
const CLOCK_OFFSET: Duration = Duration::from_millis(20);

/// The time after a suspected split during which the end of a call counts as its consequence.
const UNTIL_END_ARRIVES: Duration = Duration::from_secs(1);

/// The shortest pause in a header that counts as a stall.
const STALL: Duration = Duration::from_secs(2);

/// The shortest pause that makes a split probable. After a shorter one, the parts may be two segments of one write.
const LEAST_SUSPICIOUS_WAIT: Duration = Duration::from_millis(5);

/// The state of a judged call: it continues, was hung up, is closed or has ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CallState {
    /// The call continues.
    InCall,
    /// The server has sent a hangup frame. How it closes the connection still matters.
    HungUp,
    /// The server has closed or reset the connection.
    Closed,
    /// Asterisk has ended the call because of the last violation.
    Ended,
}

/// A read that returned bytes from the server, with its times. See [`Judge::bytes_read`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
// Exhaustive on purpose: you make it, and a judge needs all of it.
#[expect(clippy::exhaustive_structs)]
pub struct Received<'a> {
    /// The time before the read.
    pub asked: Instant,
    /// The time after the read.
    pub at: Instant,
    /// The bytes.
    pub bytes: &'a [u8],
    /// Whether the read returned all bytes that were there.
    pub emptied: bool,
}

impl Judge {
    /// Returns a judge of a call that started at `started`, when Asterisk sent the UUID.
    pub fn new(rules: impl Into<Rules>, started: Instant) -> Judge {
        Judge {
            rules: rules.into(),
            started,
            state: CallState::InCall,
            violations: Vec::new(),
            received: 0,
            frame: FrameUnderWay::at(0),
            empty_after: started,
            waiting_since: None,
            last_traffic: started,
            suspected_split: None,
            pace: Pace::new(started),
        }
    }

    /// Returns the rules that the judge applies.
    pub const fn rules(&self) -> Rules {
        self.rules
    }

    /// Returns the violations found so far, in the order of detection.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Returns the state of the call.
    pub const fn state(&self) -> CallState {
        self.state
    }

    /// Returns whether the judge waits for the rest of a frame, so that milliseconds matter.
    pub fn needs_fine_timing(&self) -> bool {
        self.state == CallState::InCall
            && self.waiting_since.is_some()
            && !self.has_noted(self.rule_of_split())
    }

    /// Records a read that returned bytes.
    ///
    /// Returns the number of bytes that belong to the call: all of them, or those before the frame whose violation ended it. A
    /// hangup frame belongs to the call.
    pub fn bytes_read(&mut self, received: Received<'_>) -> usize {
        let Received {
            asked,
            at,
            bytes,
            emptied,
        } = received;
        if self.state != CallState::InCall {
            return 0;
        }
        let received_before = self.received;
        self.last_traffic = self.last_traffic.max(at);
        self.suspect_split(at);
        self.waiting_since = None;
        let mut rest = bytes;
        while !rest.is_empty() && self.state == CallState::InCall {
            rest = self.take_in(rest, at);
        }
        if emptied {
            self.empty_after = self.empty_after.max(asked);
            self.waiting_since = self.frame.has_started().then_some(at);
        }
        let end = match self.state {
            CallState::Ended => self.frame.offset(),
            _ => self.received,
        };
        usize::try_from(end.saturating_sub(received_before)).unwrap_or(bytes.len())
    }

    /// Records a read from `asked` to `at` that found nothing.
    pub fn read_empty(&mut self, asked: Instant, at: Instant) {
        self.empty_after = self.empty_after.max(asked);
        if self.state != CallState::InCall {
            return;
        }
        if self.frame.has_started() {
            let since = *self.waiting_since.get_or_insert(at);
            let waited = asked.saturating_duration_since(since);
            if waited >= self.wait_for_rest() && !self.is_hangup_whatever_follows() {
                self.note_frame(self.rule_of_split(), at);
            }
            if waited >= STALL && self.frame.is_in_header() && self.state == CallState::InCall {
                self.note_frame(Rule::StalledHeader, at);
            }
            return;
        }
        let quiet_for = asked.saturating_duration_since(self.last_traffic);
        let limit = self.rules.consequences().idle_timeout;
        if limit.is_some_and(|limit| quiet_for >= limit) {
            self.note(Rule::Idle, at);
        }
    }

    /// Records that Asterisk ended the call before the server hung up.
    ///
    /// The end confirms a fault of the server that the judge alone was not certain of:
    ///
    /// - The rest of a frame has not arrived for longer than Asterisk waits.
    /// - The rest of a frame arrived too late, and within the last second.
    /// - There was no traffic up to the limit, to within 20 ms.
    pub fn caller_ended(&mut self, at: Instant) {
        if self.state != CallState::InCall || self.frame.is_hangup() {
            return;
        }
        if self.frame.has_started() {
            if self.waiting_since.is_some() {
                self.read_empty(at, at);
            }
            return;
        }
        let recent_split = self
            .suspected_split
            .filter(|split| at.saturating_duration_since(split.at) <= UNTIL_END_ARRIVES);
        match recent_split {
            Some(split) => self.note_at(split.rule, split.at, split.offset, split.excerpt),
            None => self.read_empty(at.checked_add(CLOCK_OFFSET).unwrap_or(at), at),
        }
    }

    /// Records that Asterisk sent something.
    pub fn sent(&mut self, at: Instant) {
        self.last_traffic = self.last_traffic.max(at);
    }

    /// Records that there was no room for Asterisk's data.
    pub fn write_blocked(&mut self, at: Instant) {
        if self.state == CallState::InCall {
            self.note(Rule::NotReading, at);
        }
    }

    /// Records that the server closed its direction of the connection.
    pub fn closed(&mut self, at: Instant) {
        if self.state == CallState::InCall && !self.frame.is_hangup() {
            if !self.frame.has_started() {
                self.note(Rule::NoHangup, at);
            } else if self.frame.is_in_header() && self.rules.behaviour().waits_for_header {
                // The loop in `res_audiosocket.c` that waits for the rest of a header treats the end of the stream as a hangup.
            } else {
                self.note_frame(Rule::Truncated, at);
            }
        }
        self.close();
    }

    /// Records that the server reset the connection.
    ///
    /// A reset is a violation even after the server's hangup. Asterisk may see the reset first, because it sends audio at the same
    /// time, and then hangs up the caller. Measured with 22.10: Asterisk saw the reset first in 1 of 250 calls if the server
    /// closed just before Asterisk sent, and in 0 of 60 if it closed just after that.
    pub fn reset(&mut self, at: Instant) {
        if matches!(self.state, CallState::InCall | CallState::HungUp) {
            self.note(Rule::Reset, at);
        }
        self.close();
    }

    fn close(&mut self) {
        if self.state != CallState::Ended {
            self.state = CallState::Closed;
        }
    }

    /// Consumes bytes of a header or a payload and returns the rest.
    fn take_in<'a>(&mut self, bytes: &'a [u8], at: Instant) -> &'a [u8] {
        let was_in_header = self.frame.header().is_none();
        let rest = self.frame.take_in(bytes);
        let taken = bytes.len().saturating_sub(rest.len());
        self.received = self.received.saturating_add(taken as u64);
        if let Some(header) = self.frame.header() {
            if was_in_header {
                self.judge_header(header, at);
            }
            if self.state == CallState::InCall && self.frame.is_whole() {
                self.end_frame(header, at);
            }
        }
        rest
    }

    /// Checks a header in the order of `res_audiosocket.c`: kind, then length.
    fn judge_header(&mut self, header: Header, at: Instant) {
        match header.kind().sample_rate() {
            None if header.kind() == Kind::HANGUP => self.state = CallState::HungUp,
            None => self.note_frame(Rule::ForbiddenKind, at),
            Some(rate) => {
                if rate != SampleRate::Hz8000 {
                    // Versions that know all rates have no such rule, so nothing is noted.
                    self.note_frame(Rule::UnknownRate, at);
                }
                if header.payload_len() == 0 && self.state == CallState::InCall {
                    self.note_frame(Rule::EmptyAudio, at);
                }
            }
        }
    }

    fn end_frame(&mut self, header: Header, at: Instant) {
        let rate = header.kind().sample_rate();
        if rate.is_some() && header.payload_len() % 2 != 0 {
            // Asterisk uses only whole frames, so a wrong length that makes it wait for more is a split payload alone.
            self.note_frame(Rule::OddLength, at);
        }
        let is_known = rate == Some(SampleRate::Hz8000) || self.rules.behaviour().knows_all_rates;
        if let (Some(rate), true) = (rate, is_known) {
            let samples = header.payload_len().saturating_div(2);
            let came = Came::between(self.empty_after, at);
            if self.pace.is_ahead_with(samples, rate, came) {
                self.note_frame(Rule::TooFast, at);
            }
            if samples > 0 && self.pace.overflows_with_a_frame(came) {
                self.note_frame(Rule::QueueOverflow, at);
            }
        }
        self.frame = FrameUnderWay::at(self.received);
    }

    fn rule_of_split(&self) -> Rule {
        match self.frame.is_in_header() {
            true => Rule::SplitHeader,
            false => Rule::SplitPayload,
        }
    }

    fn wait_for_rest(&self) -> Duration {
        let behaviour = self.rules.behaviour();
        match self.frame.is_in_header() {
            true => behaviour.header_wait,
            false => behaviour.payload_wait,
        }
    }

    /// Returns whether the frame already has the effect of a hangup, although its header is incomplete.
    ///
    /// A version that does not wait for the rest of a header acts on the first byte, which it reads correctly.
    fn is_hangup_whatever_follows(&self) -> bool {
        self.frame.is_hangup() && self.wait_for_rest().is_zero()
    }

    fn splits_end_call(&self) -> bool {
        let consequence = self.rules.consequence(self.rule_of_split());
        consequence.is_some_and(|consequence| consequence.ends_call())
    }

    /// Remembers the current frame if its rest, read at `at`, came later than Asterisk waits.
    fn suspect_split(&mut self, at: Instant) {
        let Some(since) = self.waiting_since else {
            return;
        };
        // Without a minimum, versions that do not wait would make every frame in two reads a suspect.
        let wait = self.wait_for_rest().max(LEAST_SUSPICIOUS_WAIT);
        let ended_at = since.checked_add(wait).unwrap_or(since);
        let is_suspicious = at >= ended_at && self.splits_end_call();
        if is_suspicious && !self.frame.is_hangup() && !self.has_noted(self.rule_of_split()) {
            self.suspected_split = Some(SuspectedSplit {
                rule: self.rule_of_split(),
                at: ended_at,
                offset: self.frame.offset(),
                excerpt: self.frame.excerpt(),
            });
        }
    }

    fn has_noted(&self, rule: Rule) -> bool {
        self.violations.iter().any(|noted| noted.rule == rule)
    }

    /// Records a violation by the current frame.
    fn note_frame(&mut self, rule: Rule, at: Instant) {
        self.note_at(rule, at, self.frame.offset(), self.frame.excerpt());
    }

    /// Records a violation at the current offset that no frame caused.
    fn note(&mut self, rule: Rule, at: Instant) {
        self.note_at(rule, at, self.received, Excerpt::default());
    }

    fn note_at(&mut self, rule: Rule, at: Instant, offset: u64, excerpt: Excerpt) {
        let Some(consequence) = self.rules.consequence(rule) else {
            return;
        };
        if !self.has_noted(rule) {
            let at = at.saturating_duration_since(self.started);
            let violation = Violation::new(rule, consequence, at, offset, excerpt);
            self.violations.push(violation);
        }
        if consequence.ends_call() {
            self.state = CallState::Ended;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::asterisk::{Consequence, Version};

    const OLD: Version = Version::REPRESENTATIVES[0];
    const NEW: Version = Version::REFERENCE;

    /// A judge with an invented clock, in milliseconds. Each read takes no time and empties the connection.
    struct Trial {
        judge: Judge,
        started: Instant,
        now: u64,
    }

    impl Trial {
        fn of(rules: impl Into<Rules>) -> Trial {
            let started = Instant::now();
            Trial {
                judge: Judge::new(rules, started),
                started,
                now: 0,
            }
        }

        fn time(&self) -> Instant {
            self.started + Duration::from_millis(self.now)
        }

        /// Polls an empty connection once per millisecond.
        fn wait(mut self, milliseconds: u64) -> Trial {
            for _ in 0..milliseconds {
                self.now += 1;
                self.judge.read_empty(self.time(), self.time());
            }
            self
        }

        /// Advances the clock without a read, while bytes may arrive.
        fn stand_still(mut self, milliseconds: u64) -> Trial {
            self.now += milliseconds;
            self
        }

        fn hear(mut self, bytes: &[u8]) -> Trial {
            self.judge.bytes_read(Received {
                asked: self.time(),
                at: self.time(),
                bytes,
                emptied: true,
            });
            self
        }

        /// Receives frames of 20 ms, one every `milliseconds`.
        fn hear_frames(mut self, count: usize, milliseconds: u64) -> Trial {
            for _ in 0..count {
                self = self.hear(&frame(0x10, 320)).wait(milliseconds);
            }
            self
        }

        fn hear_audio(self) -> Trial {
            self.hear(&frame(0x10, 320))
        }

        fn caller_ended(mut self) -> Trial {
            self.judge.caller_ended(self.time());
            self
        }

        fn close(mut self) -> Trial {
            self.judge.closed(self.time());
            self
        }

        fn reset(mut self) -> Trial {
            self.judge.reset(self.time());
            self
        }

        fn rules(&self) -> Vec<Rule> {
            self.judge.violations().iter().map(|it| it.rule).collect()
        }

        #[track_caller]
        fn expect(&self, rules: &[Rule], state: CallState) {
            assert_eq!(self.rules(), rules);
            assert_eq!(self.judge.state(), state);
        }
    }

    fn frame(kind: u8, len: u16) -> Vec<u8> {
        let [high, low] = len.to_be_bytes();
        let mut frame = vec![kind, high, low];
        frame.resize(usize::from(len) + 3, 7);
        frame
    }

    const HANGUP: [u8; 3] = [0, 0, 0];

    #[test]
    fn server_within_the_rules_violates_none() {
        for &version in Version::REPRESENTATIVES {
            let trial = Trial::of(version)
                .wait(5)
                .hear_frames(500, 20)
                // Frame sizes may differ, a frame may be a little late, and one read may return two frames.
                .hear(&[frame(0x10, 24), frame(0x10, 160)].concat())
                .wait(100)
                .hear(&[frame(0x10, 320), frame(0x10, 960)].concat())
                .wait(1900)
                .hear_audio()
                .hear(&HANGUP);
            trial.expect(&[], CallState::HungUp);
            trial.close().expect(&[], CallState::Closed);
        }
    }

    #[test]
    fn frame_is_judged_by_its_header_alone() {
        use CallState::{Ended, InCall};
        for (kind, len, old, new) in [
            (0x10, 0, (None, InCall), (Some(Rule::EmptyAudio), Ended)),
            (
                0x18,
                0,
                (Some(Rule::UnknownRate), InCall),
                (Some(Rule::EmptyAudio), Ended),
            ),
            (0x12, 640, (Some(Rule::UnknownRate), InCall), (None, InCall)),
            (
                0x10,
                321,
                (Some(Rule::OddLength), InCall),
                (Some(Rule::OddLength), InCall),
            ),
            (0x01, 16, (None, InCall), (Some(Rule::ForbiddenKind), Ended)),
            (0x02, 6, (None, InCall), (Some(Rule::ForbiddenKind), Ended)),
            (0x03, 1, (None, InCall), (Some(Rule::ForbiddenKind), Ended)),
            (0x20, 0, (None, InCall), (Some(Rule::ForbiddenKind), Ended)),
            (0xff, 1, (None, InCall), (Some(Rule::ForbiddenKind), Ended)),
        ] {
            for (version, (rule, state)) in [(OLD, old), (Version::START_STOP, old), (NEW, new)] {
                let trial = Trial::of(version).hear_audio().hear(&frame(kind, len));
                let expected: Vec<Rule> = rule.into_iter().collect();
                trial.expect(&expected, state);
                if let [violation] = trial.judge.violations() {
                    assert_eq!(violation.offset, 323);
                    assert!(violation.bytes().len() >= 3);
                    assert!(frame(kind, len).starts_with(violation.bytes()));
                }
            }
        }
        // Versions that forbid unknown kinds before they support all rates are the only ones that end the call here.
        let version = Version::REPRESENTATIVES[1];
        let trial = Trial::of(version).hear(&frame(0x12, 640));
        trial.expect(&[Rule::UnknownRate], Ended);
    }

    #[test]
    fn bytes_after_the_end_of_a_call_are_not_judged() {
        let mut judge = Judge::new(NEW, Instant::now());
        let now = Instant::now();
        let bytes = [frame(0x10, 320), frame(0x03, 1), frame(0xff, 0)].concat();
        assert_eq!(
            judge.bytes_read(Received {
                asked: now,
                at: now,
                bytes: &bytes,
                emptied: true
            }),
            323
        );
        assert_eq!(
            judge.bytes_read(Received {
                asked: now,
                at: now,
                bytes: &bytes,
                emptied: true
            }),
            0
        );
        judge.closed(now);
        assert_eq!(judge.violations().len(), 1);
        assert_eq!(judge.state(), CallState::Ended);

        let mut judge = Judge::new(NEW, now);
        let bytes = [&HANGUP[..], &frame(0xff, 0)].concat();
        assert_eq!(
            judge.bytes_read(Received {
                asked: now,
                at: now,
                bytes: &bytes,
                emptied: true
            }),
            3
        );
        assert_eq!(judge.state(), CallState::HungUp);

        // The frame may have started in an earlier read. Then none of its bytes belongs to the call.
        let mut judge = Judge::new(NEW, now);
        assert_eq!(
            judge.bytes_read(Received {
                asked: now,
                at: now,
                bytes: &[0x10, 0],
                emptied: true
            }),
            2
        );
        assert_eq!(
            judge.bytes_read(Received {
                asked: now,
                at: now,
                bytes: &[0, 0x10],
                emptied: true
            }),
            0
        );
        assert_eq!(judge.state(), CallState::Ended);
    }

    #[test]
    fn late_payload_is_judged_by_the_version() {
        let audio = frame(0x10, 320);
        for (version, wait) in [
            (NEW, 5),
            (Version::REPRESENTATIVES[2], 5),
            // At the first read that finds nothing.
            (OLD, 1),
            (Version::REPRESENTATIVES[1], 1),
        ] {
            for cut in [3, 4, 322] {
                let apart = |pause| {
                    Trial::of(version)
                        .hear_audio()
                        .hear(&audio[..cut])
                        .wait(pause)
                        .hear(&audio[cut..])
                };
                apart(wait - 1).expect(&[], CallState::InCall);
                apart(wait).expect(&[Rule::SplitPayload], CallState::Ended);
            }
        }
        // Each part restarts the wait.
        let mut trial = Trial::of(NEW);
        for byte in &audio {
            trial = trial.hear(&[*byte]).wait(4);
        }
        trial.expect(&[], CallState::InCall);
    }

    #[test]
    fn split_header_is_judged_by_the_version() {
        let audio = frame(0x10, 320);
        for &version in Version::REPRESENTATIVES {
            for cut in [1, 2] {
                let trial = Trial::of(version)
                    .hear(&audio[..cut])
                    .wait(50)
                    .hear(&audio[cut..]);
                let violation = trial.judge.violations()[0];
                assert_eq!(violation.rule, Rule::SplitHeader);
                let waits = version.behaviour().header_wait;
                let expected = match waits.is_zero() {
                    true => (CallState::Ended, Duration::from_millis(1)),
                    false => (CallState::InCall, waits),
                };
                assert_eq!((trial.judge.state(), violation.at), expected);
            }
        }
        // Once a violation is recorded, it needs no further polling.
        let trial = Trial::of(NEW).hear(&[0x10]);
        assert!(trial.judge.needs_fine_timing());
        assert!(!trial.wait(21).judge.needs_fine_timing());
    }

    #[test]
    fn hangup_counts_from_its_first_byte() {
        for &version in Version::REPRESENTATIVES {
            let trial = Trial::of(version).hear_audio().hear(&[0]).wait(19);
            trial.expect(&[], CallState::InCall);
            trial.close().expect(&[], CallState::Closed);
            if version.behaviour().header_wait.is_zero() {
                let trial = Trial::of(version).hear_audio().hear(&[0]).wait(50);
                trial.expect(&[], CallState::InCall);
                trial.close().expect(&[], CallState::Closed);
            }
        }
    }

    #[test]
    fn stalled_header_is_reported_after_2_s() {
        let driver = Rules::for_version(NEW).in_channel_driver();
        for (rules, consequence) in [
            (Rules::for_version(NEW), Consequence::Hangs),
            (driver, Consequence::Freezes),
        ] {
            // The beginning of a hangup frame and of an audio frame.
            for start in [&[0][..], &[0, 0], &[0x10]] {
                let trial = Trial::of(rules).hear_audio().hear(start).wait(1999);
                trial.expect(&[Rule::SplitHeader], CallState::InCall);
                let trial = trial.wait(1);
                trial.expect(&[Rule::SplitHeader, Rule::StalledHeader], CallState::InCall);
                let violation = trial.judge.violations()[1];
                assert_eq!(
                    (violation.consequence, violation.offset),
                    (consequence, 323)
                );
                assert_eq!(violation.bytes(), start);
                // The end of the stream releases Asterisk.
                let rules = [Rule::SplitHeader, Rule::StalledHeader];
                trial.close().expect(&rules, CallState::Closed);
            }
        }
    }

    #[test]
    fn lone_hangup_byte_hangs_versions_that_wait() {
        for &version in Version::REPRESENTATIVES {
            let trial = Trial::of(version).hear_audio().hear(&[0]).wait(2500);
            let waits = version.behaviour().waits_for_header;
            assert_eq!(
                trial.rules().contains(&Rule::StalledHeader),
                waits,
                "{version}"
            );
            assert_eq!(trial.judge.state(), CallState::InCall);
        }
    }

    #[test]
    fn end_inside_a_header_is_a_hangup_where_awaited() {
        for &version in Version::REPRESENTATIVES {
            let trial = Trial::of(version).hear_audio().hear(&[0x10]).close();
            match version.behaviour().waits_for_header {
                true => trial.expect(&[], CallState::Closed),
                false => trial.expect(&[Rule::Truncated], CallState::Ended),
            }
        }
    }

    #[test]
    fn late_thread_reports_no_pause() {
        let audio = frame(0x10, 320);
        for version in [NEW, Version::REPRESENTATIVES[2]] {
            // A part has arrived and the reading thread stalls; meanwhile the rest arrives.
            let trial = Trial::of(version)
                .hear(&audio[..100])
                .stand_still(3000)
                .hear(&audio[100..]);
            trial.expect(&[], CallState::InCall);
            // The thread starts a read before the rest arrives, and stalls inside that read.
            let mut trial = Trial::of(version).hear(&audio[..100]);
            let asked = trial.time();
            trial = trial.stand_still(3000);
            trial.judge.read_empty(asked, trial.time());
            trial = trial.hear(&audio[100..]);
            trial.expect(&[], CallState::InCall);
        }
        // A read that left bytes behind did not find the connection empty.
        let mut trial = Trial::of(OLD);
        trial.judge.bytes_read(Received {
            asked: trial.time(),
            at: trial.time(),
            bytes: &audio[..100],
            emptied: false,
        });
        trial.hear(&audio[100..]).expect(&[], CallState::InCall);
    }

    #[test]
    fn only_two_seconds_without_traffic_end_the_call() {
        let trial = Trial::of(NEW).hear_audio().wait(1999);
        trial.expect(&[], CallState::InCall);
        let trial = trial.wait(1);
        trial.expect(&[Rule::Idle], CallState::Ended);
        let violation = trial.judge.violations()[0];
        assert_eq!(
            (violation.at, violation.offset),
            (Duration::from_secs(2), 323)
        );

        let mut trial = Trial::of(NEW).wait(1500);
        trial.judge.sent(trial.time());
        let trial = trial.wait(1999);
        trial.expect(&[], CallState::InCall);
        trial.wait(1).expect(&[Rule::Idle], CallState::Ended);

        for rules in [
            Rules::for_version(NEW).in_channel_driver(),
            Rules::for_version(OLD),
            Rules::for_version(Version::START_STOP),
        ] {
            Trial::of(rules).wait(9999).expect(&[], CallState::InCall);
        }
        // Without a read in between, data may have arrived unseen.
        let trial = Trial::of(NEW).stand_still(9999).hear_audio();
        trial.expect(&[], CallState::InCall);
    }

    #[test]
    fn audio_too_early_is_played_fast_then_dropped() {
        // As measured with 22.10: bursts of 50, 100 and 500 frames; then twice real time.
        let at_once = |frames: usize| {
            Trial::of(NEW)
                .wait(100)
                .hear(&frame(0x10, 320).repeat(frames))
        };
        at_once(50).expect(&[], CallState::InCall);
        at_once(100).expect(&[Rule::TooFast, Rule::QueueOverflow], CallState::InCall);
        at_once(500).expect(&[Rule::TooFast, Rule::QueueOverflow], CallState::InCall);
        Trial::of(NEW)
            .hear_frames(99, 10)
            .expect(&[], CallState::InCall);
        let trial = Trial::of(NEW).hear_frames(1000, 10);
        trial.expect(&[Rule::TooFast], CallState::InCall);
        assert_eq!(
            trial.judge.violations()[0].consequence,
            Consequence::PlaysFast
        );
        // A pause earns no credit for later.
        let trial = Trial::of(NEW).wait(1999).hear(&frame(0x10, 320).repeat(52));
        trial.expect(&[Rule::TooFast], CallState::InCall);
        // Other rates, and frames of other lengths.
        let trial = Trial::of(NEW).hear(&frame(0x18, 7680).repeat(52));
        trial.expect(&[Rule::TooFast], CallState::InCall);
        let trial = Trial::of(NEW).hear(&frame(0x10, 160).repeat(98));
        trial.expect(&[Rule::QueueOverflow], CallState::InCall);
        // Skipped audio takes no time.
        let trial = Trial::of(OLD).hear(&frame(0x12, 640).repeat(500));
        trial.expect(&[Rule::UnknownRate], CallState::InCall);
    }

    #[test]
    fn end_of_call_confirms_a_suspected_split() {
        let audio = frame(0x10, 320);
        for cut in [1, 3, 100] {
            let split = |late| {
                let trial = Trial::of(NEW).hear(&audio[..cut]).stand_still(late);
                trial.hear(&audio[cut..])
            };
            let (rule, state) = match cut {
                1 => (Rule::SplitHeader, CallState::InCall),
                _ => (Rule::SplitPayload, CallState::Ended),
            };
            let ended = split(40).stand_still(900).caller_ended();
            // A split that does not end the call in that version is not what ended it.
            match rule {
                Rule::SplitHeader => ended.expect(&[], CallState::InCall),
                _ => ended.expect(&[rule], state),
            }
            // The rest arrived in time, or so long ago that Asterisk must have accepted it.
            split(1).caller_ended().expect(&[], CallState::InCall);
            let ended = split(40).stand_still(1100).caller_ended();
            ended.expect(&[], CallState::InCall);
            // The rest did not arrive.
            let trial = Trial::of(NEW).hear(&audio[..cut]).stand_still(40);
            trial.caller_ended().expect(&[rule], state);
            let trial = Trial::of(NEW).hear(&audio[..cut]).stand_still(1);
            trial.caller_ended().expect(&[], CallState::InCall);
        }
    }

    #[test]
    fn end_of_call_confirms_silence_up_to_the_limit() {
        let trial = Trial::of(NEW).stand_still(1985).caller_ended();
        trial.expect(&[Rule::Idle], CallState::Ended);
        let trial = Trial::of(NEW).stand_still(1975).caller_ended();
        trial.expect(&[], CallState::InCall);
        let trial = Trial::of(NEW).hear_audio().hear(&[0]).stand_still(3000);
        trial.caller_ended().expect(&[], CallState::InCall);
    }

    #[test]
    fn end_of_call_in_a_burst_is_no_split() {
        let mut trial = Trial::of(OLD);
        let (now, audio) = (trial.time(), frame(0x10, 320));
        trial.judge.bytes_read(Received {
            asked: now,
            at: now,
            bytes: &audio[..100],
            emptied: false,
        });
        trial.caller_ended().expect(&[], CallState::InCall);
    }

    #[test]
    fn late_thread_reports_no_burst() {
        for _ in 0..3 {
            // 10 s of audio arrived in real time during a stall. It takes many reads, and only the last one empties the
            // connection.
            let mut trial = Trial::of(NEW).hear_frames(10, 20).stand_still(10_000);
            for _ in 0..500 {
                let now = trial.time();
                trial.judge.bytes_read(Received {
                    asked: now,
                    at: now,
                    bytes: &frame(0x10, 320),
                    emptied: false,
                });
            }
            trial = trial.hear_audio();
            trial.expect(&[], CallState::InCall);
            // Here the thread stalls between the read that empties the connection and the look at the clock.
            let mut trial = Trial::of(NEW);
            let asked = trial.time();
            trial = trial.stand_still(10_000);
            trial.judge.bytes_read(Received {
                asked,
                at: trial.time(),
                bytes: &frame(0x10, 320),
                emptied: true,
            });
            let bytes = frame(0x10, 320).repeat(500);
            trial.judge.bytes_read(Received {
                asked: trial.time(),
                at: trial.time(),
                bytes: &bytes,
                emptied: true,
            });
            trial.expect(&[], CallState::InCall);
        }
    }

    #[test]
    fn close_of_server_is_judged() {
        for &version in Version::REPRESENTATIVES {
            let spins = version.behaviour().consequence(Rule::NoHangup).is_some();
            let expected: &[Rule] = if spins { &[Rule::NoHangup] } else { &[] };
            Trial::of(version)
                .hear_audio()
                .close()
                .expect(expected, CallState::Closed);
            // The end of the stream arrives before the pause is long enough to count.
            Trial::of(version)
                .hear(&frame(0x10, 320)[..100])
                .close()
                .expect(&[Rule::Truncated], CallState::Ended);
            Trial::of(version)
                .hear_audio()
                .reset()
                .expect(&[Rule::Reset], CallState::Ended);
            Trial::of(version)
                .hear_audio()
                .hear(&HANGUP)
                .reset()
                .expect(&[Rule::Reset], CallState::Ended);
        }
        // Versions that read a header in parts treat an end of the stream inside it as a hangup.
        Trial::of(NEW)
            .hear(&[0x10, 1])
            .close()
            .expect(&[], CallState::Closed);
    }

    #[test]
    fn server_that_does_not_read_is_cut_off() {
        let mut trial = Trial::of(NEW).hear_audio();
        trial.judge.write_blocked(trial.time());
        trial.expect(&[Rule::NotReading], CallState::Ended);
    }

    #[test]
    fn each_rule_is_reported_once_in_bounded_memory() {
        let mut trial = Trial::of(NEW);
        for _ in 0..1000 {
            trial = trial.hear(&frame(0x10, 321)).hear(&frame(0x10, 65_535));
        }
        let mut rules = trial.rules();
        rules.sort();
        assert_eq!(rules, [Rule::OddLength, Rule::TooFast, Rule::QueueOverflow]);
    }

    proptest::proptest! {
        // For any bytes in any pieces, the verdict on the content is the same and nothing panics. Timing is left out.
        #[test]
        fn stream_splits_do_not_change_judgement_of_content(
            bytes in proptest::collection::vec(0..=0x12_u8, 0..200),
            cuts in proptest::collection::vec(1..20_usize, 1..5),
            version in 0..Version::REPRESENTATIVES.len(),
        ) {
            let now = Instant::now();
            let judge = |pieces: &mut dyn Iterator<Item = &[u8]>| {
                let mut judge = Judge::new(Version::REPRESENTATIVES[version], now);
                for piece in pieces {
                    judge.bytes_read(Received { asked: now, at: now, bytes: piece, emptied: false });
                }
                (judge.violations().to_vec(), judge.state())
            };
            let mut rest = &bytes[..];
            let mut lengths = cuts.iter().cycle();
            let whole = judge(&mut core::iter::once(rest));
            let split = judge(&mut core::iter::from_fn(|| {
                let len = (*lengths.next()?).min(rest.len());
                let (piece, after) = rest.split_at(len);
                rest = after;
                (len > 0).then_some(piece)
            }));
            let by_content = |(violations, state): (Vec<Violation>, CallState)| {
                let all: Vec<(Rule, u64)> = violations.iter().map(|it| (it.rule, it.offset)).collect();
                (all, state)
            };
            proptest::prop_assert_eq!(by_content(whole), by_content(split));
        }
    }
}
