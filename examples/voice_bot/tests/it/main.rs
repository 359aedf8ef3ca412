//! Tests of the bot as a program, with a simulated Asterisk.

mod conversations;
mod helpers;
mod latency;
mod line;
