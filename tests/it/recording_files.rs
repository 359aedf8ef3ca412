//! The file of a recording is whole at any time, whatever the disk does, and overwrites no other file.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Cursor, ErrorKind, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::script::{
    at_8000, by_the_rules, frame, last, milliseconds, script, sides, tell,
};
use audiosocket::wav::{Recording, RecordingError};
use audiosocket::wire::SampleRate;
use proptest::prelude::*;

/// Records every byte written, in order, and the number of writes and seeks.
#[derive(Default)]
struct Journal {
    file: Cursor<Vec<u8>>,
    bytes: Vec<(usize, u8)>,
    writes: usize,
    seeks: usize,
}

impl Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let place = self.file.position() as usize;
        self.writes += 1;
        self.bytes.extend((place..).zip(bytes.iter().copied()));
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Journal {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.seeks += 1;
        self.file.seek(place)
    }
}

/// A disk that is full after the given number of bytes and accepts a few bytes at a time.
struct SmallDisk {
    file: Cursor<Vec<u8>>,
    room: usize,
}

impl Write for SmallDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(self.room).min(1000);
        if len == 0 {
            return Err(ErrorKind::StorageFull.into());
        }
        self.room -= len;
        self.file.write(&bytes[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for SmallDisk {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.file.seek(place)
    }
}

proptest! {
    // Each case checks a hundred thousand bytes, one by one.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn file_is_whole_after_every_byte_written(script in script()) {
        let mut journal = Journal::default();
        let started = Instant::now();
        let mut recording = Recording::new(&mut journal, SampleRate::Hz8000, started).unwrap();
        for told in &script {
            tell(&mut recording, started, told).unwrap();
        }
        drop(recording);
        let whole = journal.file.into_inner();
        prop_assert!(sides(&whole, 8000).is_some());
        let mut file = vec![0; 44];
        for (count, (place, byte)) in journal.bytes.into_iter().enumerate() {
            if place == file.len() {
                file.push(byte);
            } else {
                prop_assert!(place < 44, "no sample is written twice");
                file[place] = byte;
            }
            // A player needs only the header. The samples after it are not written again.
            let number = |place: usize| u32::from_le_bytes(file[place..place + 4].try_into().unwrap()) as usize;
            let is_whole = number(40) % 4 == 0 && 44 + number(40) <= file.len() && number(4) + 8 <= file.len();
            prop_assert!(count < 43 || (is_whole && file[8..40] == whole[8..40]), "after {count} bytes");
        }
        prop_assert!(file == whole);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn full_disk_is_reported_once_and_file_stays_whole(script in script(), room in 0..100_000_usize) {
        let started = Instant::now();
        let end = last(&script);
        let (left, right) = by_the_rules(&script, end);
        let mut disk = SmallDisk { file: Cursor::new(Vec::new()), room };
        let mut recording = match Recording::new(&mut disk, SampleRate::Hz8000, started) {
            Ok(recording) => recording,
            Err(_) => {
                prop_assert!(room < 44);
                return Ok(());
            }
        };
        let mut failed = 0;
        for told in &script {
            match tell(&mut recording, started, told) {
                Ok(()) => prop_assert_eq!(failed, 0),
                Err(RecordingError::Io(error)) => {
                    prop_assert_eq!(error.kind(), ErrorKind::StorageFull);
                    failed += 1;
                }
                Err(error) => prop_assert!(failed == 1 && matches!(error, RecordingError::Over)),
            }
        }
        prop_assert!(failed <= 1);
        let finished = recording.finish(started + Duration::from_micros(end));
        prop_assert!(failed == 0 || matches!(finished, Err(RecordingError::Over)));
        let written = sides(&disk.file.into_inner(), 8000);
        let (heard, said) = written.expect("a whole file");
        prop_assert!(left.starts_with(&heard) && right.starts_with(&said));
        prop_assert!(finished.is_err() || heard.len() == left.len());
    }
}

#[test]
fn file_is_updated_four_times_a_second() {
    let started = Instant::now();
    for seconds in [10, 20] {
        let mut journal = Journal::default();
        let mut recording = Recording::new(&mut journal, SampleRate::Hz8000, started).unwrap();
        for count in 0..seconds * 50 {
            let now = started + milliseconds(20 * count);
            recording.received(at_8000(&frame(1)), now).unwrap();
            recording.sent(at_8000(&frame(2)), now).unwrap();
        }
        // A killed program drops nothing either.
        std::mem::forget(recording);
        // The first 0.75 s have no update.
        let updates = seconds as usize * 4 - 3;
        let asked = (journal.writes, journal.seeks);
        assert_eq!(asked, (1 + 2 * updates, 1 + 2 * updates));
        let (left, right) = sides(journal.file.get_ref(), 8000).unwrap();
        assert_eq!((left.len(), right.len()), (updates * 2000, updates * 2000));
        assert!(left.iter().all(|sample| *sample == 1) && right.iter().all(|sample| *sample == 2));
    }
}

#[test]
fn recordings_at_once_overwrite_no_file() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("numbered");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("call-3.wav"), "here first").unwrap();
    let started = Instant::now();
    let record = || {
        let (mut recording, path) =
            Recording::create_numbered(&folder, "call", SampleRate::Hz8000, started).unwrap();
        recording.received(at_8000(&frame(7)), started).unwrap();
        recording.finish(started).unwrap();
        path
    };
    let mut paths = HashSet::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| [record(), record()]))
            .collect();
        for thread in threads {
            paths.extend(thread.join().unwrap());
        }
    });
    let names = (1..=17)
        .filter(|number| *number != 3)
        .map(|number| match number {
            1 => folder.join("call.wav"),
            _ => folder.join(format!("call-{number}.wav")),
        });
    assert_eq!(paths, names.collect());
    assert_eq!(fs::read(folder.join("call-3.wav")).unwrap(), b"here first");
    for path in paths {
        assert_eq!(fs::read(path).unwrap().len(), 44 + 640);
    }
    let error = Recording::create_new(folder.join("call.wav"), SampleRate::Hz8000, started);
    let Err(RecordingError::Io(error)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
}

#[test]
fn name_does_not_lead_out_of_the_folder() {
    for name in ["", ".", "..", "../call", "a/b", "/tmp/call", "call/"] {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let made = Recording::create_numbered(folder, name, SampleRate::Hz8000, Instant::now());
        let Err(RecordingError::Io(error)) = made else {
            panic!("{name}: {made:?}");
        };
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
    }
}

/// Windows would open a device, or a part of a file that no other program shows.
#[cfg(windows)]
#[test]
fn devices_and_names_with_colons_are_refused() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("odd-names");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for name in ["NUL", "ab:c", "ab:c.wav", "ab::$DATA"] {
        let made = [
            Recording::create_new(folder.join(name), SampleRate::Hz8000, Instant::now()),
            Recording::create_numbered(&folder, name, SampleRate::Hz8000, Instant::now())
                .map(|it| it.0),
        ];
        for made in made {
            let Err(RecordingError::Io(error)) = made else {
                panic!("{name}: {made:?}");
            };
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
        }
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}
