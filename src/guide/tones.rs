//! Digits as sound, measured: how well [`tone`](crate::tone) makes them and hears them, beside programs that know nothing of it.
//!
//! Anyone can measure it again: `cargo run --release --bin digits` in the folder `bench`, with multimon-ng 1.2, sox 14.4 and
//! espeak-ng 1.51 of Debian 12 installed.
//!
//! - The generator's digits, 16 at each of the nine rates: multimon-ng reads 144 of 144.
//! - sox's digits, 16 at each of the nine rates: the detector hears 144 of 144.
//!
//! # The limits of ITU-T Q.24
//!
//! Digits at 8 kHz, 100 ms long and at -10 dBm0 unless the case says otherwise; 320 in each case, in an order in which a wrong
//! one would show. What should be heard are AT&T's values. No case brought a digit that was not made.
//!
//! | case | should be heard | the detector hears | multimon-ng hears |
//! |---|---|---|---|
//! | nothing special | all | 320 | 320 |
//! | both tones 1.5 % too high | all | 320 | 3 |
//! | both tones 1.5 % too low | all | 320 | 20 |
//! | low tone 3.5 % too high, or too low | none | 0, 0 | 0, 0 |
//! | high tone 3.5 % too high, or too low | none | 0, 0 | 0, 0 |
//! | 40 ms of tone, 40 ms of pause | all | 320 | 320 |
//! | 23 ms of tone | none | 0 | 320 |
//! | 0 dBm0, which clips | all | 320 | 320 |
//! | -25 dBm0 | all | 320 | 320 |
//! | -29 dBm0 | | 0 | 320 |
//! | -55 dBm0 | none | 0 | 320 |
//! | high tone 4 dB louder | all | 320 | 320 |
//! | high tone 8 dB weaker | all | 320 | 0 |
//! | high tone 6 dB louder, or 10 dB weaker | | 0, 0 | 0, 0 |
//! | noise 15 dB below the digit | all | 320 | 320 |
//! | noise 15 dB below, 40 ms of tone and of pause | all | 320 | 320 |
//! | noise 15 dB below, high tone 8 dB weaker, both 1.5 % off | all | 320 | 0 |
//! | noise 10 dB below | | 320 | 320 |
//! | noise 10 dB below, 40 ms of tone and of pause | | 320 | 320 |
//!
//! With all limits at once (40 ms, 15 dB of noise, the high tone 8 dB weaker, both tones 1.5 % off) 2 of 6400 digits were not
//! heard, in a longer run than this table's.
//!
//! # Speech
//!
//! | speech | minutes | digits, the detector | digits, multimon-ng |
//! |---|---|---|---|
//! | espeak-ng, en-us+f2 | 54.8 | 0 | 66 |
//! | espeak-ng, en-us+f4 | 55.1 | 0 | 78 |
//! | espeak-ng, en-us+m1 | 54.5 | 0 | 0 |
//! | espeak-ng, en-us+m7 | 54.4 | 0 | 1 |
//! | espeak-ng, de+f2 | 56.8 | 0 | 6 |
//! | espeak-ng, fr+m3 | 42.2 | 0 | 0 |
//! | the prompts of Asterisk (Debian's asterisk-core-sounds), five languages, 2831 files | 131.0 | 0 | 1 |
//!
//! In 20 hours of twenty voices of espeak-ng in five languages, at the usual pitch and a lower one, the detector heard no digit.
//! At the highest but one pitch that espeak-ng has (`-p 90`), which no grown-up speaks at, it heard 7 in 10 hours.
