//! G.711: u-law and A-law, to linear samples and back. Core only: no std, no heap, no tables, no floats, and no panic.
//!
//! Use it for:
//!
//! - A speech service that accepts G.711 at 8 kHz. G.711 needs no resampling, and half the bytes of linear audio.
//! - A call whose dial string lacks `/c(slin)`. Asterisk's channel driver then sends the caller's G.711 under kind 0x10, which is
//!   the kind of linear audio. `audiosocket::guide::speech_services` shows how to detect and decode it.
//!
//! ```
//! use audiosocket::g711::Law;
//! use audiosocket::wire::{Audio, SampleRate};
//!
//! // Linear audio from a call, as u-law for a service.
//! let audio = Audio::new(SampleRate::Hz8000, &[0xe8, 0x03, 0x18, 0xfc])?;
//! let codes: Vec<u8> = audio.samples().map(|sample| Law::Mu.encode(sample)).collect();
//! assert_eq!(codes, [0xce, 0x4e]);
//!
//! // And back.
//! let mut samples = [0; 160];
//! assert_eq!(Law::Mu.decode_slice(&codes, &mut samples)?, [988, -988]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Exactness
//!
//! Every result equals that of the reference implementation, ITU-T G.191 (software tool library 2009 and later, `g711.c`).
//! Linear samples have 16 bits here. G.711 has 14 bits for the u-law and 13 for the A-law, so the encoder drops the lowest 2 or
//! 3 bits. `encode(!sample)` differs from `encode(sample)` only in the sign bit.
//!
//! Programs that round to 14 or 13 bits choose the neighbouring code for some samples. sox 14.4.2 does so for 510 of the 65,536
//! samples with the u-law and for 1,020 with the A-law. Its decoder is equal for all 256 codes.

mod a_law;
mod law;
mod mu_law;

pub use law::Law;
