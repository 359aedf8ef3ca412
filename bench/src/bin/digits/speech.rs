//! Speech and music, which have no digits.

use std::path::PathBuf;

use audiosocket::wire::SampleRate;

use crate::listeners::{Listeners, NAMES, of_wav, row, run};

const VOICES: [&str; 6] = [
    "en-us+f2", "en-us+f4", "en-us+m1", "en-us+m7", "de+f2", "fr+m3",
];

/// Returns the library's README, spoken four times by one of espeak-ng's voices.
pub fn spoken(voice: &str, rate: SampleRate) -> Vec<i16> {
    let text = include_str!("../../../../README.md").repeat(4);
    let wav = run(
        "espeak-ng",
        &["-v", voice, "--stdout", "--stdin"],
        text.as_bytes(),
    );
    of_wav(&wav, rate)
}

/// Prints how many digits each program detects in speech, and in the WAV files that the command line names.
pub fn speech(listeners: &Listeners, files: &[PathBuf]) {
    println!("\n| digits in speech | minutes | {} |", NAMES.join(" | "));
    println!("|---|---|---|---|---|");
    let rate = SampleRate::Hz8000;
    for voice in VOICES {
        report(listeners, voice, &[spoken(voice, rate)]);
    }
    if !files.is_empty() {
        let sounds: Vec<Vec<i16>> = files
            .iter()
            .map(|file| of_wav(&std::fs::read(file).expect("a file that can be read"), rate))
            .collect();
        report(listeners, &format!("{} files", files.len()), &sounds);
    }
}

fn report(listeners: &Listeners, name: &str, sounds: &[Vec<i16>]) {
    let rate = SampleRate::Hz8000;
    let samples: usize = sounds.iter().map(Vec::len).sum();
    let minutes = samples as f64 / f64::from(rate.hz()) / 60.0;
    let mut all = [const { Some(String::new()) }; 3];
    for sound in sounds {
        for (all, heard) in all.iter_mut().zip(listeners.heard(rate, sound)) {
            *all = all.take().zip(heard).map(|(all, heard)| all + &heard);
        }
    }
    let name = format!("{name} | {minutes:.1}");
    println!("{}", row(&name, all, |heard| heard.len().to_string()));
}
