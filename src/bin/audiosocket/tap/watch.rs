//! Observation of one call in the tap.

use std::net::SocketAddr;
use std::time::Instant;

use audiosocket::wire::{Kind, Message};

use super::call_recording::{CallRecording, Folder};
use super::log::Log;
use crate::analysis::ended::{Ended, Ends};
use crate::analysis::finding::{Finding, What};
use crate::analysis::side::Side;
use crate::panel::Fault;
use crate::reports::Reports;
use crate::tap_file::{Entry, Sender};

/// Observer of a call that reports events, records them, and prints a summary at the end.
pub struct TapWatch<'a> {
    started: Instant,
    log: Log<'a>,
    recording: CallRecording<'a>,
    sides: [Side; 2],
    /// Kinds of frames that the caller has sent.
    kinds_sent: Vec<Kind>,
    ends: Ends,
}

impl<'a> TapWatch<'a> {
    /// Creates the observer of a call from `peer`.
    pub fn new(
        peer: SocketAddr,
        started: Instant,
        reports: &'a Reports,
        folder: Option<Folder<'a>>,
    ) -> TapWatch<'a> {
        TapWatch {
            started,
            log: Log::new(reports, peer),
            recording: CallRecording::new(folder, started),
            sides: Sender::BOTH.map(Side::new),
            kinds_sent: Vec::new(),
            ends: Ends::default(),
        }
    }

    /// Processes one entry. Returns the kinds of frames that the caller has sent for the first time.
    pub fn see(&mut self, at: Instant, entry: Entry<'_>) -> Vec<Kind> {
        let TapWatch {
            log,
            recording,
            sides,
            kinds_sent,
            ends,
            ..
        } = self;
        recording.add(entry);
        if recording.holds_too_much() {
            // A warning of the recording does not wait for a frame that may not come.
            log.begin();
            recording.begin(log);
        }
        let Some(side) = sides.iter_mut().find(|side| side.sender() == entry.sender) else {
            return Vec::new();
        };
        let mut new_kinds = Vec::new();
        let took = side.take(entry, &mut |finding| {
            if let What::Frame(frame) = finding.what {
                let message = frame.message();
                // A server may send frames before the UUID arrives.
                if entry.sender == Sender::Caller {
                    if let Ok(Message::Uuid(uuid)) = message {
                        log.learn_uuid(uuid);
                    }
                    log.begin();
                    recording.begin(log);
                    if !kinds_sent.contains(&frame.kind()) {
                        kinds_sent.push(frame.kind());
                        new_kinds.push(frame.kind());
                    }
                }
                if let Ok(Message::Audio(audio)) = message {
                    recording.add_sound(entry.sender, audio, at);
                }
            }
            log.add(finding);
            Ok(())
        });
        if let Some(text) = side.suspicion() {
            log.add_suspicion(text);
        }
        if let Ok(Some(how)) = took {
            let (by, at) = (entry.sender, entry.at);
            ends.add(Ended { by, how, at });
        }
        new_kinds
    }

    /// Reports a violation by the server.
    pub fn add_fault(&mut self, fault: &Fault) {
        if !self.has_seen_bytes() {
            // A connection without a byte is not a call, so it is not reported as one.
            return;
        }
        let log = &mut self.log;
        log.begin();
        log.add_fault(fault);
    }

    fn has_seen_bytes(&self) -> bool {
        self.sides.iter().any(Side::has_sent)
    }

    /// Prints the summary. If the tap cut the call, neither side ended it.
    pub fn end(&mut self, at: Instant, is_cut: bool) {
        let length = at.saturating_duration_since(self.started);
        let log = &mut self.log;
        let mut show = |finding: &Finding<'_>| {
            log.add(finding);
            Ok(())
        };
        let [caller, server] = &mut self.sides;
        let sides = [
            caller.finish(length, &mut show),
            server.finish(length, &mut show),
        ];
        // `show` never returns an error here.
        let [Ok((caller, from_caller)), Ok((server, from_server))] = sides else {
            return;
        };
        if from_caller + from_server == 0 {
            log.add_probe();
            return;
        }
        log.begin();
        self.recording.begin(log);
        log.add_end(
            self.ends.first().filter(|_| !is_cut),
            length,
            &[(caller, from_caller), (server, from_server)],
        );
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tap_file::Seen;

    #[test]
    fn early_digit_of_server_follows_the_call_line() {
        let reports = Reports::default();
        let started = Instant::now();
        let peer = SocketAddr::from(([127, 0, 0, 1], 41_234));
        let mut watch = TapWatch::new(peer, started, &reports, None);
        for (sender, bytes) in [
            (Sender::Server, &[0x03, 0, 1, b'5'][..]),
            (
                Sender::Caller,
                &[1, 0, 16, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
            ),
            (Sender::Server, &[0x03, 0, 1, b'6']),
        ] {
            let entry = Entry {
                sender,
                at: Duration::ZERO,
                what: Seen::Bytes(bytes),
            };
            watch.see(started, entry);
        }
        reports.close();
        let texts: Vec<String> = std::iter::from_fn(|| reports.take().map(|it| it.text)).collect();
        assert_eq!(
            texts,
            [
                "07070707 call 07070707-0707-0707-0707-070707070707\n07070707 from 127.0.0.1:41234",
                "07070707 0.000 s server: dtmf digit 5",
                "07070707 0.000 s server: dtmf digit 6",
            ]
        );
    }

    #[test]
    fn server_without_a_caller_is_reported_in_time() {
        let reports = Reports::default();
        let started = Instant::now();
        let peer = SocketAddr::from(([127, 0, 0, 1], 41_234));
        let mut watch = TapWatch::new(peer, started, &reports, None);
        for _ in 0..200 {
            let entry = Entry {
                sender: Sender::Server,
                at: Duration::ZERO,
                what: Seen::Bytes(&[0x03, 0, 1, b'5']),
            };
            watch.see(started, entry);
        }
        // The line of the call, and each digit.
        assert_eq!(reports.waiting(), 201);
    }
}
