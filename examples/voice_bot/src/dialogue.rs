//! The bot's sentences.

pub const GREETING: &str = "Hello. Say yes, no, operator, goodbye, or digits.";
pub const STILL_THERE: &str = "Are you still there?";
pub const GIVES_UP: &str = "I cannot hear you. Goodbye.";

/// A sentence, and what the bot does after it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    pub text: String,
    pub next: Next,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    Listen,
    HangUp,
    /// Leaves the result `operator` for the dialplan, then hangs up.
    Transfer,
}

/// Returns the reply to words of the grammar.
pub fn reply_to(words: &str) -> Reply {
    let (text, next) = match words {
        "operator" => ("I connect you to the operator.".into(), Next::Transfer),
        "goodbye" => ("Goodbye.".into(), Next::HangUp),
        words => (format!("You said {words}. What else?"), Next::Listen),
    };
    Reply { text, next }
}

/// Returns the reply to a key.
pub fn reply_to_key(key: &str) -> Reply {
    let name = match key {
        "*" => "star",
        "#" => "pound",
        key => key,
    };
    let text = format!("You pressed {name}. What else?");
    Reply {
        text,
        next: Next::Listen,
    }
}
