//! Violations by a server, and their remedies, without their consequences.

use audiosocket::asterisk::{Rule, Violation};

use crate::json::Object;
use crate::text::{hexadecimal, wrapped};

/// Describes a violation's fault and its place.
pub fn fault_text(violation: &Violation) -> String {
    let place = match hexadecimal(violation.bytes(), " ") {
        bytes if bytes.is_empty() => format!("at byte {}", violation.offset),
        bytes => format!("at byte {}: {bytes}", violation.offset),
    };
    format!("{} ({place})", violation.rule.fault())
}

/// Returns text lines that start with `start`: what to change in the server.
pub fn remedy_text(start: &str, rule: Rule) -> String {
    wrapped(
        &format!("{start}remedy: "),
        &format!("{start}  "),
        rule.remedy(),
    )
}

/// Adds a violation to an object, as fields.
pub fn fault_fields(object: Object, violation: &Violation) -> Object {
    object
        .text("rule", violation.rule.name())
        .text("remedy", violation.rule.remedy())
        .thousandths("at_ms", violation.at.as_secs_f64() * 1000.0)
        // No call sends more bytes than `usize` can count.
        .number(
            "offset",
            usize::try_from(violation.offset).unwrap_or(usize::MAX),
        )
        .text("bytes", &hexadecimal(violation.bytes(), ""))
}
