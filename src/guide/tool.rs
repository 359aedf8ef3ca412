//! The command-line tool `audiosocket`: what each command is for, and what it prints.
//!
//! Read this page if you test or debug an AudioSocket server, in any language. `cargo install asterisk-audiosocket` installs the tool. Each
//! command lists its options with `--help`. Tests compare the transcripts on this page, except the one of `tap`, with what the tool prints.
//!
//! # The commands
//!
//! | command | what it does | use it to |
//! |---|---|---|
//! | `demo` | runs a server and a simulated Asterisk in one process | see a call, and check the installation |
//! | `serve` | answers calls: sends the audio back, plays a file, or sends silence | test a dialplan without a server of your own |
//! | `call` | places a call as Asterisk would, and judges the server | test a server without Asterisk |
//! | `tap` | forwards calls between Asterisk and a server, and reports what goes wrong | debug a real call |
//! | `inspect` | prints and draws a recording of `tap`, a raw stream or a packet capture | look at a call afterwards |
//! | `load` | places many calls at once to a server that echoes, and checks every frame | measure a server |
//!
//! # A demonstration
//!
//! The *lateness* is how late the frames were sent. The *round trip* is the time from sending a frame to receiving its echo. The exit code
//! is 1 if a frame or a digit was lost or altered.
//!
//! ```console
//! $ audiosocket demo
//! A call from a simulated Asterisk to a server, both in this
//! process, over loopback.
//!
//!   0.000 s  Asterisk  connects and sends the UUID
//!   0.000 s  Asterisk  plays a rising tone in 20 ms frames
//!   0.001 s  server    accepts call 063df203...
//!   0.001 s  Asterisk  receives the first echo
//!   1.020 s  Asterisk  presses 4 for 0.1 s, without audio
//!   1.135 s  server    receives digit 4
//!   1.659 s  Asterisk  presses 2 for 0.1 s, without audio
//!   1.779 s  server    receives digit 2
//!   2.259 s  Asterisk  presses # for 0.1 s, without audio
//!   2.393 s  server    receives digit #
//!   3.373 s  Asterisk  stops playing
//!   3.473 s  Asterisk  hangs up: closes the connection
//!   3.476 s  server    ended: the peer closed the connection
//!
//! sent        150 frames of audio, 3 digits
//! received    150 frames, 150 of them unaltered and in place
//! lateness    0.14 ms at the median, 27.32 ms at most
//! round trip  0.04 ms at the median, 2.58 ms at most
//!
//! ok: nothing was lost or altered
//! ```
//!
//! # Answer calls
//!
//! `serve --echo` sends the caller's audio back, `--play prompt.wav` plays a file and hangs up, and `--silence` sends silence. With
//! `--record calls`, it records both sides of each call as `calls/UUID.wav`.
//!
//! ```console
//! $ audiosocket serve --echo --calls 1
//! listening on 127.0.0.1:9092
//! 05015d80 call 05015d80-723f-456d-af11-13300e8229c2
//! 05015d80 from 127.0.0.1:37306
//! 05015d80 digit 4
//! 05015d80 digit 2
//! 05015d80 digit #
//! 05015d80 ended: the peer closed the connection
//! 05015d80 2.7 s, 113 frames received, 111 sent
//! 05015d80 received with 0.4 ms jitter, no gaps
//! ```
//!
//! # Place a call
//!
//! `call` sends five seconds of silence, or a file with `--play hello.wav`. If it has a file or digits (`--dtmf`), it hangs up 1 s after
//! the last of them. `--record call.wav` records both sides. This is the caller's side of the call above:
//!
//! ```console
//! $ audiosocket call 127.0.0.1:9092 --dtmf 42#
//! connected to 127.0.0.1:9092
//! call 05015d80-723f-456d-af11-13300e8229c2
//! ended after 2.7 s: this side hung up
//! 113 frames sent, 111 received
//! sent 0.11 ms late at the median, p99 5.28 ms
//! received with 0.6 ms jitter, 3 gaps, longest 120 ms
//! Asterisk 22.10: no violations
//! ```
//!
//! The gaps in this transcript are not faults: Asterisk sends no audio while a key is held, so there is nothing to echo. `serve` receives
//! the digits and does not count a gap at a digit; `call` receives only the echo. Of the 113 frames, 3 are digits, which the server does
//! not send back. It adds one frame of silence at the start of the call, so it sends 111.
//!
//! # Judge a server
//!
//! Each version of Asterisk ends calls for different reasons. `call` judges the server by one version, 22.10 by default. The transcript
//! shows a server in Python that writes a frame's header and payload one right after the other, but without `TCP_NODELAY`
//! ([`two_writes.py`][two_writes]). The kernel then keeps the payload back until Asterisk has acknowledged the header, which takes longer
//! than the 5 ms that 22.10 waits:
//!
//! ```console
//! $ audiosocket call 127.0.0.1:9092 --asterisk 22.10
//! connected to 127.0.0.1:9092
//! call 85bef0f4-1d88-4c17-adc2-c5acd77cb0e1
//! violation split-payload at 0.026 s: a payload apart from its
//!   header, or in parts (at byte 323: 10 01 40); Asterisk
//!   22.10 hangs up the caller
//!   remedy: send each frame in one write, set TCP_NODELAY, and
//!     check that the length is big-endian
//! ended after 0.0 s: Asterisk 22.10 hangs up the caller
//! 2 frames sent, 1 received
//! sent 0.00 ms late at the median, p99 0.10 ms
//! audiosocket: Asterisk 22.10 reports a violation: split-payload
//! ```
//!
//! "At byte 323" is the place of the faulty frame in the server's stream. The bytes after it are the start of that frame, in hexadecimal.
//!
//! `--asterisk all` places one call for each group of versions that behave alike, all at the same time, and prints a verdict for each.
//! [Troubleshooting](super::troubleshooting#rules-and-what-to-change) lists the remedies of all rules.
//!
//! `--through dial` judges as the channel driver does, not as the application; `tap` and `inspect` also have this option.
//! `audiosocket call --asterisk list` prints what each version does, and the [protocol](super::protocol) page has the same as tables. A
//! server that sends nothing fails, because the kernel accepts connections even for a program that hangs. `--one-way` lets a server pass
//! that only receives.
//!
//! # Watch a real call
//!
//! `tap` listens for Asterisk and connects to your server. Put the address of `tap` into the dialplan. It forwards every byte as it
//! arrives, and reports each violation with what the versions of Asterisk do then, and the remedy. This server sends its audio at twice
//! the speed (`cargo run --example faulty_server` has this server and 24 others):
//!
//! ```console
//! $ audiosocket tap --listen 127.0.0.1:9093 --to 127.0.0.1:9092
//! listening on 127.0.0.1:9093
//! fc9e7543 call fc9e7543-6347-4ae9-ae1f-ec6cedc75b32
//! fc9e7543 from 127.0.0.1:42696
//! fc9e7543 0.407 s server: burst 41 frames in 390 ms, 820 ms
//! fc9e7543   of audio
//! fc9e7543 0.971 s server: violation too-fast, audio more than
//! fc9e7543   1 s ahead of real time (at byte 31654: 10 01 40
//! fc9e7543   00 00 00 00 00)
//! fc9e7543     every Asterisk version plays it too fast
//! fc9e7543     remedy: send 20 ms of audio every 20 ms, by a
//! fc9e7543       clock (320 bytes at 8 kHz)
//! fc9e7543 1.278 s server: burst 87 frames in 854 ms, 1740 ms
//! fc9e7543   of audio
//! fc9e7543 1.576 s server: burst 30 frames in 283 ms, 600 ms
//! fc9e7543   of audio
//! fc9e7543 ended after 1.6 s: the server hung up (0x00)
//! fc9e7543 caller: 81 frames, 1.60 s of audio in 1.60 s, no
//! fc9e7543   gaps, 0.3 ms jitter
//! fc9e7543 server: 162 frames, 3.22 s of audio in 1.61 s, no
//! fc9e7543   gaps, 3 bursts, 10.1 ms jitter
//! ```
//!
//! `tap` adds 0.06 to 0.15 ms to the round trip, and 0.1 to 0.3 ms at the 99th percentile (`bench/run`). `--record DIR` writes the sound of both
//! sides to `UUID.wav`, and every byte with its time to `UUID.tap`, for `inspect`.
//!
//! # Look at a recording
//!
//! `inspect` prints a recording of `tap` in order of time. `>` marks what the caller sent, and `<` what the server sent. The first column
//! is the time since the connection:
//!
//! - A line of audio has the time of its first frame.
//! - A gap has the time of the frame that ends it. The summary has the time at which the gap starts.
//! - Bursts and tones are printed after their end, with the time of the frame that shows the end. "At 5.00 s" is the start of the tone, on
//!   the same clock.
//!
//! ```console
//! $ audiosocket inspect call.tap
//!     0.000 s > uuid    11223344-5566-7788-99aa-bbccddeeff00
//!     0.001 s > audio   100 x 320 bytes, 8000 Hz, 2.00 s
//!     0.001 s < audio   105 x 320 bytes, 8000 Hz, 2.10 s
//!     2.093 s > dtmf    digit 4
//!     2.094 s > dtmf    digit 2
//!     2.102 s > gap     121 ms without audio, at a digit
//!     2.102 s > audio   52 x 320 bytes, 8000 Hz, 1.04 s
//!     2.102 s < audio   45 x 320 bytes, 8000 Hz, 0.90 s
//!     3.122 s < gap     141 ms without audio
//!     3.122 s < audio   7 x 320 bytes, 8000 Hz, 0.14 s
//!     3.141 s > audio   1 x 320 bytes, 8000 Hz, 0.02 s
//!     3.142 s < burst   7 frames in 0 ms, 140 ms of audio
//!     3.142 s < audio   43 x 320 bytes, 8000 Hz, 0.86 s
//!     3.161 s > audio   43 x 320 bytes, 8000 Hz, 0.86 s
//!     4.014 s < split   3 of 323 bytes, the rest 12 ms later
//!     4.014 s < audio   57 x 320 bytes, 8000 Hz, 1.14 s
//!     4.022 s > audio   56 x 320 bytes, 8000 Hz, 1.12 s
//!     5.122 s < tone    digit # at 5.00 s for 98 ms
//!     5.141 s > audio   44 x 320 bytes, 8000 Hz, 0.88 s
//!     5.142 s < audio   43 x 320 bytes, 8000 Hz, 0.86 s
//!     6.002 s < audio   MALFORMED: audio (0x10) with payload
//!                       length 3: expected an even length
//!     6.002 s < audio   150 x 320 bytes, 8000 Hz, 3.00 s
//!     6.021 s > audio   149 x 320 bytes, 8000 Hz, 2.98 s
//!     9.010 s > closed
//!     9.011 s < hangup
//!     9.011 s < closed
//!     9.011 s   end     900 frames
//!
//! > caller  448 frames, 8.90 s of audio in 9.00 s, no gaps
//!           except 1 at a digit, 0.3 ms jitter
//! < server  452 frames, 9.00 s of audio in 9.00 s, 1 gap of
//!           141 ms at 2.981 s, 1 burst, 1 split frame, 1
//!           malformed frame, 0.6 ms jitter
//! started   2026-11-22 19:40:12 UTC
//! ended     the caller closed the connection at 9.010 s
//! ```
//!
//! `--svg call.svg` draws the same call: the sound of both sides with digits, gaps, bursts and split frames, and below it the time between
//! frames. An hour of a call is a file of less than 300 kB.
//!
#![doc = include_str!("../../examples/call.svg")]
//!
//! A raw stream is the bytes of one direction, for example from `nc -l 9092`. It has no times, so the first column is the place in the
//! stream, in bytes. The file name `-` means standard input:
//!
//! ```console
//! $ audiosocket inspect tests/captures/slin-mix.bin
//!         0  uuid     11223344-5566-7788-99aa-bbccddeeff00
//!        19  audio    41 x 320 bytes, 8000 Hz, 0.82 s
//!     13262  dtmf     digit 1
//!     13266  audio    12 x 320 bytes, 8000 Hz, 0.24 s
//!     17142  dtmf     digit 2
//!     17146  audio    13 x 320 bytes, 8000 Hz, 0.26 s
//!     21345  dtmf     digit #
//!     21349  audio    12 x 320 bytes, 8000 Hz, 0.24 s
//!     25225  dtmf     digit A
//!     25229  audio    52 x 320 bytes, 8000 Hz, 1.04 s
//!     42025  end      135 frames
//! ```
//!
//! `inspect` also reads packet captures (`tcpdump -w`) by way of `tshark`: [troubleshooting](super::troubleshooting#from-a-packet-capture)
//! has the command. For Wireshark itself there is a dissector, [`audiosocket.lua`][dissector].
//!
//! # Measure a server
//!
//! `load` works with a server in any language that echoes. No two frames that it sends are equal, so it detects lost, altered (*corrupt*),
//! doubled and reordered frames, and those that came back on another call (*crossed*). Any of these, or a call that the server refuses or
//! ends, is exit code 1.
//!
//! ```console
//! $ audiosocket load 127.0.0.1:9092 --calls 100 --seconds 3
//! 100 calls of 3.0 s to 127.0.0.1:9092
//! 15000 frames sent, 15000 received
//! 0 lost, 0 corrupt, 0 doubled, 0 out of order, 0 crossed
//! round trip p50 0.05 ms, p90 0.06, p99 1.29, max 13.93
//! lateness   p50 0.07 ms, p90 0.08, p99 1.31, max 10.35
//! ok: nothing was lost or altered
//! ```
//!
//! # Scripts
//!
//! `serve`, `call`, `tap`, `inspect` and `load` print one line of JSON for each event with `--json`. Exit codes are 0 for success, 1 if
//! something failed, and 2 for a wrong command line. If standard output cannot be written (a closed pipe, a full disk), `tap` continues to
//! forward calls and `serve` finishes the calls in progress; both then exit with 1. The output has no colours.
//!
//! [two_writes]: https://docs.rs/crate/asterisk-audiosocket/latest/source/tests/wild/two_writes.py
//! [dissector]: https://docs.rs/crate/asterisk-audiosocket/latest/source/examples/wireshark/audiosocket.lua
