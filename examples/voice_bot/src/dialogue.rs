//! The sentences of the bot.

pub const GREETING: &str = "Hello. Say yes, no, operator, goodbye, or digits.";

/// Returns the reply to words or a key, or to the nth silence in a row, which is an empty answer. If the bot hangs up after the
/// reply, the result for the dialplan is returned, too.
pub fn reply_to(answer: &str, silences: u32) -> (String, Option<&'static str>) {
    match (answer, silences) {
        ("operator", _) => ("I connect you to the operator.".into(), Some("operator")),
        ("goodbye", _) => ("Goodbye.".into(), Some("goodbye")),
        ("", 1 | 2) => ("Are you still there?".into(), None),
        ("", _) => ("I cannot hear you. Goodbye.".into(), Some("silence")),
        _ => (format!("You chose {answer}. What else?"), None),
    }
}
