//! The limits of a call, and its playback settings.

use std::time::Duration;

use crate::wire::{DtmfDialect, Frame, SampleRate};

/// The timeouts, limits and playback settings of one call.
///
/// Timeouts are kept to within a quarter of a second.
///
/// ```
/// use std::time::Duration;
/// use audiosocket::call::CallOptions;
/// use audiosocket::server::Server;
///
/// let options = CallOptions::default().max_duration(Some(Duration::from_secs(3600)));
/// let server = Server::builder().call_options(options).bind("127.0.0.1:0")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "options do nothing until a server or a call gets them"]
pub struct CallOptions {
    pub(super) idle_timeout: Option<Duration>,
    pub(super) uuid_timeout: Duration,
    pub(super) frame_timeout: Duration,
    pub(super) write_timeout: Duration,
    pub(super) max_duration: Option<Duration>,
    pub(super) max_payload_len: usize,
    pub(super) sends_answer: bool,
    pub(super) initial_silence: bool,
    pub(super) keep_alive: Option<Duration>,
    pub(super) playback_rate: SampleRate,
    pub(super) max_queued: Duration,
    pub(super) frame_ms: u16,
    pub(super) dialect: Option<DtmfDialect>,
}

impl CallOptions {
    /// Sets how long the peer may send nothing at all; `None`, the default, means indefinitely.
    ///
    /// A caller on hold may be silent for any time. So may a caller whose phone sends nothing while they listen. A peer that has
    /// vanished does not acknowledge what is sent: keep-alive frames or audio. Linux then closes the connection after about 15
    /// minutes, without this timeout. If [`keep_alive`](CallOptions::keep_alive) is `None` and no audio is sent, such a call lasts
    /// forever. The timeout is checked while the call waits for events.
    pub const fn idle_timeout(mut self, limit: Option<Duration>) -> CallOptions {
        self.idle_timeout = limit;
        self
    }

    /// Sets how long the whole UUID may take to arrive: 5 s by default.
    ///
    /// Asterisk sends the UUID within 12 ms of connecting (measured with 22.10). The rest is for a bad network. A connection that
    /// stays silent occupies a thread for this long.
    pub const fn uuid_timeout(mut self, timeout: Duration) -> CallOptions {
        self.uuid_timeout = timeout;
        self
    }

    /// Sets how long a received frame may take: 5 s by default.
    ///
    /// The time runs from the frame's first byte to its last. Asterisk writes each frame in one piece. The time is for packets
    /// that are lost and sent again. A peer that sends a byte at a time occupies a thread for this long. The timeout is checked
    /// while the call waits for events.
    pub const fn frame_timeout(mut self, deadline: Duration) -> CallOptions {
        self.frame_timeout = deadline;
        self
    }

    /// Sets how long a sent frame may wait for room: 2 s by default.
    ///
    /// The limit applies to the whole frame. 2 s is also Asterisk's limit for a call without traffic. A frame waits only if the
    /// peer has stopped reading and has left megabytes unread. All threads that send on that call wait with it.
    pub const fn write_timeout(mut self, deadline: Duration) -> CallOptions {
        self.write_timeout = deadline;
        self
    }

    /// Sets how long a call may last; `None`, the default, means indefinitely.
    ///
    /// Only the application knows a suitable limit. The limit is checked while the call waits for events or sends.
    pub const fn max_duration(mut self, longest: Option<Duration>) -> CallOptions {
        self.max_duration = longest;
        self
    }

    /// Sets the longest payload that is received, in bytes: 65,535 by default, the longest possible.
    ///
    /// Longer payloads are skipped and reported as [`Event::TooLong`](super::Event::TooLong). If a call receives a frame longer
    /// than 4 KiB, its buffer grows from 4 KiB to the longest frame, at most 64 KiB. Asterisk's longest payload is 7,680 bytes
    /// (20 ms at 192 kHz). A value below 16 means 16, the length of a UUID.
    pub const fn max_payload_len(mut self, len: usize) -> CallOptions {
        self.max_payload_len = len;
        self
    }

    /// Sets whether to answer calls with the frame `03 00 01 04`; no by default.
    ///
    /// The start-stop fork since commit dd4ec61 rings, and sends no audio, until the server sends this frame. The value 4 is
    /// `AST_CONTROL_ANSWER`. **Stock Asterisk ends a call on this frame**, because it accepts only audio and hangups. The frame is
    /// sent ahead of the first silence, when the UUID has arrived and the call is admitted.
    pub const fn send_answer(mut self, wanted: bool) -> CallOptions {
        self.sends_answer = wanted;
        self
    }

    /// Sets whether each call starts with a frame of silence; yes by default.
    ///
    /// The frame is sent as soon as the UUID has arrived. Without the frame, a call through Asterisk's channel driver can stay
    /// silent forever if both sides wait for the other's first audio (Asterisk issue 2089, open with 22.10). The frame costs 20
    /// ms of silence.
    pub const fn initial_silence(mut self, wanted: bool) -> CallOptions {
        self.initial_silence = wanted;
        self
    }

    /// Sets after how long without traffic a frame of silence is sent; `None` means never.
    ///
    /// The default is 1 s, because Asterisk's application ends a call after 2 s without traffic in either direction (2.003 s
    /// measured with 22.10). The frame is sent while the call waits for events. So a handler that neither receives nor sends for
    /// 2 s loses a silent call, unless a player runs ([`Call::with_player`](super::Call::with_player)).
    pub const fn keep_alive(mut self, after: Option<Duration>) -> CallOptions {
        self.keep_alive = after;
        self
    }

    /// Sets the sample rate at which audio is [played](super::Voice::play): 8,000 Hz by default.
    ///
    /// Every Asterisk accepts 8,000 Hz, the rate of the telephone. Versions since 20.17, 21.12, 22.7 and 23.1 also accept higher
    /// rates. An older Asterisk ends the call or skips the audio. Asterisk converts audio to the rate of the caller's channel.
    /// [`Voice::set_rate`](super::Voice::set_rate) changes the rate during a call.
    pub const fn playback_rate(mut self, rate: SampleRate) -> CallOptions {
        self.playback_rate = rate;
        self
    }

    /// Sets how much audio may be queued: 5 minutes by default, at least 1 s.
    ///
    /// Beyond that, [`Voice::play`](super::Voice::play) returns [`PlayError::QueueFull`](super::PlayError::QueueFull). Queued audio
    /// takes 0.9 MiB of memory a minute at 8 kHz, until all of it has been played.
    pub const fn max_queued(mut self, limit: Duration) -> CallOptions {
        self.max_queued = if limit.as_secs() == 0 {
            Duration::from_secs(1)
        } else {
            limit
        };
        self
    }

    /// Sets how digits are [sent](super::Voice::send_digits): as signals of the start-stop dialect or as tones.
    ///
    /// Asterisk's own dialect accepts only tones in that direction. With `None`, the default, a call uses the dialect of the last
    /// digit received, and tones before the first one.
    pub const fn dialect(mut self, dialect: Option<DtmfDialect>) -> CallOptions {
        self.dialect = dialect;
        self
    }

    /// Sets how much audio a frame holds: 20 ms by default, as in Asterisk's frames.
    ///
    /// Values are rounded down to a multiple of 10 ms and limited to 10 to 60 ms. A longer frame saves system calls and packets,
    /// and adds the same amount of delay. Asterisk plays frames of all these lengths as they arrive (measured with 22.10).
    pub const fn frame_duration(mut self, time: Duration) -> CallOptions {
        self.frame_ms = match time.as_millis() / 10 {
            0 | 1 => 10,
            2 => 20,
            3 => 30,
            4 => 40,
            5 => 50,
            _ => 60,
        };
        self
    }
}

impl Default for CallOptions {
    fn default() -> CallOptions {
        CallOptions {
            idle_timeout: None,
            uuid_timeout: Duration::from_secs(5),
            frame_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(2),
            max_duration: None,
            max_payload_len: Frame::MAX_PAYLOAD_LEN,
            sends_answer: false,
            initial_silence: true,
            keep_alive: Some(Duration::from_secs(1)),
            playback_rate: SampleRate::Hz8000,
            max_queued: Duration::from_secs(300),
            frame_ms: 20,
            dialect: None,
        }
    }
}
