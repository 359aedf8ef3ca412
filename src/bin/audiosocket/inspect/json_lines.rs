//! Findings as JSON lines.

use crate::analysis::description::object;
use crate::analysis::finding::Finding;
use crate::analysis::summary::{Summary, milliseconds};
use crate::json::Object;

use super::captured_calls::ListedCall;
use super::lines::Lines;

/// Format with one object per line. Times and directions are omitted for a raw stream, which has neither.
pub struct JsonLines;

impl Lines for JsonLines {
    fn finding(&mut self, finding: &Finding<'_>) -> String {
        object(finding).map_or(String::new(), |object| object.finish() + "\n")
    }

    fn end(&mut self, summary: &Summary) -> String {
        let object = Object::event("end")
            .number("frames", summary.frames)
            .number("bytes", summary.bytes)
            .number("truncated", summary.truncated);
        let object = match summary.missing {
            Some(missing) => object.number("missing", missing),
            None => object,
        };
        object.finish() + "\n"
    }

    fn call(&mut self, listed: &ListedCall<'_>) -> String {
        let mut object = Object::event("call");
        if let Some(uuid) = listed.captured.uuid() {
            object = object.text("uuid", &uuid.to_string());
        }
        let stream = usize::try_from(listed.captured.stream());
        object = object
            .number("stream", stream.unwrap_or(usize::MAX))
            .thousandths("at_ms", milliseconds(listed.at))
            .thousandths("seconds", listed.call.length.as_secs_f64())
            .number("frames", listed.summary.frames)
            .number("bytes", listed.summary.bytes)
            .number("truncated", listed.summary.truncated)
            .number("missing", listed.summary.missing.unwrap_or(0))
            .flag("has_start", listed.captured.has_start());
        if let Some(ended) = listed.call.ended {
            object = object.text("ended_by", &ended.by.to_string());
        }
        let verdict = listed.call.verdict.iter();
        let rules = verdict.flat_map(|verdict| &verdict.rules);
        let violations = rules.map(|rule| Object::new().text("rule", rule.name()));
        object.list("violations", violations).finish() + "\n"
    }

    fn note(&mut self, text: &str) -> String {
        Object::event("warning").text("text", text).finish() + "\n"
    }

    fn calls_end(&mut self, _: usize, total: &Summary) -> String {
        self.end(total)
    }
}
