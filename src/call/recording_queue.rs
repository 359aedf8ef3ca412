//! The frames of one recording that are not written yet.

use core::fmt;
use core::mem::{replace, size_of, swap, take};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use std::vec::Vec;

use super::recording_writer::Desk;
use super::{CallRecordingError, Direction};
use crate::wire::{Audio, SampleRate};

/// The queue between a call and the thread that writes its recording.
///
/// No thread holds its lock while it waits for a disk, so a call never waits for one.
pub(super) struct RecordingQueue {
    desk: Arc<Desk>,
    state: Mutex<State>,
    settled: Condvar,
}

struct State {
    batch: Batch,
    /// Whether the thread was asked to take this batch now.
    is_pressing: bool,
    is_paused: bool,
    dropped_frames: u64,
    ended: Option<Instant>,
    outcome: Option<Outcome>,
}

/// The path of a complete recording, or the first error.
pub(super) type Outcome = Result<PathBuf, CallRecordingError>;

/// The most bytes of one recording that are queued for the disk: about 2 minutes of both sides at 8 kHz, 5 s at 192 kHz.
const MOST_QUEUED: usize = 4 << 20;

/// The thread takes a larger batch at once, instead of at its next turn.
const PRESSING: usize = MOST_QUEUED / 2;

impl RecordingQueue {
    /// Creates a queue with room for the frames of a usual turn.
    pub(super) fn new(desk: Arc<Desk>, rate: SampleRate) -> RecordingQueue {
        RecordingQueue {
            desk,
            state: Mutex::new(State {
                batch: Batch::with_room(rate),
                is_pressing: false,
                is_paused: false,
                dropped_frames: 0,
                ended: None,
                outcome: None,
            }),
            settled: Condvar::new(),
        }
    }

    /// Adds a frame, or counts it as dropped; `false` if the recording has ended.
    pub(super) fn add(&self, direction: Direction, audio: Audio<'_>, at: Instant) -> bool {
        let mut state = self.state();
        if state.ended.is_some() {
            return false;
        }
        let len = Batch::len_of(audio);
        let has_room = state.batch.len().saturating_add(len) <= MOST_QUEUED;
        if !has_room || !self.desk.take_room(len) {
            state.dropped_frames = state.dropped_frames.saturating_add(1);
            return true;
        }
        let is_paused = state.is_paused;
        state.batch.push(direction, audio, at, is_paused);
        if state.batch.len() > PRESSING && !replace(&mut state.is_pressing, true) {
            drop(state);
            self.desk.wake();
        }
        true
    }

    pub(super) fn set_paused(&self, is_paused: bool) {
        self.state().is_paused = is_paused;
    }

    /// Ends the recording at this time, unless it has ended. Later frames are not added.
    pub(super) fn end(&self, at: Instant) {
        self.state().ended.get_or_insert(at);
        self.desk.wake();
    }

    /// Waits until the thread has written the file of a recording that has ended.
    pub(super) fn wait_for_outcome(&self) -> Option<Outcome> {
        let state = self.state();
        let unsettled = |state: &mut State| state.outcome.is_none();
        self.settled
            .wait_while(state, unsettled)
            .unwrap_or_else(PoisonError::into_inner)
            .outcome
            .take()
    }

    /// Returns whether the thread can leave the frames in the queue: the recording continues and has room.
    pub(super) fn may_wait(&self) -> bool {
        let state = self.state();
        state.ended.is_none() && !state.is_pressing
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state().batch.frames.is_empty()
    }

    /// Exchanges the queued frames for an empty batch. Returns the end of the recording, and the number of dropped frames.
    pub(super) fn take(&self, batch: &mut Batch) -> (Option<Instant>, u64) {
        let mut state = self.state();
        swap(&mut state.batch, batch);
        state.is_pressing = false;
        (state.ended, state.dropped_frames)
    }

    /// Ends the recording with its outcome.
    pub(super) fn settle(&self, outcome: Outcome) {
        let mut state = self.state();
        state.ended.get_or_insert_with(Instant::now);
        state.outcome.get_or_insert(outcome);
        self.desk.give_room(state.batch.len());
        drop(take(&mut state.batch));
        drop(state);
        self.settled.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No thread panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RecordingQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("RecordingQueue")
            .field("queued", &state.batch.len())
            .field("is_paused", &state.is_paused)
            .field("dropped_frames", &state.dropped_frames)
            .field("has_ended", &state.ended.is_some())
            .finish_non_exhaustive()
    }
}

/// Frames of both sides in the order in which they were added.
#[derive(Default)]
pub(super) struct Batch {
    frames: Vec<BatchedFrame>,
    bytes: Vec<u8>,
}

struct BatchedFrame {
    at: Instant,
    len: usize,
    rate: SampleRate,
    direction: Direction,
}

/// The audio that a new batch has room for, in milliseconds. The thread takes a batch every 250 ms, and the first after 500 ms.
const ROOM: u16 = 750;

/// The capacity in bytes above which a batch, which grew while the disk was slow, is replaced.
const LARGEST_KEPT: usize = 1 << 20;

impl Batch {
    pub(super) fn with_room(rate: SampleRate) -> Batch {
        let samples_of_both_sides = rate.samples_in(ROOM).saturating_mul(2);
        Batch {
            frames: Vec::with_capacity(usize::from(ROOM) / 10),
            bytes: Vec::with_capacity(samples_of_both_sides.saturating_mul(2)),
        }
    }

    /// Returns the bytes that a frame counts as. Its entry in the list counts too, so that tiny frames do not fill the memory.
    fn len_of(audio: Audio<'_>) -> usize {
        audio
            .bytes()
            .len()
            .saturating_add(size_of::<BatchedFrame>())
    }

    pub(super) fn len(&self) -> usize {
        let frames = self.frames.len().saturating_mul(size_of::<BatchedFrame>());
        self.bytes.len().saturating_add(frames)
    }

    /// Adds a frame, or silence of its length.
    fn push(&mut self, direction: Direction, audio: Audio<'_>, at: Instant, is_silenced: bool) {
        let (rate, bytes) = (audio.rate(), audio.bytes());
        let len = bytes.len();
        match is_silenced {
            true => self.bytes.resize(self.bytes.len().saturating_add(len), 0),
            false => self.bytes.extend_from_slice(bytes),
        }
        self.frames.push(BatchedFrame {
            at,
            len,
            rate,
            direction,
        });
    }

    /// Returns the highest rate of the frames; `None` for an empty batch.
    pub(super) fn highest_rate(&self) -> Option<SampleRate> {
        self.frames.iter().map(|frame| frame.rate).max()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Direction, Audio<'_>, Instant)> {
        let mut rest = self.bytes.as_slice();
        self.frames.iter().filter_map(move |frame| {
            let (bytes, after) = rest.split_at_checked(frame.len)?;
            rest = after;
            let audio = Audio::new(frame.rate, bytes).ok()?;
            Some((frame.direction, audio, frame.at))
        })
    }

    /// Empties the batch and keeps its room, unless that is far more than usual.
    pub(super) fn clear(&mut self, rate: SampleRate) {
        if self.bytes.capacity() > LARGEST_KEPT {
            *self = Batch::with_room(rate);
        }
        self.frames.clear();
        self.bytes.clear();
    }
}
