//! Digits as tones: what the detector detects and ignores, and that it detects the generator's tones.

mod properties;
mod q24;
mod real_lines;
mod sound;
mod talk_off;
