//! Judges what a server sends.

use std::time::{Duration, Instant};
use std::vec::Vec;

use super::frame_under_way::FrameUnderWay;
use super::pace::{Came, Pace};
use super::violation::Excerpt;
use super::{Rule, Rules, Violation};
use crate::wire::{Header, Kind, SampleRate};

/// Judges what a server sends, by the rules of a version of Asterisk. It has no connection and no clock of its own: it is told
/// what each read of the connection brought and when, and whatever else happened.
///
/// **It never sees a fault that is not there**, however late the thread comes that reads, and that is why it wants two times for
/// each read: one from before it, one from after. That nothing came for a while is certain only if the connection was *found*
/// empty twice, once before the first of two times and once after the second, and nothing was read in between; and what a read
/// brought can have come at any time since the connection was last found empty. So a thread that comes late misses faults and
/// invents none.
///
/// Each rule is reported once a call. A violation that ends the call in that version is the last.
///
/// ```
/// use std::time::{Duration, Instant};
/// use audiosocket::call::asterisk::{Judge, Rule, Standing, Version};
///
/// let begun = Instant::now();
/// let mut judge = Judge::new(Version::MEASURED, begun);
/// let later = begun + Duration::from_millis(20);
/// judge.heard(begun, later, &[0x10, 0, 2, 7, 7, 0x10, 0, 0], true);
/// let violation = judge.violations()[0];
/// assert_eq!((violation.rule, violation.offset, violation.bytes()), (Rule::EmptyAudio, 5, &[0x10, 0, 0][..]));
/// assert_eq!(judge.standing(), Standing::Ended);
/// ```
#[derive(Clone, Debug)]
pub struct Judge {
    rules: Rules,
    begun: Instant,
    standing: Standing,
    violations: Vec<Violation>,
    /// How many bytes the server has sent.
    received: u64,
    frame: FrameUnderWay,
    /// Not before this the connection was last found empty: whatever is read next has come since then.
    empty_after: Instant,
    /// Not after this it was found empty inside the frame under way, and nothing has been read since.
    waiting_since: Option<Instant>,
    last_traffic: Instant,
    /// The last frame whose parts were read further apart than Asterisk waits, though the connection was not found empty twice in
    /// between.
    suspected_split: Option<SuspectedSplit>,
    pace: Pace,
}

/// A frame that may have violated the rule on splits.
#[derive(Clone, Copy, Debug)]
struct SuspectedSplit {
    rule: Rule,
    /// When Asterisk would have ended the call.
    at: Instant,
    offset: u64,
    excerpt: Excerpt,
}

/// How much earlier than the judge Asterisk may have started to wait for audio: what Asterisk sends takes a moment to arrive.
const CLOCK_OFFSET: Duration = Duration::from_millis(20);

/// For how long after a suspected split the end of a call counts as its consequence.
const UNTIL_END_ARRIVES: Duration = Duration::from_secs(1);

/// Where a call stands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Standing {
    /// It goes on.
    InCall,
    /// The server has hung up, by a frame. How it closes the connection still matters.
    HungUp,
    /// The server has closed or reset the connection.
    Closed,
    /// Asterisk has ended the call, because of the last violation.
    Ended,
}

impl Judge {
    /// A judge of a call that has begun at the given time: when Asterisk sent the UUID.
    pub fn new(rules: impl Into<Rules>, begun: Instant) -> Judge {
        Judge {
            rules: rules.into(),
            begun,
            standing: Standing::InCall,
            violations: Vec::new(),
            received: 0,
            frame: FrameUnderWay::at(0),
            empty_after: begun,
            waiting_since: None,
            last_traffic: begun,
            suspected_split: None,
            pace: Pace::new(begun),
        }
    }

    /// The rules it judges by.
    pub const fn rules(&self) -> Rules {
        self.rules
    }

    /// What has been found so far, in the order in which it was.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Where the call stands.
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// Whether the rest of a frame is waited for in a way that makes each millisecond count.
    pub fn counts_milliseconds(&self) -> bool {
        self.standing == Standing::InCall
            && self.waiting_since.is_some()
            && !self.has_noted(self.rule_of_split())
    }

    /// A read that began at `asked` was done at `at` and brought these bytes; `emptied` if it would have brought more, had there
    /// been more. Answers how many of the bytes are still part of the call: all of them, unless it ended, then those up to its
    /// end.
    pub fn heard(&mut self, asked: Instant, at: Instant, bytes: &[u8], emptied: bool) -> usize {
        if self.standing != Standing::InCall {
            return 0;
        }
        let received_before = self.received;
        self.last_traffic = self.last_traffic.max(at);
        self.suspect_split(at);
        self.waiting_since = None;
        let mut rest = bytes;
        while !rest.is_empty() && self.standing == Standing::InCall {
            rest = self.take_in(rest, at);
        }
        if emptied {
            self.empty_after = self.empty_after.max(asked);
            self.waiting_since = self.frame.is_begun().then_some(at);
        }
        let end = match self.standing {
            Standing::Ended => self.frame.offset(),
            _ => self.received,
        };
        usize::try_from(end.saturating_sub(received_before)).unwrap_or(bytes.len())
    }

    /// A read that began at `asked` had found nothing at `at`.
    pub fn found_nothing(&mut self, asked: Instant, at: Instant) {
        self.empty_after = self.empty_after.max(asked);
        // Of a hangup the first byte is enough.
        if self.standing != Standing::InCall || self.frame.is_hangup() {
            return;
        }
        if self.frame.is_begun() {
            let since = *self.waiting_since.get_or_insert(at);
            if asked.saturating_duration_since(since) >= self.wait_for_rest() {
                self.note_frame(self.rule_of_split(), at);
            }
            return;
        }
        let quiet_for = asked.saturating_duration_since(self.last_traffic);
        let limit = self.rules.idle_limit();
        if limit.is_some_and(|limit| quiet_for >= limit) {
            self.note(Rule::Idle, at);
        }
    }

    /// Asterisk has ended the call, and the server had not hung up.
    ///
    /// The end itself is evidence. It confirms what the judge alone could not be certain of: that the rest of a frame came too late,
    /// within the last second, or that the server was silent up to the limit, give or take 20 ms.
    pub fn caller_ended(&mut self, at: Instant) {
        if self.standing != Standing::InCall || self.frame.is_hangup() {
            return;
        }
        if self.frame.is_begun() {
            if self.waiting_since.is_some() {
                self.found_nothing(at, at);
            }
            return;
        }
        let recent_split = self
            .suspected_split
            .filter(|split| at.saturating_duration_since(split.at) <= UNTIL_END_ARRIVES);
        match recent_split {
            Some(split) => self.note_at(split.rule, split.at, split.offset, split.excerpt),
            None => self.found_nothing(at.checked_add(CLOCK_OFFSET).unwrap_or(at), at),
        }
    }

    /// Asterisk has sent something.
    pub fn sent(&mut self, at: Instant) {
        self.last_traffic = self.last_traffic.max(at);
    }

    /// There was no room for what Asterisk had to send.
    pub fn found_no_room(&mut self, at: Instant) {
        if self.standing == Standing::InCall {
            self.note(Rule::NotReading, at);
        }
    }

    /// The server has closed its direction of the connection.
    pub fn closed(&mut self, at: Instant) {
        if self.standing == Standing::InCall && !self.frame.is_hangup() {
            if !self.frame.is_begun() {
                self.note(Rule::NoHangup, at);
            } else if self.frame.is_in_header() && !self.splits_end_call() {
                // In the loop that waits for the rest of a header, `res_audiosocket.c` takes the end of the stream for a hangup.
            } else {
                self.note_frame(Rule::Truncated, at);
            }
        }
        self.close();
    }

    /// The connection was reset. After the server's hangup, too: which of the two Asterisk meets first is chance, since it sends
    /// audio at the same time, and a reset hangs up the caller. Measured with 22.10: it met the reset first in 1 of 250 calls if
    /// the server closed as Asterisk was about to send, and in none of 60 if it closed just after that.
    pub fn reset(&mut self, at: Instant) {
        if matches!(self.standing, Standing::InCall | Standing::HungUp) {
            self.note(Rule::Reset, at);
        }
        self.close();
    }

    fn close(&mut self) {
        if self.standing != Standing::Ended {
            self.standing = Standing::Closed;
        }
    }

    /// Takes in what there is of a header or of a payload; answers the bytes after that.
    fn take_in<'a>(&mut self, bytes: &'a [u8], at: Instant) -> &'a [u8] {
        let was_in_header = self.frame.header().is_none();
        let rest = self.frame.take_in(bytes);
        let taken = bytes.len().saturating_sub(rest.len());
        self.received = self.received.saturating_add(taken as u64);
        if let Some(header) = self.frame.header() {
            if was_in_header {
                self.judge_header(header, at);
            }
            if self.standing == Standing::InCall && self.frame.is_whole() {
                self.end_frame(header, at);
            }
        }
        rest
    }

    /// In the order in which `res_audiosocket.c` looks: kind, then length.
    fn judge_header(&mut self, header: Header, at: Instant) {
        match header.kind().sample_rate() {
            None if header.kind() == Kind::HANGUP => self.standing = Standing::HungUp,
            None => self.note_frame(Rule::ForbiddenKind, at),
            Some(rate) => {
                if rate != SampleRate::Hz8000 {
                    self.note_frame(Rule::UnknownRate, at);
                }
                if header.payload_len() == 0 && self.standing == Standing::InCall {
                    self.note_frame(Rule::EmptyAudio, at);
                } else if header.payload_len() % 2 != 0 && self.standing == Standing::InCall {
                    self.note_frame(Rule::OddLength, at);
                }
            }
        }
    }

    fn end_frame(&mut self, header: Header, at: Instant) {
        let rate = header.kind().sample_rate();
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

    fn splits_end_call(&self) -> bool {
        let consequence = self.rules.consequence(self.rule_of_split());
        consequence.is_some_and(|consequence| consequence.ends_call())
    }

    /// Remembers the frame under way if its rest, which was read `at`, came later than Asterisk waits.
    fn suspect_split(&mut self, at: Instant) {
        let Some(since) = self.waiting_since else {
            return;
        };
        let ended_at = since.checked_add(self.wait_for_rest()).unwrap_or(since);
        if at >= ended_at && !self.frame.is_hangup() && !self.has_noted(self.rule_of_split()) {
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

    /// The rule is broken by the frame under way.
    fn note_frame(&mut self, rule: Rule, at: Instant) {
        self.note_at(rule, at, self.frame.offset(), self.frame.excerpt());
    }

    /// The rule is broken here, by no frame.
    fn note(&mut self, rule: Rule, at: Instant) {
        self.note_at(rule, at, self.received, Excerpt::default());
    }

    fn note_at(&mut self, rule: Rule, at: Instant, offset: u64, excerpt: Excerpt) {
        let Some(consequence) = self.rules.consequence(rule) else {
            return;
        };
        if !self.has_noted(rule) {
            let at = at.saturating_duration_since(self.begun);
            let violation = Violation::new(rule, consequence, at, offset, excerpt);
            self.violations.push(violation);
        }
        if consequence.ends_call() {
            self.standing = Standing::Ended;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;
    use crate::call::asterisk::{Consequence, Version};

    const OLD: Version = Version::EVERY[0];
    const NEW: Version = Version::MEASURED;

    /// A judge and an invented clock, in milliseconds. Every read is of the moment, and takes all there is.
    struct Trial {
        judge: Judge,
        begun: Instant,
        now: u64,
    }

    impl Trial {
        fn of(rules: impl Into<Rules>) -> Trial {
            let begun = Instant::now();
            Trial {
                judge: Judge::new(rules, begun),
                begun,
                now: 0,
            }
        }

        fn time(&self) -> Instant {
            self.begun + Duration::from_millis(self.now)
        }

        /// The connection is looked at each millisecond, and nothing comes.
        fn wait(mut self, milliseconds: u64) -> Trial {
            for _ in 0..milliseconds {
                self.now += 1;
                self.judge.found_nothing(self.time(), self.time());
            }
            self
        }

        /// As long as nobody looks, whatever comes.
        fn stand_still(mut self, milliseconds: u64) -> Trial {
            self.now += milliseconds;
            self
        }

        fn hear(mut self, bytes: &[u8]) -> Trial {
            self.judge.heard(self.time(), self.time(), bytes, true);
            self
        }

        /// Frames of 20 ms, one each so many milliseconds.
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
        fn expect(&self, rules: &[Rule], standing: Standing) {
            assert_eq!(self.rules(), rules);
            assert_eq!(self.judge.standing(), standing);
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
    fn a_server_that_keeps_to_the_rules_breaks_none_in_any_version() {
        for version in Version::EVERY {
            let trial = Trial::of(version)
                .wait(5)
                .hear_frames(500, 20)
                // Sizes differ, a frame may be a moment late, and two may come in one read.
                .hear(&[frame(0x10, 24), frame(0x10, 160)].concat())
                .wait(100)
                .hear(&[frame(0x10, 320), frame(0x10, 960)].concat())
                .wait(1900)
                .hear_audio()
                .hear(&HANGUP);
            trial.expect(&[], Standing::HungUp);
            trial.close().expect(&[], Standing::Closed);
        }
    }

    #[test]
    fn a_frame_is_judged_by_its_header_alone() {
        use Standing::{Ended, InCall};
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
            for (version, (rule, standing)) in [(OLD, old), (Version::START_STOP, old), (NEW, new)]
            {
                let trial = Trial::of(version).hear_audio().hear(&frame(kind, len));
                let expected: Vec<Rule> = rule.into_iter().collect();
                trial.expect(&expected, standing);
                if let [violation] = trial.judge.violations() {
                    assert_eq!(violation.offset, 323);
                    assert_eq!(violation.bytes(), &frame(kind, len)[..3]);
                }
            }
        }
        // Known rates without the kinds: a later version of the first is the only one that ends the call for it.
        let version = Version::EVERY[1];
        let trial = Trial::of(version).hear(&frame(0x12, 640));
        trial.expect(&[Rule::UnknownRate], Ended);
    }

    #[test]
    fn what_comes_after_the_end_of_a_call_is_no_longer_part_of_it() {
        let mut judge = Judge::new(NEW, Instant::now());
        let now = Instant::now();
        let bytes = [frame(0x10, 320), frame(0x03, 1), frame(0xff, 0)].concat();
        assert_eq!(judge.heard(now, now, &bytes, true), 323);
        assert_eq!(judge.heard(now, now, &bytes, true), 0);
        judge.closed(now);
        assert_eq!(judge.violations().len(), 1);
        assert_eq!(judge.standing(), Standing::Ended);

        let mut judge = Judge::new(NEW, now);
        let bytes = [&HANGUP[..], &frame(0xff, 0)].concat();
        assert_eq!(judge.heard(now, now, &bytes, true), 3);
        assert_eq!(judge.standing(), Standing::HungUp);

        // The frame may have begun in an earlier read, and all of that is not part of the call then.
        let mut judge = Judge::new(NEW, now);
        assert_eq!(judge.heard(now, now, &[0x10, 0], true), 2);
        assert_eq!(judge.heard(now, now, &[0, 0x10], true), 0);
        assert_eq!(judge.standing(), Standing::Ended);
    }

    #[test]
    fn a_payload_is_waited_for_as_long_as_the_version_does() {
        let audio = frame(0x10, 320);
        for (version, wait) in [
            (NEW, 5),
            (Version::EVERY[2], 5),
            // At the first look that finds nothing.
            (OLD, 1),
            (Version::EVERY[1], 1),
        ] {
            for cut in [3, 4, 322] {
                let apart = |pause| {
                    Trial::of(version)
                        .hear_audio()
                        .hear(&audio[..cut])
                        .wait(pause)
                        .hear(&audio[cut..])
                };
                apart(wait - 1).expect(&[], Standing::InCall);
                apart(wait).expect(&[Rule::SplitPayload], Standing::Ended);
            }
        }
        // Each part is waited for anew.
        let mut trial = Trial::of(NEW);
        for byte in &audio {
            trial = trial.hear(&[*byte]).wait(4);
        }
        trial.expect(&[], Standing::InCall);
    }

    #[test]
    fn a_header_in_parts_is_fatal_misread_or_waited_for() {
        let audio = frame(0x10, 320);
        for version in Version::EVERY {
            for cut in [1, 2] {
                let trial = Trial::of(version)
                    .hear(&audio[..cut])
                    .wait(50)
                    .hear(&audio[cut..]);
                let violation = trial.judge.violations()[0];
                assert_eq!(violation.rule, Rule::SplitHeader);
                let waits = version.behaviour().header_wait;
                let expected = match waits.is_zero() {
                    true => (Standing::Ended, Duration::from_millis(1)),
                    false => (Standing::InCall, waits),
                };
                assert_eq!((trial.judge.standing(), violation.at), expected);
            }
        }
        // What is noted once need not be looked for any more.
        let trial = Trial::of(NEW).hear(&[0x10]);
        assert!(trial.judge.counts_milliseconds());
        assert!(!trial.wait(21).judge.counts_milliseconds());
    }

    #[test]
    fn a_hangup_is_one_from_its_first_byte_on() {
        for version in Version::EVERY {
            let trial = Trial::of(version).hear_audio().hear(&[0]).wait(50);
            trial.expect(&[], Standing::InCall);
            trial.close().expect(&[], Standing::Closed);
        }
    }

    #[test]
    fn a_thread_that_comes_late_sees_no_pause() {
        let audio = frame(0x10, 320);
        for version in [NEW, Version::EVERY[2]] {
            // A part has come, and who reads stands still; meanwhile the rest comes.
            let trial = Trial::of(version)
                .hear(&audio[..100])
                .stand_still(3000)
                .hear(&audio[100..]);
            trial.expect(&[], Standing::InCall);
            // He looks before it, and stands still inside that look.
            let mut trial = Trial::of(version).hear(&audio[..100]);
            let asked = trial.time();
            trial = trial.stand_still(3000);
            trial.judge.found_nothing(asked, trial.time());
            trial = trial.hear(&audio[100..]);
            trial.expect(&[], Standing::InCall);
        }
        // A read that did not take all there was has seen no end.
        let mut trial = Trial::of(OLD);
        trial
            .judge
            .heard(trial.time(), trial.time(), &audio[..100], false);
        trial.hear(&audio[100..]).expect(&[], Standing::InCall);
    }

    #[test]
    fn two_seconds_without_traffic_end_the_application_and_nothing_else() {
        let trial = Trial::of(NEW).hear_audio().wait(1999);
        trial.expect(&[], Standing::InCall);
        let trial = trial.wait(1);
        trial.expect(&[Rule::Idle], Standing::Ended);
        let violation = trial.judge.violations()[0];
        assert_eq!(
            (violation.at, violation.offset),
            (Duration::from_secs(2), 323)
        );

        let mut trial = Trial::of(NEW).wait(1500);
        trial.judge.sent(trial.time());
        let trial = trial.wait(1999);
        trial.expect(&[], Standing::InCall);
        trial.wait(1).expect(&[Rule::Idle], Standing::Ended);

        for rules in [
            Rules::of(NEW).in_channel_driver(),
            Rules::of(OLD),
            Rules::of(Version::START_STOP),
        ] {
            Trial::of(rules).wait(9999).expect(&[], Standing::InCall);
        }
        // Nobody looked: who knows what came meanwhile.
        let trial = Trial::of(NEW).stand_still(9999).hear_audio();
        trial.expect(&[], Standing::InCall);
    }

    #[test]
    fn audio_ahead_of_real_time_is_played_fast_and_beyond_the_queue_dropped() {
        // As measured with 22.10: at once 50 frames, 100, 500; then twice real time.
        let at_once = |frames: usize| {
            Trial::of(NEW)
                .wait(100)
                .hear(&frame(0x10, 320).repeat(frames))
        };
        at_once(50).expect(&[], Standing::InCall);
        at_once(100).expect(&[Rule::TooFast, Rule::QueueOverflow], Standing::InCall);
        at_once(500).expect(&[Rule::TooFast, Rule::QueueOverflow], Standing::InCall);
        Trial::of(NEW)
            .hear_frames(99, 10)
            .expect(&[], Standing::InCall);
        let trial = Trial::of(NEW).hear_frames(1000, 10);
        trial.expect(&[Rule::TooFast], Standing::InCall);
        assert_eq!(
            trial.judge.violations()[0].consequence,
            Consequence::PlaysFast
        );
        // A pause pays nothing in advance.
        let trial = Trial::of(NEW).wait(1999).hear(&frame(0x10, 320).repeat(52));
        trial.expect(&[Rule::TooFast], Standing::InCall);
        // At other rates, and in frames of other lengths.
        let trial = Trial::of(NEW).hear(&frame(0x18, 7680).repeat(52));
        trial.expect(&[Rule::TooFast], Standing::InCall);
        let trial = Trial::of(NEW).hear(&frame(0x10, 160).repeat(98));
        trial.expect(&[Rule::QueueOverflow], Standing::InCall);
        // What is skipped takes no time.
        let trial = Trial::of(OLD).hear(&frame(0x12, 640).repeat(500));
        trial.expect(&[Rule::UnknownRate], Standing::InCall);
    }

    #[test]
    fn end_of_call_confirms_a_suspected_split() {
        let audio = frame(0x10, 320);
        for cut in [1, 3, 100] {
            let split = |late| {
                let trial = Trial::of(NEW).hear(&audio[..cut]).stand_still(late);
                trial.hear(&audio[cut..])
            };
            let (rule, standing) = match cut {
                1 => (Rule::SplitHeader, Standing::InCall),
                _ => (Rule::SplitPayload, Standing::Ended),
            };
            let ended = split(40).stand_still(900).caller_ended();
            ended.expect(&[rule], standing);
            assert_eq!(ended.judge.violations()[0].offset, 0);
            // The rest came in time, or so long ago that Asterisk has taken it.
            split(1).caller_ended().expect(&[], Standing::InCall);
            let ended = split(40).stand_still(1100).caller_ended();
            ended.expect(&[], Standing::InCall);
            // The rest did not come.
            let trial = Trial::of(NEW).hear(&audio[..cut]).stand_still(40);
            trial.caller_ended().expect(&[rule], standing);
            let trial = Trial::of(NEW).hear(&audio[..cut]).stand_still(1);
            trial.caller_ended().expect(&[], Standing::InCall);
        }
    }

    #[test]
    fn end_of_call_confirms_silence_up_to_the_limit() {
        let trial = Trial::of(NEW).stand_still(1985).caller_ended();
        trial.expect(&[Rule::Idle], Standing::Ended);
        let trial = Trial::of(NEW).stand_still(1975).caller_ended();
        trial.expect(&[], Standing::InCall);
        let trial = Trial::of(NEW).hear_audio().hear(&[0]).stand_still(3000);
        trial.caller_ended().expect(&[], Standing::InCall);
    }

    #[test]
    fn end_of_call_in_a_burst_is_no_split() {
        let mut trial = Trial::of(OLD);
        let (now, audio) = (trial.time(), frame(0x10, 320));
        trial.judge.heard(now, now, &audio[..100], false);
        trial.caller_ended().expect(&[], Standing::InCall);
    }

    #[test]
    fn a_thread_that_comes_late_sees_no_haste() {
        for _ in 0..3 {
            // 10 s of audio have come in real time while nobody looked; it takes many reads, of which the last empties it.
            let mut trial = Trial::of(NEW).hear_frames(10, 20).stand_still(10_000);
            for _ in 0..500 {
                let now = trial.time();
                trial.judge.heard(now, now, &frame(0x10, 320), false);
            }
            trial = trial.hear_audio();
            trial.expect(&[], Standing::InCall);
            // The same, but it stood still between the read that emptied it and the look at the clock.
            let mut trial = Trial::of(NEW);
            let asked = trial.time();
            trial = trial.stand_still(10_000);
            trial
                .judge
                .heard(asked, trial.time(), &frame(0x10, 320), true);
            let bytes = frame(0x10, 320).repeat(500);
            trial.judge.heard(trial.time(), trial.time(), &bytes, true);
            trial.expect(&[], Standing::InCall);
        }
    }

    #[test]
    fn how_a_server_closes_is_judged() {
        for version in Version::EVERY {
            let spins = version.behaviour().consequence(Rule::NoHangup).is_some();
            let expected: &[Rule] = if spins { &[Rule::NoHangup] } else { &[] };
            Trial::of(version)
                .hear_audio()
                .close()
                .expect(expected, Standing::Closed);
            // The end of the stream comes before the pause is one.
            Trial::of(version)
                .hear(&frame(0x10, 320)[..100])
                .close()
                .expect(&[Rule::Truncated], Standing::Ended);
            Trial::of(version)
                .hear_audio()
                .reset()
                .expect(&[Rule::Reset], Standing::Ended);
            Trial::of(version)
                .hear_audio()
                .hear(&HANGUP)
                .reset()
                .expect(&[Rule::Reset], Standing::Ended);
        }
        // Inside a header it is taken for a hangup by those who read one in parts.
        Trial::of(NEW)
            .hear(&[0x10, 1])
            .close()
            .expect(&[], Standing::Closed);
    }

    #[test]
    fn who_does_not_read_is_cut() {
        let mut trial = Trial::of(NEW).hear_audio();
        trial.judge.found_no_room(trial.time());
        trial.expect(&[Rule::NotReading], Standing::Ended);
    }

    #[test]
    fn each_rule_is_reported_once_and_the_memory_is_bounded() {
        let mut trial = Trial::of(NEW);
        for _ in 0..1000 {
            trial = trial.hear(&frame(0x10, 321)).hear(&frame(0x10, 65_535));
        }
        let mut rules = trial.rules();
        rules.sort();
        assert_eq!(rules, [Rule::OddLength, Rule::TooFast, Rule::QueueOverflow]);
    }

    proptest::proptest! {
        // Whatever the bytes and however they are split, time apart: the same verdict by content, and no panic.
        #[test]
        fn the_split_of_the_stream_does_not_change_what_is_judged_by_content(
            bytes in proptest::collection::vec(0..=0x12_u8, 0..200),
            cuts in proptest::collection::vec(1..20_usize, 1..5),
            version in 0..Version::EVERY.len(),
        ) {
            let now = Instant::now();
            let judge = |pieces: &mut dyn Iterator<Item = &[u8]>| {
                let mut judge = Judge::new(Version::EVERY[version], now);
                for piece in pieces {
                    judge.heard(now, now, piece, false);
                }
                (judge.violations().to_vec(), judge.standing())
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
            let by_content = |(violations, standing): (Vec<Violation>, Standing)| {
                let all: Vec<(Rule, u64)> = violations.iter().map(|it| (it.rule, it.offset)).collect();
                (all, standing)
            };
            proptest::prop_assert_eq!(by_content(whole), by_content(split));
        }
    }
}
