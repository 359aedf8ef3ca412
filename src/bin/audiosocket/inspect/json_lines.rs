//! Findings as JSON lines.

use crate::analysis::description::object;
use crate::analysis::finding::Finding;
use crate::analysis::summary::Summary;
use crate::json::Object;

use super::lines::Lines;

/// Format with one object per line. Times and directions are omitted for a raw stream, which has neither.
pub struct JsonLines;

impl Lines for JsonLines {
    fn finding(&mut self, finding: &Finding<'_>) -> String {
        object(finding).map_or(String::new(), |object| object.finish() + "\n")
    }

    fn end(&mut self, summary: &Summary) -> String {
        Object::event("end")
            .number("frames", summary.frames)
            .number("bytes", summary.bytes)
            .number("truncated", summary.truncated)
            .finish()
            + "\n"
    }
}
