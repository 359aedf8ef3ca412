//! After a warm-up, reading and writing allocate nothing. The test's allocator counts.

#![cfg(feature = "std")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallOptions, Gather, GatherEnd, RecordingTarget, Transport};
use audiosocket::stream::{FrameReader, FrameWriter};
use audiosocket::wav::{Recording, Wav};
use audiosocket::wire::{Audio, Digit, Dtmf, Frame, Kind, Message, SampleRate, Uuid};

thread_local! {
    // Constant and without a destructor, so that its first use does not allocate either.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

fn count(len: usize) {
    ALLOCATIONS.with(|count| count.set(count.get() + 1));
    LARGEST.with(|largest| largest.set(largest.get().max(len)));
}

// SAFETY: every call goes to the system's allocator unchanged. Counting touches only the thread's own cells.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, len: usize) -> *mut u8 {
        count(len);
        unsafe { System.realloc(pointer, layout, len) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns the number of allocations of `work` in this thread.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

/// Returns the size of the largest allocation of `work` in this thread.
fn largest_allocation(work: impl FnOnce()) -> usize {
    LARGEST.set(0);
    work();
    LARGEST.get()
}

/// Returns the same bytes over and over, a few at a time, with occasional time-outs and interruptions.
struct Endless<'a> {
    bytes: &'a [u8],
    place: usize,
    reads: usize,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        match self.reads % 7 {
            3 => return Err(io::ErrorKind::Interrupted.into()),
            5 => return Err(io::ErrorKind::WouldBlock.into()),
            _ => {}
        }
        let rest = &self.bytes[self.place..];
        let len = rest.len().min(buffer.len()).min(1 + self.reads % 1500);
        buffer[..len].copy_from_slice(&rest[..len]);
        self.place = (self.place + len) % self.bytes.len();
        Ok(len)
    }
}

/// Accepts a few bytes at a time and keeps none.
struct Drain {
    taken: usize,
    writes: usize,
}

impl Write for Drain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        if self.writes % 5 == 2 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let len = bytes.len().min(1 + self.writes % 1500);
        self.taken += len;
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Drain {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Ok(0)
    }
}

fn digit() -> Digit {
    Digit::from_ascii(b'5').expect("a digit")
}

#[test]
fn allocation_counter_counts() {
    assert_eq!(allocations(|| ()), 0);
    let one = allocations(|| drop(black_box(Box::new(black_box(7_u8)))));
    assert_eq!(one, 1);
    let mut vector = black_box(vec![0_u8; 1]);
    assert_eq!(allocations(|| vector.reserve_exact(1 << 20)), 1);
    let largest = largest_allocation(|| drop((vec![0_u8; 10], black_box(vec![0_u8; 2000]))));
    assert_eq!(largest, 2000);
}

#[test]
fn reading_10000_frames_allocates_nothing() {
    let longest = vec![0; Frame::MAX_PAYLOAD_LEN];
    let mut writer = FrameWriter::new(Vec::new());
    for (kind, len) in [
        (Kind::SLIN, 320),
        (Kind::DTMF_DIGIT, 1),
        (Kind::HANGUP, 0),
        (Kind::SLIN192, 7680),
        (Kind::ERROR, 65_535),
    ] {
        let frame = Frame::new(kind, &longest[..len]).expect("a payload that fits");
        writer.write_frame(frame).expect("a vector accepts all");
    }
    let bytes = writer.into_inner();
    let source = Endless {
        bytes: &bytes,
        place: 0,
        reads: 0,
    };
    let mut reader = FrameReader::new(source);
    let mut read = |count: usize| {
        let mut frames = 0;
        while frames < count {
            match reader.read_frame() {
                Ok(Some(frame)) => {
                    let _ = black_box(frame.message());
                    frames += 1;
                }
                Ok(None) => panic!("the source is endless"),
                Err(error) => assert!(error.is_timeout(), "{error}"),
            }
        }
    };
    let warming = allocations(|| read(5));
    assert_eq!(warming, 1, "one growth, for the longest frame");
    assert_eq!(allocations(|| read(10_000)), 0);
}

#[test]
fn skipping_10000_frames_allocates_nothing() {
    // Some frames are longer than the first buffer, which must not grow for a frame that is skipped.
    let mut bytes = vec![0x10, 0x03, 0xe8];
    bytes.resize(1003, 0);
    bytes.extend([0x10, 0x13, 0x88]);
    bytes.resize(1003 + 5003, 0);
    let source = Endless {
        bytes: &bytes,
        place: 0,
        reads: 0,
    };
    let mut reader = FrameReader::with_max_payload_len(source, 640);
    let mut skipped = 0;
    let made = allocations(|| {
        while skipped < 10_000 {
            match reader.read_frame() {
                Ok(frame) => panic!("{frame:?}"),
                Err(error) if error.is_timeout() => {}
                Err(_) => skipped += 1,
            }
        }
    });
    assert_eq!(made, 0);
}

#[test]
fn writing_10000_frames_allocates_nothing() {
    let sound = [0; 7680];
    let audio = Audio::new(SampleRate::Hz192000, &sound).expect("whole samples");
    let messages = [
        Message::Uuid(Uuid::NIL),
        Message::Audio(audio),
        Message::Dtmf(Dtmf::Start(digit())),
        Message::Dtmf(Dtmf::Digit(digit())),
        Message::Hangup,
    ];
    let drain = Drain {
        taken: 0,
        writes: 0,
    };
    let mut writer = FrameWriter::new(drain);
    let mut write = |count: usize| {
        for message in messages.iter().cycle().take(count) {
            writer.write_message(message).expect("a drain accepts all");
        }
    };
    assert!(allocations(|| write(5)) > 0, "the buffer of the writer");
    assert_eq!(allocations(|| write(10_000)), 0);
    let round = 19 + 7683 + 9 + 4 + 3;
    assert_eq!(writer.get_ref().taken, round * (10_005 / 5));
}

#[test]
fn writing_1000_batches_allocates_nothing() {
    let sound = [0; 320];
    let audio = Audio::new(SampleRate::Hz8000, &sound).expect("whole samples");
    let mut writer = FrameWriter::new(Drain {
        taken: 0,
        writes: 0,
    });
    let mut write = |count: usize| {
        for _ in 0..count {
            let mut batch = writer.batch();
            for _ in 0..10 {
                batch.add_message(&Message::Audio(audio));
            }
            batch.write().expect("a drain accepts all");
        }
    };
    assert!(allocations(|| write(1)) > 0, "the buffer of the writer");
    assert_eq!(allocations(|| write(1000)), 0);
    assert_eq!(writer.get_ref().taken, 323 * 10 * 1001);
}

#[test]
fn parse_and_encode_allocate_nothing() {
    let mut bytes = [0; 323];
    let made = allocations(|| {
        let audio =
            Audio::from_samples(SampleRate::Hz8000, &[7; 160], &mut [0; 320]).map(|audio| {
                Message::Audio(audio)
                    .encode(&mut bytes)
                    .map(|bytes| bytes.len())
            });
        assert_eq!(audio, Ok(Ok(323)));
        let audiosocket::wire::Parsed::Complete { frame, .. } = Frame::parse(&bytes) else {
            panic!("a whole frame");
        };
        let Ok(Message::Audio(audio)) = frame.message() else {
            panic!("audio");
        };
        assert_eq!(audio.samples().rev().map(i64::from).sum::<i64>(), 7 * 160);
    });
    assert_eq!(made, 0);
}

/// A peer that sends its UUID and then audio forever, one frame per read, and accepts everything sent to it.
struct Talkative {
    next: Mutex<Vec<u8>>,
    frame: Vec<u8>,
}

impl Transport for Talkative {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut next = self.next.lock().unwrap();
        let len = next.len();
        buffer[..len].copy_from_slice(&next);
        next.clone_from(&self.frame);
        Ok(len)
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn set_recv_timeout(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn has_fine_timeouts(&self) -> bool {
        true
    }

    fn set_send_timeout(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn finish(&self) -> io::Result<()> {
        Ok(())
    }

    fn abort(&self) {}
}

fn talkative_call(options: CallOptions) -> Call<Talkative> {
    let encoded = |message: Message<'_>| {
        let mut buffer = [0; 323];
        message.encode(&mut buffer).unwrap().to_vec()
    };
    let frame = encoded(Message::Audio(
        Audio::new(SampleRate::Hz8000, &[7; 320]).unwrap(),
    ));
    let mut uuid = encoded(Message::Uuid(Uuid::NIL));
    // Makes room for a frame without an allocation.
    uuid.reserve_exact(frame.len());
    let peer = Talkative {
        next: Mutex::new(uuid),
        frame,
    };
    Call::accept(peer, options).unwrap()
}

#[test]
fn echo_of_10000_frames_allocates_nothing() {
    let mut call = talkative_call(CallOptions::default());
    let voice = call.voice();
    let mut echo = |frames: usize| {
        for _ in 0..frames {
            let audio = call.receive().and_then(|event| event.audio()).unwrap();
            voice.send_now(audio).unwrap();
        }
    };
    echo(1);
    assert_eq!(allocations(|| echo(10_000)), 0);
    // Dropped without a normal end, because this peer would never stop sending.
    assert_eq!(call.stats().frames_sent, 10_002);
}

#[test]
fn gather_allocates_nothing_per_frame() {
    let gather = |frames: usize| {
        let mut call = talkative_call(CallOptions::default());
        let voice = call.voice();
        let mut left = frames;
        let made = allocations(|| {
            let gathered = call.gather_with(Gather::new().with_tones(), |event| {
                assert!(event.audio().is_some());
                left -= 1;
                if left == 0 {
                    voice.hang_up();
                }
            });
            assert_eq!(gathered.unwrap().end, GatherEnd::CallEnded);
        });
        std::mem::forget(call);
        made
    };
    assert_eq!(gather(2000), gather(20));
}

#[test]
fn playback_in_pieces_allocates_nothing() {
    // Frames of 10 ms, so that a hundred of them take a second.
    let options = CallOptions::default().frame_duration(Duration::from_millis(10));
    let mut call = talkative_call(options);
    let voice = call.voice();
    let mut speak = |frames: usize| {
        let wanted = call.stats().frames_sent + frames;
        while call.stats().frames_sent < wanted {
            if voice.queued() < Duration::from_millis(20) {
                voice.play(&[7; 250]).unwrap();
            }
            call.receive().unwrap();
        }
    };
    speak(10);
    assert_eq!(allocations(|| speak(100)), 0);
    assert_eq!(call.stats().lateness.count(), 110);
}

#[test]
fn recording_10000_frames_a_side_allocates_nothing() {
    let (caller, server) = ([1; 320], [2; 640]);
    let caller = Audio::new(SampleRate::Hz8000, &caller).unwrap();
    let server = Audio::new(SampleRate::Hz16000, &server).unwrap();
    let drain = Drain {
        taken: 0,
        writes: 0,
    };
    let started = Instant::now();
    let mut recording = Recording::new(drain, SampleRate::Hz8000, started).unwrap();
    let mut now = started;
    let mut record = |frames: usize| {
        for _ in 0..frames {
            recording.received(caller, now).unwrap();
            recording.sent(server, now).unwrap();
            now += Duration::from_millis(20);
        }
    };
    record(100);
    assert_eq!(allocations(|| record(10_000)), 0);
}

#[test]
fn wav_allocates_for_actual_not_announced_size() {
    for audio_len in [100, 0x7fff_effe, 0xffff_ffff_u32] {
        let mut file =
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data"
                .to_vec();
        file.extend(audio_len.to_le_bytes());
        file.extend([7; 100]);
        let largest = largest_allocation(|| drop(black_box(Wav::read(&file[..]))));
        assert!((100..=200).contains(&largest), "{largest}");
    }
}

#[test]
fn a_recorded_call_echoes_without_an_allocation() {
    let mut call = talkative_call(CallOptions::default());
    let voice = call.voice();
    let echo = |call: &mut Call<Talkative>, frames: usize| {
        for _ in 0..frames {
            let audio = call.receive().and_then(|event| event.audio()).unwrap();
            voice.send_now(audio).unwrap();
        }
    };
    echo(&mut call, 1);
    let drain = Drain {
        taken: 0,
        writes: 0,
    };
    let recording = call.record(RecordingTarget::sink("drain", drain)).unwrap();
    // The queue has room for what arrives until the thread takes it: 37 frames of each side.
    assert_eq!(allocations(|| echo(&mut call, 37)), 0);
    // A peer that sends faster than real time fills the queue. It doubles up to 4 MiB, and again each time that the thread has
    // replaced it.
    let made = allocations(|| echo(&mut call, 10_000));
    assert!(made < 100, "{made} allocations for 20,000 frames");
    drop(recording);
}
