//! Violations by a server, printed when they are found.

use audiosocket::asterisk::{Version, Violation};

use crate::failure::Failure;
use crate::json::Object;
use crate::output::Output;
use crate::text::wrapped;
use crate::violation::{fault_fields, fault_text, remedy_text};

/// Printer that prints each violation of a call once.
#[derive(Debug)]
pub struct Violations {
    version: Version,
    json: bool,
    printed: usize,
}

impl Violations {
    pub const fn new(version: Version, json: bool) -> Violations {
        Violations {
            version,
            json,
            printed: 0,
        }
    }

    /// Prints the violations in `found` that have not been printed.
    pub fn print(&mut self, found: &[Violation], output: &Output) -> Result<(), Failure> {
        for violation in found.iter().skip(self.printed) {
            output.line(&match self.json {
                true => fields(Object::event("violation"), violation).finish(),
                false => self.text(violation),
            })?;
            self.printed += 1;
        }
        Ok(())
    }

    /// Returns what the judging version of Asterisk does after a violation.
    pub fn consequence(&self, violation: &Violation) -> String {
        format!("Asterisk {} {}", self.version, violation.consequence)
    }

    /// Returns the names of the violated rules for an error message.
    pub fn complaint(&self, found: &[Violation]) -> String {
        let names: Vec<&str> = found
            .iter()
            .map(|violation| violation.rule.name())
            .collect();
        let noun = match names.len() {
            1 => "a violation",
            _ => "violations",
        };
        format!(
            "Asterisk {} reports {noun}: {}",
            self.version,
            names.join(", ")
        )
    }

    fn text(&self, violation: &Violation) -> String {
        let (rule, seconds) = (violation.rule, violation.at.as_secs_f64());
        let start = format!("violation {rule} at {seconds:.3} s: ");
        let text = format!("{}; {}", fault_text(violation), self.consequence(violation));
        format!(
            "{}\n{}",
            wrapped(&start, "  ", &text),
            remedy_text("  ", rule)
        )
    }
}

/// Adds the fields of a violation to an object.
pub fn fields(object: Object, violation: &Violation) -> Object {
    fault_fields(object, violation)
        .text("consequence", violation.consequence.name())
        .flag("ends_call", violation.consequence.ends_call())
}
