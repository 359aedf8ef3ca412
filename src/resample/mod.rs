//! Resampling between the nine rates. Core only: no std, no heap, integers alone, and no panic.
//!
//! Asterisk itself resamples if the dial string of its channel driver names a format: `Dial(AudioSocket/.../c(slin16))`. Use a
//! [`Resampler`] for the other cases: the application `AudioSocket()`, which has 8 kHz only; releases of Asterisk without
//! `c()`; and services whose input and output have different rates.
//!
//! ```
//! use audiosocket::resample::Resampler;
//! use audiosocket::wire::{Audio, SampleRate};
//!
//! // 8 kHz from a call to 16 kHz for a speech service, frame by frame.
//! let mut resampler = Resampler::new(SampleRate::Hz8000, SampleRate::Hz16000);
//! let mut wide = [0; 320];
//! for frame in [[0; 320], [1; 320]] {
//!     let audio = Audio::new(SampleRate::Hz8000, &frame)?;
//!     let count = resampler.feed(audio.samples()).fill(&mut wide);
//!     assert_eq!(count, 320);
//! }
//! # Ok::<(), audiosocket::wire::AudioError>(())
//! ```
//!
//! # Limits
//!
//! These limits hold for each of the 72 pairs of rates. Frequencies are fractions of the lower of the two rates.
//!
//! | | limit | measured, worst pair |
//! |---|---|---|
//! | gain from 0 to 0.42 | within 0.1 dB | -0.045 dB |
//! | images, aliases and noise of a tone from 0.05 to 0.42 | 70 dB below the tone | 74.4 dB |
//! | output for a tone from 0.58, going down | 70 dB below the tone | 75.7 dB |
//! | all else in the output for a 1 kHz sine at -1 dBFS | 80 dB below the sine | 82.1 dB |
//!
//! `tests/it/resampling.rs` tests the limits for all pairs. `bench/resamplers` measured the figures, with 450 tones for each pair.
//!
//! Tones between 0.42 and 0.58 of the lower rate are weakened and partly aliased: at 8 kHz, between 3.36 and 4.64 kHz. Samples
//! too loud for 16 bits are clipped, not wrapped.
//!
//! # Phase
//!
//! Positions are exact fractions, also for 44.1 kHz (441:80 and so on), so the rates do not drift apart in long calls. 10 ms of
//! input make exactly 10 ms of output. The output is [`delay`](Resampler::delay) samples behind the input, a whole number for
//! every pair. To align both, skip that many samples of the output.
//!
//! # Method
//!
//! The filter is a sinc with a Kaiser window, 28 samples of the lower rate long. The compiler computes it as a table, from the
//! formula in `kernel.rs`, for 48 positions between two samples. 44.1 kHz needs more positions, so its taps are interpolated
//! linearly. Going up, each output sample is a sum over the last 28 input samples. Going down, each input sample is added to the
//! 28 output samples that it affects, so a resampler from 192 to 8 kHz needs no more state than any other.
//!
//! A sample of the higher rate takes 8 to 14 ns on x86-64, or 40 ns if one of the rates is 44.1 kHz. That is 0.5 to 1.3 times
//! the time of speexdsp at quality 4 (`bench/resamplers`). `audiosocket::guide::embedded` has the cost on a Cortex-M3.

mod falling;
mod kernel;
mod position;
mod resampler;
mod rising;

pub use resampler::{Resampled, Resampler};
