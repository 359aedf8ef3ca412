//! Text formatting.

use std::ffi::OsStr;
use std::path::Path;

use audiosocket::wire::Uuid;

/// Maximum width of a terminal line, which is part of the tool's contract.
const COLUMNS: usize = 60;

/// Wraps text between words at 60 columns. Each further line starts with `indent`.
pub fn wrapped(start: &str, indent: &str, text: &str) -> String {
    let mut lines = String::from(start);
    let mut columns = start.chars().count();
    let mut separator = "";
    for word in text.split(' ') {
        let word_columns = word.chars().count();
        if !separator.is_empty() && columns + 1 + word_columns > COLUMNS {
            lines.push('\n');
            lines.push_str(indent);
            columns = indent.chars().count();
            separator = "";
        }
        lines.push_str(separator);
        lines.push_str(word);
        columns += separator.len() + word_columns;
        separator = " ";
    }
    lines
}

/// Returns a count with its noun, for nouns with a plural in s.
pub fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Quotes a user's input, so that an empty one is visible.
pub fn quoted(typed: impl AsRef<OsStr>) -> String {
    format!("'{}'", typed.as_ref().to_string_lossy())
}

/// Returns the text on one line. Escapes characters that would break or erase the line.
pub fn on_one_line(text: &str) -> String {
    let mut line = String::new();
    for character in text.chars() {
        // U+2028 and U+2029 separate lines and paragraphs.
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// Formats a path for a line of text.
pub fn shown(path: &Path) -> String {
    on_one_line(&path.display().to_string())
}

/// Formats each byte as two hexadecimal digits.
pub fn hexadecimal(bytes: &[u8], separator: &str) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(separator)
}

/// Returns the first group of a UUID, which is enough to distinguish calls in a log.
pub fn short(uuid: Uuid) -> String {
    let [a, b, c, d, ..] = *uuid.as_bytes();
    hexadecimal(&[a, b, c, d], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_between_words() {
        assert_eq!(wrapped("a ", "  ", "b c"), "a b c");
        let words = "four ".repeat(30);
        let lines = wrapped("12345 ended: ", "12345 ", words.trim_end());
        assert_eq!(
            lines.lines().map(str::len).collect::<Vec<_>>(),
            [57, 60, 55],
            "{lines}"
        );
        assert!(
            lines
                .lines()
                .skip(1)
                .all(|line| line.starts_with("12345 four"))
        );
        assert_eq!(lines.matches("four").count(), 30);
        // A word longer than the limit gets its own line.
        let long = "x".repeat(70);
        assert_eq!(
            wrapped("", "  ", &format!("a {long} b")),
            format!("a\n  {long}\n  b")
        );
    }

    #[test]
    fn count_of_one_is_singular() {
        assert_eq!(counted(0, "frame"), "0 frames");
        assert_eq!(counted(1, "frame"), "1 frame");
        assert_eq!(counted(2, "frame"), "2 frames");
    }

    #[test]
    fn text_for_one_line_stays_one_line() {
        assert_eq!(
            on_one_line("a\nb\r\u{1b}[2J\u{85}\u{2028}é'"),
            "a\\nb\\r\\u{1b}[2J\\u{85}\\u{2028}é'"
        );
    }
}
