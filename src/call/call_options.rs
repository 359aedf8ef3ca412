//! What a call may take, and what keeps it alive.

use std::time::Duration;

use crate::wire::{DtmfDialect, Frame, SampleRate};

/// The deadlines and limits of one call, and how it is kept alive. A time is kept to a quarter of a second.
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
    pub(super) initial_silence: bool,
    pub(super) keep_alive: Option<Duration>,
    pub(super) playback_rate: SampleRate,
    pub(super) max_queued: Duration,
    pub(super) frame_ms: u16,
    pub(super) dialect: Option<DtmfDialect>,
}

impl CallOptions {
    /// How long the peer may send nothing at all; `None`, the default, for ever. A caller on hold, or one whose telephone sends
    /// nothing while he listens, is silent for as long as he likes, and a peer that has vanished is found out without it: what
    /// keeps the call alive, or is said on it, is not acknowledged then, and Linux gives the connection up after some 15 minutes.
    /// The price is that place for as long, and for ever if nothing is sent. Watched while the call waits for events.
    pub const fn idle_timeout(mut self, limit: Option<Duration>) -> CallOptions {
        self.idle_timeout = limit;
        self
    }

    /// How long a connection may take to send its whole UUID: 5 s by default. Asterisk sends the UUID within 12 ms of connecting
    /// (measured with 22.10), so the rest is for a bad network. A connection that stays silent keeps a thread for this long.
    pub const fn uuid_timeout(mut self, timeout: Duration) -> CallOptions {
        self.uuid_timeout = timeout;
        self
    }

    /// How long a frame may take from its first byte to its last: 5 s by default. Asterisk writes each in one piece, so the rest
    /// is for packets that are lost and sent again; the price is that a peer that sends a byte at a time has a thread for as
    /// long. Watched while the call waits for events.
    pub const fn frame_timeout(mut self, deadline: Duration) -> CallOptions {
        self.frame_timeout = deadline;
        self
    }

    /// How long a frame that is sent may wait for room, as a whole: 2 s by default, as long as Asterisk itself waits for a sign
    /// of life. Only a peer that has stopped reading megabytes ago makes it wait at all; everybody who speaks on that call waits
    /// with it.
    pub const fn write_timeout(mut self, deadline: Duration) -> CallOptions {
        self.write_timeout = deadline;
        self
    }

    /// How long a call may last; `None`, the default, for ever: only the application knows, and a call that nobody ends has its
    /// place for ever. Watched while the call waits for events or sends.
    pub const fn max_duration(mut self, longest: Option<Duration>) -> CallOptions {
        self.max_duration = longest;
        self
    }

    /// The longest payload that is received, in bytes; longer ones are skipped and come as
    /// [`Event::TooLong`](super::Event::TooLong). 65,535 by default, which is any: the price is a buffer of 64 KiB instead of
    /// 4 KiB for a call on which one longer than 4 KiB was announced. Asterisk's longest is 7,680 bytes (20 ms at 192 kHz). Less
    /// than 16 means 16, a UUID.
    pub const fn max_payload_len(mut self, len: usize) -> CallOptions {
        self.max_payload_len = len;
        self
    }

    /// Whether a frame of silence goes out as soon as the UUID has come; yes by default. Without it a call through Asterisk's
    /// channel driver can stay silent for ever, if both sides wait for the other's first audio (Asterisk issue 2089, open with
    /// 22.10). The price is 20 ms of silence.
    pub const fn initial_silence(mut self, wanted: bool) -> CallOptions {
        self.initial_silence = wanted;
        self
    }

    /// After how long without traffic in either direction a frame of silence goes out; `None` for never. 1 s by default:
    /// Asterisk's application ends a call after 2 s without any (2.003 s measured with 22.10). It is sent while the call waits
    /// for events, so a handler that computes for 2 s without receiving or sending loses a silent call, unless a
    /// [`Player`](super::Player::run) runs.
    pub const fn keep_alive(mut self, after: Option<Duration>) -> CallOptions {
        self.keep_alive = after;
        self
    }

    /// At how many samples a second speech is [said](super::Voice::play): 8,000 by default, the rate of the telephone, which
    /// every Asterisk takes. Higher ones, and with them wideband, are taken since 20.17, 21.12, 22.7 and 23.1; an older Asterisk
    /// ends the call, or skips the audio. Asterisk converts what does not suit the caller's channel.
    /// [`Voice::set_rate`](super::Voice::set_rate) changes it on a call.
    pub const fn playback_rate(mut self, rate: SampleRate) -> CallOptions {
        self.playback_rate = rate;
        self
    }

    /// How much speech may wait to be said: 5 minutes by default, and at least a second. More is not taken in, and
    /// [`Voice::play`](super::Voice::play) answers so. The price of what waits is its bytes: 960 KB a minute at 8 kHz, until all of
    /// it has been said.
    pub const fn max_queued(mut self, limit: Duration) -> CallOptions {
        self.max_queued = if limit.as_secs() == 0 {
            Duration::from_secs(1)
        } else {
            limit
        };
        self
    }

    /// How digits are [sent](super::Voice::send_digits): as signals of the start-stop dialect, or as tones, which is all that
    /// Asterisk's own dialect knows in that direction. `None`, the default, goes by the digits that the call has heard, and is
    /// tones until then.
    pub const fn dialect(mut self, dialect: Option<DtmfDialect>) -> CallOptions {
        self.dialect = dialect;
        self
    }

    /// How much speech a frame holds: 20 ms by default, as Asterisk's frames do. From 10 to 60 ms in steps of 10 ms, of which the
    /// next lower one is taken, and the nearest for what is beyond. A longer frame saves system calls and packets, and costs as
    /// much delay; Asterisk plays any of them as they come (measured with 22.10).
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
            initial_silence: true,
            keep_alive: Some(Duration::from_secs(1)),
            playback_rate: SampleRate::Hz8000,
            max_queued: Duration::from_secs(300),
            frame_ms: 20,
            dialect: None,
        }
    }
}
