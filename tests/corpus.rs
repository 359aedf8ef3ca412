//! Runs the assertions of the fuzz targets without a fuzzer, on their seeds and on every input that ever failed.
//!
//! This program and `fuzz` are not in the published package.

#![cfg(feature = "std")]

#[path = "../fuzz/fuzz_targets/assertions/parse.rs"]
mod parse;
#[path = "../fuzz/fuzz_targets/assertions/resample.rs"]
mod resample;
#[path = "../fuzz/fuzz_targets/assertions/stream.rs"]
mod stream;
#[path = "../fuzz/fuzz_targets/assertions/tone.rs"]
mod tone;
#[path = "../fuzz/fuzz_targets/assertions/wav.rs"]
mod wav;

use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(folder);
    fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file() && !path.ends_with("README.md"))
        .collect()
}

#[track_caller]
fn replay(folder: &str, check: fn(&[u8])) -> usize {
    let files = files(folder);
    for file in &files {
        println!("{}", file.display());
        check(&fs::read(file).expect("a file that can be read"));
    }
    files.len()
}

#[test]
fn parse_seeds_pass() {
    assert!(replay("corpus/parse", parse::check) >= 12);
}

#[test]
fn stream_seeds_pass() {
    assert!(replay("corpus/stream", stream::check) >= 6);
}

#[test]
fn wav_seeds_pass() {
    assert!(replay("corpus/wav", wav::check) >= 30);
}

#[test]
fn tone_seeds_pass() {
    assert!(replay("corpus/tone", tone::check) >= 6);
}

#[test]
fn resample_seeds_pass() {
    assert!(replay("corpus/resample", resample::check) >= 12);
}

#[test]
fn former_failures_pass() {
    replay("crashes", parse::check);
    replay("crashes", stream::check);
    replay("crashes", wav::check);
    replay("crashes", tone::check);
    replay("crashes", resample::check);
}
