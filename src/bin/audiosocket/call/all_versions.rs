//! `audiosocket call --asterisk all`: one call for each group of versions, all at the same time.

use audiosocket::asterisk::Way;
use audiosocket::call::End;
use audiosocket::simulator::{TestCall, TestOutcome};
use audiosocket::wire::Digit;

use super::summary::SENT_NOTHING;
use super::violations::fields;
use crate::address::cannot_call;
use crate::closed_at_once::{CLOSED_AT_ONCE, end_name, is_closed_at_once};
use crate::failure::Failure;
use crate::json::Object;
use crate::output::Output;
use crate::text::wrapped;

/// Options of the calls.
pub struct AllVersions {
    pub address: String,
    /// Steps of each caller.
    pub test: TestCall,
    pub has_digits: bool,
    pub json: bool,
}

impl AllVersions {
    /// Places the calls. Prints the verdict of each group when all calls have ended.
    pub fn call(&self) -> Result<(), Failure> {
        let report = self.test.run_against(&self.address);
        let report = report.map_err(|error| cannot_call(&self.address, &error))?;
        let output = Output::new();
        let mut failed = Vec::new();
        for call in report.calls() {
            if !call.passed() {
                failed.push(call.rules.version().to_string());
            }
            output.line(&match self.json {
                true => json(call),
                false => self.text(call),
            })?;
        }
        if !self.json {
            for rule in report.violated_rules() {
                let start = format!("remedy for {rule}: ");
                output.line(&wrapped(&start, "  ", rule.remedy()))?;
            }
        }
        match failed.is_empty() {
            true => Ok(()),
            false => Err(Failure::Failed(format!(
                "the server fails with these versions of Asterisk: {}",
                failed.join(", ")
            ))),
        }
    }

    fn text(&self, call: &TestOutcome) -> String {
        let found = call.violations.iter();
        let mut verdicts: Vec<String> = found.map(|it| format!("violation {it}")).collect();
        if call.lacks_an_answer() {
            verdicts.push(String::from(match closed_at_once(call) {
                true => CLOSED_AT_ONCE,
                false => SENT_NOTHING,
            }));
        }
        if verdicts.is_empty() {
            verdicts.push(String::from("no violations"));
        }
        if !call.digits_not_pressed.is_empty() {
            let digits = digits_not_pressed(call);
            verdicts.push(match call.end {
                Some(End::Closed | End::RemoteHangup | End::Reset) => {
                    format!("digits {digits} were not pressed: the server ended the call")
                }
                _ => format!("digits {digits} were not pressed: the call ended"),
            });
        }
        if self.has_digits && !sends_digits(call) {
            verdicts.push(String::from("this version sends no digits"));
        }
        let versions = call.rules.version().behaviour().versions();
        let dial = match call.rules.way() {
            Way::ChannelDriver => ", Dial()",
            _ => "",
        };
        let text = format!("Asterisk {versions}{dial}: {}", verdicts.join("; "));
        wrapped("", "  ", &text)
    }
}

fn json(call: &TestOutcome) -> String {
    let version = call.rules.version();
    let end = call.end.unwrap_or(End::LocalHangup);
    let mut verdict = Object::event("verdict")
        .text("asterisk", &version.to_string())
        .text("versions", &version.behaviour().versions())
        .text("through", call.rules.way().name())
        .flag("passed", call.passed())
        .text("reason", end_name(end, call.frames_received))
        .number("frames_received", call.frames_received)
        .flag("sends_digits", sends_digits(call));
    if !call.digits_not_pressed.is_empty() {
        verdict = verdict.text("digits_not_pressed", &digits_not_pressed(call));
    }
    let found = call.violations.iter();
    verdict
        .list("violations", found.map(|it| fields(Object::new(), it)))
        .finish()
}

fn sends_digits(call: &TestOutcome) -> bool {
    call.rules.consequences().digits.is_some()
}

fn closed_at_once(call: &TestOutcome) -> bool {
    call.end
        .is_some_and(|end| is_closed_at_once(end, call.frames_received))
}

fn digits_not_pressed(call: &TestOutcome) -> String {
    call.digits_not_pressed
        .iter()
        .map(Digit::to_string)
        .collect()
}
