#![no_main]

#[path = "assertions/stream.rs"]
mod assertions;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| assertions::check(bytes));
