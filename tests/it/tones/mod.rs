//! Digits as sound: what the detector hears and does not hear, and that it hears what the generator makes.

mod properties;
mod q24;
mod real_lines;
mod sound;
mod talk_off;
