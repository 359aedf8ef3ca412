//! DTMF as sound: [`Generator`] makes the tones of digits, [`Detector`] hears them. Core only: no std, no heap, no floats, and no
//! panic, whatever the samples.
//!
//! A digit is two sines at once (ITU-T Q.23): one of its row of the keypad, one of its column.
//!
//! | Hz | 1209 | 1336 | 1477 | 1633 |
//! |---|---|---|---|---|
//! | 697 | 1 | 2 | 3 | A |
//! | 770 | 4 | 5 | 6 | B |
//! | 852 | 7 | 8 | 9 | C |
//! | 941 | * | 0 | # | D |
//!
//! To Asterisk digits have to go as sound: it ends a call on a DTMF frame (measured with 22.10), although it sends such frames
//! itself. From Asterisk they come as frames, and as sound where nothing on the way has looked for them.
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
//! Levels are in dBm0, decibels with regard to a sine that the telephone network calls 0. Its peak is 22,827 of 32,768: a sine as
//! large as 16 bits can hold is at +3.14 dBm0, where ITU-T G.711 puts the largest one of the A-law. The largest of the u-law is
//! at +3.17 dBm0, and by its numbers 0 dBm0 would be a peak of 22,657; that is 0.06 dB, which matters to nobody.
//!
//! # Limits
//!
//! What the detector has to hear, and what it must not, are the values of AT&T in the table of ITU-T Q.24, and a ratio of signal
//! to noise that Q.24 leaves open. They hold at each of the nine rates.
//!
//! | | has to be heard (is, measured) | must not be heard (is not, measured) |
//! |---|---|---|
//! | frequency, each tone | up to 1.5 % off (2.3) | from 3.5 % off (2.8) |
//! | tone | from 40 ms (30) | up to 23 ms (26) |
//! | pause between equal digits | from 40 ms (21) | |
//! | break within a digit, not a pause | up to 10 ms (17) | |
//! | level, each tone | 0 to -25 dBm0 (-27.5) | (from -28.5 dBm0 down) |
//! | the high tone, compared with the low | +4 to -8 dB (+4.5 to -8.5) | (from +5.5 and -10 dB) |
//! | white noise, compared with both tones | 15 dB below (8; at -8 dB between the tones 14) | |
//!
//! `tests/it/tones` tries both sides of each limit, and the guide has what came out beside other programs:
//! `audiosocket::guide::tones`, with hours of speech in which no digit was heard. The one thing that is not promised is all
//! limits at once with no millisecond to spare: of digits of 40 ms, in noise of 15 dB, both tones 1.5 % off and the high one 8 dB
//! weaker, 2 of 6400 were missed.
//!
//! The levels and their difference can be set. The floor is a little below what has to be heard, since of what is fainter much
//! is not meant for the detector: crosstalk and echoes. A digit over speech or music that is not 8 dB weaker than it is not heard
//! either: what tells a digit from a voice is that there is nothing beside it.
//!
//! # How it hears
//!
//! Each group of four frequencies is mixed down to 0 Hz and filtered, which leaves a signal at 2 kHz in which a tone is a phase
//! that turns evenly. Over windows of 30 ms, one each millisecond, it is asked whether both groups have enough power, whether
//! these two powers are nearly all that there is (which most sounds fail), by how much the phases turn in a lag and whether that
//! is a frequency of the group, whether they turn by the same all the time, and whether the tone is never gone. A window for
//! which all holds is a digit, which lasts until its tones have been gone for 20 ms. The tones are gone when either is weaker
//! than half of what it was, or its phase turns otherwise than it did.
//!
//! A detector takes about 900 bytes and 14 ns a sample at 8 kHz, 10 ns at 192 kHz (`bench`): 9 multiplications of 32 bits for
//! each sample and 60 for each millisecond, 500 more while there could be a digit.

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
