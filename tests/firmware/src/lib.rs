//! What `wire`, `tone`, `g711` and `resample` make of real captures and of sound, in lines of text: the same lines on
//! every machine, whatever the size of its words and the order of its bytes.

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
/// What `lines` answers.
///
/// # Panics
///
/// If something is wrong in itself, without another machine to compare with.
pub fn report(lines: &mut dyn Write) -> fmt::Result {
    reading::report(lines)?;
    corrupted::report(lines)?;
    sound::report(lines)?;
    converted::report(lines)?;
    answer::report(lines)
}
