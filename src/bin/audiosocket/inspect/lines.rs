//! Output formats for findings.

use crate::analysis::finding::Finding;
use crate::analysis::summary::Summary;

/// Output format for findings. Each method returns whole lines, or no line yet.
pub trait Lines {
    fn finding(&mut self, finding: &Finding<'_>) -> String;
    fn end(&mut self, summary: &Summary) -> String;
}
