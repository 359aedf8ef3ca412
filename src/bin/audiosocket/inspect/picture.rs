//! Data for the picture of a call, in bounded memory.

use std::time::Duration;

use audiosocket::wire::{Dtmf, Message, Uuid};

use super::envelope::Envelope;
use super::labels::Labels;
use crate::analysis::finding::{Ending, Finding, What};
use crate::analysis::summary::milliseconds;

/// Collected findings of a call.
#[derive(Debug, Default)]
pub struct Picture {
    pub uuid: Option<Uuid>,
    /// Caller and server. A raw stream uses the first lane.
    pub lanes: [Lane; 2],
    pub length: Duration,
}

/// Collected findings of one direction.
#[derive(Debug, Default)]
pub struct Lane {
    pub audio: Envelope,
    pub audio_length: Duration,
    /// Milliseconds since the previous audio frame, at the time of each audio frame.
    pub spacing: Envelope,
    pub signals: Labels,
    pub tones: Labels,
    pub gaps: Envelope,
    pub bursts: Envelope,
    pub splits: Envelope,
    pub malformed: Envelope,
    /// First ending of each kind.
    pub endings: Vec<(Duration, &'static str)>,
    held: Option<Dtmf>,
}

impl Picture {
    pub fn add(&mut self, finding: &Finding<'_>) {
        let side = finding.passage.map_or(0, |passage| passage.sender as usize);
        let [caller, server] = &mut self.lanes;
        let lane = if side == 0 { caller } else { server };
        let time = finding.time;
        let mut end = time;
        match finding.what {
            What::Frame(frame) => match frame.message() {
                Ok(Message::Audio(audio)) => {
                    let length = Duration::from_micros(u64::from(audio.duration_us()));
                    lane.audio.add_audio(time, audio);
                    lane.audio_length = lane.audio_length.saturating_add(length);
                    end = time.saturating_add(length);
                }
                Ok(Message::Uuid(uuid)) => self.uuid = self.uuid.or(Some(uuid)),
                Ok(Message::Dtmf(dtmf)) => lane.add_signal(time, dtmf),
                Ok(Message::Hangup) => lane.add_ending(time, "hangup"),
                Ok(_) => {}
                Err(_) => lane.malformed.add(time, 1.0),
            },
            // A click is too short to be seen.
            What::WavHeader => {}
            What::Tone(tone) => lane.tones.add(time, tone.digit.to_char()),
            What::Spacing(spacing) => lane.spacing.add(time, milliseconds(spacing) as f32),
            What::Gap(gap) => lane
                .gaps
                .add_span(time, time.saturating_add(gap.lasted), 1.0),
            What::Burst(burst) => {
                lane.bursts
                    .add_span(time, time.saturating_add(burst.within), 1.0)
            }
            What::Split(split) => {
                lane.splits
                    .add_span(time, time.saturating_add(split.lasted), 1.0)
            }
            What::Ending(Ending::StoppedReading) => lane.add_ending(time, "stopped reading"),
            What::Ending(ending) => lane.add_ending(time, ending.name()),
            What::Lost(_) | What::Violation(_) => {}
        }
        self.length = self.length.max(end);
    }
}

impl Lane {
    /// Adds a digit at the time of its key press, if the recording contains that time.
    fn add_signal(&mut self, time: Duration, dtmf: Dtmf) {
        let before = self.held.take();
        match dtmf {
            Dtmf::Start(_) => self.held = Some(dtmf),
            Dtmf::Stop { digit, .. } if before == Some(Dtmf::Start(digit)) => return,
            Dtmf::Stop { .. } | Dtmf::Digit(_) => {}
        }
        self.signals.add(time, dtmf.digit().to_char());
    }

    fn add_ending(&mut self, time: Duration, name: &'static str) {
        if self.endings.iter().all(|(_, other)| *other != name) {
            self.endings.push((time, name));
        }
    }
}
