//! Peers that close before they have sent a frame.

use audiosocket::call::End;

/// Description of the end of such a call. Whether it arrives as a close or as a reset depends on which side's bytes were faster, so
/// both have the same words.
pub const CLOSED_AT_ONCE: &str = "the peer closed before sending a frame";

/// Returns whether a call on which this many frames were received ended like this.
pub fn is_closed_at_once(end: End, frames_received: usize) -> bool {
    frames_received == 0 && matches!(end, End::Closed | End::Reset)
}

/// Returns the description of an end.
pub fn end_text(end: End, frames_received: usize) -> String {
    match is_closed_at_once(end, frames_received) {
        true => String::from(CLOSED_AT_ONCE),
        false => end.to_string(),
    }
}

/// Returns the name of an end in JSON.
pub fn end_name(end: End, frames_received: usize) -> &'static str {
    match is_closed_at_once(end, frames_received) {
        true => End::Closed.name(),
        false => end.name(),
    }
}
