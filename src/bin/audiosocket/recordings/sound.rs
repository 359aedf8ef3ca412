//! Recording of a call's sound as a WAV file.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use audiosocket::call::Direction;
use audiosocket::wav::{Recording, RecordingError};
use audiosocket::wire::{Audio, SampleRate};

use super::{Piece, Recorder, Room, Tape, TapeError};
use crate::text::{counted, shown};

/// Recorder of one call's sound. Dropping it ends the recording.
pub struct SoundRecorder {
    recorder: Arc<Recorder>,
}

impl SoundRecorder {
    pub(super) fn new(recorder: Recorder) -> SoundRecorder {
        SoundRecorder {
            recorder: Arc::new(recorder),
        }
    }

    /// Records a frame. If the disk is far behind, the frame is dropped and counted.
    pub fn add(&self, direction: Direction, audio: Audio<'_>, at: Instant) {
        add(&self.recorder, direction, audio, at);
    }

    /// Returns an audio hook for the call.
    pub fn hook(&self) -> impl FnMut(Direction, Audio<'_>, Instant) + Send + 'static {
        let recorder = Arc::clone(&self.recorder);
        move |direction, audio, at| add(&recorder, direction, audio, at)
    }
}

impl Drop for SoundRecorder {
    fn drop(&mut self) {
        self.recorder.end();
    }
}

fn add(recorder: &Recorder, direction: Direction, audio: Audio<'_>, at: Instant) {
    if !recorder.has_room() {
        return recorder.drop_piece(1);
    }
    recorder.add(Piece::Sound(Sound {
        direction,
        rate: audio.rate(),
        bytes: audio.bytes().to_vec(),
        at,
    }));
}

pub(super) struct Sound {
    direction: Direction,
    rate: SampleRate,
    pub(super) bytes: Vec<u8>,
    at: Instant,
}

/// How long sound is held until the recording's rate is chosen.
const UNTIL_RATE_IS_CHOSEN: Duration = Duration::from_millis(500);

/// Limit of the held bytes, so that a flood on one call leaves the others their share. It is three times the audio that both sides
/// send in that time at the highest rate.
const MOST_HELD: usize = 1 << 20;

/// Sound recording whose file may not exist yet.
#[expect(
    clippy::large_enum_variant,
    reason = "a tape is always in a box, and starts to run within a second"
)]
pub(super) enum SoundTape {
    /// The file does not exist yet. It gets the higher rate of the two sides, which is known once both have sent audio.
    Held {
        folder: PathBuf,
        name: String,
        started: Instant,
        sounds: Vec<(Sound, Room)>,
        /// Bytes of the sounds.
        held_len: usize,
    },
    Running {
        recording: Recording<File>,
        path: PathBuf,
    },
}

impl SoundTape {
    pub(super) fn held(folder: PathBuf, name: String, started: Instant) -> SoundTape {
        SoundTape::Held {
            folder,
            name,
            started,
            sounds: Vec::new(),
            held_len: 0,
        }
    }

    pub(super) fn running(recording: Recording<File>, path: PathBuf) -> SoundTape {
        SoundTape::Running { recording, path }
    }

    /// Creates the file, unless it exists, and writes the held sound.
    fn create(&mut self) -> Result<(), TapeError> {
        let SoundTape::Held {
            folder,
            name,
            started,
            sounds,
            ..
        } = self
        else {
            return Ok(());
        };
        let rate = sounds.iter().map(|(sound, _)| sound.rate).max();
        let rate = rate.unwrap_or(SampleRate::Hz8000);
        let (mut recording, path) = Recording::create_numbered(&*folder, name, rate, *started)
            .map_err(|error| TapeError::new(&folder.join(format!("{name}.wav")), error))?;
        for (sound, _) in sounds {
            put(&mut recording, sound).map_err(|error| TapeError::new(&path, error))?;
        }
        *self = SoundTape::Running { recording, path };
        Ok(())
    }
}

impl Tape for SoundTape {
    fn add(&mut self, piece: Piece, room: Room) -> Result<(), TapeError> {
        let Piece::Sound(sound) = piece else {
            return Ok(());
        };
        match self {
            SoundTape::Held {
                sounds, held_len, ..
            } => {
                *held_len += sound.bytes.len();
                sounds.push((sound, room));
                match *held_len > MOST_HELD {
                    true => self.create(),
                    false => Ok(()),
                }
            }
            SoundTape::Running { recording, path } => {
                put(recording, &sound).map_err(|error| TapeError::new(path, error))
            }
        }
    }

    fn look(&mut self, now: Instant) -> Result<(), TapeError> {
        match self {
            SoundTape::Held { started, .. }
                if now.saturating_duration_since(*started) >= UNTIL_RATE_IS_CHOSEN =>
            {
                self.create()
            }
            SoundTape::Held { .. } => Ok(()),
            SoundTape::Running { recording, path } => recording
                .tick(now)
                .map_err(|error| TapeError::new(path, error)),
        }
    }

    fn finish(
        mut self: Box<Self>,
        at: Instant,
        dropped: usize,
    ) -> Result<Option<String>, TapeError> {
        self.create()?;
        let SoundTape::Running { recording, path } = *self else {
            return Ok(None);
        };
        let too_fast = usize::try_from(recording.dropped_frames()).unwrap_or(usize::MAX);
        recording
            .finish(at)
            .map_err(|error| TapeError::new(&path, error))?;
        let why = match (dropped, too_fast) {
            (0, 0) => return Ok(None),
            (0, _) => "they came seconds ahead of their time",
            _ => "the disk is too slow",
        };
        let frames = counted(dropped.saturating_add(too_fast), "frame");
        Ok(Some(format!("{} lacks {frames}: {why}", shown(&path))))
    }
}

fn put(recording: &mut Recording<File>, sound: &Sound) -> Result<(), RecordingError> {
    let Ok(audio) = Audio::new(sound.rate, &sound.bytes) else {
        return Ok(());
    };
    match sound.direction {
        Direction::Received => recording.received(audio, sound.at),
        _ => recording.sent(audio, sound.at),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn piece(len: usize, started: Instant) -> Piece {
        Piece::Sound(Sound {
            direction: Direction::Received,
            rate: SampleRate::Hz8000,
            bytes: vec![7; len],
            at: started,
        })
    }

    #[test]
    fn held_sound_counts_until_it_is_written() {
        let folder = std::env::temp_dir();
        let name = format!("audiosocket-held-{}", std::process::id());
        let (started, queued) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
        let mut tape = SoundTape::held(folder.clone(), name.clone(), started);
        let add = |tape: &mut SoundTape, len| {
            let piece = piece(len, started);
            let room = Room::new(piece.len(), &queued);
            assert!(tape.add(piece, room).is_ok());
            queued.load(Ordering::Relaxed)
        };
        let one = add(&mut tape, 320);
        assert!(one >= 320, "{one}");
        assert_eq!(add(&mut tape, 320), 2 * one);
        // A flood is not held.
        let mut most = 0;
        for _ in 0..1000 {
            most = most.max(add(&mut tape, 64_000));
        }
        assert!(most <= 2 * MOST_HELD, "{most}");
        assert_eq!(add(&mut tape, 320), 0);
        drop(tape);
        fs::remove_file(folder.join(format!("{name}.wav"))).unwrap();

        let mut tape = SoundTape::held(folder.clone(), name.clone(), started);
        assert_eq!(add(&mut tape, 320), one);
        assert!(tape.look(started + UNTIL_RATE_IS_CHOSEN).is_ok());
        assert_eq!(queued.load(Ordering::Relaxed), 0);
        drop(tape);
        fs::remove_file(folder.join(format!("{name}.wav"))).unwrap();
    }
}
