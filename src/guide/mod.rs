//! The guide: what to know beyond the single items.
//!
//! - [`costs`]: what a call costs, and how many a core holds.
//! - [`embedded`]: on a microcontroller, with any TCP stack.
//! - [`threads`]: one thread for a call, or two.
//! - [`tones`]: how well digits are made and heard as sound.

pub mod costs;
pub mod embedded;
pub mod threads;
pub mod tones;
