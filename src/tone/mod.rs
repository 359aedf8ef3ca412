//! DTMF as sound: [`Generator`] makes the tones of digits, [`Detector`] finds them. Core only: no std, no heap, no floats, and
//! no panic on any samples.
//!
//! A digit is two sines at once (ITU-T Q.23): one for its row of the keypad, one for its column.
//!
//! | Hz | 1209 | 1336 | 1477 | 1633 |
//! |---|---|---|---|---|
//! | 697 | 1 | 2 | 3 | A |
//! | 770 | 4 | 5 | 6 | B |
//! | 852 | 7 | 8 | 9 | C |
//! | 941 | * | 0 | # | D |
//!
//! Send digits to Asterisk as sound: it ends a call on a DTMF frame (measured with 22.10), although it sends such frames itself.
//! Asterisk sends digits as frames, and as sound if nothing on the way detects them.
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
//! Levels are in dBm0: decibels relative to the telephone network's sine of level 0. Its peak is 22,827 of 32,768, so the largest
//! sine that 16 bits can hold is at +3.14 dBm0. ITU-T G.711 puts the largest sine of the A-law there. The largest sine of the
//! u-law is at +3.17 dBm0, and its numbers would put 0 dBm0 at a peak of 22,657. The difference of 0.06 dB does not matter.
//!
//! # Limits
//!
//! The required limits are AT&T's values in the table of ITU-T Q.24. Q.24 leaves the ratio of signal to noise open, and has no
//! values for faults of lines. All limits hold at each of the nine rates.
//!
//! | | must be detected (is, measured) | must be ignored (is, measured) |
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
//! A start is reported 35 ms after the tones began, a stop 38 ms after they ended. The reported positions are those of the tones
//! within 2 ms, also if a break interrupts the tones before they are a digit.
//!
//! `tests/it/tones` tests both sides of each limit. The guide compares the detector with other programs, and has hours of speech
//! without a detected digit: `audiosocket::guide::tones`. All limits at once are not promised: of digits of 40 ms, in noise
//! 15 dB below, both tones 1.5 % off and the high one 8 dB weaker, the detector missed 1 of 6400.
//!
//! The levels and the difference between the tones can be set. The floor is slightly below the required level, because fainter
//! tones are mostly crosstalk and echoes. Speech hides a digit while it is nearly as loud: over a voice with a mean level 8 dB
//! below the digits the detector found 96 % of them, at 4 dB 91 %.
//!
//! # Method
//!
//! Each group of four frequencies is mixed down to 0 Hz and filtered. At 2 kHz, a tone is then a phase that advances evenly. Each
//! millisecond the detector tests the last 30 ms:
//!
//! - Both groups have enough power, and neither has too much more than the other.
//! - The phase of each group advances by a frequency of the group, by the same all the time, and the tone is never gone.
//! - Both frequencies are off in the same direction, or by little. Most high voices fail here.
//! - These two tones have nearly all of the energy up to 3,400 Hz. Most other sounds fail here. If there is next to nothing
//!   beside the tones in their groups, three quarters of the energy above 250 Hz are enough.
//!
//! If all tests pass, the window is a digit. It lasts until its tones have been missing for 33 ms. A tone is missing while it has
//! less than half of its amplitude, or while its phase does not advance like that of the tone.
//!
//! A detector keeps about 1,700 bytes. It needs about 22 ns a sample at 8 kHz and 14 ns at 192 kHz (`bench`): 12 multiplications
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
