//! Hanging up from several threads, while other threads send, read, wait and play.

use real_std::io;
use real_std::vec::Vec;

use super::called::{Sent, audio, call, sound};
use crate::call::{CallOptions, End, Line, Transport, hang_up_all};
use crate::net::TcpStream;
use crate::sync::{Arc, Condvar, Mutex};
use crate::thread;
use crate::time::Duration;
use crate::wire::Uuid;

/// The hangup is sent once, after the frame that another thread is sending.
pub(super) fn hangup_meets_frames() {
    let (call, peer) = call();
    let voice = call.voice();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=2 {
                let _ = voice.send_now(audio(&sound(number..=number)));
            }
        });
        scope.spawn(|| voice.hang_up());
    });
    Sent::to(&peer).assert_hung_up_once();
}

/// Several threads hang up, in each way, and one hangup is sent, although the transport would carry more.
pub(super) fn hangups_meet() {
    let (line, transport) = Gate::line();
    transport.open();
    thread::scope(|scope| {
        scope.spawn(|| line.send_silence());
        scope.spawn(|| line.hang_up());
        scope.spawn(|| hang_up_all(&[Arc::clone(&line)]));
    });
    transport.assert_hung_up_once();
}

/// If a connection has no room, one thread waits for room and another hangs up, the direction is closed.
pub(super) fn hangup_meets_a_full_peer() {
    let (ours, peer) = TcpStream::pair(0);
    ours.set_send_timeout(Duration::from_secs(2)).unwrap();
    let uuid = Uuid::from_bytes([7; 16]);
    let line = Line::new(Arc::new(ours), uuid, None, CallOptions::default());
    thread::scope(|scope| {
        scope.spawn(|| line.send_silence());
        hang_up_all(&[Arc::clone(&line)]);
    });
    let sent = Sent::to(&peer);
    assert!(sent.is_finished, "the direction stays open");
    assert!(sent.frames.is_empty());
    let end = line.end();
    assert!(
        matches!(end, Some(End::LocalHangup | End::TimedOut(_))),
        "{end:?}"
    );
}

/// A thread that reads without waiting holds the writer too. It sends the hangup that another thread could not send meanwhile.
pub(super) fn hangup_meets_a_look() {
    let (call, peer) = call();
    let voice = call.voice();
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2 {
                voice.line().while_nobody_sends(thread::yield_now);
            }
        });
        scope.spawn(|| voice.hang_up());
    });
    Sent::to(&peer).assert_hung_up_once();
}

/// Hanging up returns even if another thread is stuck in a frame. That thread sends the hangup afterwards.
pub(super) fn hangup_waits_for_no_sender() {
    let (line, transport) = Gate::line();
    thread::scope(|scope| {
        scope.spawn(|| line.send_silence());
        line.hang_up();
        hang_up_all(&[Arc::clone(&line)]);
        transport.open();
    });
    transport.assert_hung_up_once();
}

/// A transport with room for a hangup, and for audio only when it is open.
///
/// It carries bytes even after its end, as a transport with a buffer may.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    changed: Condvar,
    sent: Mutex<Vec<u8>>,
}

impl Gate {
    fn line() -> (Arc<Line<Gate>>, Arc<Gate>) {
        let gate = Arc::new(Gate::default());
        let uuid = Uuid::from_bytes([7; 16]);
        let line = Line::new(Arc::clone(&gate), uuid, None, CallOptions::default());
        (line, gate)
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.changed.notify_all();
    }

    /// Checks that at most one frame of silence was sent, and then one hangup.
    fn assert_hung_up_once(&self) {
        let sent = self.sent.lock().unwrap();
        let hangups = sent.strip_prefix(&[0x10, 1, 64]).map(|it| &it[320..]);
        assert_eq!(hangups.unwrap_or(&sent), [0, 0, 0]);
    }
}

impl Transport for Gate {
    fn recv(&self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        if bytes != [0, 0, 0] {
            let is_open = self.is_open.lock().unwrap();
            drop(self.changed.wait_while(is_open, |is_open| !*is_open));
        }
        self.sent.lock().unwrap().extend(bytes);
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

/// The first end is the call's end, for every thread.
pub(super) fn ends_meet() {
    let (call, _peer) = call();
    let voice = call.voice();
    let line = voice.line();
    let ends = [End::Closed, End::LocalHangup, End::RemoteHangup];
    let found = thread::scope(|scope| {
        let noting = ends.map(|end| {
            scope.spawn(move || {
                line.note_end(end);
                line.end().unwrap()
            })
        });
        noting.map(|it| it.join().unwrap())
    });
    assert!(ends.contains(&found[0]));
    assert!(found.iter().all(|end| *end == found[0]), "{found:?}");
    assert_eq!(line.end(), Some(found[0]));
}

/// A reset is the call's end, whether the system reports it to the receiving thread or to a sending thread.
pub(super) fn reset_meets_a_send() {
    let (mut call, peer) = call();
    let voice = call.voice();
    voice.send_now(audio(&sound(1..=1))).unwrap();
    thread::scope(|scope| {
        // The peer closes with an unread frame.
        scope.spawn(move || drop(peer));
        scope.spawn(|| voice.send_now(audio(&sound(2..=2))));
        while call.receive().is_some() {}
    });
    assert_eq!(call.end(), Some(End::Reset));
}

/// A hook that was cleared does not run, and the values that it owns have been dropped.
pub(super) fn hook_meets_clear() {
    let (call, _peer) = call();
    let voice = call.voice();
    let is_cleared = Arc::new(Mutex::new(false));
    let owned = Arc::clone(&is_cleared);
    call.set_audio_hook(move |_, _, _| {
        thread::yield_now();
        assert!(!*owned.lock().unwrap(), "it runs after it was cleared");
    });
    thread::scope(|scope| {
        scope.spawn(|| voice.send_now(audio(&sound(1..=1))));
        scope.spawn(|| voice.send_now(audio(&sound(1..=1))));
        call.clear_audio_hook();
        *is_cleared.lock().unwrap() = true;
    });
    assert_eq!(Arc::strong_count(&is_cleared), 1);
}

/// A call that receives and plays in two threads ends with one hangup, whenever another thread hangs up.
pub(super) fn hangup_meets_a_call() {
    let (mut call, peer) = call();
    let voice = call.voice();
    voice.play(&sound(1..=2)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| voice.hang_up());
        let result = call.with_player(|receiver, _| {
            while receiver.receive().is_some() {}
            Ok::<(), io::Error>(())
        });
        assert!(result.is_ok());
    });
    assert_eq!(call.end(), Some(End::LocalHangup));
    Sent::to(&peer).assert_hung_up_once();
}
