//! Recordings of calls: what is in the file, and that no disk delays or ends a call.

use std::fs;
use std::io::{self, Cursor, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use audiosocket::call::{
    Call, CallOptions, CallRecording, CallRecordingErrorReason, Direction, Event, RecordingTarget,
    RecordingWriter,
};
use audiosocket::server::Server;
use audiosocket::wav::RecordingError;
use audiosocket::wire::{Audio, SampleRate};
use proptest::prelude::*;

use crate::common::script::{
    Told, at_8000, by_the_rules, bytes, frame, milliseconds, script, sides,
};
use crate::common::served::{PATIENCE, Served, eventually, uuid};

/// A disk in memory. Clones are the same disk.
#[derive(Clone)]
struct Disk {
    file: Arc<Mutex<Cursor<Vec<u8>>>>,
    /// The number of bytes that can still be written, overwritten ones included.
    room: Arc<AtomicUsize>,
    is_stopped: Arc<(Mutex<bool>, Condvar)>,
}

impl Disk {
    fn new() -> Disk {
        Disk::with_room(usize::MAX)
    }

    fn with_room(room: usize) -> Disk {
        Disk {
            file: Arc::default(),
            room: Arc::new(AtomicUsize::new(room)),
            is_stopped: Arc::default(),
        }
    }

    /// Lets writes wait from now on.
    fn stop(&self) {
        *self.is_stopped.0.lock().unwrap() = true;
    }

    fn go_on(&self) {
        *self.is_stopped.0.lock().unwrap() = false;
        self.is_stopped.1.notify_all();
    }

    fn target(&self, name: &str) -> RecordingTarget {
        RecordingTarget::sink(name, self.clone())
    }

    fn len(&self) -> usize {
        self.file.lock().unwrap().get_ref().len()
    }

    /// Both sides of the whole file.
    #[track_caller]
    fn sides(&self, rate: u32) -> (Vec<i16>, Vec<i16>) {
        sides(self.file.lock().unwrap().get_ref(), rate).expect("a whole file")
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (is_stopped, changed) = &*self.is_stopped;
        let stopped = is_stopped.lock().unwrap();
        let (stopped, _) = changed
            .wait_timeout_while(stopped, PATIENCE, |stopped| *stopped)
            .unwrap();
        assert!(!*stopped, "a disk that nobody waits for goes on");
        let room = self.room.load(Ordering::Relaxed);
        let len = bytes.len().min(room);
        if len == 0 {
            return Err(ErrorKind::StorageFull.into());
        }
        self.room.store(room - len, Ordering::Relaxed);
        self.file.lock().unwrap().write(&bytes[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Disk {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.file.lock().unwrap().seek(place)
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Samples that are not zero and differ from those near them.
fn sound(samples: usize) -> Vec<i16> {
    (1..=30_000).cycle().take(samples).collect()
}

fn without_silence(samples: &[i16]) -> Vec<i16> {
    samples.iter().copied().filter(|it| *it != 0).collect()
}

/// 50 frames at 8 kHz.
const SECOND: usize = 8000;

fn quiet() -> CallOptions {
    CallOptions::default()
        .initial_silence(false)
        .keep_alive(None)
}

/// Makes a call whose caller plays a second of sound, and returns the sound that the caller receives.
fn call(handler: impl Fn(&mut Call) + Send + Sync + 'static) -> Vec<i16> {
    let served = Served::start(Server::builder().call_options(quiet()), move |call| {
        handler(call);
        Ok(())
    });
    let mut asterisk = served.simulate(uuid(1));
    for samples in sound(SECOND).chunks(160) {
        asterisk
            .caller()
            .send_frame(at_8000(&bytes(samples)))
            .unwrap();
    }
    let mut received = Vec::new();
    while let Some(event) = asterisk.receive() {
        received.extend(event.audio().into_iter().flat_map(|it| it.samples()));
    }
    asterisk.hang_up();
    assert_eq!(served.stop().incidents, [""; 0], "the handler succeeded");
    without_silence(&received)
}

/// Receives the caller's second and plays another one.
fn receive_and_play(call: &mut Call, samples: &[i16]) {
    call.play_samples(samples).unwrap();
    let played = call.mark();
    let (mut frames, mut is_played) = (0, false);
    while frames < 50 || !is_played {
        match call.receive().expect("a call that continues") {
            Event::MarkReached(mark) => is_played = mark == played,
            event => frames += usize::from(event.audio().is_some()),
        }
    }
}

#[test]
fn record_writes_both_sides_and_leaves_the_hook() {
    let folder = folder("record-both");
    let path = folder.join("call.wav");
    let (to, hooked) = (path.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&hooked);
    let played: Vec<i16> = sound(SECOND).iter().map(|it| -it).collect();
    let plays = played.clone();
    let received = call(move |call| {
        let hooked = Arc::clone(&counted);
        call.set_audio_hook(move |_, audio, _| {
            hooked.fetch_add(audio.samples().len(), Ordering::Relaxed);
        });
        let disk = Disk::new();
        let other = call.record(disk.target("other")).unwrap();
        let recording = call.record(to.as_path()).unwrap();
        assert_eq!(recording.path(), to);
        assert!(to.exists(), "before any audio");
        receive_and_play(call, &plays);
        assert_eq!(recording.finish().unwrap(), to);
        other.finish().unwrap();
        let (left, right) = disk.sides(8000);
        assert_eq!(without_silence(&left), sound(SECOND));
        assert_eq!(without_silence(&right), plays);
    });
    assert_eq!(received, played);
    assert_eq!(hooked.load(Ordering::Relaxed), 2 * SECOND);
    let (left, right) = sides(&fs::read(path).unwrap(), 8000).unwrap();
    assert_eq!(without_silence(&left), sound(SECOND));
    assert_eq!(without_silence(&right), played);
}

#[test]
fn a_disk_that_stops_delays_and_loses_no_frame() {
    let disk = Disk::new();
    let recorded = disk.clone();
    let received = call(move |call| {
        disk.stop();
        let recording = call.record(disk.target("stopped")).unwrap();
        receive_and_play(call, &sound(SECOND));
        // All of the call has passed, while the disk has not taken a byte.
        assert_eq!(call.stats().lateness.count(), 50);
        assert_eq!(disk.len(), 0);
        disk.go_on();
        recording.finish().unwrap();
    });
    assert_eq!(received, sound(SECOND));
    let (left, right) = recorded.sides(8000);
    assert_eq!(without_silence(&left), sound(SECOND));
    assert_eq!(without_silence(&right), sound(SECOND));
}

#[test]
fn a_dropped_recording_does_not_wait_for_the_disk() {
    let disk = Disk::new();
    let recorded = disk.clone();
    call(move |call| {
        disk.stop();
        let recording = call.record(disk.target("dropped")).unwrap();
        receive_and_play(call, &[1; SECOND]);
        drop(recording);
        assert_eq!(disk.len(), 0);
        disk.go_on();
    });
    eventually("the file", || {
        (recorded.len() >= 44 + 4 * SECOND).then_some(())
    });
    eventually("the header", || {
        let (left, _) = recorded.sides(8000);
        (without_silence(&left) == sound(SECOND)).then_some(())
    });
}

#[test]
fn a_disk_without_room_for_a_header_is_reported() {
    let writer = RecordingWriter::start(|_| {}).unwrap();
    let target = Disk::with_room(20).target("small");
    let error = writer
        .record(target, Instant::now())
        .unwrap()
        .finish()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("recording \"small\" stopped: cannot write: "),
        "{error}"
    );
}

#[test]
fn a_file_ends_with_its_recording_on_a_slow_disk() {
    let writer = RecordingWriter::start(|error| panic!("{error}")).unwrap();
    let (slow, disk, started) = (Disk::new(), Disk::new(), Instant::now());
    slow.stop();
    let _holds_up = writer.record(slow.target("slow"), started).unwrap();
    let recording = writer.record(disk.target("ended"), started).unwrap();
    recording.add(Direction::Sent, at_8000(&frame(3)), started);
    drop(recording);
    let ended = started.elapsed();
    std::thread::sleep(milliseconds(1500));
    slow.go_on();
    writer.finish();
    let (_, right) = disk.sides(8000);
    assert_eq!(right[..160], [3; 160]);
    let longest = (ended.as_micros() as usize * 8 / 1000).max(160);
    assert!(
        right.len() <= longest,
        "{} samples, {longest} at most",
        right.len()
    );
}

#[test]
fn a_full_disk_ends_the_recording_and_not_the_call() {
    let received = call(|call| {
        let errors = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&errors);
        let writer = RecordingWriter::start(move |error| {
            noted.lock().unwrap().push(error.to_string());
        })
        .unwrap();
        let disk = Disk::with_room(44 + 400);
        let recording = call.record_with(&writer, disk.target("full")).unwrap();
        receive_and_play(call, &sound(SECOND));
        let error = recording.finish().unwrap_err();
        let CallRecordingErrorReason::Write(RecordingError::Io(reason)) = error.reason() else {
            panic!("{error}");
        };
        assert_eq!(reason.kind(), ErrorKind::StorageFull);
        assert_eq!(error.path(), Path::new("full"));
        writer.finish();
        assert_eq!(*errors.lock().unwrap(), [error.to_string()]);
    });
    assert_eq!(received, sound(SECOND));
}

#[test]
fn record_reports_what_it_cannot_create() {
    let folder = folder("record-refused");
    let existing = folder.join("existing.wav");
    fs::write(&existing, "precious").unwrap();
    let writer = RecordingWriter::start(|error| panic!("{error}")).unwrap();
    let message = |target: RecordingTarget| {
        let error = writer.record(target, Instant::now()).unwrap_err();
        assert!(matches!(
            error.reason(),
            CallRecordingErrorReason::Create(_)
        ));
        let text = error.to_string();
        assert_eq!(text.lines().count(), 1, "{text}");
        text.replace(folder.to_str().unwrap(), "FOLDER")
            .replace('\\', "/")
    };
    assert!(message(existing.clone().into()).starts_with(
        "cannot record in \"FOLDER/existing.wav\": choose a name that does not exist ("
    ));
    assert_eq!(fs::read(&existing).unwrap(), b"precious");
    assert!(
        message(RecordingTarget::numbered(folder.join("no"), "7"))
            .starts_with("cannot record in \"FOLDER/no/7.wav\": create its folder first (")
    );
    assert!(message(RecordingTarget::numbered(&folder, "../7")).contains("invalid recording name"));
    writer.finish();
}

#[test]
fn numbered_recordings_overwrite_none() {
    let folder = folder("record-numbered");
    let writer = RecordingWriter::start(|error| panic!("{error}")).unwrap();
    let paths: Vec<PathBuf> = (0..3)
        .map(|_| {
            let target = RecordingTarget::numbered(&folder, "7");
            let recording = writer.record(target, Instant::now()).unwrap();
            recording.finish().unwrap()
        })
        .collect();
    assert_eq!(
        paths,
        ["7.wav", "7-2.wav", "7-3.wav"].map(|it| folder.join(it))
    );
    for path in paths {
        // A recording without audio is a whole file without audio, or with a moment of silence.
        let (left, right) = sides(&fs::read(path).unwrap(), 8000).unwrap();
        assert_eq!(left.len(), right.len());
        assert_eq!(without_silence(&left), []);
    }
}

#[test]
fn the_end_of_the_call_ends_its_recordings() {
    let disk = Disk::new();
    let recorded = disk.clone();
    let late = Disk::new();
    call(move |call| {
        let recording = call.record(disk.target("ended")).unwrap();
        receive_and_play(call, &[1; 160]);
        call.hang_up();
        while call.receive().is_some() {}
        // The file is complete although the handle is still there.
        eventually("the header", || (disk.len() >= 44).then_some(()));
        eventually("the file", || {
            let (left, _) = disk.sides(8000);
            (without_silence(&left) == sound(SECOND)).then_some(())
        });
        recording.add(Direction::Received, at_8000(&frame(-7)), Instant::now());
        recording.finish().unwrap();
        let after_the_end = call.record(late.target("late")).unwrap();
        after_the_end.add(Direction::Received, at_8000(&frame(-7)), Instant::now());
        after_the_end.finish().unwrap();
        assert_eq!(without_silence(&late.sides(8000).0), []);
    });
    assert_eq!(without_silence(&recorded.sides(8000).0), sound(SECOND));
}

/// Records on a disk, with a clock that stands until the recording ends.
fn recorded(record: impl FnOnce(&CallRecording, Instant)) -> Disk {
    let disk = Disk::new();
    let writer = RecordingWriter::start(|error| panic!("{error}")).unwrap();
    // In the future, so that the true time of the thread is never later than the times in the test.
    let started = Instant::now() + Duration::from_secs(3600);
    let recording = writer.record(disk.target("disk"), started).unwrap();
    record(&recording, started);
    recording.finish().unwrap();
    disk
}

#[test]
fn a_pause_is_silence_of_its_length() {
    let disk = recorded(|recording, started| {
        for number in 0..30_u8 {
            match number {
                10 => recording.pause(),
                20 => recording.resume(),
                _ => {}
            }
            let at = started + milliseconds(u64::from(number) * 20);
            let sample = i16::from(number) + 1;
            recording.add(Direction::Received, at_8000(&frame(sample)), at);
            recording.add(Direction::Sent, at_8000(&frame(-sample)), at);
        }
    });
    let (left, right) = disk.sides(8000);
    let expected: Vec<i16> = (1..=30)
        .map(|sample| {
            if (11..=20).contains(&sample) {
                0
            } else {
                sample
            }
        })
        .flat_map(|sample| [sample; 160])
        .collect();
    assert_eq!(left, expected);
    assert_eq!(right, expected.iter().map(|it| -it).collect::<Vec<_>>());
}

#[test]
fn the_file_has_the_higher_rate_of_the_two_sides() {
    for (received, sent) in [
        (SampleRate::Hz8000, SampleRate::Hz48000),
        (SampleRate::Hz16000, SampleRate::Hz8000),
    ] {
        let constant = |rate: SampleRate| bytes(&vec![1000; rate.samples_in(20)]);
        let disk = recorded(|recording, started| {
            for number in 0..50 {
                let at = started + milliseconds(number * 20);
                let audio = constant(received);
                recording.add(
                    Direction::Received,
                    Audio::new(received, &audio).unwrap(),
                    at,
                );
                let audio = constant(sent);
                recording.add(Direction::Sent, Audio::new(sent, &audio).unwrap(), at);
            }
        });
        let rate = received.max(sent);
        let (left, right) = disk.sides(rate.hz());
        assert_eq!(left.len(), rate.hz() as usize);
        // The higher side as it was, the lower one at the same level away from its ends.
        let (whole, resampled) = if received > sent {
            (left, right)
        } else {
            (right, left)
        };
        assert!(whole.iter().all(|sample| *sample == 1000));
        let middle = &resampled[resampled.len() / 4..resampled.len() / 2];
        assert!(middle.iter().all(|sample| sample.abs_diff(1000) < 10));
    }
}

#[test]
fn frames_that_find_no_room_are_reported() {
    let disk = Disk::new();
    let writer = RecordingWriter::start(|_| {}).unwrap();
    let started = Instant::now() + Duration::from_secs(3600);
    disk.stop();
    let recording = writer.record(disk.target("slow"), started).unwrap();
    const FRAMES: u64 = 40_000;
    for number in 0..FRAMES {
        let at = started + milliseconds(number * 20);
        recording.add(Direction::Received, at_8000(&frame(1)), at);
    }
    assert_eq!(disk.len(), 0);
    disk.go_on();
    let error = recording.finish().unwrap_err();
    let CallRecordingErrorReason::SlowDisk { frames, .. } = error.reason() else {
        panic!("{error}");
    };
    assert!(error.to_string().ends_with("frames: the disk is too slow"));
    let (left, _) = disk.sides(8000);
    let recorded = without_silence(&left).len() as u64 / 160;
    // At most 4 MiB wait, beside the at most 4 MiB that are being written.
    assert!(
        *frames > 0 && recorded > 5_000 && recorded < 25_000,
        "{recorded}"
    );
    assert_eq!(recorded + frames, FRAMES);
}

#[test]
fn frames_far_ahead_of_the_clock_are_reported() {
    let disk = Disk::new();
    let writer = RecordingWriter::start(|_| {}).unwrap();
    let started = Instant::now() + Duration::from_secs(3600);
    let recording = writer.record(disk.target("flood"), started).unwrap();
    for _ in 0..600 {
        recording.add(Direction::Received, at_8000(&frame(1)), started);
    }
    let error = recording.finish().unwrap_err();
    assert!(
        matches!(
            error.reason(),
            CallRecordingErrorReason::AheadOfTime { frames: 99, .. }
        ),
        "{error}"
    );
}

#[test]
fn a_finished_writer_has_completed_every_file() {
    let writer = RecordingWriter::start(|error| panic!("{error}")).unwrap();
    let disks: Vec<Disk> = (0..20).map(|_| Disk::new()).collect();
    let started = Instant::now();
    let recordings: Vec<CallRecording> = (1_i16..)
        .zip(&disks)
        .map(|(number, disk)| {
            let recording = writer.record(disk.target("many"), started).unwrap();
            recording.add(Direction::Sent, at_8000(&frame(number)), started);
            recording
        })
        .collect();
    writer.finish();
    for (number, disk) in (1_i16..).zip(&disks) {
        assert_eq!(without_silence(&disk.sides(8000).1), [number; 160]);
    }
    for recording in recordings {
        recording.finish().unwrap();
    }
}

#[test]
fn recordings_continue_when_their_writer_is_dropped() {
    let writer = RecordingWriter::start(|error| panic!("{error}")).unwrap();
    let (disk, started) = (Disk::new(), Instant::now());
    let recording = writer.record(disk.target("orphan"), started).unwrap();
    drop(writer);
    recording.add(Direction::Sent, at_8000(&frame(3)), started);
    recording.finish().unwrap();
    assert_eq!(without_silence(&disk.sides(8000).1), [3; 160]);
}

/// A sink that panics on every write after the header.
struct Explosive(usize);

impl Write for Explosive {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += 1;
        assert!(self.0 < 2, "as this test wants it");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Explosive {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn a_sink_and_a_hook_that_panic_harm_no_recording() {
    let writer = RecordingWriter::start(|error| panic!("as this test wants it: {error}")).unwrap();
    let (disk, started) = (Disk::new(), Instant::now());
    let explosive = RecordingTarget::sink("explosive", Explosive(0));
    let explosive = writer.record(explosive, started).unwrap();
    let recording = writer.record(disk.target("healthy"), started).unwrap();
    explosive.add(Direction::Sent, at_8000(&frame(3)), started);
    let error = explosive.finish().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the sink of the recording panicked"),
        "{error}"
    );
    recording.add(Direction::Sent, at_8000(&frame(3)), started);
    recording.finish().unwrap();
    assert_eq!(without_silence(&disk.sides(8000).1), [3; 160]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_added_lies_where_the_rules_put_it(script in script()) {
        let script: Vec<Told> = script
            .into_iter()
            .filter(|told| !matches!(told, Told::Tick(_)))
            .collect();
        let disk = recorded(|recording, started| {
            for told in &script {
                let (direction, at, samples) = match told {
                    Told::Heard(at, samples) => (Direction::Received, at, samples),
                    Told::Said(at, samples) => (Direction::Sent, at, samples),
                    Told::Tick(_) => continue,
                };
                let at = started + Duration::from_micros(*at);
                recording.add(direction, at_8000(&bytes(samples)), at);
            }
        });
        prop_assert!(disk.sides(8000) == by_the_rules(&script, 0));
    }
}
