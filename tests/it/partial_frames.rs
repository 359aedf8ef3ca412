//! A call never leaves a part of a frame for long: it completes the frame or closes its direction.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use audiosocket::call::{Call, CallOptions, End, SendError, Timeout, Transport};
use audiosocket::wire::{Audio, SampleRate};

/// Sends a UUID, then accepts as many bytes as the script allows, or fails. After the script every send times out.
#[derive(Default)]
struct Scripted {
    unread: Mutex<VecDeque<u8>>,
    accepts: Mutex<VecDeque<Result<usize, ErrorKind>>>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    sent: Vec<u8>,
    is_finished: bool,
    is_aborted: bool,
    /// The sum of the timeouts of all sends that were not accepted.
    waited: Duration,
    timeout: Duration,
}

impl Transport for Scripted {
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut unread = self.unread.lock().unwrap();
        let count = buffer.len().min(unread.len());
        for (place, byte) in buffer.iter_mut().zip(unread.drain(..count)) {
            *place = byte;
        }
        match count {
            0 => Err(ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut seen = self.seen.lock().unwrap();
        assert!(!seen.is_finished, "sent after the end: {bytes:?}");
        match self.accepts.lock().unwrap().pop_front() {
            Some(Ok(count)) => {
                let count = count.min(bytes.len());
                seen.sent.extend(&bytes[..count]);
                Ok(count)
            }
            Some(Err(kind)) => Err(kind.into()),
            None => {
                let timeout = seen.timeout;
                seen.waited += timeout;
                Err(ErrorKind::WouldBlock.into())
            }
        }
    }

    fn set_recv_timeout(&self, _timeout: Duration) -> io::Result<()> {
        Ok(())
    }

    fn set_send_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.seen.lock().unwrap().timeout = timeout;
        Ok(())
    }

    fn finish(&self) -> io::Result<()> {
        self.seen.lock().unwrap().is_finished = true;
        Ok(())
    }

    fn abort(&self) {
        self.seen.lock().unwrap().is_aborted = true;
    }
}

const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

fn call_that_accepts(script: &[Result<usize, ErrorKind>]) -> (Call<Arc<Scripted>>, Arc<Scripted>) {
    let transport = Arc::new(Scripted::default());
    let uuid = [&[1, 0, 16][..], &[7; 16]].concat();
    transport.unread.lock().unwrap().extend(uuid);
    transport.accepts.lock().unwrap().extend(script);
    let options = CallOptions::default()
        .initial_silence(false)
        .keep_alive(None)
        .write_timeout(WRITE_TIMEOUT);
    let call = Call::accept(Arc::clone(&transport), options).unwrap();
    (call, transport)
}

fn audio() -> Audio<'static> {
    Audio::new(SampleRate::Hz8000, &[1, 2]).unwrap()
}

#[test]
fn partial_frame_closes_direction_at_write_timeout() {
    for accepted in [1, 2, 4] {
        let (call, transport) = call_that_accepts(&[Ok(accepted)]);
        let timed_out = SendError::CallEnded(End::TimedOut(Timeout::Write));
        assert_eq!(call.voice().send_now(audio()), Err(timed_out));
        // The call is still there: nobody had to drop it.
        let seen = transport.seen.lock().unwrap();
        assert_eq!(seen.sent, [0x10, 0, 2, 1][..accepted]);
        assert!(seen.is_finished);
        assert!(seen.waited <= WRITE_TIMEOUT, "{:?}", seen.waited);
        drop(seen);
        drop(call);
    }
}

#[test]
fn partial_hangup_closes_direction() {
    for accepted in [1, 2] {
        let (call, transport) = call_that_accepts(&[Ok(accepted)]);
        call.voice().hang_up();
        let seen = transport.seen.lock().unwrap();
        assert_eq!(seen.sent, [0, 0][..accepted]);
        assert!(seen.is_finished);
        assert!(seen.waited <= WRITE_TIMEOUT, "{:?}", seen.waited);
        drop(seen);
        drop(call);
        assert!(transport.seen.lock().unwrap().is_aborted);
    }
}

#[test]
fn partial_frame_closes_direction_after_an_error() {
    for (failure, kind) in [
        (Err(ErrorKind::OutOfMemory), ErrorKind::OutOfMemory),
        // A transport that accepts no more.
        (Ok(0), ErrorKind::WriteZero),
    ] {
        let (call, transport) = call_that_accepts(&[Ok(1), failure]);
        let failed = SendError::CallEnded(End::Failed(kind));
        assert_eq!(call.voice().send_now(audio()), Err(failed));
        let seen = transport.seen.lock().unwrap();
        assert_eq!((&seen.sent[..], seen.is_finished), (&[0x10][..], true));
        drop(seen);
        drop(call);
    }
}

#[test]
fn frame_accepted_byte_by_byte_is_completed() {
    let (call, transport) = call_that_accepts(&[Ok(1); 5]);
    assert_eq!(call.voice().send_now(audio()), Ok(()));
    let seen = transport.seen.lock().unwrap();
    assert_eq!(
        (&seen.sent[..], seen.is_finished),
        (&[0x10, 0, 2, 1, 2][..], false)
    );
    drop(seen);
    drop(call);
}
