//! `audiosocket call --asterisk all`: one call for each group of versions, all at the same time.

use std::time::Duration;

use audiosocket::asterisk::Way;
use audiosocket::call::End;
use audiosocket::simulator::{TestCall, TestOutcome};

use super::violations::fields;
use crate::address::cannot_call;
use crate::failure::Failure;
use crate::json::Object;
use crate::output::Output;
use crate::text::wrapped;

/// Options of the calls.
pub struct AllVersions {
    pub address: String,
    /// Steps of each caller.
    pub test: TestCall,
    pub is_one_way: bool,
    pub json: bool,
}

/// Duration of the audio before the digits, and of all audio by default.
pub const BEFORE_DIGITS: Duration = Duration::from_secs(1);
pub const BY_DEFAULT: Duration = Duration::from_secs(5);

impl AllVersions {
    /// Places the calls. Prints the verdict of each group when all calls have ended.
    pub fn call(&self) -> Result<(), Failure> {
        let report = self.test.run_against(&self.address);
        let report = report.map_err(|error| cannot_call(&self.address, &error))?;
        let output = Output::new();
        let mut failed = Vec::new();
        for call in report.calls() {
            let has_nothing = call.frames_received == 0 && call.end != Some(End::RemoteHangup);
            let lacks_frames = has_nothing && !self.is_one_way;
            if lacks_frames || !call.violations.is_empty() {
                failed.push(call.rules.version().to_string());
            }
            output.line(&match self.json {
                true => json(call),
                false => text(call, lacks_frames),
            })?;
        }
        match failed.is_empty() {
            true => Ok(()),
            false => Err(Failure::Failed(format!(
                "the server fails with these versions of Asterisk: {}",
                failed.join(", ")
            ))),
        }
    }
}

fn text(call: &TestOutcome, lacks_frames: bool) -> String {
    let found = call.violations.iter();
    let mut verdicts: Vec<String> = found.map(|it| format!("violation {it}")).collect();
    if verdicts.is_empty() {
        verdicts.push(String::from(match lacks_frames {
            true => "the server sent nothing",
            false => "no violations",
        }));
    }
    let versions = call.rules.version().behaviour().versions();
    let dial = match call.rules.way() {
        Way::ChannelDriver => ", Dial()",
        _ => "",
    };
    let text = format!("Asterisk {versions}{dial}: {}", verdicts.join("; "));
    wrapped("", "  ", &text)
}

fn json(call: &TestOutcome) -> String {
    let version = call.rules.version();
    let found = call.violations.iter();
    Object::event("verdict")
        .text("asterisk", &version.to_string())
        .text("versions", &version.behaviour().versions())
        .text("through", call.rules.way().name())
        .number("frames_received", call.frames_received)
        .list("violations", found.map(|it| fields(Object::new(), it)))
        .finish()
}
