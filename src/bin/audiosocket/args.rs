//! Command-line arguments, one at a time.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use audiosocket::wire::{DtmfDialect, ParseDialectError};

use crate::failure::Failure;
use crate::text::quoted;

/// Remaining command-line arguments. Options are `--name value` or `--name=value`; `--` ends them.
#[derive(Debug)]
pub struct Args {
    rest: std::vec::IntoIter<OsString>,
    /// Last option, for messages about its value.
    option: String,
    /// Value attached to the last option with `=`, until it is read.
    attached: Option<OsString>,
    options_over: bool,
}

#[derive(Debug, Eq, PartialEq)]
pub enum Arg {
    /// An option, with its dashes and without a value.
    Option(String),
    /// Any other argument.
    Value(OsString),
}

/// Limit of a time in seconds: a year. No call is longer, and a clock cannot count times far beyond it.
const MOST_SECONDS: f64 = 366.0 * 86_400.0;
const EXPECTED_SECONDS: &str = "expected seconds above 0, up to 31622400, such as 5 or 0.5";

impl Args {
    pub fn from_command_line() -> Args {
        Args::new(std::env::args_os().skip(1).collect())
    }

    pub fn new(words: Vec<OsString>) -> Args {
        Args {
            rest: words.into_iter(),
            option: String::new(),
            attached: None,
            options_over: false,
        }
    }

    /// Returns the next option or value. Returns an error if the option before it was given a value that was not read.
    pub fn next(&mut self) -> Result<Option<Arg>, Failure> {
        if let Some(value) = &self.attached {
            return Err(Failure::Usage(format!(
                "unexpected value {} for {}: remove it",
                quoted(value),
                self.option
            )));
        }
        let Some(word) = self.rest.next() else {
            return Ok(None);
        };
        // This tool has no option that is not UTF-8. The replacement characters make such an option an unknown one.
        let text = word.to_string_lossy();
        if self.options_over || !text.starts_with('-') || text == "-" {
            return Ok(Some(Arg::Value(word)));
        }
        if text == "--" {
            self.options_over = true;
            return self.next();
        }
        self.option = match text.split_once('=') {
            Some((option, value)) => {
                self.attached = Some(after_equals(&word).unwrap_or_else(|| value.into()));
                String::from(option)
            }
            None => text.into_owned(),
        };
        Ok(Some(Arg::Option(self.option.clone())))
    }

    /// Returns the next option, for commands that accept only options.
    pub fn next_option(&mut self) -> Result<Option<String>, Failure> {
        match self.next()? {
            None => Ok(None),
            Some(Arg::Option(option)) => Ok(Some(option)),
            Some(Arg::Value(value)) => Err(unexpected(value)),
        }
    }

    /// Returns the next option, for commands that also accept one value. Stores that value in `value`.
    pub fn next_option_beside(
        &mut self,
        value: &mut Option<OsString>,
    ) -> Result<Option<String>, Failure> {
        loop {
            match self.next()? {
                None => return Ok(None),
                Some(Arg::Option(option)) => return Ok(Some(option)),
                Some(Arg::Value(first)) if value.is_none() => *value = Some(first),
                Some(Arg::Value(another)) => return Err(unexpected(another)),
            }
        }
    }

    /// Checks that no argument follows the last option, such as `--help`.
    pub fn end(&mut self) -> Result<(), Failure> {
        let option = self.option.clone();
        match self.next()? {
            None => Ok(()),
            Some(Arg::Option(word)) => Err(word.into()),
            Some(Arg::Value(word)) => Err(word),
        }
        .map_err(|word: OsString| {
            Failure::Usage(format!(
                "unexpected argument {} after {option}: remove it",
                quoted(word)
            ))
        })
    }

    /// Returns the value of the last option.
    pub fn value(&mut self) -> Result<OsString, Failure> {
        self.attached
            .take()
            .or_else(|| self.rest.next())
            .ok_or_else(|| Failure::Usage(format!("missing value for {}: add one", self.option)))
    }

    /// Returns the value of the last option as a path.
    pub fn path(&mut self) -> Result<PathBuf, Failure> {
        let path = PathBuf::from(self.value()?);
        match path.as_os_str().is_empty() {
            true => Err(self.wrong_value("", "expected a path")),
            false => Ok(path),
        }
    }

    /// Returns the value of the last option as the path of a file to read.
    pub fn input(&mut self) -> Result<PathBuf, Failure> {
        let path = self.path()?;
        match path.as_os_str() == "-" {
            true => Err(self.wrong_value("-", "expected a file, not standard input")),
            false => Ok(path),
        }
    }

    /// Returns the value of the last option as text.
    pub fn text(&mut self) -> Result<String, Failure> {
        self.value()?
            .into_string()
            .map_err(|value| self.wrong_value(&value.to_string_lossy(), "expected UTF-8 text"))
    }

    /// Parses the value of the last option.
    pub fn parse<T: FromStr<Err: Display>>(&mut self) -> Result<T, Failure> {
        let text = self.text()?;
        text.parse().map_err(|error| self.wrong_value(&text, error))
    }

    /// Parses the value as a whole number, at least 1.
    pub fn count(&mut self) -> Result<usize, Failure> {
        let text = self.text()?;
        match text.parse() {
            Ok(count) if count > 0 => Ok(count),
            _ => Err(self.wrong_value(&text, "expected a whole number, 1 or more")),
        }
    }

    /// Parses the value as a time in seconds, such as `5` or `0.5`.
    pub fn seconds(&mut self) -> Result<Duration, Failure> {
        let text = self.text()?;
        text.parse()
            .ok()
            .filter(|seconds| *seconds > 0.0 && *seconds <= MOST_SECONDS)
            .map(Duration::from_secs_f64)
            .ok_or_else(|| self.wrong_value(&text, EXPECTED_SECONDS))
    }

    pub fn dialect(&mut self) -> Result<DtmfDialect, Failure> {
        let text = self.text()?;
        text.parse()
            .map_err(|error: ParseDialectError| self.wrong_value(&text, error))
    }

    /// Returns the error for an unknown option.
    pub fn unknown(&self) -> Failure {
        Failure::Usage(format!(
            "unknown option {}: check the spelling",
            quoted(&self.option)
        ))
    }

    /// Returns the error for an invalid value of the last option.
    pub fn wrong_value(&self, value: &str, reason: impl Display) -> Failure {
        Failure::Usage(format!(
            "invalid value {} for {}: {reason}",
            quoted(value),
            self.option
        ))
    }
}

/// Returns the error for an unexpected argument.
fn unexpected(value: OsString) -> Failure {
    Failure::Usage(format!("unexpected argument {}: remove it", quoted(value)))
}

/// Returns the bytes after the first `=` of a word, unchanged.
#[cfg(unix)]
fn after_equals(word: &std::ffi::OsStr) -> Option<OsString> {
    use std::os::unix::ffi::OsStrExt;

    let mut parts = word.as_bytes().splitn(2, |byte| *byte == b'=');
    parts.next()?;
    Some(std::ffi::OsStr::from_bytes(parts.next()?).to_os_string())
}

#[cfg(not(unix))]
fn after_equals(_: &std::ffi::OsStr) -> Option<OsString> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&str]) -> Args {
        Args::new(words.iter().map(OsString::from).collect())
    }

    fn option(name: &str) -> Option<Arg> {
        Some(Arg::Option(String::from(name)))
    }

    #[test]
    fn option_values_may_follow_or_be_attached() {
        for words in [&["--seconds", "5"][..], &["--seconds=5"]] {
            let mut args = args(words);
            assert_eq!(args.next().unwrap(), option("--seconds"));
            assert_eq!(args.seconds().unwrap(), Duration::from_secs(5));
            assert_eq!(args.next().unwrap(), None);
        }
    }

    #[test]
    fn lone_dash_and_all_after_two_dashes_are_values() {
        let mut args = args(&["-", "--json", "--", "--json", "-x"]);
        assert_eq!(args.next().unwrap(), Some(Arg::Value("-".into())));
        assert_eq!(args.next().unwrap(), option("--json"));
        assert_eq!(args.next().unwrap(), Some(Arg::Value("--json".into())));
        assert_eq!(args.next().unwrap(), Some(Arg::Value("-x".into())));
        assert_eq!(args.next().unwrap(), None);
    }

    #[test]
    fn one_positional_value_is_accepted() {
        let mut args = args(&["--json", "here", "--json", "there"]);
        let mut value = None;
        assert_eq!(
            args.next_option_beside(&mut value).unwrap().unwrap(),
            "--json"
        );
        assert_eq!(
            args.next_option_beside(&mut value).unwrap().unwrap(),
            "--json"
        );
        assert_eq!(value, Some(OsString::from("here")));
        let Err(Failure::Usage(text)) = args.next_option_beside(&mut value) else {
            panic!("accepted two values")
        };
        assert_eq!(text, "unexpected argument 'there': remove it");
    }

    #[test]
    fn wrong_values_are_named_with_their_option() {
        for (words, message) in [
            (&["--seconds"][..], "missing value for --seconds: add one"),
            (
                &["--seconds=0"],
                "invalid value '0' for --seconds: expected seconds above 0, up to 31622400, such as 5 or 0.5",
            ),
            (
                &["--seconds", "NaN"],
                "invalid value 'NaN' for --seconds: expected seconds above 0, up to 31622400, such as 5 or 0.5",
            ),
            (
                &["--seconds", "1e300"],
                "invalid value '1e300' for --seconds: expected seconds above 0, up to 31622400, such as 5 or 0.5",
            ),
            (
                &["--seconds", "-1"],
                "invalid value '-1' for --seconds: expected seconds above 0, up to 31622400, such as 5 or 0.5",
            ),
            (
                &["--seconds="],
                "invalid value '' for --seconds: expected seconds above 0, up to 31622400, such as 5 or 0.5",
            ),
        ] {
            let mut args = args(words);
            args.next().unwrap();
            let Err(Failure::Usage(text)) = args.seconds() else {
                panic!("{words:?}")
            };
            assert_eq!(text, message);
        }
    }

    #[test]
    fn value_after_a_flag_is_refused() {
        for (words, message) in [
            (
                &["--help", "x"][..],
                "unexpected argument 'x' after --help: remove it",
            ),
            (
                &["-h", "--json"],
                "unexpected argument '--json' after -h: remove it",
            ),
            (&["--help=1"], "unexpected value '1' for --help: remove it"),
            (&["-h="], "unexpected value '' for -h: remove it"),
        ] {
            let mut args = args(words);
            args.next().unwrap();
            let Err(Failure::Usage(text)) = args.end() else {
                panic!("{words:?}")
            };
            assert_eq!(text, message);
        }
        let mut args = args(&["--help"]);
        args.next().unwrap();
        args.end().unwrap();
    }

    #[test]
    fn value_attached_to_a_flag_is_refused() {
        let mut args = args(&["--json=yes"]);
        assert_eq!(args.next().unwrap(), option("--json"));
        let Err(Failure::Usage(text)) = args.next() else {
            panic!("not refused")
        };
        assert_eq!(text, "unexpected value 'yes' for --json: remove it");
    }
}
