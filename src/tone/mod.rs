//! DTMF digits as sound. Core only: no std, no heap, no floats, and no panic on any samples.
//!
//! [`Generator`] makes the tones of digits; [`Detector`] finds them in audio. A digit is two sines at once (ITU-T Q.23): one for
//! its row of the keypad, one for its column.
//!
//! | Hz | 1209 | 1336 | 1477 | 1633 |
//! |---|---|---|---|---|
//! | 697 | 1 | 2 | 3 | A |
//! | 770 | 4 | 5 | 6 | B |
//! | 852 | 7 | 8 | 9 | C |
//! | 941 | * | 0 | # | D |
//!
//! Send digits to Asterisk as sound. Asterisk ends a call on a DTMF frame (measured with 22.10), although it sends such frames
//! itself. The caller's digits arrive as frames, or as sound if nothing on the way has detected them.
//!
//! ```
//! use audiosocket::tone::{Detector, Generator, Signal};
//! use audiosocket::wire::{Audio, Digit, SampleRate};
//!
//! let mut tones = Generator::new(SampleRate::Hz16000).digits([Digit::ALL[0]]);
//! let mut detector = Detector::new(SampleRate::Hz16000);
//! let (mut samples, mut bytes) = ([0; 320], [0; 640]);
//! let mut lasted = None;
//! loop {
//!     let count = tones.fill(&mut samples);
//!     let Ok(audio) = Audio::from_samples(SampleRate::Hz16000, &samples[..count], &mut bytes) else {
//!         break;
//!     };
//!     for signal in detector.feed(audio.samples()) {
//!         if let Signal::Stop { digit, duration_ms, .. } = signal {
//!             lasted = Some((digit.to_char(), duration_ms));
//!         }
//!     }
//! }
//! assert!(matches!(lasted, Some(('1', 98..=101))));
//! ```
//!
//! # Levels
//!
//! Levels are in dBm0: decibels relative to the telephone network's reference level. A sine of 0 dBm0 has a peak of 22,827 of
//! 32,768, so the largest sine that 16 bits can hold is at +3.14 dBm0, like the largest sine of the A-law (ITU-T G.711).
//!
//! # Limits
//!
//! The limits are AT&T's values in the table of ITU-T Q.24. Q.24 leaves the ratio of signal to noise open, and has no values for
//! faults of lines; those limits are this crate's own. All limits hold at each of the nine rates. The values in parentheses
//! were measured: there the detector still detects or ignores.
//!
//! | | must be detected | must be ignored |
//! |---|---|---|
//! | frequency, each tone | up to 1.5 % off (2.3) | from 3.5 % off (2.7) |
//! | both frequencies, in opposite directions | up to 1.5 % off (1.6) | (from 1.9 % off) |
//! | tone | from 40 ms (30) | up to 23 ms (27) |
//! | pause between equal digits | from 40 ms (34) | |
//! | break within a digit, such as a lost frame | up to 25 ms (30) | |
//! | level, each tone | 0 to -25 dBm0 (-27.5) | (from -28.5 dBm0 down) |
//! | the high tone, compared with the low | +4 to -8 dB (+4.5 to -8.5) | (from +5.5 and -10 dB) |
//! | white noise, compared with both tones | 15 dB below (7; at -8 dB between the tones 12) | |
//! | DC below tones of -25 dBm0 | up to 3,276 (20,000) | |
//! | hum of 50 to 180 Hz | at the level of the louder tone (10 dB above) | |
//! | dial tone, 350 and 440 Hz, each compared with each tone | 6 dB below (5) | (from 2 dB below) |
//! | a third tone between 300 and 3,300 Hz | | at the level of the tones (1,060 Hz: from 2 dB below) |
//!
//! A start is reported 35 ms after the tones started, a stop 38 ms after they ended. The reported positions are those of the
//! tones within 2 ms, even if a break interrupts the first 30 ms of the tones.
//!
//! `tests/it/tones` tests both sides of each limit. `audiosocket::guide::tones` compares the detector with other programs on
//! hours of speech. Each limit holds while all else is ideal. With several at once, the detector missed 1 digit of 6,400: 40 ms
//! long, in noise 15 dB below, both tones 1.5 % off and the high one 8 dB weaker.
//!
//! [`with_floor`](Detector::with_floor) and [`with_twist`](Detector::with_twist) set the limits of the levels. Tones much fainter
//! than required are ignored because they are mostly crosstalk and echoes. Speech that is nearly as loud as a digit hides it.
//! Over a voice with a mean level 8 dB below the digits, the detector found 96 % of them; at 4 dB below, 91 %.
//!
//! # Method
//!
//! The detector mixes each group of four frequencies down to 0 Hz and reduces it to 2,000 samples per second. There, a tone is a
//! phase that advances evenly. Each millisecond, the detector tests the last 30 ms, the *window*:
//!
//! - Both groups have enough power, and neither has too much more than the other.
//! - The phase of each group advances evenly, at one of the group's frequencies, and the tone has no break.
//! - Both frequencies are off in the same direction, or by little. Most high voices fail here.
//! - The two tones have nearly all of the energy up to 3,400 Hz. Most other sounds fail here. If each tone is clean, which means
//!   almost alone in its group, three quarters of the energy above 250 Hz are enough.
//!
//! If all tests pass, a digit has started. It lasts until its tones have been missing for 33 ms. A tone is missing while it has
//! less than half of its amplitude, or while its phase advances differently.
//!
//! A detector has about 1,700 bytes. It needs about 22 ns a sample at 8 kHz and 14 ns at 192 kHz (`bench`): 12 multiplications
//! of 32 bits for each sample and 70 for each millisecond, and 500 more while there could be a digit.

mod band;
mod complex;
mod detector;
mod energy;
mod generator;
mod group;
mod level;
mod low_pass;
mod sine;
mod track;

pub use detector::{Detector, Signal, Signals};
pub use generator::{Generator, Tones};
