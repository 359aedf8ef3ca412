//! Captures with changed bytes, and the errors in them.

use core::fmt::{self, Write};

use audiosocket::wire::{Decoded, FrameBuffer};

use crate::captures::{ASTERISK_DIGITS, AUDIO_AND_DIGITS, Capture, START_STOP_DIGITS};
use crate::digest::Digest;
use crate::pieces::feed;
use crate::reading::BUFFER_LEN;

pub fn report(lines: &mut dyn Write) -> fmt::Result {
    for seed in 1..=12 {
        read(lines, ASTERISK_DIGITS, seed, 7, true)?;
        read(lines, START_STOP_DIGITS, seed, 11, true)?;
    }
    for seed in 1..=4 {
        read(lines, AUDIO_AND_DIGITS, seed, 150, false)?;
    }
    Ok(())
}

/// Prints the errors of a capture in which one byte in `one_in` has a changed bit: one line for each if wanted, and one line for
/// all.
fn read(
    lines: &mut dyn Write,
    capture: &Capture,
    seed: u32,
    one_in: u32,
    each_error: bool,
) -> fmt::Result {
    let mut buffer = FrameBuffer::new([0; BUFFER_LEN]);
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9));
    let bytes = capture.bytes.iter().map(|byte| {
        let is_hit = chance.next().is_multiple_of(one_in);
        let bit = 1 << (chance.next() >> 29);
        if is_hit { byte ^ bit } else { *byte }
    });
    let (mut messages, mut errors, mut too_long) = (0, 0, 0);
    let mut digest = Digest::new();
    let mut written = Ok(());
    feed(&mut buffer, bytes, |word| {
        let told = match word {
            Decoded::Frame(frame) => match frame.message() {
                Ok(message) => {
                    messages += 1;
                    digest.add(frame.payload());
                    write!(digest, "{message} ")
                }
                Err(error) => {
                    errors += 1;
                    if each_error && written.is_ok() {
                        written = writeln!(lines, "{} {seed}: {error}", capture.name);
                    }
                    write!(digest, "{error} ")
                }
            },
            Decoded::TooLong(header) => {
                too_long += 1;
                write!(digest, "{header} ")
            }
            Decoded::Incomplete { .. } => unreachable!("not handed over"),
        };
        told.expect("a digest takes all");
    });
    written?;
    writeln!(
        lines,
        "{} corrupted {seed}: {messages} messages, {errors} errors, {too_long} too long, {} bytes missing, digest {digest}",
        capture.name,
        buffer.needed()
    )
}

/// Pseudo-random numbers, always the same: Marsaglia's xorshift of 32 bits.
struct Chance(u32);

impl Chance {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }
}
