//! The recording of a call.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::recording_queue::RecordingQueue;
use super::{
    Call, CallRecordingError, CallRecordingErrorReason, Direction, RecordingTarget,
    RecordingWriter, Transport,
};
use crate::wav::RecordingError;
use crate::wire::Audio;

/// A running recording of both sides of a call, started by [`Call::record`].
///
/// Dropping it ends the recording; [`finish`](CallRecording::finish) also waits for the file and returns the first error. The end
/// of the call also ends its recordings.
///
/// The file is a stereo WAV file in the form of [`wav::Recording`](crate::wav::Recording): received audio on the left, sent audio
/// on the right, aligned to the clock, playable at any time. Its rate is the higher one of the two sides in the first 0.5 s.
#[derive(Debug)]
pub struct CallRecording {
    queue: Arc<RecordingQueue>,
    path: PathBuf,
}

impl CallRecording {
    pub(super) fn new(queue: Arc<RecordingQueue>, path: PathBuf) -> CallRecording {
        CallRecording { queue, path }
    }

    /// Returns the path of the file, which exists already.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records silence instead of the audio of both sides, until [`resume`](CallRecording::resume).
    ///
    /// The silence lasts as long as the pause, so the file stays aligned to the call. The audio of the pause is never stored, not
    /// even in memory, so a card number that the caller speaks or presses is not recorded. Asterisk's `MixMonitor()` does the same
    /// on the manager action `MixMonitorMute`.
    pub fn pause(&self) {
        self.queue.set_paused(true);
    }

    /// Records the audio again after [`pause`](CallRecording::pause).
    pub fn resume(&self) {
        self.queue.set_paused(false);
    }

    /// Records audio of one side, at the time it was received or had been sent.
    ///
    /// Use it for a recording without a [`Call`], started by [`RecordingWriter::record`]. It never waits for the disk.
    pub fn add(&self, direction: Direction, audio: Audio<'_>, at: Instant) {
        self.queue.add(direction, audio, at);
    }

    /// Ends the recording, waits until the file is complete, and returns its path.
    ///
    /// It waits for the disk. Hang up first, so that the caller does not wait for a slow disk.
    ///
    /// # Errors
    ///
    /// The first [`CallRecordingError`]. The file then has the call up to a failed write, or lacks the frames that were dropped.
    pub fn finish(self) -> Result<PathBuf, CallRecordingError> {
        self.queue.end(Instant::now());
        self.queue.wait_for_outcome().unwrap_or_else(|| {
            let reason = CallRecordingErrorReason::Write(RecordingError::Over);
            Err(CallRecordingError::new(self.path.clone(), reason))
        })
    }
}

impl Drop for CallRecording {
    fn drop(&mut self) {
        self.queue.end(Instant::now());
    }
}

impl<T: Transport> Call<T> {
    /// Records both sides of the call from now on, in a new stereo WAV file.
    ///
    /// A separate thread writes the file, so a slow disk never delays a frame of the call. The recording does not use the
    /// [audio hook](Call::set_audio_hook). A call can have several recordings at once.
    ///
    /// Up to 4 MiB of audio are queued for a slow disk: about 2 minutes at 8 kHz, 5 s at 192 kHz. Further frames are dropped, and
    /// [`finish`](CallRecording::finish) reports them. A full disk ends the recording and not the call. With
    /// [`record_with`](Call::record_with), all calls of a server share one thread.
    ///
    /// ```no_run
    /// use audiosocket::call::{Call, RecordingTarget};
    ///
    /// fn record(call: &mut Call) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///     let target = RecordingTarget::numbered("calls", call.uuid().to_string());
    ///     let recording = call.record(target)?;
    ///     while call.receive().is_some() {}
    ///     println!("{}", recording.finish()?.display());
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`CallRecordingError`] if the folder does not exist, if the file exists or cannot be created, or if the thread cannot be
    /// started.
    #[doc(alias = "MixMonitor")]
    pub fn record(
        &self,
        target: impl Into<RecordingTarget>,
    ) -> Result<CallRecording, CallRecordingError> {
        let target = target.into();
        match RecordingWriter::start(|_| {}) {
            Ok(writer) => self.record_with(&writer, target),
            Err(error) => Err(CallRecordingError::create(target.path(), error)),
        }
    }

    /// Records the call like [`record`](Call::record), on the thread of a shared [`RecordingWriter`].
    ///
    /// # Errors
    ///
    /// [`CallRecordingError`] if the folder does not exist, or if the file exists or cannot be created.
    pub fn record_with(
        &self,
        writer: &RecordingWriter,
        target: impl Into<RecordingTarget>,
    ) -> Result<CallRecording, CallRecordingError> {
        let voice = self.voice();
        // A side that is silent when the recording starts has its rate already.
        let rate = voice
            .rate()
            .max(voice.received_rate().unwrap_or(voice.rate()));
        let recording = writer.record_at(target.into(), rate, Instant::now())?;
        let line = voice.line();
        line.audio_hook.add_recording(Arc::clone(&recording.queue));
        if line.end().is_some() {
            // The call ended before the recording was added, so nothing else ends it.
            recording.queue.end(Instant::now());
        }
        Ok(recording)
    }
}
