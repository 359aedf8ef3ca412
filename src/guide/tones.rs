//! The quality of digits as sound: what the generator and the detector of [`tone`](crate::tone) achieve, compared with spandsp and
//! multimon-ng. You need this page if digits reach your server as tones: for example, the telephone sends tones, and its endpoint
//! in Asterisk has `dtmf_mode=rfc4733`, so that Asterisk does not detect them. The tables show how many digits the detector misses,
//! and how often it mistakes speech for a digit.
//!
//! The program `digits` in the folder `bench` of the repository made these tables: `cargo run --release --bin digits`. It used
//! spandsp 0.0.6, multimon-ng 1.2, sox 14.4 and espeak-ng 1.51 of Debian 12. For spandsp and multimon-ng, sox resampled the sound
//! to 8 and 22.05 kHz.
//!
//! Other programs agree with the crate about clean digits:
//!
//! - multimon-ng detects all 144 digits of the generator, 16 at each of the nine rates.
//! - The detector detects all 144 digits of sox, 16 at each of the nine rates.
//!
//! In the tables, a cell such as `288 + 3` means that 288 digits were detected correctly, and that 3 more were detected that are
//! wrong or repeated. "The detector" is the one of this crate. Levels are in [dBm0](crate::tone#levels).
//!
//! # Limits of ITU-T Q.24
//!
//! Each row has 320 digits at 8 kHz: each of the 16 digits 20 times. They are 100 ms long and at -10 dBm0 for each tone, unless the
//! row states otherwise. Q.24 lists the values of several administrations; the column "required" has those of AT&T. An empty cell
//! means that Q.24 requires nothing there. If a row has two cases, a cell has a value for each.
//!
//! | case | required | the detector | spandsp | multimon-ng |
//! |---|---|---|---|---|
//! | nothing special | all | 320 | 320 | 320 |
//! | both tones 1.5 % too high | all | 320 | 288 + 3 | 3 |
//! | both tones 1.5 % too low | all | 320 | 289 + 9 | 20 |
//! | low tone 3.5 % too high, or too low | none | 0, 0 | 32 + 3, 94 + 3 | 0, 0 |
//! | high tone 3.5 % too high, or too low | none | 0, 0 | 0, 0 | 0, 0 |
//! | 40 ms of tone, 40 ms of pause | all | 320 | 320 | 320 |
//! | 23 ms of tone | none | 0 | 58 | 320 |
//! | 0 dBm0, which clips | all | 320 | 320 | 320 |
//! | -25 dBm0 | all | 320 | 320 | 320 |
//! | -29 dBm0 | | 0 | 320 | 320 |
//! | -55 dBm0 | none | 0 | 0 | 320 |
//! | high tone 4 dB louder | all | 320 | 259 + 25 | 320 |
//! | high tone 8 dB weaker | all | 320 | 239 + 36 | 0 |
//! | high tone 6 dB louder, or 10 dB weaker | | 0, 0 | 0, 0 | 0, 0 |
//! | noise 15 dB below the digit | all | 320 | 320 | 320 |
//! | noise 15 dB below, 40 ms of tone and of pause | all | 320 | 320 | 320 |
//! | noise 15 dB below, high tone 8 dB weaker, both 1.5 % off | all | 320 | 59 + 2 | 0 |
//! | noise 10 dB below | | 320 | 320 | 320 |
//! | noise 10 dB below, 40 ms of tone and of pause | | 320 | 315 | 320 |
//!
//! In a longer run with all limits at once (40 ms, noise 15 dB below, the high tone 8 dB weaker, both tones 1.5 % off), the
//! detector missed 1 of 6400 digits.
//!
//! # Faults of real lines
//!
//! Each row was measured at 8, 16 and 48 kHz; a cell has one value for each rate. The digits were repeated 25 times, at random
//! distances. The column "made" has the number of digits at each rate. In rows with 300, these are the twelve digits
//! `0123456789*#`; in the others, they are one digit. They are 100 ms long and at -10 dBm0 for each tone, unless the row states
//! otherwise. `cargo run --release --bin digits -- lines` prints this table.
//!
//! | fault | made | the detector | spandsp | multimon-ng |
//! |---|---|---|---|---|
//! | one lost frame of 20 ms, as zeros, in a press of 160 ms | 25 | 25, 25, 25 | 25 + 15, 25 + 15, 25 + 14 | 25 + 12, 25 + 6, 25 + 7 |
//! | one lost frame of 20 ms, as missing samples, in a press of 160 ms | 25 | 25, 25, 25 | 25, 25, 25 | 25, 25, 25 |
//! | a press of 2 s, with 20 ms of zeros each 500 ms | 25 | 25, 25, 25 | 25 + 98, 25 + 96, 25 + 96 | 25 + 35, 25 + 31, 25 + 26 |
//! | a break of 25 ms in a press of 160 ms | 25 | 25, 25, 25 | 25 + 15, 25 + 15, 25 + 13 | 25 + 20, 25 + 18, 25 + 18 |
//! | two presses of 60 ms with a pause of 40 ms | 50 | 50, 50, 50 | 50, 50, 50 | 50, 50, 50 |
//! | DC of 1000, tones of -25 dBm0 | 300 | 300, 300, 300 | 0, 0, 0 | 300, 300, 300 |
//! | DC of 3276, tones of -25 dBm0 | 300 | 300, 300, 300 | 0, 0, 0 | 0, 0, 0 |
//! | 50, 60, 100, 120, 150 or 180 Hz as loud as one tone; equal results for each | 300 | 300, 300, 300 | 0, 0, 0 | 300, 300, 300 |
//! | DC of 1000 and 50, 100 and 150 Hz, each 6 dB below a tone | 300 | 300, 300, 300 | 0, 0, 0 | 300, 300, 300 |
//! | 3,700 Hz as loud as one tone | 300 | 300, 300, 300 | 0, 0, 0 | 300, 300, 300 |
//! | dial tone, 350 and 440 Hz, each 6 dB below a tone | 300 | 300, 300, 300 | 63, 66, 67 | 300, 300, 300 |
//! | the same dial tone, 40 ms of tone and of pause | 300 | 300, 300, 300 | 10, 8, 14 | 300, 300, 300 |
//! | dial tone, 425 Hz, 3 dB below a tone | 300 | 300, 300, 300 | 11, 17, 11 | 300, 300, 300 |
//! | dial tone, 350 and 440 Hz, each 12 dB below a tone | 300 | 300, 300, 300 | 300, 300, 300 | 300, 300, 300 |
//!
//! # Digits over speech
//!
//! A prompt whose echo returns with the caller's digits is speech over digits. Here the speech is the voice en-us+f2 of espeak-ng,
//! and its level is the mean over all of the speech. The 300 digits and the three rates are those of the table above.
//!
//! | speech below the digit | the detector | spandsp | multimon-ng |
//! |---|---|---|---|
//! | 14 dB | 298, 299, 299 | 299 + 2, 300 + 2, 300 + 1 | 300 + 5, 300 + 5, 300 + 4 |
//! | 12 dB | 295, 298, 298 | 297 + 5, 299 + 6, 300 + 3 | 299 + 3, 300 + 7, 300 + 9 |
//! | 10 dB | 292, 292, 295 | 294 + 6, 291 + 8, 297 + 4 | 299 + 7, 300 + 12, 300 + 8 |
//! | 8 dB | 289, 288, 290 | 288 + 5, 285 + 11, 290 + 5 | 299 + 9, 300 + 17, 300 + 5 |
//! | 6 dB | 283, 281, 282 | 272 + 3, 269 + 10, 266 + 2 | 299 + 12, 298 + 16, 300 + 11 |
//! | 4 dB | 278, 273, 271 | 248 + 2, 240 + 3, 241 + 1 | 296 + 13, 298 + 15, 299 + 12 |
//! | 2 dB | 271, 261, 258 | 227 + 1, 216 + 2, 227 | 293 + 14, 291 + 16, 294 + 12 |
//! | 0 dB | 251, 250, 242 | 209, 202 + 1, 206 | 287 + 13, 287 + 18, 288 + 12 |
//!
//! # Speech and music without digits
//!
//! A detector should report no digit in these sounds. The last three columns have the digits that each one reported.
//!
//! | sound | minutes | the detector | spandsp | multimon-ng |
//! |---|---|---|---|---|
//! | espeak-ng, en-us+f2 | 133.6 | 0 | 0 | 210 |
//! | espeak-ng, en-us+f4 | 134.3 | 0 | 0 | 150 |
//! | espeak-ng, en-us+m1 | 132.8 | 0 | 0 | 0 |
//! | espeak-ng, en-us+m7 | 132.6 | 0 | 0 | 2 |
//! | espeak-ng, de+f2 | 129.5 | 0 | 0 | 12 |
//! | espeak-ng, fr+m3 | 97.6 | 0 | 0 | 2 |
//! | the prompts of Asterisk (Debian's asterisk-core-sounds), five languages, 2831 files | 131.0 | 0 | 0 | 1 |
//! | Asterisk's music on hold (Debian's asterisk-moh-opsound-wav), 5 files | 18.6 | 0 | 0 | 0 |
//!
//! The detector was also measured with twenty voices of espeak-ng in five languages, at several pitches. Adults do not speak as
//! high as at 75 and above:
//!
//! | pitch (`-p`) | hours | digits that the detector reported |
//! |---|---|---|
//! | 50, the usual one, and a lower one | 21 | 0 |
//! | 90 | 10 | 0 |
//! | 75 and 99 | 27 | 17 |
