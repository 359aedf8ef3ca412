//! Models of the order of memory accesses, which processors may change.

use real_std::io;
use real_std::vec::Vec;

use crate::call::{CallOptions, End, Line, Transport, hang_up_all};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::thread;
use crate::time::Duration;
use crate::wire::Uuid;

/// Runs two threads that each write one place and then read the other's; returns whether both reads missed the writes.
///
/// The first thread notes an end and then checks whether the writer is locked. The second unlocks the writer and then checks for an
/// end. Without fences in between, both reads may miss, even on x86.
pub fn store_buffer(has_fences: bool) -> bool {
    let end = Arc::new(AtomicBool::new(false));
    let is_locked = Arc::new(AtomicBool::new(true));
    let hanging_up = {
        let (end, is_locked) = (Arc::clone(&end), Arc::clone(&is_locked));
        thread::spawn(move || {
            end.store(true, Ordering::Release);
            if has_fences {
                fence(Ordering::SeqCst);
            }
            is_locked.load(Ordering::Relaxed)
        })
    };
    is_locked.store(false, Ordering::Release);
    if has_fences {
        fence(Ordering::SeqCst);
    }
    let found_end = end.load(Ordering::Acquire);
    let found_locked = hanging_up.join().unwrap();
    !found_end && found_locked
}

/// The library's own lines: a thread sends a frame, and another hangs up.
pub fn hangup_meets_a_frame() -> bool {
    meets(|line| line.send_silence(), |line| line.hang_up())
}

/// A thread sends a frame, and another hangs up many calls.
pub fn hangup_of_all_meets_a_frame() -> bool {
    meets(
        |line| line.send_silence(),
        |line| hang_up_all(&[Arc::clone(line)]),
    )
}

/// A thread reads without waiting, and another hangs up.
pub fn hangup_meets_a_look() -> bool {
    meets(
        |line| {
            line.while_nobody_sends(thread::yield_now);
        },
        |line| line.hang_up(),
    )
}

/// A thread sends a frame, and finds that the call has lasted too long. Another hangs up.
pub fn hangup_meets_an_end() -> bool {
    meets(
        |line| line.note_end(End::TimedOut(crate::call::Timeout::Call)),
        |line| line.hang_up(),
    )
}

type Lines = Arc<Line<Kept>>;

/// Returns whether the last frame was not a hangup, or not the only one.
fn meets(one: fn(&Lines), other: fn(&Lines)) -> bool {
    let transport = Arc::new(Kept::default());
    let uuid = Uuid::from_bytes([7; 16]);
    let line = Line::new(Arc::clone(&transport), uuid, None, CallOptions::default());
    let running = {
        let line = Arc::clone(&line);
        thread::spawn(move || one(&line))
    };
    other(&line);
    running.join().unwrap();
    let sent = transport.sent.lock().unwrap();
    let hangups = sent.iter().filter(|len| **len == 3).count();
    hangups != 1 || sent.last() != Some(&3)
}

/// A transport that orders nothing: it keeps the lengths of frames behind a lock that loom does not see.
#[derive(Default)]
struct Kept {
    sent: real_std::sync::Mutex<Vec<usize>>,
}

impl Transport for Kept {
    fn recv(&self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.sent.lock().unwrap().push(bytes.len());
        Ok(bytes.len())
    }

    fn set_recv_timeout(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn set_send_timeout(&self, _: Duration) -> io::Result<()> {
        Ok(())
    }

    fn finish(&self) -> io::Result<()> {
        Ok(())
    }

    fn abort(&self) {}
}
