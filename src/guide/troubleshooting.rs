//! Troubleshooting, by symptom: what to run, and what to change.
//!
//! Three commands find most of it, whatever the server is written in:
//!
//! ```text
//! audiosocket call 127.0.0.1:9092 --asterisk 22.10
//! ```
//!
//! places a call as Asterisk does and names what that version takes offence at. The version is the one of
//! `asterisk -rx 'core show version'`.
//!
//! ```text
//! audiosocket tap --listen 127.0.0.1:9093 --to 127.0.0.1:9092 --record taps
//! ```
//!
//! stands between a real Asterisk and the server, with port 9093 in the dialplan, and tells of each call what it sees: gaps,
//! bursts, frames in pieces, who ended it and how.
//!
//! ```text
//! audiosocket inspect taps/UUID.tap --svg call.svg
//! ```
//!
//! looks at such a recording, frame by frame, and draws it. The WAV file beside it is what both sides heard. In a server of this
//! crate [`Call::stats`](crate::call::Call::stats) and [`ServerBuilder::on_incident`](crate::server::ServerBuilder::on_incident) tell the same
//! from inside.
//!
//! If you cannot put a tap into the path, `tcpdump` is enough: [from a packet capture](#from-a-packet-capture).
//!
//! # "Choppy", "crackling", "robotic"
//!
//! The server's audio comes with holes. Look for gaps in what the tap tells of the server's side; `gaps` and `underruns` in
//! [`CallStats`](crate::call::CallStats) say whose fault they are.
//!
//! - *Gaps*: the server was late. With one thread for a call, its handler was away for more than 20 ms: use
//!   [two](super::threads). Without this crate: the clock is a sleep of 20 ms after each frame, which drifts, or a time-out of a
//!   socket, which is late by 4 to 8 ms; sleep to absolute times.
//! - *Underruns*: what makes the speech (a synthesizer, a network) is too slow. Keep more ahead, at the price of delay.
//! - What Asterisk records is noise from some point on: half a sample. Look for `odd-length` with `audiosocket call`.
//!
//! # "Too fast", "only the end of the sentence", "the first words are missing"
//!
//! `too-fast` and `queue-overflow` of `audiosocket call`, bursts in the tap. The server sends all that it has at once; Asterisk
//! keeps 96 frames and drops the oldest 64 when there are more. Use [`Voice::play`](crate::call::Voice::play), which paces, and not
//! [`Voice::send_now`](crate::call::Voice::send_now). If it is only the first syllable, through the channel driver: see
//! [recipes](super::recipes#the-channel-driver-with-good-sound).
//!
//! # "Slow", "deep", "high", "double speed"
//!
//! Audio under the kind of another rate. `audiosocket inspect` shows the rate of each run of frames. 0x11 is 12 kHz and 0x12 is
//! 16 kHz; 8 kHz is `slin` and not `slin16`. `voice.play_wav(&wav)` plays a WAV file at its own rate.
//!
//! # "Noise instead of speech", "loud hiss", "artifacts"
//!
//! What the server hears is G.711: the dial string has no `/c(slin)`. The tap says so, and
//! [`is_g711_suspected`](crate::call::CallStats::is_g711_suspected). Put `/c(slin)` behind the UUID, or another linear format.
//! If the dialplan is not yours to change, [decode the audio](super::speech_services#g711-that-nobody-asked-for).
//!
//! What the caller hears is noise: the server sends something else than 16-bit little-endian samples, often the header of a WAV
//! file (a click at the beginning; `tap`, `call` and `inspect` name it), 8-bit or big-endian samples, or stereo.
//! [`Wav`](crate::wav::Wav) refuses such files and names the command that converts them.
//!
//! # "Ends after 2 seconds", "Reached timeout after 2000 ms of no activity"
//!
//! `idle` of `audiosocket call`. The application ends a call on which nothing moves in either direction for 2 s, and of a silent
//! caller Asterisk sends nothing. Send silence when there is nothing to say; this crate does it every second
//! ([`keep_alive`](crate::call::CallOptions::keep_alive)), as long as the handler receives, or
//! works in [`with_player`](crate::call::Call::with_player).
//!
//! # "Silent call", "nobody hears anything", "no audio with ExternalMedia"
//!
//! The tap tells which side sends nothing.
//!
//! - Neither side: each waits for the other's first frame (Asterisk issue 2089). Send one frame of silence as soon as the UUID is
//!   there; this crate does ([`initial_silence`](crate::call::CallOptions::initial_silence)).
//! - The caller's side: he is not in the bridge, or on hold.
//! - The server's side, though its log says that it has spoken: with one thread nothing is said while the handler is not in
//!   [`receive`](crate::call::Call::receive).
//! - No call at all: the UUID is none, such as `${UNIQUEID}`; Asterisk then makes no connection. `${UUID()}` is one. Or the
//!   channel was not answered: Asterisk connects and closes without a byte, which a server takes for a health check, and of which
//!   the tap says that it "came and went without a byte". `Answer()` before `AudioSocket()`.
//!
//! # "No application 'AudioSocket'", "Connection refused"
//!
//! The module is not there: [recipes](super::recipes#first-of-all-the-modules); a certified release is built without it. Nobody
//! listens at the address: an Asterisk in a container has a `127.0.0.1` of its own. "Network is unreachable": the first address of
//! the server's name fails at once, for example IPv6 without a route, and Asterisk does not try the next one (read). Use an IPv4
//! address.
//!
//! # "Unsupported frame type 10 for AudioSocket"
//!
//! The caller's telephone sends comfort noise, and that ends the leg of `Dial()` from 20.14, 21.9, 22.4 and 23.0 up to 20.19, 22.9 and
//! 23.3 (read). Use a newer Asterisk or `AudioSocket()`, or turn off comfort noise at the telephone or the trunk.
//!
//! # "The last word is cut", "answers come later and later", "only one call at a time"
//!
//! - The server hangs up while its last audio is still under way: [`hang_up_after_playback`](crate::call::Voice::hang_up_after_playback).
//! - Later and later: audio is queued ahead of time, on one side or the other, and nothing takes it back; or the handler does not
//!   keep up with 50 frames a second. `flush` what is stale, and look at `unsaid`.
//! - One at a time: the program serves a call to its end before it accepts the next. A [`Server`](crate::server::Server) has a
//!   thread for each.
//!
//! # "Failed to read payload", "Resource temporarily unavailable", the call drops now and then
//!
//! `split-payload` of `audiosocket call`, "frames in pieces" in the tap. The server writes header and payload with two calls, or
//! a frame in chunks of another size, and Asterisk waits 5 ms or not at all for the rest, [by version](super::protocol). One
//! frame, one `write`, and `TCP_NODELAY`. In Python: `sock.sendall(header + payload)`. Over a network with loss it can happen to
//! the best server with frames above 1,400 bytes: use 8 or 16 kHz, or put the server beside Asterisk.
//!
//! # The call ends at once, and nothing says why
//!
//! The server ends it as it should, so the handler has returned; and if it has failed, by a `?` or a panic, only
//! [`ServerBuilder::on_incident`](crate::server::ServerBuilder::on_incident) hears of it: `.on_incident(|incident| eprintln!("{incident}"))`. A
//! prompt longer than [`max_queued`](crate::call::CallOptions::max_queued), 5 minutes, is such an error.
//!
//! # Asterisk stands still, hangup requests do nothing
//!
//! `stalled-header` of `audiosocket call --through dial`. A server has sent the beginning of a frame and not the rest, and has kept the
//! connection open. Since 20.17, 22.7 and 23.1 Asterisk waits for the rest without a limit, and a hangup of that leg blocks further
//! calls (measured with 22.10.1). End the server or close its connection: Asterisk then continues. In the server, write each frame
//! with one call, and close the connection if only a part of it could be sent. See [protocol](super::protocol).
//!
//! # The call drops when the server sends digits, or at once
//!
//! `forbidden-kind`: Asterisk takes audio and 0x00, and for all else ends the call, since 20.14, 21.9 and 22.4.
//! [`Voice::send_digits`](crate::call::Voice::send_digits) sends tones. `empty-audio`: a frame without a sample ends it too.
//! `unknown-rate`: rates above 8 kHz need 20.17, 21.12, 22.7 or 23.1.
//!
//! # The caller is hung up, and the dialplan does not go on
//!
//! `reset`, `truncated`: the server closed with audio unread, or inside a frame. 0x00, no more writing, reading to the end,
//! closing; a [`Server`](crate::server::Server) does that whenever a handler returns. Before 20.14, 21.9 and 22.4 the dialplan
//! never goes on.
//!
//! # "100 % CPU"
//!
//! Asterisk up to 20.13, 21.8 and 22.3 uses up a core when the server closes without 0x00 (`no-hangup`, read in its source); the
//! fork's application always does. Send 0x00, and get a newer Asterisk. The application `AudioSocket()` of 18.0 to 18.19, 19, and 20.0
//! to 20.4 uses up a core during each call (read); 18.20 and 20.5 fixed it, and `Dial(AudioSocket/...)` does not do it.
//!
//! That is after a call. During one, of the server's
//! process: a loop that asks without waiting, around a read that returns `WouldBlock`, or around
//! [`receive_until`](crate::call::Call::receive_until) with a time that has passed ([how to write it](super::threads)); after one, a loop around a read that returns
//! 0, which is the end of the stream. A call of this crate takes 0.1 to 0.2 % of a core ([costs](super::costs)): what is above
//! that is the handler's.
//!
//! # Digits do not arrive
//!
//! - Asterisk up to 20.13, 21.8 and 22.3 sends none, nor does the application of the start-stop fork.
//! - The tap shows tones in the sound and no digit frames: the telephone sends tones, and the trunk is set to
//!   `dtmf_mode=rfc4733`. `dtmf_mode=auto`, or hear them with [`tone::Detector`](crate::tone::Detector).
//! - Twice: the program counts start and stop each as one. [`KeyEvents`](crate::call::KeyEvents) makes one of them.
//!
//! # Only some calls get through
//!
//! `on_incident` names each refusal. "Too many calls": [`max_calls`](crate::server::ServerBuilder::max_calls), whose documentation also
//! says what "too many open files" needs of `ulimit -n`; a recording is one more for its call. If callers wait for a second or
//! three before anything happens, the queue of new connections was full, because the server accepts too slowly.
//!
//! # From a packet capture
//!
//! Capture on the machine of Asterisk, from before the call until after it:
//!
//! ```text
//! tcpdump -i any -s 0 -B 65536 -w capture.pcap 'tcp port 9092'
//! ```
//!
//! - `-s 0` keeps whole packets. Without the payloads there are no frames.
//! - `-B 65536` is a buffer of 64 MiB, so that a busy kernel loses no packets.
//! - The filter names the port alone, so the file has both directions.
//! - `-i any` covers every interface. `inspect` drops what it sees twice. A container or NAT changes the addresses of a call, so
//!   the capture has the call twice, with one UUID. `inspect` then names both TCP streams. Choose one with `-Y 'tcp.stream==0'`.
//!
//! `inspect` reads the packets from `tshark`, which comes with Wireshark and knows pcap, pcapng and every kind of link:
//!
//! ```text
//! tshark -r capture.pcap -Y 'tcp.port==9092' -T fields \
//!     -e tcp.stream -e frame.time_epoch -e tcp.srcport \
//!     -e tcp.seq -e tcp.len -e tcp.flags -e tcp.payload \
//!     | audiosocket inspect -
//! ```
//!
//! If it prints `0 frames`, no packet passed the filter of `-Y`: check the port.
//!
//! Several calls get a line each, and `--uuid UUID` shows one of them. For one call the output is that of a tap recording: both
//! directions in the order of time, gaps, bursts, split frames, digits in the sound, and who ended the call. `closed` is a FIN
//! packet, `reset` is an RST packet. `--svg call.svg` draws the call. The line `judged` lists the rules that the server violated,
//! as `tap` does.
//!
//! Packets that arrived twice or in the wrong order change nothing. If the capture lacks bytes, `inspect` prints where, continues
//! at the next frame, and exits with 1. It exits with 1, too, if the capture starts in the middle of the call. The judgement ends
//! where bytes are missing. `inspect` holds the capture in memory: filter a large one with `-Y` first.
//!
//! The place of the capture decides what it proves:
//!
//! | question | captured at Asterisk | captured at the server |
//! |---|---|---|
//! | Did the server send too fast, or frames in pieces? | It shows what Asterisk received. The network may have split or delayed it. | It shows what the server sent. |
//! | Is a gap in the server's audio the server's fault? | Only without retransmissions: look for `tcp.analysis.retransmission`. | Yes. |
//! | Is a gap in the caller's audio Asterisk's fault? | Yes. | Only without retransmissions. |
//! | Why did this Asterisk end the call? | The judgement applies: it uses the times of arrival. | The judgement is that of an Asterisk on this machine. |
//! | Who closed first? | The first FIN or RST counts. | The same, but both sides may close before they see the other's packet. |
//!
//! No capture shows when a program read its bytes: the times are those of the kernel. Two captures of one call, one at each end,
//! show what the network added.
//!
//! ## Wireshark
//!
//! [`examples/wireshark/audiosocket.lua`](https://docs.rs/crate/asterisk-audiosocket/latest/source/examples/wireshark/audiosocket.lua)
//! is a dissector for Wireshark. Copy it into the folder "Personal Lua Plugins", which Help, About Wireshark, Folders names. It
//! recognises a call by its UUID frame, on any port. For a capture that starts in the middle of a call, use Decode As. Filters
//! are, for example, `audiosocket.kind == 0x03`, `audiosocket.digit == "5"`, `audiosocket.malformed` and
//! `audiosocket.direction == "to-caller"`. If segments arrived out of order, switch on "Reassemble out-of-order segments" in the
//! preferences of TCP.
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
