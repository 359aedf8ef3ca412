//! The thread that writes the recordings of calls.

use core::fmt;
use std::boxed::Box;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::recording_queue::{Batch, Outcome, RecordingQueue};
use super::recording_target::Sink;
use super::{
    CallRecording, CallRecordingError, CallRecordingErrorReason, Direction, RecordingTarget,
};
use crate::wav::{Recording, RecordingError};
use crate::wire::SampleRate;

// Invariants, each with the test that shows it:
// 1. The thread locks nothing while it writes, so no call waits for the disk. (`a_disk_that_stops_delays_and_loses_no_frame`)
// 2. Panics of a sink and of the hook for errors are caught, so every recording gets its outcome, and `CallRecording::finish`
//    returns. (`a_sink_and_a_hook_that_panic_harm_no_recording`)
//
// Words: a tape is the thread's side of one recording; it has the file. The desk is the state that the thread shares with the
// writer and with the queues of all recordings. In a turn, every 250 ms, the thread writes the queued frames of each tape.

/// A thread that writes the recordings of any number of calls.
///
/// [`Call::record`](super::Call::record) starts one for each recording. Share one in a server with many calls: it needs one thread
/// for all of them. If a disk stalls, the recordings of all these calls are delayed, but the calls never wait.
///
/// At most 64 MiB are queued for the disk, at most 4 MiB of each recording. Further frames are dropped, and an error reports them.
///
/// When the writer is dropped, recordings that have started continue, and the thread ends after the last of them.
///
/// ```no_run
/// use audiosocket::call::{RecordingTarget, RecordingWriter};
/// use audiosocket::server::Server;
///
/// let writer = RecordingWriter::start(|error| eprintln!("{error}"))?;
/// let server = Server::bind("127.0.0.1:9092")?;
/// server.run(|call| {
///     let target = RecordingTarget::numbered("calls", call.uuid().to_string());
///     let _recording = call.record_with(&writer, target)?;
///     while call.receive().is_some() {}
///     Ok(())
/// })?;
/// writer.finish();
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct RecordingWriter {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

/// The time between two turns of the thread.
const BETWEEN_TURNS: Duration = Duration::from_millis(250);

/// The most bytes of all recordings that are queued for the disk.
const MOST_QUEUED: usize = 64 << 20;

impl RecordingWriter {
    /// Starts the thread.
    ///
    /// The thread calls `on_error` for each recording that ends with an error: at once if the disk is full, at the end of the
    /// recording if frames are missing.
    ///
    /// # Errors
    ///
    /// The [`io::Error`] of a thread that cannot be started.
    pub fn start(
        on_error: impl FnMut(&CallRecordingError) + Send + 'static,
    ) -> io::Result<RecordingWriter> {
        let desk = Arc::new(Desk::default());
        let thread = thread::Builder::new().name("recordings".into()).spawn({
            let desk = Arc::clone(&desk);
            move || write_all(&desk, on_error)
        })?;
        Ok(RecordingWriter {
            desk,
            thread: Some(thread),
        })
    }

    /// Starts a recording that has no call. You pass its audio to [`CallRecording::add`].
    ///
    /// `started` is the time at the start of the file.
    ///
    /// # Errors
    ///
    /// [`CallRecordingError`] if the file cannot be created.
    pub fn record(
        &self,
        target: impl Into<RecordingTarget>,
        started: Instant,
    ) -> Result<CallRecording, CallRecordingError> {
        self.record_at(target.into(), SampleRate::Hz8000, started)
    }

    /// Starts a recording of at least the given rate.
    pub(super) fn record_at(
        &self,
        target: RecordingTarget,
        rate: SampleRate,
        started: Instant,
    ) -> Result<CallRecording, CallRecordingError> {
        let (sink, path) = target.open()?;
        let queue = Arc::new(RecordingQueue::new(Arc::clone(&self.desk), rate));
        let tape = Tape {
            queue: Arc::clone(&queue),
            recording: Some(Recording::without_header(sink, rate, started)),
            path: path.clone(),
            spare: Batch::with_room(rate),
            rate,
            stage: Stage::New,
        };
        self.desk.hand_in(tape);
        Ok(CallRecording::new(queue, path))
    }

    /// Ends all recordings, and returns when their files are complete. It waits for the disk.
    pub fn finish(mut self) {
        self.desk.close(Closing::AtOnce);
        if let Some(thread) = self.thread.take() {
            // The thread catches all panics.
            let _ = thread.join();
        }
    }
}

impl Drop for RecordingWriter {
    fn drop(&mut self) {
        self.desk.close(Closing::WhenIdle);
    }
}

impl fmt::Debug for RecordingWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingWriter")
            .field("queued", &self.desk.queued)
            .finish_non_exhaustive()
    }
}

/// The state that the thread shares with the writer and with the queues of its recordings.
#[derive(Default)]
pub(super) struct Desk {
    state: Mutex<DeskState>,
    changed: Condvar,
    /// The bytes of all recordings that are queued.
    queued: AtomicUsize,
}

#[derive(Default)]
struct DeskState {
    new: Vec<Tape>,
    /// Whether the thread has to take its next turn now.
    wants_turn: bool,
    closing: Option<Closing>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Closing {
    /// The thread ends after the last recording.
    WhenIdle,
    /// The thread ends all recordings first.
    AtOnce,
}

impl Desk {
    /// Asks the thread to write now.
    pub(super) fn wake(&self) {
        self.state().wants_turn = true;
        self.changed.notify_all();
    }

    /// Reserves room for bytes in the queue of a recording; `false` if there is not enough.
    pub(super) fn take_room(&self, len: usize) -> bool {
        let before = self.queued.fetch_add(len, Ordering::Relaxed);
        let has_room = before.saturating_add(len) <= MOST_QUEUED;
        if !has_room {
            self.give_room(len);
        }
        has_room
    }

    pub(super) fn give_room(&self, len: usize) {
        self.queued.fetch_sub(len, Ordering::Relaxed);
    }

    fn hand_in(&self, tape: Tape) {
        self.state().new.push(tape);
        self.wake();
    }

    fn close(&self, closing: Closing) {
        // Not replaced: `finish` drops the writer, and `drop` closes again.
        self.state().closing.get_or_insert(closing);
        self.wake();
    }

    /// Waits for the next turn, and adds the new tapes to `tapes`.
    fn wait(&self, tapes: &mut Vec<Tape>) -> Option<Closing> {
        let mut state = self.state();
        if tapes.is_empty() {
            // Without recordings there are no turns, so an idle writer costs nothing.
            state = self
                .changed
                .wait_while(state, |state| !state.wants_turn)
                .unwrap_or_else(PoisonError::into_inner);
        } else {
            state = self
                .changed
                .wait_timeout_while(state, BETWEEN_TURNS, |state| !state.wants_turn)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        state.wants_turn = false;
        tapes.append(&mut state.new);
        state.closing
    }

    fn state(&self) -> MutexGuard<'_, DeskState> {
        // No thread panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_all(desk: &Desk, mut on_error: impl FnMut(&CallRecordingError)) {
    let mut tapes: Vec<Tape> = Vec::new();
    loop {
        let closing = desk.wait(&mut tapes);
        if closing == Some(Closing::AtOnce) {
            let now = Instant::now();
            for tape in &tapes {
                tape.queue.end(now);
            }
        }
        tapes.retain_mut(|tape| {
            let turn = caught(|| tape.take_turn(desk));
            let outcome = turn.unwrap_or_else(|panicked| Some(Err(tape.failed(panicked))));
            let Some(outcome) = outcome else {
                return true;
            };
            let _ = caught(|| drop(tape.recording.take()));
            if let Err(error) = &outcome {
                let _ = caught(|| on_error(error));
            }
            desk.give_room(tape.spare.len());
            tape.queue.settle(outcome);
            false
        });
        if closing.is_some() && tapes.is_empty() {
            break;
        }
    }
}

/// Runs code of the application: a sink or the hook for errors.
fn caught<R>(run: impl FnOnce() -> R) -> Result<R, RecordingError> {
    // The tape of a sink that panicked is dropped, so nothing inconsistent is used again.
    catch_unwind(AssertUnwindSafe(run))
        .map_err(|_| RecordingError::Io(io::Error::other("the sink of the recording panicked")))
}

/// The thread's side of one recording.
struct Tape {
    queue: Arc<RecordingQueue>,
    /// `None` when the recording is over.
    recording: Option<Recording<Box<dyn Sink>>>,
    path: PathBuf,
    /// The empty batch that is exchanged for the queued one in each turn.
    spare: Batch,
    /// The rate of the file. Until it is chosen, the lowest possible one.
    rate: SampleRate,
    stage: Stage,
}

enum Stage {
    /// There is no header yet.
    New,
    /// There is no audio yet.
    Silent,
    /// There is audio. The rate is chosen at this time, when audio of both sides should have arrived.
    ChoosesRate(Instant),
    /// The rate is chosen.
    Running,
}

impl Tape {
    /// Writes the queued frames. Returns the outcome when the recording is over.
    fn take_turn(&mut self, desk: &Desk) -> Option<Outcome> {
        if let (Stage::New, Some(recording)) = (&self.stage, &mut self.recording) {
            if let Err(error) = recording.write_header() {
                return Some(Err(self.failed(error)));
            }
            self.stage = Stage::Silent;
        }
        if self.waits(Instant::now()) {
            return None;
        }
        let now = Instant::now();
        let (ended, missing) = self.queue.take(&mut self.spare);
        if !matches!(self.stage, Stage::Running) {
            self.stage = Stage::Running;
            self.rate = self
                .rate
                .max(self.spare.highest_rate().unwrap_or(self.rate));
            if let Some(recording) = &mut self.recording {
                recording.set_rate(self.rate);
            }
        }
        // If the disk was slow, the recording may have ended long ago. The file ends at that time too.
        let written = self.write(ended.map_or(now, |ended| ended.min(now)));
        desk.give_room(self.spare.len());
        self.spare.clear(self.rate);
        match (written, ended) {
            (Ok(()), None) => None,
            (Ok(()), Some(at)) => Some(self.finish(at, missing)),
            (Err(error), _) => Some(Err(self.failed(error))),
        }
    }

    /// Returns whether to write nothing yet, because the rates of both sides are not known.
    fn waits(&mut self, now: Instant) -> bool {
        match self.stage {
            Stage::Silent if !self.queue.is_empty() => {
                let at = now.checked_add(BETWEEN_TURNS).unwrap_or(now);
                self.stage = Stage::ChoosesRate(at);
                self.queue.may_wait()
            }
            Stage::New | Stage::Silent => self.queue.may_wait(),
            Stage::ChoosesRate(at) => now < at && self.queue.may_wait(),
            Stage::Running => false,
        }
    }

    fn write(&mut self, now: Instant) -> Result<(), RecordingError> {
        let Some(recording) = &mut self.recording else {
            return Err(RecordingError::Over);
        };
        for (direction, audio, at) in self.spare.iter() {
            match direction {
                Direction::Received => recording.received(audio, at)?,
                Direction::Sent => recording.sent(audio, at)?,
            }
        }
        recording.tick(now)
    }

    fn finish(&mut self, at: Instant, missing: u64) -> Outcome {
        let Some(recording) = self.recording.take() else {
            return Err(self.failed(RecordingError::Over));
        };
        let ahead = recording.dropped_frames();
        recording.finish(at).map_err(|error| self.failed(error))?;
        // If both kinds of frames are missing, only the slow disk is reported.
        let reason = match (missing, ahead) {
            (0, 0) => return Ok(self.path.clone()),
            (0, frames) => CallRecordingErrorReason::AheadOfTime { frames },
            (frames, _) => CallRecordingErrorReason::SlowDisk { frames },
        };
        Err(CallRecordingError::new(self.path.clone(), reason))
    }

    fn failed(&self, error: RecordingError) -> CallRecordingError {
        let reason = CallRecordingErrorReason::Write(error);
        CallRecordingError::new(self.path.clone(), reason)
    }
}
