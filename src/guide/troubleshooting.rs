//! Troubleshooting by symptom: what to run, and what to change.
//!
//! Use this page when a call sounds wrong, ends too early or never starts. The commands work with a server in any language.
//!
//! *Measured* means measured with Debian's Asterisk 22.10.1; *read* means read in Asterisk's source. Facts about other versions
//! are read, because only 22.10.1 was run. Names such as `too-fast` are [rules](#rules-and-what-to-change).
//! [Protocol](super::protocol#kinds-and-rates-by-version) shows them by version, and explains words such as *application*,
//! *driver* and *fork*.
//!
//! # Three commands to start with
//!
//! **Place a call as Asterisk does.** The command reports the rules of that version that the server violates. Use the version
//! that `asterisk -rx 'core show version'` prints, with or without its patch level: 22.10.1 or 22.10. With `Dial()` or
//! ExternalMedia, add `--through dial`, here and to the tap:
//!
//! ```text
//! audiosocket call 127.0.0.1:9092 --asterisk 22.10
//! ```
//!
//! **Put a tap between a real Asterisk and the server.** The dialplan then has port 9093. For each call, the tap reports gaps,
//! bursts, split frames, violations, and which side ended the call:
//!
//! ```text
//! audiosocket tap --listen 127.0.0.1:9093 --to 127.0.0.1:9092 --record taps
//! ```
//!
//! **Look at the recording of the tap.** The command prints it frame by frame and draws it. The WAV file beside it has the
//! sound of both sides:
//!
//! ```text
//! audiosocket inspect taps/UUID.tap --svg call.svg
//! ```
//!
//! [The tool](super::tool) shows what each command prints. If you cannot use a tap, capture packets instead: [From a packet
//! capture](#from-a-packet-capture). Inside a server of this crate, [`Call::stats`](crate::call::Call::stats) has the gaps, and
//! [`ServerBuilder::on_incident`](crate::server::ServerBuilder::on_incident) receives refusals and the errors of handlers.
//!
//! # Rules, and what to change
//!
//! `audiosocket call`, `tap` and `inspect` (of a packet capture) report these rules, each with its remedy:
//!
//! | rule | what to change in the server |
//! |---|---|
//! | `empty-audio` | send a frame of silence, or nothing, instead of length 0 |
//! | `forbidden-kind` | send only audio and hangups, and digits as tones (if you do, an earlier length was wrong) |
//! | `unknown-rate` | resample to 8 kHz and send kind 0x10, or use Asterisk 20.17, 21.12, 22.7, 23.1 or later |
//! | `odd-length` | keep an odd last byte for the next frame, and check that the length is big-endian |
//! | `split-header`, `split-payload` | send each frame in one write, set `TCP_NODELAY`, and check that the length is big-endian |
//! | `stalled-header` | send each frame whole (a hangup is three bytes: 00 00 00) |
//! | `too-fast` | send 20 ms of audio every 20 ms, by a clock (320 bytes at 8 kHz) |
//! | `queue-overflow` | do not send a whole file or sentence at once, but 20 ms of audio every 20 ms |
//! | `idle` | send a frame of silence each second while there is nothing to play |
//! | `reset`, `no-hangup` | send 00 00 00, close the sending direction, read to the end, then close |
//! | `truncated` | finish the frame before you hang up and close |
//! | `not-reading` | read all the time, also while you send |
//!
//! # Choppy, crackling or robotic sound
//!
//! The server's audio has gaps. The tap reports them for the server's side. In a server of this crate,
//! [`CallStats`](crate::call::CallStats) shows the cause:
//!
//! - `gaps`: a frame was sent too late. If the call has one thread, its handler was busy for more than 20 ms: use [two
//!   threads](super::threads). In other servers, the clock is often wrong: sleeping 20 ms after each frame drifts, and a
//!   socket's read timeout ends 4 to 8 ms late on Linux (measured). Sleep until absolute times instead.
//! - `underruns`: the source of the audio, such as a synthesizer or a network, was too slow. Queue more audio ahead. The price
//!   is delay.
//!
//! If Asterisk's `Record()` contains noise from some point on, the server has sent a frame with half a sample: the rule
//! `odd-length`.
//!
//! # Too fast, only the end of a sentence, or the first words missing
//!
//! The server sends all of its audio at once: the rules `too-fast` and `queue-overflow`, and bursts in the tap. Asterisk's
//! queue holds 96 frames. When there are more, Asterisk drops the oldest 64 (measured). Use
//! [`Voice::play`](crate::call::Voice::play), which paces, and not [`Voice::send_now`](crate::call::Voice::send_now).
//!
//! If only the first syllable is missing, and the call goes through the channel driver, see
//! [Recipes](super::recipes#the-channel-driver-with-good-sound).
//!
//! # Slow, deep or high voices
//!
//! The audio is sent under the kind of another rate. `audiosocket inspect` shows the rate of each run of frames. Common
//! mistakes: 0x11 is 12 kHz, and 0x12 is 16 kHz; 8 kHz is `slin`, and not `slin16`. `voice.play_wav(&wav)` plays a WAV file at
//! its own rate.
//!
//! # Noise instead of speech
//!
//! *The server receives noise.* It receives G.711 as if it were linear audio, because the dial string has no `/c(slin)`. The
//! tap prints "8000 bytes per second: u-law or a-law", and [`is_g711_suspected`](crate::call::CallStats::is_g711_suspected) is
//! true. Put `/c(slin)` or another linear format after the UUID. If you cannot change the dialplan, decode the audio: see
//! [speech services](super::speech_services).
//!
//! *The caller hears noise or a click.* The server sends something other than signed 16-bit little-endian samples of one
//! channel. Often it is the header of a WAV file, which is a click at the start; `tap`, `call` and `inspect` report that. Other
//! causes are samples of 8 bits, big-endian samples, and stereo. [`Wav`](crate::wav::Wav) refuses such files, and its error
//! prints the command that converts them.
//!
//! # Calls that end after 2 seconds
//!
//! Asterisk logs "Reached timeout after 2000 ms of no activity". It is the rule `idle`: since 20.14, 21.9, 22.4 and 23.0 the
//! application `AudioSocket()` ends a call when neither side has sent anything for 2 s. Asterisk sends nothing while the
//! caller's telephone sends no packets, for example on hold. The channel driver has no such limit.
//!
//! Send a frame of silence while there is nothing to play. This crate sends one each second
//! ([`keep_alive`](crate::call::CallOptions::keep_alive)) while the handler waits for events, or at any time in
//! [`with_player`](crate::call::Call::with_player).
//!
//! # Silent calls
//!
//! The tap shows which side sends nothing:
//!
//! | what you see | cause | remedy |
//! |---|---|---|
//! | no audio from either side | each waits for the other's first frame (Asterisk issue 2089, open in August 2026) | send a frame of silence after the UUID, as [`initial_silence`](crate::call::CallOptions::initial_silence) does |
//! | no audio from the caller | their channel is not in the bridge, or on hold | look at `core show channels` and at the bridge |
//! | no audio from the server, although its log says that it plays | one thread per call, and the handler is not in [`receive`](crate::call::Call::receive) | return to `receive`, or use [two threads](super::threads) |
//! | no call arrives | the UUID is not a UUID, such as `${UNIQUEID}`: Asterisk does not connect (measured) | use `${UUID()}` |
//! | the tap prints "connected and closed without a byte" | the channel was not answered: Asterisk connects and closes (measured) | put `Answer()` ahead of `AudioSocket()` |
//!
//! A server of this crate treats a connection that sends nothing and closes as a health check, and does not report it.
//!
//! # "No application 'AudioSocket'"
//!
//! The module is not loaded, or was not built. Certified releases are built without it. See
//! [Recipes](super::recipes#the-modules).
//!
//! # "Connection refused", "Network is unreachable"
//!
//! - *Connection refused*: no program listens at this address. An Asterisk in a container has a `127.0.0.1` of its own.
//! - *Network is unreachable*: Asterisk's machine has no route to the address, for example to an IPv6 address. Asterisk then
//!   does not try other addresses of the name (read). Debian's resolver puts addresses without a route last (measured). If
//!   yours does not, use an IPv4 address.
//!
//! # "Unsupported frame type 10 for AudioSocket"
//!
//! The caller's telephone sends comfort noise. That ends the leg of `Dial(AudioSocket/...)` since 20.14, 21.9, 22.4 and 23.0,
//! up to 20.19, 21.12, 22.9 and 23.3 (read; 22.10.1 ignores such frames, so it cannot show the fault). Use a newer Asterisk or
//! the application `AudioSocket()`, or turn off comfort noise at the telephone or the trunk.
//!
//! # The last word is cut
//!
//! The server hangs up while its last audio is still on its way. Use
//! [`hang_up_after_playback`](crate::call::Voice::hang_up_after_playback), which waits for the end of the audio. With `Dial()`
//! or ExternalMedia, queue 60 ms of silence after the last word, because the last frames may be lost.
//!
//! # Replies that come later and later
//!
//! Audio waits in a queue, in the server or in its source, and everything after it is late.
//! [`Voice::queued`](crate::call::Voice::queued) shows how much; [`Voice::clear`](crate::call::Voice::clear) discards what is
//! out of date. Or the handler is too slow for 50 frames a second. Then the caller's audio waits in the kernel.
//!
//! # Only one call at a time
//!
//! The program serves a call to its end before it accepts the next one. A [`Server`](crate::server::Server) has a thread for
//! each call.
//!
//! # "Failed to read payload", "Resource temporarily unavailable"
//!
//! The rule `split-payload`, and split frames in the tap; the call ends now and then. The server writes header and payload with
//! two calls, or in pieces that ignore the frames. Asterisk waits 5 ms for the rest, or not at all, depending on the
//! [version](super::protocol#timing-and-the-end-by-version). Write each frame with one `write`, in Python
//! `sock.sendall(header + payload)`, and set `TCP_NODELAY`.
//!
//! A network that loses packets can cause this with any server if frames are longer than about 1,400 bytes, because they then
//! take several packets. Use 32 kHz or less, or put the server next to Asterisk.
//!
//! # Calls that end at once, with no reason in the log
//!
//! The handler has returned. If it failed or panicked, only the hook of
//! [`ServerBuilder::on_incident`](crate::server::ServerBuilder::on_incident) receives the error:
//! `.on_incident(|incident| eprintln!("{incident}"))`. A common error is a prompt longer than
//! [`max_queued`](crate::call::CallOptions::max_queued), which is 5 minutes by default.
//!
//! # Calls that end when the server sends digits or audio
//!
//! Since 20.14, 21.9, 22.4 and 23.0, three kinds of frames end a call. Older versions and the start-stop fork skip them.
//!
//! - `forbidden-kind`: anything except audio and 0x00. [`Voice::send_digits`](crate::call::Voice::send_digits) sends digits as
//!   tones, and as frames only to the fork.
//! - `empty-audio`: an audio frame without a sample.
//! - `unknown-rate`: audio above 8 kHz, in versions before 20.17, 21.12, 22.7 and 23.1.
//!
//! # The caller is hung up instead of continuing in the dialplan
//!
//! - After `AudioSocket()` the dialplan continues only since 20.14, 21.9, 22.4 and 23.0, and never on the start-stop fork. With
//!   older versions and with the fork, use `Dial()` with the option `g`. An extension `h` also runs there, but the caller is
//!   gone by then: use it only to clean up.
//! - After `Dial(AudioSocket/...)` it continues only with the option `g`, in every version.
//! - `reset` or `truncated`: the server closed with audio unread, or inside a frame. A server has to send 0x00, close its
//!   sending direction, read to the end, and only then close. A [`Server`](crate::server::Server) does so when a handler
//!   returns.
//!
//! # Asterisk stands still, and hangup requests do nothing
//!
//! `audiosocket call --through dial` reports `stalled-header`. A server has sent one or two bytes of a header and not the rest,
//! and has kept the connection open. Since 20.17, 22.7 and 23.1, but in no release of 21, Asterisk waits for the rest without a
//! limit. If that leg is then hung up, other calls block too (measured). End the server or close its connection, and Asterisk
//! continues. In the server, write each frame with one `write`, and close the connection if only a part of it could be sent.
//! See [protocol](super::protocol#an-unfinished-header-can-stop-asterisk).
//!
//! # 100 % CPU
//!
//! *The process is Asterisk:*
//!
//! - After a call: up to 20.13, 21.8 and 22.3, and on the start-stop fork, Asterisk uses up a core when the server closes
//!   without 0x00 (`no-hangup`; measured with modules of 2020 and the fork's). Send 0x00, and use a newer Asterisk.
//! - During a call: the application `AudioSocket()` always uses up a core in 18.0 to 18.19, all of 19, 20.0 to 20.4 and
//!   certified 18.9 (read, and measured with modules of 2020), and in the start-stop fork (measured). 18.20, 20.5 and 21.0
//!   fixed it. `Dial(AudioSocket/...)` does not have this fault.
//!
//! *The process is the server:*
//!
//! - During a call: a loop that does not wait. It reads again at once after `WouldBlock`, or calls
//!   [`receive_until`](crate::call::Call::receive_until) with a time that has passed. [Threads](super::threads) shows how to
//!   write the loop.
//! - After a call: a loop that ignores that a read returned 0, which is the end of the stream.
//!
//! A call of this crate takes 0.1 to 0.2 % of a core ([costs](super::costs)). The rest is the handler's work.
//!
//! # Digits that do not arrive, or arrive twice
//!
//! - Asterisk up to 20.13, 21.8 and 22.3 sends no digits (read, and measured with modules of 2020), nor does the
//!   application of the start-stop fork (measured).
//! - The tap shows digits in the sound, but no digit frames: the telephone sends tones, and the trunk has `dtmf_mode=rfc4733`.
//!   Set `dtmf_mode=auto`, or detect the tones with [`tone::Detector`](crate::tone::Detector).
//! - Each digit arrives twice: the program counts start and stop of the start-stop dialect as two presses.
//!   [`KeyEvents`](crate::call::KeyEvents) makes one event of them.
//!
//! # Only some calls get through
//!
//! - *Refused*: the hook of `on_incident` receives each refusal. For "too many calls", raise
//!   [`max_calls`](crate::server::ServerBuilder::max_calls).
//! - *"Too many open files"*: a server with the default settings needs up to 3100 descriptors, and each recording one more. The
//!   usual limit is 1024: start the server with a higher `ulimit -n`. The documentation of `max_calls` has the sum for other
//!   settings.
//! - *Callers wait for a second or three*: new connections arrived faster than the server accepted them. The listen backlog
//!   that Rust's `TcpListener` sets is 128. Pass a listener with a longer backlog to
//!   [`from_listener`](crate::server::ServerBuilder::from_listener).
//!
//! # From a packet capture
//!
//! Capture on Asterisk's machine, from before the call until after it:
//!
//! ```text
//! tcpdump -i any -s 0 -B 65536 -w capture.pcap 'tcp port 9092'
//! ```
//!
//! - `-s 0` keeps whole packets. Without the payloads there are no frames.
//! - `-B 65536` is a buffer of 64 MiB, so a busy kernel loses no packets.
//! - The filter names only the port, so the file has both directions.
//! - `-i any` captures on every interface. `inspect` ignores packets that were captured twice. A container or NAT changes the
//!   addresses of a call, so the capture then has two TCP streams with one UUID. `inspect --uuid UUID` then prints the numbers
//!   of the streams. Choose one: put `-Y 'tcp.stream==0'` in place of the `-Y` of the command below.
//!
//! `inspect` reads the packets from `tshark`, which comes with Wireshark and reads pcap, pcapng and every kind of link:
//!
//! ```text
//! tshark -r capture.pcap -Y 'tcp.port==9092' -T fields \
//!     -e tcp.stream -e frame.time_epoch -e tcp.srcport \
//!     -e tcp.seq -e tcp.len -e tcp.flags -e tcp.payload \
//!     | audiosocket inspect -
//! ```
//!
//! The result depends on the number of calls:
//!
//! - `0 frames`: no packet passed the filter of `-Y`. Check the port.
//! - One call: the output is that of a tap recording, with both directions in the order of time. It has gaps, bursts, split
//!   frames, digits in the sound, and which side ended the call: `closed` is a FIN packet, `reset` is an RST packet. The last
//!   line lists the rules that the server violated in any version of Asterisk, such as `verdict violation: split-payload`; add
//!   `--through dial` for `Dial()` and ExternalMedia. `--svg call.svg` draws the call.
//! - Several calls: the UUID, length and faults of each. `--uuid UUID` prints one of them in full.
//!
//! Packets that arrived twice or in the wrong order change nothing. If the capture lacks bytes, `inspect` prints where,
//! continues at the next frame, stops judging there, and exits with 1. It also exits with 1 if the capture starts in the middle
//! of a call. `inspect` holds the capture in memory, so filter a large one with `-Y`.
//!
//! The place of the capture decides what it proves:
//!
//! | the capture has | captured at Asterisk | captured at the server |
//! |---|---|---|
//! | a burst or a split frame from the server | Asterisk received it like this; the network may be the cause | the server sent it like this |
//! | a gap in the server's audio | the server is the cause, unless packets were sent again: look for `tcp.analysis.retransmission` | the server is the cause |
//! | a gap in the caller's audio | Asterisk sent nothing | Asterisk sent nothing, unless packets were sent again |
//! | a `violation` | this Asterisk received the violation at that time | an Asterisk on the server's machine would receive it at that time |
//! | the first FIN or RST | that side closed first | the same, but both sides may close before they see the other's packet |
//!
//! The times are the kernel's. No capture shows when a program read its bytes. Two captures of one call, one at each end, show
//! what the network added.
//!
//! ## Wireshark
//!
//! [`examples/wireshark/audiosocket.lua`](https://docs.rs/crate/asterisk-audiosocket/latest/source/examples/wireshark/audiosocket.lua)
//! is a dissector for Wireshark. Copy it into the folder "Personal Lua Plugins", which the menu Help, About Wireshark, Folders
//! shows.
//!
//! - It recognizes a call by its UUID frame, on any port. If a capture starts in the middle of a call, use Decode As.
//! - Filters are, for example, `audiosocket.kind == 0x03`, `audiosocket.digit == "5"`, `audiosocket.malformed` and
//!   `audiosocket.direction == "to-caller"`.
//! - If segments arrived out of order, switch on "Reassemble out-of-order segments" in the preferences of TCP.
//!
//! `tshark -X lua_script:audiosocket.lua -r capture.pcap -V` prints a frame of each kind like this:
//!
//! ```text
//! AudioSocket: uuid 00010203-0405-0607-0809-0a0b0c0d0e0f
//!     Kind: uuid (0x01)
//!     Payload length: 16
//!     UUID: 00010203-0405-0607-0809-0a0b0c0d0e0f
//!     [Direction: to-server]
//! AudioSocket: audio 8000 Hz 160 samples
//!     Kind: audio (0x10)
//!     Payload length: 320
//!     [Sample rate in Hz: 8000]
//!     [Samples: 160]
//!     Audio: 555555555555555555555555555555555555555555555555555555555555555555555555…
//!     [Direction: to-server]
//! AudioSocket: dtmf digit 5
//!     Kind: dtmf (0x03)
//!     Payload length: 1
//!     Signal: digit
//!     Digit: 5
//!     [DTMF dialect: asterisk]
//!     [Direction: to-server]
//! AudioSocket: dtmf digit # starts
//!     Kind: dtmf (0x02)
//!     Payload length: 6
//!     Signal: start
//!     Digit: #
//!     [DTMF dialect: start-stop]
//!     [Direction: to-server]
//! AudioSocket: dtmf digit # stops after 100 ms
//!     Kind: dtmf (0x02)
//!     Payload length: 6
//!     Signal: stop
//!     Digit: #
//!     [DTMF dialect: start-stop]
//!     Duration in ms: 100
//!     [Direction: to-server]
//! AudioSocket: silence
//!     Kind: dtmf (0x02)
//!     Payload length: 0
//!     [Direction: to-server]
//! AudioSocket: error code 0x05
//!     Kind: error (0xff)
//!     Payload length: 1
//!     Error code: 0x05
//!         .... ...1 = Hangup of the calling party: True
//!         .... ..0. = Frame forwarding: False
//!         .... .1.. = Memory: True
//!     [Direction: to-server]
//! AudioSocket: audio MALFORMED: payload length 3, expected an even length
//!     Kind: audio (0x10)
//!     Payload length: 3
//!     Payload: 616263
//!     [Expert Info (Error/Malformed): Payload length 3, expected an even length]
//!         [Payload length 3, expected an even length]
//!         [Severity level: Error]
//!         [Group: Malformed]
//!     [Direction: to-server]
//! AudioSocket: hangup
//!     Kind: hangup (0x00)
//!     Payload length: 0
//!     [Direction: to-server]
//! ```
