//! The queued audio of a call, and the time to send each frame.

use std::boxed::Box;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::sample_queue::SampleQueue;
use super::{CallOptions, Lateness, Mark, Unplayed};
use crate::stream::Pacer;
use crate::tone::Generator;
use crate::wire::{Digit, Dtmf, SampleRate};

// The queue has no clock and no connection of its own, so tests can use invented times. `Line::play` calls `take_due`, sends the
// frame or signal that it returns, and then reports it with `frame_sent`, `frame_lost`, `signal_sent` or `signal_lost`.
//
// Places in the queue count the bytes of audio since the start of the call. They include all silence that digits add, and exclude
// the padding of frames and audio that was cleared. The first `cut` bytes are in frames, and the first `sent` bytes in frames that
// were sent or lost. `cut` is ahead of `sent` only while a frame is being sent, and after a frame that ended the sending.

/// The queue of audio, cut into frames at their scheduled times.
#[derive(Debug)]
pub(super) struct PlaybackQueue {
    rate: SampleRate,
    frame_ms: u16,
    limit: Duration,
    speech: SampleQueue,
    /// When the current audio was queued. No frame of it is scheduled earlier.
    started: Option<Instant>,
    pacer: Pacer,
    cut: u64,
    sent: u64,
    /// Marks that were not reached, with their places.
    marks: VecDeque<(u64, Mark)>,
    /// Marks that were reached and not yet returned as events.
    passed: VecDeque<Mark>,
    /// Starts and stops of digits that were not sent, with their places.
    signals: VecDeque<(u64, KeySignal)>,
    /// Whether the first signal is being sent.
    is_sending_signal: bool,
    next_mark: u64,
    hangs_up_at_end: bool,
    /// Whether the audio may end here without an underrun: the application has set a mark or cleared the rest.
    is_at_proper_end: bool,
    /// How often the queue was cleared, so that a prompt notices that it was taken back.
    pub(super) clears: usize,
    pub(super) underruns: usize,
    pub(super) late_frames: usize,
    pub(super) gaps: usize,
    /// Boxed, because a new call passes through its thread's stack, and half a KiB more there would use another page.
    pub(super) lateness: Box<Lateness>,
}

/// The start or the stop of a digit in the start-stop dialect.
#[derive(Clone, Copy, Debug)]
enum KeySignal {
    Start(Digit),
    Stop {
        digit: Digit,
        /// The place of its start.
        since: u64,
    },
}

/// The next thing to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Due {
    /// Send the frame that was cut, of this rate.
    Frame(SampleRate),
    /// Send a DTMF signal.
    Signal(Dtmf),
    /// Wait until this time.
    At(Instant),
    /// Hang up: all audio has been played and a hangup was requested.
    HangUp,
    Nothing,
}

/// The longest pause that counts as an underrun. Audio after a longer pause counts as new audio.
const LONGEST_HOLE: Duration = Duration::from_millis(500);

/// The most marks that are kept for a handler that does not receive them.
const MOST_PASSED: usize = 1024;

/// The time a key is held, and the length of the pause after it. A tone receiver needs 40 ms of each (ITU-T Q.24). Asterisk plays
/// 100 ms for any duration in the stop of the start-stop dialect (measured with the fork's modules in 22.10).
pub(super) const PRESSED_MS: u16 = 100;

impl PlaybackQueue {
    pub(super) fn new(options: CallOptions) -> PlaybackQueue {
        PlaybackQueue {
            rate: options.playback_rate,
            frame_ms: options.frame_ms,
            limit: options.max_queued,
            speech: SampleQueue::default(),
            started: None,
            pacer: Pacer::new(Duration::from_millis(u64::from(options.frame_ms))),
            cut: 0,
            sent: 0,
            marks: VecDeque::new(),
            passed: VecDeque::new(),
            signals: VecDeque::new(),
            is_sending_signal: false,
            next_mark: 0,
            hangs_up_at_end: false,
            clears: 0,
            is_at_proper_end: false,
            underruns: 0,
            late_frames: 0,
            gaps: 0,
            lateness: Box::default(),
        }
    }

    /// Returns whether there is something to do, now or later.
    pub(super) fn has_work(&self) -> bool {
        self.sample_bytes() > 0 || !self.signals.is_empty() || self.hangs_up_at_end
    }

    /// Returns how long the queued audio lasts.
    pub(super) fn queued(&self) -> Duration {
        duration_of(self.sample_bytes(), self.rate)
    }

    pub(super) const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Sets the rate of the audio queued from now on.
    ///
    /// Returns `false` while audio of another rate is queued.
    pub(super) fn set_rate(&mut self, rate: SampleRate) -> bool {
        let is_free = self.rate == rate || (self.sample_bytes() == 0 && self.signals.is_empty());
        if is_free && self.rate != rate {
            self.speech.drop_half_sample();
            self.rate = rate;
        }
        is_free
    }

    /// Queues as many bytes of samples as fit, and returns how many. A sample may be split between two calls.
    pub(super) fn push(&mut self, bytes: &[u8], now: Instant) -> usize {
        let room = self.limit_in_bytes().saturating_sub(self.speech.len());
        let count = bytes.len().min(room);
        self.add(count, bytes.iter().take(count).copied(), now);
        count
    }

    /// Queues as many samples as fit, and returns how many.
    pub(super) fn push_samples(&mut self, samples: &[i16], now: Instant) -> usize {
        self.speech.drop_half_sample();
        let room = self.limit_in_bytes().saturating_sub(self.speech.len()) / 2;
        let samples = samples.get(..samples.len().min(room)).unwrap_or_default();
        let bytes = samples.iter().flat_map(|sample| sample.to_le_bytes());
        self.add(samples.len().saturating_mul(2), bytes, now);
        samples.len()
    }

    /// Queues as many digits of the start-stop dialect as fit, and returns how many.
    ///
    /// The digits start with the next whole frame. Each consists of its start, silence while the key is held, its stop, and
    /// silence after it.
    pub(super) fn push_keys(&mut self, digits: &[Digit], now: Instant) -> usize {
        self.speech.drop_half_sample();
        let frame_len = self.frame_len();
        let rest = self.sample_bytes().checked_rem(frame_len).unwrap_or(0);
        let padding = if rest == 0 {
            0
        } else {
            frame_len.saturating_sub(rest)
        };
        // Whole frames keep the duration exact.
        let frames = PRESSED_MS.div_ceil(self.frame_ms);
        let pressed_len = frame_len.saturating_mul(usize::from(frames));
        let room = self.limit_in_bytes().saturating_sub(self.speech.len());
        let most = room
            .saturating_sub(padding)
            .checked_div(pressed_len.saturating_mul(2))
            .unwrap_or(0);
        let digits = digits.get(..digits.len().min(most)).unwrap_or_default();
        if !digits.is_empty() {
            self.push_silence(padding, now);
        }
        for digit in digits {
            let since = self.end();
            self.signals.push_back((since, KeySignal::Start(*digit)));
            self.push_silence(pressed_len, now);
            let stop = KeySignal::Stop {
                digit: *digit,
                since,
            };
            self.signals.push_back((self.end(), stop));
            self.push_silence(pressed_len, now);
        }
        digits.len()
    }

    /// Queues as many digits as fit, as tones, and returns how many.
    pub(super) fn push_tones(&mut self, digits: &[Digit], now: Instant) -> usize {
        // The length of the tone and the pause after it, at two bytes a sample.
        let tone_len = self.rate.samples_in(PRESSED_MS).saturating_mul(4);
        let room = self.limit_in_bytes().saturating_sub(self.speech.len());
        let most = room.checked_div(tone_len).unwrap_or(0);
        let digits = digits.get(..digits.len().min(most)).unwrap_or_default();
        let mut tones = Generator::new(self.rate)
            .with_lengths(PRESSED_MS, PRESSED_MS)
            .digits(digits);
        let mut samples = [0; 256];
        loop {
            let count = tones.fill(&mut samples);
            if count == 0 {
                return digits.len();
            }
            self.push_samples(samples.get(..count).unwrap_or_default(), now);
        }
    }

    /// Sets a mark at the end of the playback queue.
    pub(super) fn mark(&mut self) -> Mark {
        let mark = self.unreachable_mark();
        self.marks.push_back((self.end(), mark));
        self.pass_marks();
        mark
    }

    /// Returns a mark that is never reached, for a call that is closed for sending.
    pub(super) fn unreachable_mark(&mut self) -> Mark {
        let mark = Mark(self.next_mark);
        self.next_mark = self.next_mark.wrapping_add(1);
        mark
    }

    /// Returns the next mark that has been reached, once.
    pub(super) fn take_passed_mark(&mut self) -> Option<Mark> {
        self.passed.pop_front()
    }

    pub(super) fn has_passed_mark(&self) -> bool {
        !self.passed.is_empty()
    }

    /// Returns when the last frame that was sent has finished playing.
    pub(super) fn last_frame_ends(&self) -> Option<Instant> {
        self.pacer.due()
    }

    pub(super) fn hang_up_at_end(&mut self) {
        self.hangs_up_at_end = true;
    }

    /// Removes and returns all audio that has not been cut into a frame.
    pub(super) fn clear(&mut self) -> Unplayed {
        let bytes = self.speech.take_all();
        self.clears = self.clears.wrapping_add(1);
        self.hangs_up_at_end = false;
        self.is_at_proper_end = true;
        // A key that is down, or is going down at this moment, is released now.
        self.signals.truncate(match self.signals.front() {
            Some((_, KeySignal::Stop { .. })) => 1,
            Some((_, KeySignal::Start(_))) if self.is_sending_signal => 2,
            _ => 0,
        });
        for (place, _) in &mut self.signals {
            *place = self.cut;
        }
        // Marks before, inside and at the end of a frame that is being sent are still reached.
        let unreached = self.marks.partition_point(|(place, _)| *place <= self.cut);
        let marks = self.marks.split_off(unreached);
        Unplayed {
            rate: self.rate,
            bytes,
            marks: marks.into_iter().map(|(_, mark)| mark).collect(),
        }
    }

    /// Returns what to do now. A frame is cut into `frame`, and padded with silence if it is the last one.
    pub(super) fn take_due(&mut self, now: Instant, frame: &mut Vec<u8>) -> Due {
        let whole = self.sample_bytes();
        let signal = self.signals.front().copied();
        let signal = signal.filter(|(place, _)| *place <= self.cut);
        if whole == 0 && signal.is_none() {
            // Wait until the last frame has finished playing: a hangup right after it can overtake it in Asterisk's channel
            // driver (measured with 22.10).
            let ends = self.last_frame_ends().filter(|ends| *ends > now);
            return match (self.hangs_up_at_end, ends) {
                (true, Some(ends)) => Due::At(ends),
                (true, None) => Due::HangUp,
                (false, _) => Due::Nothing,
            };
        }
        if let Some(due) = self.due().filter(|due| *due > now) {
            return Due::At(due);
        }
        if let Some((_, signal)) = signal {
            self.is_sending_signal = true;
            return Due::Signal(self.dtmf(signal));
        }
        let len = self.frame_len();
        let count = len.min(whole);
        self.speech.cut(count, frame);
        frame.resize(len, 0);
        self.cut = self
            .cut
            .saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Due::Frame(self.rate)
    }

    /// Records that the last signal returned was sent.
    pub(super) fn signal_sent(&mut self) {
        self.is_sending_signal = false;
        self.signals.pop_front();
    }

    /// Records that the last signal returned was not sent. It will be returned again.
    pub(super) fn signal_lost(&mut self) {
        self.is_sending_signal = false;
    }

    /// Records that the last frame returned could not be sent at `now`. The caller hears a gap.
    pub(super) fn frame_lost(&mut self, now: Instant) {
        self.pacer.frame_sent(now);
        self.gaps = self.gaps.saturating_add(1);
        self.finish_frame();
    }

    /// Records that the last frame returned was sent at `now`.
    pub(super) fn frame_sent(&mut self, now: Instant) {
        let late = self
            .due()
            .map_or(Duration::ZERO, |due| now.saturating_duration_since(due));
        self.pacer.frame_sent(now);
        self.lateness.record(late);
        let frame_duration = self.frame_duration();
        if late.saturating_mul(2) >= frame_duration {
            self.late_frames = self.late_frames.saturating_add(1);
        }
        if late >= frame_duration {
            self.gaps = self.gaps.saturating_add(1);
        }
        self.finish_frame();
    }

    fn finish_frame(&mut self) {
        self.sent = self.cut;
        self.pass_marks();
        self.speech.give_back();
    }

    fn dtmf(&self, signal: KeySignal) -> Dtmf {
        match signal {
            KeySignal::Start(digit) => Dtmf::Start(digit),
            KeySignal::Stop { digit, since } => {
                let held = usize::try_from(self.cut.saturating_sub(since)).unwrap_or(usize::MAX);
                let held = duration_of(held, self.rate).as_millis();
                Dtmf::Stop {
                    digit,
                    duration_ms: u32::try_from(held).unwrap_or(u32::MAX),
                }
            }
        }
    }

    fn push_silence(&mut self, len: usize, now: Instant) {
        self.add(len, core::iter::repeat_n(0, len), now);
    }

    fn add(&mut self, count: usize, bytes: impl IntoIterator<Item = u8>, now: Instant) {
        let was_dry = self.sample_bytes() == 0;
        self.speech.add(count, bytes);
        if was_dry && self.sample_bytes() > 0 {
            self.start(now);
        }
    }

    /// Returns the scheduled time of the next frame, if there is one.
    fn due(&self) -> Option<Instant> {
        self.pacer.due().max(self.started)
    }

    /// Starts the audio, or continues it after the queue was empty.
    fn start(&mut self, now: Instant) {
        if self.cut != self.sent {
            // The last frame is still being sent, so the queue has not run dry.
            self.is_at_proper_end = false;
            return;
        }
        let hole = self
            .pacer
            .due()
            .map(|due| now.saturating_duration_since(due));
        // If the audio is less than a frame late, playback catches up.
        if hole.is_some_and(|hole| hole >= self.frame_duration()) {
            if !self.is_at_proper_end && hole.is_some_and(|hole| hole < LONGEST_HOLE) {
                self.underruns = self.underruns.saturating_add(1);
            }
            self.pacer.restart();
        }
        self.started = Some(now);
        self.is_at_proper_end = false;
    }

    /// Moves marks to `passed` if all audio ahead of them has been sent.
    fn pass_marks(&mut self) {
        while let Some((place, mark)) = self.marks.front().copied() {
            if place > self.sent {
                break;
            }
            self.marks.pop_front();
            if self.passed.len() >= MOST_PASSED {
                self.passed.pop_front();
            }
            self.passed.push_back(mark);
            self.is_at_proper_end |= self.sample_bytes() == 0;
        }
    }

    /// Returns the place at the end of the queue.
    fn end(&self) -> u64 {
        let whole = u64::try_from(self.sample_bytes()).unwrap_or(u64::MAX);
        self.cut.saturating_add(whole)
    }

    fn frame_len(&self) -> usize {
        self.rate.samples_in(self.frame_ms).saturating_mul(2)
    }

    fn sample_bytes(&self) -> usize {
        self.speech.whole_len()
    }

    fn limit_in_bytes(&self) -> usize {
        let a_second = u128::from(self.rate.hz()).saturating_mul(2);
        let bytes = self.limit.as_micros().saturating_mul(a_second) / 1_000_000;
        usize::try_from(bytes).unwrap_or(usize::MAX) & !1
    }

    fn frame_duration(&self) -> Duration {
        Duration::from_millis(u64::from(self.frame_ms))
    }
}

/// Returns how long `bytes` bytes of samples last.
pub(super) fn duration_of(bytes: usize, rate: SampleRate) -> Duration {
    let samples = u64::try_from(bytes / 2).unwrap_or(u64::MAX);
    let hz = u64::from(rate.hz());
    let seconds = samples.checked_div(hz).unwrap_or(0);
    let rest = samples.checked_rem(hz).unwrap_or(0);
    Duration::from_secs(seconds).saturating_add(Duration::from_micros(
        rest.saturating_mul(1_000_000).checked_div(hz).unwrap_or(0),
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn clear_releases_a_key_that_is_going_down() {
        let digit = Digit::try_from('5').unwrap();
        for (is_sent, expected) in [(true, 2), (false, 0)] {
            let mut rig = rig();
            rig.queue.push_keys(&[digit, digit], rig.now);
            let due = rig.queue.take_due(rig.now, &mut rig.frame);
            let Due::Signal(start) = due else {
                panic!("{due:?}");
            };
            if is_sent {
                // Another thread clears while this one sends.
                rig.queue.clear();
                rig.signals.push((0, start));
                rig.queue.signal_sent();
            } else {
                rig.queue.signal_lost();
                rig.queue.clear();
            }
            rig.run(500);
            let stop = Dtmf::Stop {
                digit,
                duration_ms: 0,
            };
            let signals = [(0, Dtmf::Start(digit)), (0, stop)];
            assert_eq!(rig.signals, signals[..expected]);
        }
    }

    /// A queue with a clock that the test moves and a peer that accepts everything at once.
    struct Rig {
        queue: PlaybackQueue,
        now: Instant,
        frame: Vec<u8>,
        /// Frames, each with the time in milliseconds at which it was sent.
        sent: Vec<(u64, Vec<u8>)>,
        signals: Vec<(u64, Dtmf)>,
        started: Instant,
    }

    impl Rig {
        fn new(options: CallOptions) -> Rig {
            let now = Instant::now();
            Rig {
                queue: PlaybackQueue::new(options),
                now,
                frame: Vec::new(),
                sent: Vec::new(),
                signals: Vec::new(),
                started: now,
            }
        }

        fn push(&mut self, bytes: &[u8]) -> usize {
            self.queue.push(bytes, self.now)
        }

        /// Sends the frames and signals that are scheduled for now.
        fn play_due(&mut self) -> Due {
            loop {
                match self.queue.take_due(self.now, &mut self.frame) {
                    Due::Signal(signal) => {
                        let at = (self.now - self.started).as_millis() as u64;
                        self.signals.push((at, signal));
                        self.queue.signal_sent();
                    }
                    Due::Frame(_) => {
                        let at = (self.now - self.started).as_millis() as u64;
                        self.sent.push((at, self.frame.clone()));
                        self.queue.frame_sent(self.now);
                    }
                    due => return due,
                }
            }
        }

        /// Sends the frames and signals of the next `milliseconds`, checking once in each.
        fn run(&mut self, milliseconds: u64) {
            for _ in 0..milliseconds {
                self.play_due();
                self.now += Duration::from_millis(1);
            }
        }

        fn times(&self) -> Vec<u64> {
            self.sent.iter().map(|(at, _)| *at).collect()
        }
    }

    fn rig() -> Rig {
        Rig::new(CallOptions::default())
    }

    fn counting(len: usize) -> Vec<u8> {
        (0..len).map(|place| (place % 251) as u8 + 1).collect()
    }

    #[test]
    fn passed_marks_beyond_limit_drop_oldest() {
        let mut rig = rig();
        let marks: Vec<Mark> = (0..MOST_PASSED + 5).map(|_| rig.queue.mark()).collect();
        assert_eq!(rig.queue.take_passed_mark(), Some(marks[5]));
        assert_eq!(rig.queue.passed.len(), MOST_PASSED - 1);
    }

    #[test]
    fn playback_sends_whole_frames_and_pads_the_last() {
        let mut rig = rig();
        assert_eq!(rig.push(&counting(1000)), 1000);
        assert_eq!(rig.queue.queued(), Duration::from_micros(62_500));
        rig.run(200);
        assert_eq!(rig.times(), [0, 20, 40, 60]);
        let mut all: Vec<u8> = rig
            .sent
            .iter()
            .flat_map(|(_, frame)| frame.clone())
            .collect();
        assert_eq!(all.split_off(1000), [0; 280]);
        assert_eq!(all, counting(1000));
        assert_eq!(rig.queue.underruns, 0);
        assert_eq!(rig.queue.queued(), Duration::ZERO);
        assert!(!rig.queue.has_work());
    }

    #[test]
    fn frames_have_the_length_of_their_rate_and_time() {
        for &rate in SampleRate::ALL {
            for (wanted_ms, frame_ms) in
                [(0, 10), (10, 10), (20, 20), (29, 20), (60, 60), (999, 60)]
            {
                let options = CallOptions::default()
                    .playback_rate(rate)
                    .frame_duration(Duration::from_millis(wanted_ms));
                let mut rig = Rig::new(options);
                rig.push(&counting(2));
                assert_eq!(rig.play_due(), Due::Nothing);
                let (_, frame) = &rig.sent[0];
                assert_eq!(
                    frame.len(),
                    rate.samples_in(frame_ms) * 2,
                    "{rate}, {frame_ms} ms"
                );
            }
        }
    }

    #[test]
    fn half_a_sample_is_never_sent() {
        let mut rig = rig();
        rig.push(&[1]);
        rig.run(100);
        assert_eq!(rig.sent.len(), 0, "half a sample is not played");
        rig.push(&[2, 3]);
        rig.run(100);
        rig.push(&[4]);
        rig.run(100);
        let starts: Vec<_> = rig
            .sent
            .iter()
            .map(|(_, frame)| frame[..3].to_vec())
            .collect();
        assert_eq!(starts, [[1, 2, 0], [3, 4, 0]]);

        rig.push(&[5]);
        rig.queue.push_samples(&[0x0706], rig.now);
        rig.run(100);
        assert_eq!(rig.sent[2].1[..3], [6, 7, 0], "the other half did not come");
    }

    #[test]
    fn full_queue_accepts_nothing() {
        let mut rig = Rig::new(CallOptions::default().max_queued(Duration::ZERO));
        assert_eq!(rig.push(&counting(15_999)), 15_999);
        assert_eq!(rig.push(&[1, 2, 3]), 1);
        assert_eq!(rig.push(&[1]), 0);
        assert_eq!(rig.queue.push_samples(&[1], rig.now), 0);
        rig.play_due();
        assert_eq!(rig.queue.push_samples(&[1; 200], rig.now), 160);
    }

    #[test]
    fn underrun_counts_only_unintended_gaps() {
        for (pause_ms, marked, underruns) in [
            (10, false, 0),
            (60, false, 1),
            (400, false, 1),
            (60, true, 0),
            (600, false, 0),
        ] {
            let mut rig = rig();
            rig.push(&counting(640));
            if marked {
                rig.queue.mark();
            }
            // The second frame is sent at 20 ms, and the next is scheduled for 40 ms.
            rig.run(40 + pause_ms);
            rig.push(&counting(640));
            rig.run(100);
            let case = (pause_ms, marked);
            assert_eq!(rig.queue.underruns, underruns, "{case:?}");
            assert_eq!(rig.queue.gaps, 0, "{case:?}: the clock was kept");
            assert_eq!(rig.queue.lateness.max(), Some(Duration::ZERO));
            assert_eq!(rig.times()[2], 40 + pause_ms, "{case:?}");
            // Playback catches up if the audio is less than a frame late.
            let next = if pause_ms < 20 { 60 } else { 60 + pause_ms };
            assert_eq!(rig.times()[3], next, "{case:?}");
        }
    }

    #[test]
    fn late_mark_makes_a_gap_intended() {
        let mut rig = rig();
        rig.push(&counting(320));
        rig.run(40);
        let mark = rig.queue.mark();
        assert_eq!(rig.queue.take_passed_mark(), Some(mark));
        rig.run(40);
        rig.push(&counting(320));
        rig.run(40);
        assert_eq!(rig.queue.underruns, 0);
    }

    #[test]
    fn lateness_counts_late_frames_and_gaps() {
        let mut rig = rig();
        rig.push(&counting(320 * 5));
        rig.play_due();
        for late_ms in [0, 9, 10, 25] {
            let due = rig.queue.due().unwrap();
            rig.now = due + Duration::from_millis(late_ms);
            rig.play_due();
        }
        assert_eq!(rig.queue.late_frames, 2);
        assert_eq!(rig.queue.gaps, 1);
        assert_eq!(rig.queue.lateness.count(), 5);
        assert_eq!(rig.queue.lateness.max(), Some(Duration::from_millis(25)));
    }

    #[test]
    fn audio_queued_during_last_frame_is_no_underrun() {
        let mut rig = rig();
        rig.push(&counting(640));
        rig.play_due();
        // Cut 30 ms late.
        rig.now += Duration::from_millis(50);
        assert!(matches!(
            rig.queue.take_due(rig.now, &mut rig.frame),
            Due::Frame(_)
        ));
        rig.push(&counting(320));
        rig.queue.frame_sent(rig.now);
        assert_eq!((rig.queue.underruns, rig.queue.gaps), (0, 1));
    }

    #[test]
    fn marks_are_reached_when_earlier_audio_is_sent() {
        let mut rig = rig();
        let at_once = rig.queue.mark();
        assert_eq!(rig.queue.take_passed_mark(), Some(at_once));
        rig.push(&counting(400));
        let first = rig.queue.mark();
        let same_place = rig.queue.mark();
        rig.push(&counting(3));
        let behind_half_a_sample = rig.queue.mark();
        rig.play_due();
        assert_eq!(rig.queue.take_passed_mark(), None);
        rig.run(100);
        let passed: Vec<_> = std::iter::from_fn(|| rig.queue.take_passed_mark()).collect();
        assert_eq!(passed, [first, same_place, behind_half_a_sample]);
    }

    #[test]
    fn mark_is_reached_when_its_frame_is_sent() {
        let mut rig = rig();
        rig.push(&counting(320));
        let mark = rig.queue.mark();
        let due = rig.queue.take_due(rig.now, &mut rig.frame);
        assert_eq!(due, Due::Frame(SampleRate::Hz8000));
        assert_eq!(rig.queue.take_passed_mark(), None);
        let unplayed = rig.queue.clear();
        assert_eq!((unplayed.bytes(), unplayed.marks()), (&[][..], &[][..]));
        rig.queue.frame_sent(rig.now);
        assert_eq!(rig.queue.take_passed_mark(), Some(mark));
    }

    #[test]
    fn clear_returns_unplayed_audio_to_play_again() {
        let mut rig = rig();
        let speech = counting(320 * 10 + 3);
        rig.push(&speech);
        let inside = {
            rig.run(50);
            rig.queue.mark()
        };
        rig.queue.hang_up_at_end();
        let unplayed = rig.queue.clear();
        assert_eq!(rig.times(), [0, 20, 40]);
        assert_eq!(unplayed.bytes(), &speech[960..]);
        assert_eq!(unplayed.marks(), [inside]);
        assert_eq!(
            unplayed.duration(),
            Duration::from_micros(140_125),
            "1121 samples"
        );
        rig.run(100);
        assert_eq!(
            rig.play_due(),
            Due::Nothing,
            "neither speech nor the hangup"
        );
        rig.push(unplayed.bytes());
        rig.run(300);
        let played: Vec<u8> = rig
            .sent
            .iter()
            .flat_map(|(_, frame)| frame.clone())
            .collect();
        assert_eq!(played[..3202], speech[..3202]);
        assert_eq!(rig.queue.underruns, 0);
    }

    #[test]
    fn audio_after_clear_keeps_the_frame_distance() {
        let mut rig = rig();
        rig.push(&counting(3200));
        rig.run(25);
        rig.queue.clear();
        rig.push(&counting(320));
        rig.run(100);
        assert_eq!(rig.times(), [0, 20, 40]);
    }

    #[test]
    fn digits_do_not_overlap_audio() {
        for (frame_ms, held) in [(20, 100), (60, 120)] {
            let options = CallOptions::default().frame_duration(Duration::from_millis(frame_ms));
            let mut rig = Rig::new(options);
            let (five, hash) = (Digit::try_from('5').unwrap(), Digit::try_from('#').unwrap());
            // A frame and a half, which is padded to two frames.
            rig.push(&counting(usize::try_from(frame_ms).unwrap() * 24));
            assert_eq!(rig.queue.push_keys(&[five, hash], rig.now), 2);
            rig.push(&counting(2));
            rig.run(2000);
            let stop = |digit| Dtmf::Stop {
                digit,
                duration_ms: held,
            };
            let held = u64::from(held);
            let begin = 2 * frame_ms;
            assert_eq!(
                rig.signals,
                [
                    (begin, Dtmf::Start(five)),
                    (begin + held, stop(five)),
                    (begin + 2 * held, Dtmf::Start(hash)),
                    (begin + 3 * held, stop(hash)),
                ]
            );
            let loud: Vec<u64> = rig
                .sent
                .iter()
                .filter(|(_, frame)| frame.iter().any(|byte| *byte != 0))
                .map(|(at, _)| *at)
                .collect();
            assert_eq!(loud, [0, frame_ms, begin + 4 * held]);
            assert_eq!(rig.queue.underruns, 0);
        }
    }

    #[test]
    fn clear_releases_the_key_and_presses_no_more() {
        let digit = Digit::try_from('5').unwrap();
        let mut rig = rig();
        assert_eq!(rig.queue.push_keys(&[digit, digit], rig.now), 2);
        rig.run(50);
        rig.queue.clear();
        rig.run(500);
        let stop = Dtmf::Stop {
            digit,
            duration_ms: 60,
        };
        assert_eq!(rig.signals, [(0, Dtmf::Start(digit)), (60, stop)]);
        assert!(!rig.queue.has_work());
    }

    #[test]
    fn tones_follow_audio_up_to_the_limit() {
        let digit = Digit::try_from('5').unwrap();
        let mut rig = Rig::new(CallOptions::default().max_queued(Duration::ZERO));
        rig.push(&counting(320));
        assert_eq!(
            rig.queue.push_tones(&[digit; 9], rig.now),
            4,
            "a second in all"
        );
        rig.run(1000);
        assert_eq!(rig.sent.len(), 1 + 4 * 10);
        let loud = rig
            .sent
            .iter()
            .map(|(_, frame)| frame.iter().any(|byte| *byte != 0));
        let tone = [
            true, true, true, true, true, false, false, false, false, false,
        ];
        let expected: Vec<bool> = [true].into_iter().chain(tone.repeat(4)).collect();
        assert_eq!(loud.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn digits_beyond_the_limit_are_not_pressed() {
        let digit = Digit::try_from('5').unwrap();
        let mut rig = Rig::new(CallOptions::default().max_queued(Duration::ZERO));
        rig.push(&counting(3199));
        assert_eq!(
            rig.queue.push_keys(&[digit; 9], rig.now),
            4,
            "a second in all"
        );
        assert_eq!(rig.queue.push_keys(&[digit], rig.now), 0);
    }

    #[test]
    fn hangup_follows_queued_audio() {
        let mut rig = rig();
        rig.queue.hang_up_at_end();
        assert!(rig.queue.has_work());
        rig.push(&counting(640));
        assert_eq!(rig.play_due(), Due::At(rig.now + Duration::from_millis(20)));
        rig.now += Duration::from_millis(20);
        // The last frame needs its time to play.
        assert_eq!(rig.play_due(), Due::At(rig.now + Duration::from_millis(20)));
        rig.now += Duration::from_millis(20);
        assert_eq!(rig.play_due(), Due::HangUp);
    }

    #[test]
    fn rate_change_waits_for_queued_audio() {
        let mut rig = rig();
        rig.push(&counting(3));
        assert!(rig.queue.set_rate(SampleRate::Hz8000));
        assert!(!rig.queue.set_rate(SampleRate::Hz16000));
        rig.play_due();
        assert!(rig.queue.set_rate(SampleRate::Hz16000));
        rig.push(&counting(2));
        rig.run(40);
        assert_eq!(rig.sent[1].1.len(), 640);
        assert_eq!(
            rig.sent[1].1[..3],
            [1, 2, 0],
            "the half sample went with its rate"
        );
    }

    proptest! {
        #[test]
        fn playback_in_pieces_never_outruns_the_clock(
            pieces in prop::collection::vec((0_usize..2000, 0_u64..45), 1..40),
            frame_ms in 1_u64..7,
        ) {
            let options = CallOptions::default().frame_duration(Duration::from_millis(frame_ms * 10));
            let mut rig = Rig::new(options);
            let mut given = Vec::new();
            for (len, wait) in pieces {
                let bytes = counting(given.len() + len).split_off(given.len());
                prop_assert_eq!(rig.push(&bytes), len);
                given.extend(bytes);
                rig.run(wait);
            }
            rig.run(60_000);
            let frame_ms = frame_ms * 10;
            for (_, frame) in &rig.sent {
                prop_assert_eq!(frame.len() as u64, frame_ms * 16);
            }
            // Only silence is added, and `counting` has no zeros.
            let played: Vec<u8> = rig.sent.iter().flat_map(|(_, frame)| frame.clone()).filter(|byte| *byte != 0).collect();
            prop_assert_eq!(&played[..], &given[..given.len() & !1]);
            // `late` is how late a frame is against a clock that starts with the first frame. No frame may be less late than an
            // earlier one by more than a frame.
            let mut latest = i64::MIN;
            for (count, (at, _)) in rig.sent.iter().enumerate() {
                let late = *at as i64 - count as i64 * frame_ms as i64;
                latest = latest.max(late);
                prop_assert!(late + frame_ms as i64 > latest, "more than a frame ahead");
            }
        }
    }
}
