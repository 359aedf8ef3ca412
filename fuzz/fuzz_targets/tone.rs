#![no_main]

#[path = "assertions/tone.rs"]
mod assertions;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| assertions::check(bytes));
