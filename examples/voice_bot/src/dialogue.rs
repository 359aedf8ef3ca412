//! The sentences of the bot.

pub const GREETING: &str = "Hello. Say yes, no, operator, goodbye, or digits.";

/// The sentence that the bot plays and, if it hangs up afterwards, the result for the dialplan.
pub type Reply = (String, Option<&'static str>);

/// Returns the reply to words or a key, or to the nth silence in a row, which is an empty answer.
pub fn reply_to(answer: &str, silences: u32) -> Reply {
    match (answer, silences) {
        ("operator", _) => ("I connect you to the operator.".into(), Some("operator")),
        ("goodbye", _) => ("Goodbye.".into(), Some("goodbye")),
        ("", 1 | 2) => ("Are you still there?".into(), None),
        ("", _) => ("I cannot hear you. Goodbye.".into(), Some("silence")),
        _ => (format!("You chose {answer}. What else?"), None),
    }
}
