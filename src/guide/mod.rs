//! The guide: what to know beyond the single items.
//!
//! - [`threads`]: one thread for a call, or two.
//! - [`tones`]: how well digits are made and heard as sound.

pub mod threads;
pub mod tones;
