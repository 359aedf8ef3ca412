//! What is counted on a call.

use super::Lateness;

/// What has been counted on a call so far.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Frames received after the UUID, of any kind. The hangup frame does not count.
    pub frames_received: usize,
    /// Frames sent. The hangup frame does not count.
    pub frames_sent: usize,
    /// How late the frames of what was [said](super::Voice::say) were sent, against the call's clock.
    pub lateness: Lateness,
    /// How many of them were late by half a frame or more: 10 ms, unless frames are longer.
    pub late_frames: usize,
    /// How many of them were late by a whole frame or more, which is heard as a hole. The handler was busy, or the machine.
    pub gaps: usize,
    /// How often there was nothing to say for a frame or more in the middle of speech: more was said within half a second, and
    /// neither had a [mark](super::Voice::mark) or a [flush](super::Voice::flush) been at that place. The source of the speech
    /// was too slow.
    pub underruns: usize,
    /// Whether the audio of kind 0x10 comes at about 8,000 bytes a second: that is G.711, and noise to whoever takes it for
    /// linear audio of 8 kHz, which is 16,000. Asterisk's channel driver sends it if the caller's codec is u-law or a-law and the
    /// dial string does not ask for a linear format, `/c(slin)` (measured with 22.10). Known after a second of audio.
    pub is_g711_suspected: bool,
}
