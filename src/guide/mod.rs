//! The guide: what to know beyond the single items.
//!
//! - [`embedded`]: on a microcontroller, with any TCP stack.
//! - [`scaling`]: more calls than one machine takes: HAProxy, DNS, Kubernetes.
//! - [`threads`]: one thread for a call, or two.
//! - [`tones`]: how well digits are made and heard as sound.

pub mod embedded;
pub mod scaling;
pub mod threads;
pub mod tones;
