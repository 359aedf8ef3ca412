#![no_main]

#[path = "assertions/resample.rs"]
mod assertions;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| assertions::check(bytes));
