//! The guide: what to know beyond the single items.
//!
//! - [`threads`]: one thread for a call, or two.

pub mod threads;
