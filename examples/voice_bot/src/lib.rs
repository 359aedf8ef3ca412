//! A voice bot. It greets, listens, recognizes a few words or a key, and answers. The caller can interrupt it by talking or by a key.
//!
//! [`Bot`] has the loop of a call, [`Ears`] finds speech in the caller's audio, [`Program`] runs a recognizer or a synthesizer, and
//! the module `dialogue` has what the bot says.

mod bot;
mod dialogue;
mod ears;
mod program;

pub use bot::{Bot, at_rate};
pub use dialogue::{GIVES_UP, GREETING, Next, Reply, STILL_THERE, reply_to, reply_to_key};
pub use ears::{Ears, Loudness, Sound};
pub use program::{Program, Run};
