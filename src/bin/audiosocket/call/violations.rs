//! What a server was found to do wrong, printed when it is found.

use audiosocket::asterisk::{Version, Violation};

use crate::failure::Failure;
use crate::json::Object;
use crate::output::Output;
use crate::text::wrapped;
use crate::violation::{fault_fields, fault_text};

/// Prints the violations of a call, each once.
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

    /// Prints those of the ones found so far that have not been printed.
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

    /// What the judged Asterisk does upon a violation.
    pub fn consequence(&self, violation: &Violation) -> String {
        format!("Asterisk {} {}", self.version, violation.consequence)
    }

    /// The names of the rules, for a line of an error.
    pub fn complaint(&self, found: &[Violation]) -> String {
        let names: Vec<&str> = found
            .iter()
            .map(|violation| violation.rule.name())
            .collect();
        format!("Asterisk {} objects: {}", self.version, names.join(", "))
    }

    fn text(&self, violation: &Violation) -> String {
        let start = format!("at {:.3} s: ", violation.at.as_secs_f64());
        let text = format!("{}. {}", fault_text(violation), self.consequence(violation));
        wrapped(&start, "  ", &text)
    }
}

/// A violation as the fields of an object.
pub fn fields(object: Object, violation: &Violation) -> Object {
    fault_fields(object, violation)
        .text("consequence", violation.consequence.name())
        .flag("ends_call", violation.consequence.ends_call())
}
