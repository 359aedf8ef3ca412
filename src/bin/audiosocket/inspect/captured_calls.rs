//! Calls of a packet capture: the choice of one, or a line for each.

use std::io::{BufReader, Read};
use std::time::Duration;

use audiosocket::asterisk::Way;
use audiosocket::wire::Uuid;

use super::lines::Lines;
use super::{Input, captured_call, unfinished};
use crate::analysis::summary::{CallSummary, Summary};
use crate::capture::{Capture, CapturedCall};
use crate::failure::Failure;
use crate::output::Output;
use crate::tap_file::Sender;
use crate::text::counted;

/// Call to show.
pub struct ChosenCall {
    pub call: CapturedCall,
    /// Error at a line of the text. The segments before it are in the call.
    pub damage: Result<(), Failure>,
}

/// Call in a list of calls.
pub struct ListedCall<'a> {
    pub captured: &'a CapturedCall,
    /// Time from the start of the first call to the start of this one.
    pub at: Duration,
    pub summary: &'a Summary,
    pub call: &'a CallSummary,
}

/// Reads a capture and returns the call to show. Prints a line for each call if there are several.
pub fn choose(
    source: impl Read,
    input: &Input,
    uuid: Option<Uuid>,
    way: Way,
    lines: &mut dyn Lines,
) -> Result<Option<ChosenCall>, Failure> {
    let (capture, damage) =
        Capture::read(BufReader::new(source)).map_err(|error| input.unreadable(error))?;
    let damage = match damage {
        Some(error) => Err(Failure::Failed(format!("{input}, {error}"))),
        None => Ok(()),
    };
    let Capture { calls, silent } = capture;
    let all = calls.len();
    if all == 0 {
        damage?;
        return Err(Failure::Failed(format!(
            "{input} has no call, only {} without a byte: check the port in tshark's -Y",
            counted(silent, "connection")
        )));
    }
    let is_wanted = |call: &CapturedCall| uuid.is_none() || call.uuid() == uuid;
    let mut calls: Vec<CapturedCall> = calls.into_iter().filter(is_wanted).collect();
    match (calls.pop(), uuid) {
        (Some(call), _) if calls.is_empty() => return Ok(Some(ChosenCall { call, damage })),
        (Some(last), _) => calls.push(last),
        (None, Some(uuid)) => {
            return Err(Failure::Failed(format!(
                "{input} has no call {uuid}: remove --uuid to list its {}",
                counted(all, "call")
            )));
        }
        (None, None) => {}
    }
    let result = list(&calls, way, input, lines)?;
    damage?;
    if let Some(uuid) = uuid {
        let streams: Vec<String> = calls.iter().map(|call| call.stream().to_string()).collect();
        return Err(Failure::Failed(format!(
            "{uuid} is the UUID of {} calls: choose one with tshark's -Y 'tcp.stream=={}'",
            streams.len(),
            streams.join("' or -Y 'tcp.stream==")
        )));
    }
    result.map(|()| None)
}

/// Prints the calls. The inner result is an error if the capture lacks a part of any call.
fn list(
    calls: &[CapturedCall],
    way: Way,
    input: &Input,
    lines: &mut dyn Lines,
) -> Result<Result<(), Failure>, Failure> {
    let output = Output::new();
    let mut total = Summary::default();
    let mut incomplete = 0;
    let first = calls.first().map(CapturedCall::started).unwrap_or_default();
    for captured in calls {
        let summary = captured_call::read(captured, way, &mut |_| Ok(()))?;
        let Some(call) = &summary.call else {
            continue;
        };
        incomplete += usize::from(completeness(input, captured, call).is_err());
        total.frames += summary.frames;
        total.bytes += summary.bytes;
        total.truncated += summary.truncated;
        let missing = total.missing.unwrap_or(0);
        total.missing = Some(missing.saturating_add(summary.missing.unwrap_or(0)));
        let at = captured.started().saturating_sub(first);
        output.text(&lines.call(&ListedCall {
            captured,
            at,
            summary: &summary,
            call,
        }))?;
    }
    let mut uuids: Vec<Uuid> = calls.iter().filter_map(CapturedCall::uuid).collect();
    uuids.sort_unstable();
    let is_twice = |pair: &[Uuid]| pair[0] == pair[1];
    if uuids.windows(2).any(is_twice) {
        output.text(&lines.note(
            "calls share a UUID: one call captured twice, such as before and after NAT, or a UUID used again",
        ))?;
    }
    output.text(&lines.calls_end(calls.len(), &total))?;
    Ok(match incomplete {
        0 => Ok(()),
        _ => Err(Failure::Failed(format!(
            "{input} lacks a part of {}: --uuid UUID prints which",
            counted(incomplete, "call")
        ))),
    })
}

/// Returns an error if the capture lacks a part of the call.
pub fn completeness(
    input: &Input,
    captured: &CapturedCall,
    call: &CallSummary,
) -> Result<(), Failure> {
    if !captured.has_start() {
        return Err(Failure::Failed(format!(
            "{input} starts in the middle of the call: start the capture before the call"
        )));
    }
    let cut: usize = Sender::BOTH
        .into_iter()
        .map(|sender| captured.side(sender).cut_segments)
        .sum();
    if cut > 0 {
        return Err(Failure::Failed(format!(
            "{input} has only the first bytes of {}: capture whole packets (tcpdump -s 0)",
            counted(cut, "segment")
        )));
    }
    for side in &call.sides {
        let sender = side.sender;
        if side.missing > 0 {
            return Err(Failure::Failed(format!(
                "{input} lacks {} of the {sender}: capture with a larger buffer (tcpdump -B 65536)",
                counted(side.missing, "byte")
            )));
        }
        if !captured.side(sender).has_segments {
            return Err(Failure::Failed(format!(
                "{input} has no packet of the {sender}: capture both directions"
            )));
        }
        if side.truncated > 0 {
            let whose = format!(" of the {sender}");
            return Err(unfinished(input, &whose, side.truncated, side.needed));
        }
    }
    Ok(())
}
