//! What is counted on a call.

/// What has been counted on a call so far.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Frames received after the UUID, of any kind. The hangup frame does not count.
    pub frames_received: usize,
    /// Frames sent. The hangup frame does not count.
    pub frames_sent: usize,
}
