//! JSON on one line.

use std::fmt::{Display, Write};

use audiosocket::wire::Dtmf;

/// JSON object on one line, with its fields in the order of addition.
#[derive(Debug)]
pub struct Object {
    text: String,
}

impl Object {
    /// Creates an object with an `event` field, which every line has.
    pub fn event(name: &str) -> Object {
        Object::new().text("event", name)
    }

    /// Creates an object for use inside another.
    pub fn new() -> Object {
        Object {
            text: String::from("{"),
        }
    }

    /// Returns the number of bytes so far.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Object {
        self.raw(name, quoted(value))
    }

    #[must_use]
    pub fn number(self, name: &str, value: usize) -> Object {
        self.raw(name, value)
    }

    /// Adds a number with three decimals.
    #[must_use]
    pub fn thousandths(self, name: &str, value: f64) -> Object {
        self.raw(name, format_args!("{value:.3}"))
    }

    #[must_use]
    pub fn flag(self, name: &str, value: bool) -> Object {
        self.raw(name, value)
    }

    #[must_use]
    pub fn list(self, name: &str, objects: impl Iterator<Item = Object>) -> Object {
        let objects: Vec<String> = objects.map(Object::finish).collect();
        self.raw(name, format_args!("[{}]", objects.join(",")))
    }

    /// Adds the fields of a DTMF signal. They are the same in all of the tool's output.
    #[must_use]
    pub fn dtmf(self, dtmf: Dtmf) -> Object {
        let (signal, duration_ms) = match dtmf {
            Dtmf::Start(_) => ("start", None),
            Dtmf::Stop { duration_ms, .. } => ("stop", Some(duration_ms)),
            Dtmf::Digit(_) => ("digit", None),
        };
        let object = self
            .text("signal", signal)
            .text("digit", &dtmf.digit().to_string());
        match duration_ms {
            Some(duration_ms) => object.number("duration_ms", duration_ms as usize),
            None => object,
        }
    }

    pub fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }

    fn raw(mut self, name: &str, value: impl Display) -> Object {
        let separator = if self.text.ends_with('{') { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(self.text, "{separator}{}:{value}", quoted(name));
        self
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_objects_are_one_line() {
        let line = Object::event("warning")
            .text("text", "a \"b\"\\\n\u{1}é")
            .number("count", 7)
            .thousandths("seconds", 1.0005)
            .flag("last", true)
            .list("none", std::iter::empty())
            .list("two", (1..=2).map(|n| Object::new().number("n", n)))
            .finish();
        assert_eq!(
            line,
            "{\"event\":\"warning\",\"text\":\"a \\\"b\\\"\\\\\\u000a\\u0001é\",\"count\":7,\"seconds\":1.000,\
             \"last\":true,\"none\":[],\"two\":[{\"n\":1},{\"n\":2}]}"
        );
    }
}
