//! A voice bot that the caller can interrupt by talking or by a key.
//!
//! [`Bot`] handles a call, [`SpeechDetector`] finds speech in the caller's audio, and [`Program`] runs a recognizer or a synthesizer.
//! The module `dialogue` has the bot's sentences.

mod bot;
mod dialogue;
mod program;
mod speech_detector;

pub use bot::{Bot, at_rate};
pub use dialogue::{GIVES_UP, GREETING, Next, Reply, STILL_THERE, reply_to, reply_to_key};
pub use program::{Program, Run};
pub use speech_detector::{Loudness, Sound, SpeechDetector};
