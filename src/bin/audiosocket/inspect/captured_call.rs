//! Frames of a call in a packet capture, and the judgement of its server.

use std::time::{Duration, Instant, UNIX_EPOCH};

use audiosocket::asterisk::{self, CallState, Judge, Way};
use audiosocket::wire::Kind;

use crate::analysis::ended::{Ended, Ends};
use crate::analysis::finding::{Finding, Passage, Show, What};
use crate::analysis::side::Side;
use crate::analysis::summary::{CallSummary, Summary};
use crate::analysis::verdict::Verdict;
use crate::capture::{CapturedCall, Received};
use crate::failure::Failure;
use crate::panel::{Fault, Panel};
use crate::tap_file::{Entry, Seen, Sender};

/// Shows the findings in the call. The server is judged as a call in this `way` does.
pub fn read(call: &CapturedCall, way: Way, show: &mut Show<'_>) -> Result<Summary, Failure> {
    let mut sides = Sender::BOTH.map(Side::new);
    let mut judging = Judging::new(way);
    let mut kinds_sent: Vec<Kind> = Vec::new();
    let mut ends = Ends::default();
    if !call.has_start() {
        judging.stop(Duration::ZERO);
    }
    let mut pieces: Vec<_> = Sender::BOTH
        .into_iter()
        .flat_map(|sender| {
            call.side(sender)
                .pieces
                .iter()
                .map(move |piece| (sender, piece))
        })
        .collect();
    // The sort is stable, so the pieces of a side stay in order.
    pieces.sort_by_key(|(_, piece)| piece.at);
    for (sender, piece) in pieces {
        let at = piece.at.saturating_sub(call.started());
        let what = match &piece.what {
            Received::Bytes(bytes) => Seen::Bytes(bytes),
            Received::Closed => Seen::Closed,
            Received::Reset => Seen::Reset,
            Received::Lost(lost) => {
                judging.stop(at);
                let side = &mut sides[sender as usize];
                side.lose(at, *lost, show)?;
                continue;
            }
        };
        let entry = Entry { sender, at, what };
        judging.add(entry);
        let side = &mut sides[sender as usize];
        let ended = side.take(entry, &mut |finding| {
            if let (What::Frame(frame), Sender::Caller) = (finding.what, sender) {
                if !kinds_sent.contains(&frame.kind()) {
                    kinds_sent.push(frame.kind());
                    judging.panel.caller_sent(frame.kind());
                }
            }
            show(finding)
        })?;
        if let Some(how) = ended {
            let by = sender;
            ends.add(Ended { by, how, at });
        }
        while let Some(fault) = judging.next_settled(at) {
            show_fault(&fault, show)?;
        }
    }
    while let Some(fault) = judging.next() {
        show_fault(&fault, show)?;
    }
    let length = call.length();
    let [caller, server] = &mut sides;
    let sides = [caller.finish(length, show)?, server.finish(length, show)?];
    let mut summary = Summary::default();
    let mut missing: usize = 0;
    for (side, bytes) in &sides {
        summary.frames += side.frames;
        summary.bytes += bytes.saturating_sub(side.missing);
        summary.truncated += side.truncated;
        missing = missing.saturating_add(side.missing);
    }
    summary.missing = Some(missing);
    let started = UNIX_EPOCH.checked_add(call.started());
    summary.call = Some(CallSummary {
        started: started.unwrap_or(UNIX_EPOCH),
        length,
        sides: sides.map(|(side, _)| side),
        ended: ends.first(),
        verdict: Some(judging.verdict),
    });
    Ok(summary)
}

/// Judges of the server's bytes, with the clock of the capture.
struct Judging {
    panel: Panel,
    base: Instant,
    /// When the server's last bytes arrived.
    last: Option<Duration>,
    is_caller_done: bool,
    verdict: Verdict,
}

/// Longest time in which Asterisk reads bytes that have arrived. A pause between two segments counts from then on, because
/// nothing shows when Asterisk read the first.
const REACTION: Duration = Duration::from_millis(1);

/// Time between two looks while the rest of a frame is missing, and otherwise. It bounds how late a violation is dated.
const BETWEEN_CLOSE_LOOKS: Duration = Duration::from_millis(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// Longer than any version waits for the rest of a frame.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// Longer than the idle time-out of any version.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(10);

impl Judging {
    fn new(way: Way) -> Judging {
        let base = Instant::now();
        Judging {
            panel: Panel::new(base, way),
            base,
            last: None,
            is_caller_done: false,
            verdict: Verdict::default(),
        }
    }

    fn add(&mut self, entry: Entry<'_>) {
        if self.verdict.stopped.is_some() {
            return;
        }
        // Instants have a limit that no capture reaches.
        let Some(at) = self.base.checked_add(entry.at) else {
            return;
        };
        let is_caller_done = self.is_caller_done;
        match (entry.sender, entry.what) {
            (Sender::Server, Seen::Bytes(bytes)) if !is_caller_done => {
                self.pass_time(entry.at);
                self.look(at, |judge| {
                    judge.bytes_read(asterisk::Received {
                        asked: at,
                        at,
                        bytes,
                        emptied: false,
                    });
                });
                self.last = Some(entry.at);
            }
            (Sender::Server, Seen::Closed) if !is_caller_done => {
                self.pass_time(entry.at);
                self.look(at, |judge| judge.closed(at));
            }
            (Sender::Server, Seen::Reset) => self.look(at, |judge| {
                // If the server hung up, it also caused Asterisk to be gone already.
                if !is_caller_done || judge.state() == CallState::HungUp {
                    judge.reset(at);
                }
            }),
            (Sender::Server, _) => {}
            (Sender::Caller, Seen::Bytes(_)) => {
                self.pass_time(entry.at);
                self.look(at, |judge| judge.sent(at));
            }
            (Sender::Caller, _) => {
                if !is_caller_done {
                    self.pass_time(entry.at);
                    self.look(at, |judge| judge.caller_ended(at));
                }
                self.is_caller_done = true;
            }
        }
    }

    /// Reports that nothing arrived between the server's last bytes and `to`.
    fn pass_time(&mut self, to: Duration) {
        let from = match self.last {
            Some(last) => last.saturating_add(REACTION),
            None => Duration::ZERO,
        };
        if from > to || self.is_caller_done {
            return;
        }
        let long = from.saturating_add(LONGEST_TIMEOUT).min(to);
        let mut time = from;
        while time < long {
            self.read_empty(time);
            let waits_for_rest = self.panel.needs_fine_timing() && time < from + LONGEST_WAIT;
            time += match waits_for_rest {
                true => BETWEEN_CLOSE_LOOKS,
                false => BETWEEN_LOOKS,
            };
        }
        self.read_empty(to);
    }

    fn read_empty(&mut self, at: Duration) {
        if let Some(at) = self.base.checked_add(at) {
            self.look(at, |judge| judge.read_empty(at, at));
        }
    }

    fn look(&mut self, at: Instant, look: impl Fn(&mut Judge)) {
        self.panel.look(at, look);
    }

    /// Stops the judges, because a judge cannot do without any byte.
    fn stop(&mut self, at: Duration) {
        self.verdict.stopped = self.verdict.stopped.or(Some(at));
    }

    fn next_settled(&mut self, at: Duration) -> Option<Fault> {
        let now = self.base.checked_add(at)?;
        let fault = self.panel.next_settled(now);
        self.note(fault)
    }

    fn next(&mut self) -> Option<Fault> {
        let fault = self.panel.next();
        self.note(fault)
    }

    fn note(&mut self, fault: Option<Fault>) -> Option<Fault> {
        let rule = fault.as_ref()?.violation().rule;
        if !self.verdict.rules.contains(&rule) {
            self.verdict.rules.push(rule);
        }
        fault
    }
}

fn show_fault(fault: &Fault, show: &mut Show<'_>) -> Result<(), Failure> {
    let violation = fault.violation();
    show(&Finding {
        passage: Some(Passage {
            sender: Sender::Server,
            at: violation.at,
        }),
        offset: usize::try_from(violation.offset).unwrap_or(usize::MAX),
        time: violation.at,
        what: What::Violation(fault),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Input;
    use super::super::captured_calls::completeness;
    use super::super::drawing::draw;
    use super::super::json_lines::JsonLines;
    use super::super::lines::Lines;
    use super::super::picture::Picture;
    use super::super::text_lines::TextLines;
    use super::*;
    use crate::capture::Capture;

    /// Sender, offset, kind and payload of a frame.
    type OwnedFrame = (bool, usize, u8, Vec<u8>);

    /// A segment before it becomes a line.
    #[derive(Clone, Debug)]
    struct Sent {
        at_us: u64,
        from_server: bool,
        place: u32,
        flags: u8,
        payload: Vec<u8>,
    }

    impl Sent {
        fn line(&self) -> String {
            let port = if self.from_server { 9092 } else { 40_000 };
            // The sequence numbers of the caller wrap around in the call.
            let first = if self.from_server { 1 } else { u32::MAX - 200 };
            let payload: String = self
                .payload
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!(
                "3\t{}.{:06}\t{port}\t{}\t{}\t{:#06x}\t{payload}\n",
                1_795_376_412 + self.at_us / 1_000_000,
                self.at_us % 1_000_000,
                first.wrapping_add(self.place),
                self.payload.len(),
                self.flags
            )
        }
    }

    /// Segments of a call with handshake and ends, and its frames. Nothing in a payload looks like a header.
    fn call(frames: &[(bool, u8, usize)], cuts: &[(usize, u64)]) -> (Vec<Sent>, Vec<OwnedFrame>) {
        let mut sent = Vec::new();
        let mut expected = Vec::new();
        let mut places = [0_u32; 2];
        let mut at_us = 0;
        let mut add = |at_us: u64, from_server: bool, flags: u8, payload: &[u8]| {
            let place = &mut places[usize::from(from_server)];
            sent.push(Sent {
                at_us,
                from_server,
                place: *place,
                flags,
                payload: payload.to_vec(),
            });
            *place += u32::try_from(payload.len()).unwrap() + u32::from(flags & 3 != 0);
        };
        add(0, false, 0x02, &[]);
        add(1, true, 0x12, &[]);
        let mut offsets = [0; 2];
        let mut cuts = cuts.iter().cycle();
        for (from_server, kind, len) in [(false, 1, 16)].iter().chain(frames) {
            let payload = vec![0x55; *len];
            let mut bytes = vec![*kind];
            bytes.extend(u16::try_from(*len).unwrap().to_be_bytes());
            bytes.extend(&payload);
            let offset = &mut offsets[usize::from(*from_server)];
            expected.push((*from_server, *offset, *kind, payload));
            *offset += bytes.len();
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (cut, later) = cuts.next().unwrap();
                let (piece, others) = rest.split_at((*cut).min(rest.len()));
                at_us += later;
                add(at_us, *from_server, 0x18, piece);
                rest = others;
            }
        }
        add(at_us + 10, false, 0x11, &[]);
        add(at_us + 20, true, 0x11, &[]);
        (sent, expected)
    }

    fn text_of(segments: &[Sent]) -> String {
        segments.iter().map(Sent::line).collect()
    }

    struct Shown {
        json: String,
        frames: Vec<OwnedFrame>,
        is_complete: bool,
    }

    fn shown(text: &str) -> Option<Shown> {
        let (capture, damage) = Capture::read(text.as_bytes()).unwrap();
        assert!(damage.is_none(), "{damage:?}");
        let call = capture.calls.first()?;
        let mut json = String::new();
        let mut frames = Vec::new();
        let summary = read(call, Way::Application, &mut |finding| {
            json += &JsonLines.finding(finding);
            if let (What::Frame(frame), Some(passage)) = (finding.what, finding.passage) {
                let from_server = passage.sender == Sender::Server;
                let payload = frame.payload().to_vec();
                frames.push((from_server, finding.offset, frame.kind().byte(), payload));
            }
            Ok(())
        })
        .unwrap();
        json += &JsonLines.end(&summary);
        let input = Input { file: "x".into() };
        let is_complete = completeness(&input, call, &summary.call.unwrap()).is_ok();
        frames.sort();
        Some(Shown {
            json,
            frames,
            is_complete,
        })
    }

    fn frames() -> impl Strategy<Value = Vec<(bool, u8, usize)>> {
        let frame = prop_oneof![
            8 => (any::<bool>(), 0x10_u8..0x19, (1_usize..200).prop_map(|samples| samples * 2)),
            1 => (Just(false), Just(3), Just(1)),
        ];
        prop::collection::vec(frame, 1..20)
    }

    fn cuts() -> impl Strategy<Value = Vec<(usize, u64)>> {
        prop::collection::vec((1_usize..500, 0_u64..30_000), 1..10)
    }

    proptest! {
        // Each case reads captures of several calls.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn order_of_lines_and_repeats_change_nothing(
            frames in frames(),
            cuts in cuts(),
            order in prop::collection::vec(any::<u32>(), 1..50),
        ) {
            let (sent, expected) = call(&frames, &cuts);
            let in_order = shown(&text_of(&sent)).unwrap();
            let mut lines = sent.clone();
            // Every second segment is there twice, as with `tcpdump -i any`.
            lines.extend(sent.into_iter().step_by(2));
            let mut keyed: Vec<_> = order.iter().cycle().zip(lines).collect();
            keyed.sort_by_key(|(key, _)| *key);
            let shuffled: Vec<Sent> = keyed.into_iter().map(|(_, sent)| sent).collect();
            let shuffled = shown(&text_of(&shuffled)).unwrap();
            prop_assert_eq!(&shuffled.json, &in_order.json);
            prop_assert!(in_order.is_complete);
            prop_assert_eq!(in_order.frames.len(), expected.len());
        }

        #[test]
        fn swapped_and_resent_segments_give_all_frames(
            frames in frames(),
            cuts in cuts(),
            swaps in prop::collection::vec(any::<bool>(), 1..20),
            resent in 0_usize..40,
        ) {
            let (mut sent, mut expected) = call(&frames, &cuts);
            let data = 2..sent.len() - 2;
            for (place, is_swapped) in data.clone().skip(1).zip(swaps.iter().cycle()) {
                if *is_swapped {
                    let at_us = sent[place].at_us;
                    sent[place].at_us = sent[place - 1].at_us;
                    sent[place - 1].at_us = at_us;
                }
            }
            // A retransmission has the bytes of two segments of a side.
            let of_side: Vec<usize> = data.filter(|place| !sent[*place].from_server).collect();
            if let [first, second, ..] = of_side.get(resent % of_side.len()..).unwrap_or_default() {
                let mut both = sent[*first].clone();
                both.payload.extend(&sent[*second].payload);
                both.at_us += 5;
                sent.push(both);
            }
            expected.sort();
            let found = shown(&text_of(&sent)).unwrap();
            prop_assert_eq!(found.frames, expected);
            prop_assert!(found.is_complete);
        }

        #[test]
        fn lost_segments_are_reported_and_the_rest_is_right(
            frames in frames(),
            cuts in cuts(),
            lost in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
        ) {
            let (mut sent, expected) = call(&frames, &cuts);
            for lost in lost {
                let place = 2 + lost.index(sent.len() - 4);
                sent.remove(place);
                if sent.len() == 4 {
                    break;
                }
            }
            let Some(found) = shown(&text_of(&sent)) else {
                return Ok(());
            };
            prop_assert!(!found.is_complete);
            prop_assert!(found.json.contains("\"event\":\"missing\""));
            for frame in &found.frames {
                prop_assert!(expected.contains(frame), "{:?}", frame);
            }
        }

        #[test]
        fn segments_in_any_order_cause_no_panic(
            segments in prop::collection::vec(
                (
                    prop_oneof![0_u64..3, any::<u32>().prop_map(u64::from)],
                    prop_oneof![Just(0_u64), 0_u64..5_000_000],
                    prop::sample::select(vec![9092_u16, 40_000, 40_001]),
                    prop_oneof![0_u32..2000, any::<u32>()],
                    prop_oneof![Just(0_u32), 0_u32..2000, any::<u32>()],
                    prop::sample::select(vec![0_u16, 0x02, 0x12, 0x10, 0x11, 0x04, 0x14, 0xffff]),
                    prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2, 3, 0x10, 0x18, b'5', 0xff]), 0..60),
                ),
                0..40,
            ),
        ) {
            let mut text = String::new();
            for (stream, at_us, port, sequence, extra, flags, payload) in segments {
                let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
                let len = extra.saturating_add(payload.len() as u32);
                text += &format!("{}\t{stream}.{at_us:07}\t{port}\t{sequence}\t{len}\t{flags:#x}\t{hex}\n", stream % 3);
            }
            let (capture, damage) = Capture::read(text.as_bytes()).unwrap();
            prop_assert!(damage.is_none());
            for call in &capture.calls {
                for lines in [&mut JsonLines as &mut dyn Lines, &mut TextLines::default()] {
                    let mut picture = Picture::default();
                    let mut text = String::new();
                    let summary = read(call, Way::Application, &mut |finding| {
                        picture.add(finding);
                        text += &lines.finding(finding);
                        Ok(())
                    })
                    .unwrap();
                    text += &lines.end(&summary);
                    prop_assert!(draw(&picture, &summary, "x").ends_with("</svg>\n"));
                    if !text.starts_with('{') {
                        for line in text.lines() {
                            prop_assert!(line.chars().count() <= 60, "{}", line);
                        }
                    }
                }
            }
        }
    }
}
