//! The results of `wire`, `tone`, `g711` and `resample` for real captures and for sound, as lines of text. The lines are equal on
//! every machine, whatever its word size and byte order.

#![no_std]
#![forbid(unsafe_code)]

mod answer;
mod captures;
mod converted;
mod corrupted;
mod digest;
mod pieces;
mod reading;
mod sound;

pub mod parts;

use core::fmt::{self, Write};

/// Writes all lines.
///
/// # Errors
///
/// The errors of `lines`.
///
/// # Panics
///
/// If a result contradicts itself, without a comparison with another machine.
pub fn report(lines: &mut dyn Write) -> fmt::Result {
    reading::report(lines)?;
    corrupted::report(lines)?;
    sound::report(lines)?;
    converted::report(lines)?;
    answer::report(lines)
}
