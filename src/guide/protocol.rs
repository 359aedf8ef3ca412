//! The protocol, with both dialects of DTMF, and what each version of Asterisk makes of it.
//!
//! The tables by version are those of [`asterisk`](crate::asterisk), by which servers are judged here: a test
//! compares them. *Measured* means with Debian's Asterisk 22.10.1 on loopback, *read* means in the source of the release.
//!
//! # Frames
//!
//! Asterisk connects to the server over TCP. Both sides then send frames: a kind of one byte, the length of the payload in two
//! bytes, big-endian, the payload. Any byte is a possible kind and any two are a possible length, so no stream is malformed: a
//! frame is there, or not yet all of it.
//!
//! ```
//! use audiosocket::wire::{Audio, Message, SampleRate};
//!
//! let audio = Audio::new(SampleRate::Hz8000, &[0xd2, 0x04])?;
//! let mut buffer = [0; 5];
//! // Kind 0x10, two bytes, the sample 1234 in little-endian order.
//! assert_eq!(Message::Audio(audio).encode(&mut buffer)?, [0x10, 0x00, 0x02, 0xd2, 0x04]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | kind | what it is | payload | who sends it |
//! |---|---|---|---|
//! | 0x00 | hangup | none | the server. Asterisk never does (measured, read) |
//! | 0x01 | UUID of the call | 16 bytes, in the order in which a UUID is written | Asterisk, first of all, within 12 ms of connecting (measured) |
//! | 0x02 | DTMF, start-stop dialect | 6 bytes, see below | the start-stop fork, and servers to it |
//! | 0x02 | silence, as some libraries have it | none | nobody: no Asterisk ever sent it (read) |
//! | 0x03 | DTMF, Asterisk's dialect | 1 byte, see below | Asterisk |
//! | 0x10 | audio at 8 kHz | 16-bit samples, little-endian, one channel | both |
//! | 0x11 to 0x18 | audio at 12, 16, 24, 32, 44.1, 48, 96 and 192 kHz | the same | both |
//! | 0xff | error | of Asterisk's own making bits: 1 hangup, 2 frame forwarding, 4 memory | nobody: it is defined, and Asterisk never sends it (measured, read) |
//!
//! *The start-stop fork* is an Asterisk with modules of that dialect, which is that of the document "AudioSocket with DTMF",
//! written before Asterisk sent any digits.
//!
//! What comes under 0x10 is linear only if the dialplan asked for that. Through the channel driver or ExternalMedia without a
//! linear format the caller's own codec comes under it, as a rule G.711, u-law or a-law: 160 bytes in 20 ms instead of 320
//! (measured), which sounds like loud noise. Nothing in a frame tells; the bytes of a second do
//! ([`is_g711_suspected`](crate::call::CallStats::is_g711_suspected)), and [recipes](super::recipes) has the dial strings.
//! [speech_services](super::speech_services) shows the decoder, and which rates services need.
//!
//! Frames of 20 ms are usual: 320 bytes at 8 kHz. They are no law: the last one of a file is shorter, and 10, 40 and 60 ms exist.
//! Asterisk writes each with one call, every 20 ms (measured: 99 of 100 within 24 ms), and nothing at all while the other leg of
//! the call is silent, or while a key is held. So what comes in is no clock.
//!
//! # The two dialects of DTMF
//!
//! A digit comes in one of two ways, which [`Message`](crate::wire::Message) tells apart by kind and length, without
//! configuration, and of which [`KeyEvents`](crate::call::KeyEvents) makes one:
//!
//! | | start-stop | Asterisk |
//! |---|---|---|
//! | kind and length | 0x02, 6 bytes | 0x03, 1 byte |
//! | payload | 1 for start or 0 for stop; the digit in ASCII; 4 bytes of duration in ms, **little-endian**, 0 at the start | the digit in ASCII |
//! | sent | when the key goes down and when it comes up | when it comes up |
//! | duration | yes | no: what the pause in the audio was |
//! | digits | `0` to `9`, `*`, `#`, `A` to `D`; Asterisk passes lower case as it is (measured) | the same (measured) |
//! | from the caller | by the channel driver; the application sends none (measured) | by both |
//! | from the server | a stop is a digit of 100 ms on the other leg, whatever its duration; a start is ignored (measured) | **ends the call** (measured): send tones |
//!
//! [`Voice::send_digits`](crate::call::Voice::send_digits) does what suits the peer. A [`Digit`](crate::wire::Digit) is shown in upper
//! case and compares equal in both cases. It keeps the byte that was received, so an echo sends lower case back as lower case.
//!
//! # How a call ends
//!
//! Asterisk ends one by closing the connection; if bytes of the server were unread, its kernel resets it instead (measured).
//! Neither is an error. The server has one good way: the frame `00 00 00`, no more writing, reading until Asterisk has closed,
//! and then closing. One that closes with the caller's audio unread resets the connection, upon which the caller is hung up and
//! the dialplan does not go on (measured). [`Server`](crate::server::Server) ends its calls in that way, also upon errors and
//! panics.
//!
//! # By version: what is sent, and what is taken
//!
//! | Asterisk | caller's digits, application | driver | audio of 0x11 to 0x18 | audio without a sample | other kinds |
//! |---|---|---|---|---|---|
//! | 18, 19, to 20.13, 21.8 and 22.3 | none | none | skipped | skipped | skipped |
//! | 20.14, 21.9, 22.4 | 0x03 | 0x03 | **hangs up** | **hangs up** | **hangs up** |
//! | 20.15-16, 21.10-11, 22.5-6, 23.0 | 0x03 | 0x03 | **hangs up** | **hangs up** | **hangs up** |
//! | 21.12 | 0x03 | 0x03 | yes | **hangs up** | **hangs up** |
//! | 20.17-18, 22.7-8, 23.1-2 | 0x03 | 0x03 | yes | **hangs up** | **hangs up** |
//! | 20.19, 22.9, 23.3 | 0x03 | 0x03 | yes | **hangs up** | **hangs up** |
//! | 20.20-21, 22.10-11, 23.4-5 | 0x03 | 0x03 | yes | **hangs up** | **hangs up** |
//! | start-stop | none | 0x02 | skipped | skipped | digits (0x02) taken, others skipped |
//!
//! 22.11, 23.5 and 20.21 are in the newest row because their release candidates have the same files (read). A newer release is judged
//! as that row, and `audiosocket call` warns. A certified release behaves as the release it was made from: 18.9, 20.7 and 22.8
//! (read). `--asterisk certified-22.8-cert4` and `--asterisk 22.8-cert4` select it.
//!
//! The caller's side can send frames that are neither audio nor digits, such as comfort noise. The application ignores them. The
//! channel driver sends them as audio (0x10) up to 20.13, 21.8 and 22.3. From 20.14, 21.9, 22.4 and 23.0 on they end its leg, with
//! "Unsupported frame type 10 for AudioSocket" in the log. It ignores them since 20.20, 22.10 and 23.4 (all read).
//!
//! The kinds that a server may send are 0x00 and audio, and to the fork DTMF.
//!
//! # By version: time, and the end
//!
//! | Asterisk | header in parts | header that stops | payload apart from its header | both silent, application | driver | the server sends 0x00, application | driver | the server just closes |
//! |---|---|---|---|---|---|---|---|---|
//! | 18, 19, to 20.13, 21.8 and 22.3 | **hangs up** | does not wait | **hangs up** | waits indefinitely | waits indefinitely | **hangs up** | ends its leg | uses up a core |
//! | 20.14, 21.9, 22.4 | **misread** | does not wait | **hangs up** | **hangs up** after 2 s | waits indefinitely | the dialplan goes on | ends its leg | as after 0x00 |
//! | 20.15-16, 21.10-11, 22.5-6, 23.0 | **misread** | does not wait | **hangs up** after 5 ms | **hangs up** after 2 s | waits indefinitely | the dialplan goes on | ends its leg | as after 0x00 |
//! | 21.12 | **misread** | does not wait | **hangs up** after 5 ms | **hangs up** after 2 s | waits indefinitely | the dialplan goes on | ends its leg | as after 0x00 |
//! | 20.17-18, 22.7-8, 23.1-2 | **misread** | **waits indefinitely** | **hangs up** after 5 ms | **hangs up** after 2 s | waits indefinitely | the dialplan goes on | ends its leg | as after 0x00 |
//! | 20.19, 22.9, 23.3 | waits, and the caller is not heard | **waits indefinitely** | **hangs up** after 5 ms | **hangs up** after 2 s | waits indefinitely | the dialplan goes on | ends its leg | as after 0x00 |
//! | 20.20-21, 22.10-11, 23.4-5 | waits, and the caller is not heard | **waits indefinitely** | **hangs up** after 5 ms | **hangs up** after 2 s | waits indefinitely | the dialplan goes on | ends its leg | as after 0x00 |
//! | start-stop | **hangs up** | does not wait | **hangs up** | waits indefinitely | waits indefinitely | **hangs up** | ends its leg | uses up a core |
//!
//! The *application* is `AudioSocket()`, the *driver* is `Dial(AudioSocket/...)` and ExternalMedia. Where one column stands for
//! both, **hangs up** means that the application hangs up the caller and that the driver ends its leg. After the driver's leg has
//! ended, the dialplan continues if `Dial()` has the option `g`, however the server ended it: with 0x00, by a violation or by a
//! reset (measured with 22.10, and with the fork's modules). The application of the fork hangs up the caller in each of these cases
//! (measured). `audiosocket call --through dial` judges a server as the driver does.
//!
//! *A header that stops* is one or two bytes and then nothing, with the connection open: a lone `00`, for example. Since 20.17, 22.7 and
//! 23.1 Asterisk reads a header in a loop without a time limit (read). The application and the driver's leg then wait until the
//! server closes, and the caller is not heard (measured with 22.10). Other versions act on the bytes that are there: they hang up at a
//! `00`. **In the driver it can stop all of Asterisk:** a hangup request on the waiting leg blocked, and further calls with it, for 20
//! minutes, until the server was killed (measured with 22.10.1). When the server closed, a call that had waited connected within 0.5 s.
//! Beside a waiting application, other calls go on as usual; only its own call cannot be hung up (measured). So send a frame with one `write`, and close the connection if a part
//! cannot be sent. This crate does: it completes a frame or closes its direction within the
//! [`write_timeout`](crate::call::CallOptions::write_timeout). `stalled-header` of `audiosocket call` finds it.
//!
//! The application of 18.0 to 18.19, all of 19, and 20.0 to 20.4 uses up a processor core *during* a call, whatever the server does
//! (read). So does certified 18.9. The channel driver does not.
//!
//! The channel driver has no time-out in any version (measured, read). *Misread* means that what was in memory, or the rest of
//! the header, is taken for its beginning, and the stream is out of step. Where nothing waits, parts written right after one
//! another may pass, if the kernel has put them together. Hence: a frame is one `write`, and `TCP_NODELAY` is set. The fork's
//! application uses up a processor core in any case (measured). Its driver does so after the server has closed, while the caller is
//! silent. If the server has closed both directions and the caller talks, its leg ends within 40 ms (measured).
//!
//! # Servers that are silent, through the channel driver
//!
//! Since 20.17, 22.7 and 23.1 the driver's loop for a header has no time limit. Asterisk issue 2089 counts 2,328 polls in one call that
//! was silent both ways, and in issue 2078 ARI requests stall for minutes beside ExternalMedia over AudioSocket; both are open. Measured
//! with 22.10.1 and `.ci/external-media`, on a busy machine with two cores, with ExternalMedia calls whose callers were silent:
//!
//! | calls | server | CPU of Asterisk, of one core | `GET /ari/channels`, median | worst |
//! |---|---|---|---|---|
//! | 1 | never sends | 0.6 % | 0.9 ms | 4 ms |
//! | 1 | sends silence first and every second | 0.6 % | 1.7 ms | 13 ms |
//! | 1 | talks | 1.0 % | 1.3 ms | 93 ms |
//! | 10 | never sends | 0.9 % | 1.5 ms | 50 ms |
//! | 10 | sends silence first and every second | 1.2 % | 1.3 ms | 7 ms |
//! | 10 | talks | 3.5 % | 1.3 ms | 2 ms |
//! | 50 | never sends | 2.5 to 2.8 % | 4.1 to 4.5 ms | 87 to 393 ms |
//! | 50 | sends silence first and every second | 3.3 to 3.6 % | 3.4 to 4.4 ms | 8 to 69 ms |
//! | 50 | talks | 14.8 to 19.4 % | 4.4 to 4.7 ms | 132 to 292 ms |
//!
//! So in 22.10.1 a silent server costs no extra CPU time. The worst times are mostly those of the busy machine. In one of four runs with
//! 50 calls to the server that never sends, no result came within 4 minutes, until Asterisk was stopped; the cause was not found.
//!
//! # In every version
//!
//! | what the server does | application | driver | its name here |
//! |---|---|---|---|
//! | audio with half a sample | records noise from there on | records noise from there on | `odd-length` |
//! | audio more than 1 s ahead of real time | plays it too fast | plays it too fast | `too-fast` |
//! | more than 96 frames of audio at once | drops the oldest 64 frames | drops the oldest 64 frames | `queue-overflow` |
//! | closed with audio unread, which is a reset | hangs up the caller | ends its leg | `reset` |
//! | closed inside a frame | hangs up the caller | ends its leg | `truncated` |
//! | does not read what is sent | hangs up the caller | ends its leg | `not-reading` |
//!
//! Of 1 s of audio at once nothing is lost, of 2 s the oldest 64 frames, of 10 s 256 to 320 (measured). What comes at twice the
//! real time is not lost, but played fast: **the server has to pace**.
//!
//! # What does no harm
//!
//! - Audio of another rate than the channel's: it is converted (measured).
//! - Audio before Asterisk's UUID was read (measured).
//! - A nil UUID, or one of no version: Asterisk takes any (measured). A text that is no UUID means that there is no connection at
//!   all.
//!
//! # Where it is written down otherwise
//!
//! - [Asterisk's documentation](https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/) of the protocol.
//! - [CyCoreSystems/audiosocket](https://github.com/CyCoreSystems/audiosocket), where it comes from.
//! - `audiosocket call --asterisk list` prints what is above.
