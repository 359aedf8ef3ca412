//! Output formats for findings.

use crate::analysis::finding::Finding;
use crate::analysis::summary::Summary;

use super::captured_calls::ListedCall;

/// Output format for findings. Each method returns whole lines, or no line yet.
pub trait Lines {
    fn finding(&mut self, finding: &Finding<'_>) -> String;
    fn end(&mut self, summary: &Summary) -> String;
    /// Formats one of several calls.
    fn call(&mut self, call: &ListedCall<'_>) -> String;
    /// Formats a remark about several calls.
    fn note(&mut self, text: &str) -> String;
    /// Formats the end of a list of calls.
    fn calls_end(&mut self, calls: usize, total: &Summary) -> String;
}
