//! The ways to show findings, a line each or so.

use crate::analysis::finding::Finding;
use crate::analysis::summary::Summary;

/// A way to show findings: lines, whole ones, or none as yet.
pub trait Lines {
    fn finding(&mut self, finding: &Finding<'_>) -> String;
    fn end(&mut self, summary: &Summary) -> String;
}
