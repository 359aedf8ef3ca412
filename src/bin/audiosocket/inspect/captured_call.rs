//! Frames of a call in a packet capture, and the judgement of its server.

use std::time::{Duration, Instant, UNIX_EPOCH};

use audiosocket::asterisk::{CallState, Judge};
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

/// Shows the findings in the call.
pub fn read(call: &CapturedCall, show: &mut Show<'_>) -> Result<Summary, Failure> {
    let mut sides = Sender::BOTH.map(Side::new);
    let mut judging = Judging::new();
    let mut kinds_sent: Vec<Kind> = Vec::new();
    let mut ends = Ends::default();
    if !call.has_start() {
        judging.stop(Duration::ZERO);
    }
    let mut pieces: Vec<_> = Sender::BOTH
        .into_iter()
        .flat_map(|sender| call.side(sender).pieces.iter().map(move |piece| (sender, piece)))
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
    let mut missing = 0;
    for (side, bytes) in &sides {
        summary.frames += side.frames;
        summary.bytes += bytes - side.missing;
        summary.truncated += side.truncated;
        missing += side.missing;
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

impl Judging {
    fn new() -> Judging {
        let base = Instant::now();
        Judging {
            panel: Panel::new(base),
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
                    judge.bytes_read(at, at, bytes, false);
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
                    self.look(at, |judge| judge.caller_ended(at));
                }
                self.is_caller_done = true;
            }
        }
    }

    /// Reports that nothing arrived between the server's last bytes and `at`.
    fn pass_time(&mut self, at: Duration) {
        let quiet_from = match self.last {
            Some(last) => last.saturating_add(REACTION),
            None => Duration::ZERO,
        };
        let (from, to) = (self.base.checked_add(quiet_from), self.base.checked_add(at));
        if let (Some(from), Some(to)) = (from, to) {
            if from <= to && !self.is_caller_done {
                self.look(to, |judge| {
                    judge.read_empty(from, from);
                    judge.read_empty(to, to);
                });
            }
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
