//! The two ways of a call.

/// Which way audio went. See [`Call::on_audio`](super::Call::on_audio).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Direction {
    /// From the peer: the caller.
    Heard,
    /// From this side, silence that keeps the call alive included.
    Said,
}
