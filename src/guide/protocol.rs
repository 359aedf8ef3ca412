//! The AudioSocket protocol, and what each version of Asterisk does with it.
//!
//! Read this page if you write an AudioSocket server without this crate, or if a call ends and you want to know which rule the
//! server violated. A server of this crate follows all of these rules. Then you only need the tables, for what your Asterisk
//! supports.
//!
//! These words have one meaning throughout the guide:
//!
//! - The *server* is your program. Asterisk connects to it, once for each call.
//! - The *peer* is the other end of a connection: for the server, Asterisk.
//! - A call reaches the server in one of two *ways*. The *application* is `AudioSocket()` in the dialplan. The *driver* is the
//!   channel driver: `Dial(AudioSocket/...)`, and ExternalMedia in ARI.
//! - The driver's *leg* is the channel between Asterisk's bridge and the server. The caller has a channel of their own, so the
//!   leg can end without the caller being hung up.
//! - The *fork* is the [start-stop fork](#the-start-stop-fork) of Asterisk's modules.
//! - *Measured* means measured with Debian's Asterisk 22.10.1 on loopback, in November 2026.
//! - *Read* means read in Asterisk's source, which was done for every release. Only 22.10.1 was run: with its own modules, with
//!   the fork's, and with *modules of 2020*, from Asterisk's repository in February 2020, before 18.0. Where a text names a
//!   range of versions, the rest of the range was read.
//!
//! The tables by version show the data of the module [`asterisk`](crate::asterisk). The simulated Asterisk judges servers by
//! the same data, and the test `tests/tool/guide.rs` compares the tables with it.
//!
//! # Frames
//!
//! Both sides send frames. A frame has a kind of one byte, a length of two bytes in big-endian order, and a payload of that
//! length.
//!
//! Every byte is a possible kind, and every two bytes are a possible length. So a stream is never malformed at this level: a
//! frame is complete, or more bytes are needed. Only a payload can be wrong for its kind.
//!
//! ```
//! use audiosocket::wire::{Audio, Message, SampleRate};
//!
//! let audio = Audio::new(SampleRate::Hz8000, &[0xd2, 0x04])?;
//! let mut buffer = [0; 5];
//! // Kind 0x10, length 2, and the sample 1234 in little-endian order.
//! assert_eq!(Message::Audio(audio).encode(&mut buffer)?, [0x10, 0x00, 0x02, 0xd2, 0x04]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | kind | meaning | payload | sender |
//! |---|---|---|---|
//! | 0x00 | hangup | none | the server. Asterisk never sends it (measured, read) |
//! | 0x01 | UUID of the call | 16 bytes, in the order in which a UUID is written | Asterisk, as its first frame, within 12 ms of connecting (measured) |
//! | 0x02 | DTMF, start-stop dialect | 6 bytes, see below | the fork, and servers that send digits to it |
//! | 0x02 | silence, a constant of some libraries | none | no Asterisk ever sent it (read) |
//! | 0x03 | DTMF, Asterisk's dialect | 1 byte, see below | Asterisk |
//! | 0x10 to 0x18 | audio | signed 16-bit samples, little-endian, one channel | both |
//! | 0xff | error | optional: one byte of flags, 1 hangup, 2 frame forwarding, 4 memory | it is defined, but Asterisk never sends it (measured, read) |
//!
//! A server may send hangups and audio, and to the fork also DTMF. What each version does with other kinds is in a [table
//! below](#kinds-and-rates-by-version).
//!
//! # Audio
//!
//! The kind is the sample rate:
//!
//! | kind | 0x10 | 0x11 | 0x12 | 0x13 | 0x14 | 0x15 | 0x16 | 0x17 | 0x18 |
//! |---|---|---|---|---|---|---|---|---|---|
//! | rate in kHz | 8 | 12 | 16 | 24 | 32 | 44.1 | 48 | 96 | 192 |
//! | bytes in 20 ms | 320 | 480 | 640 | 960 | 1280 | 1764 | 1920 | 3840 | 7680 |
//!
//! Frames usually hold 20 ms. Do not rely on it: the last frame of a file is shorter (measured), and calls with frames of 10,
//! 40 or 60 ms exist.
//!
//! The frames that arrive are not a clock. Asterisk writes one every 20 ms (measured: 99 of 100 within 24 ms). It writes none
//! while the caller's telephone sends no packets, on hold or with silence suppression. A quiet caller still produces frames. It
//! also writes none while a key is held. A key of 100 ms leaves a gap of 120 ms (measured).
//!
//! The application always sends 8 kHz. The driver sends the rate in the dial string.
//!
//! **Kind 0x10 can contain G.711.** Without a linear format in the dial string, the driver sends the caller's own codec as kind
//! 0x10, usually u-law or A-law: 160 bytes in 20 ms instead of 320 (measured). Read as linear samples, it is loud noise. A
//! single frame does not show the difference, but the bytes of a second do: see
//! [`is_g711_suspected`](crate::call::CallStats::is_g711_suspected). [Recipes](super::recipes) has the right dial strings, and
//! [speech services](super::speech_services) decodes G.711.
//!
//! # The two dialects of DTMF
//!
//! Digits arrive in one of two dialects. [`Message`](crate::wire::Message) distinguishes them by kind and length, so there is
//! nothing to configure. [`KeyEvents`](crate::call::KeyEvents) turns either dialect into one event for each press.
//!
//! | | start-stop dialect | Asterisk's dialect |
//! |---|---|---|
//! | kind and length | 0x02, 6 bytes | 0x03, 1 byte |
//! | payload | 1 for start or 0 for stop; the digit in ASCII; the duration in ms, 4 bytes, **little-endian**, 0 in a start | the digit in ASCII |
//! | sent | when the key goes down, and when it comes up | when the key comes up |
//! | duration | yes | no, but the gap in the audio shows it |
//! | digits | `0` to `9`, `*`, `#`, `A` to `D`; lower case stays lower case (measured) | the same (measured) |
//! | who sends the caller's digits | the fork's driver; its application sends none (measured) | application and driver, since 20.14, 21.9, 22.4 and 23.0 |
//! | a digit from the server | the fork plays a digit of 100 ms to the caller at the stop, whatever its duration, and ignores the start (measured) | **ends the call** since 20.14, 21.9, 22.4 and 23.0 (measured); older versions skip it. Send tones instead |
//!
//! [`Voice::send_digits`](crate::call::Voice::send_digits) sends digits as tones. After a call has received a digit of the
//! start-stop dialect, it sends them in that dialect. [`CallOptions::dialect`](crate::call::CallOptions::dialect) chooses one
//! from the start. A [`Digit`](crate::wire::Digit) prints in upper case and compares equal in both cases. It keeps the received
//! byte, so an echo returns lower case as lower case.
//!
//! ## The start-stop fork
//!
//! The fork is a set of modules for Asterisk: the folder `asterisk` of [rainbow-cnay/audiosocket][fork], of March 2020. Its
//! README describes the start-stop dialect. It was written before Asterisk sent any digits. You have the fork only if somebody
//! built these modules and installed them in place of Asterisk's own. Its driver is recognizable: each key arrives as two
//! frames of kind 0x02. [Recipes](super::recipes#the-start-stop-fork) has the dialplan for it.
//!
//! [fork]: https://github.com/rainbow-cnay/audiosocket
//!
//! # The end of a call
//!
//! Asterisk ends a call by closing the connection. If its kernel still has unread bytes from the server, the server sees a
//! reset instead (measured). Neither is an error.
//!
//! A server ends a call in four steps:
//!
//! 1. Send the hangup frame `00 00 00`.
//! 2. Close the sending direction (`shutdown(Write)`).
//! 3. Read and discard until Asterisk has closed, for at most 2 s. Asterisk closes within milliseconds.
//! 4. Close the connection.
//!
//! If a server closes while audio from Asterisk is unread, its kernel sends a reset. The application then hangs up the caller,
//! and the dialplan does not continue (measured). [`Server`](crate::server::Server) takes the four steps for every call, also
//! when a handler fails or panics.
//!
//! Whether the dialplan continues after these steps depends on the way and on the version:
//!
//! - After the application: since 20.14, 21.9, 22.4 and 23.0. Older versions and the fork hang up the caller.
//! - After `Dial()`: in every version, but only with the option `g`. The dialplan then continues however the channel ended: by a
//!   hangup frame, a violation or a reset (measured with 22.10, and with the fork's modules).
//!
//! # Kinds and rates by version
//!
//! The names in parentheses are those of the rules in the reports of `audiosocket call`, `tap` and `inspect`. Some rows differ
//! only in the [next table](#timing-and-the-end-by-version).
//!
//! | Asterisk | application sends digits as | driver sends digits as | if the server sends 0x11 to 0x18 (`unknown-rate`) | if it sends audio without a sample (`empty-audio`) | if it sends other kinds (`forbidden-kind`) |
//! |---|---|---|---|---|---|
//! | 18.x, 19.x, 20.0 to 20.13, 21.0 to 21.8, 22.0 to 22.3 | none | none | skipped | skipped | skipped |
//! | 20.14, 21.9, 22.4 | 0x03 | 0x03 | **hangs up** | **hangs up** | **hangs up** |
//! | 20.15-16, 21.10-11, 22.5-6, 23.0 | 0x03 | 0x03 | **hangs up** | **hangs up** | **hangs up** |
//! | 21.12 | 0x03 | 0x03 | plays it | **hangs up** | **hangs up** |
//! | 20.17-18, 22.7-8, 23.1-2 | 0x03 | 0x03 | plays it | **hangs up** | **hangs up** |
//! | 20.19, 22.9, 23.3 | 0x03 | 0x03 | plays it | **hangs up** | **hangs up** |
//! | 20.20-21, 22.10-11, 23.4-5 | 0x03 | 0x03 | plays it | **hangs up** | **hangs up** |
//! | start-stop | none | 0x02 | skipped | skipped | digits (0x02) accepted, others skipped |
//!
//! - "18.x" means all releases of 18, and "20.15-16" means 20.15 and 20.16. "start-stop" is the fork.
//! - *Hangs up*, here and in the next table, means that the application hangs up the caller, and that the driver ends the
//!   AudioSocket channel.
//! - 20.21, 22.11 and 23.5 are in the newest row because their release candidates have the same AudioSocket files as 22.10
//!   (read).
//! - A release newer than the table is judged as the newest row, and `audiosocket call` prints a warning.
//! - A certified release behaves as the release that it was made from: 18.9, 20.7 or 22.8 (read).
//!   `--asterisk certified-22.8-cert4` and `--asterisk 22.8-cert4` select it.
//!
//! Some callers send frames that are neither audio nor digits, such as comfort noise. The application ignores them. The driver
//! depends on the version. The first row was measured with modules of 2020 and with the fork's, the last with 22.10; the rest
//! was read:
//!
//! | Asterisk | the driver |
//! |---|---|
//! | 18.x, 19.x, 20.0 to 20.13, 21.0 to 21.8, 22.0 to 22.3, and the fork | sends them to the server as audio (0x10) without a sample |
//! | since 20.14, 21.9, 22.4 and 23.0, up to 20.19, 21.12, 22.9 and 23.3 | ends the AudioSocket channel, and logs "Unsupported frame type 10 for AudioSocket" |
//! | since 20.20, 22.10 and 23.4 | ignores them |
//!
//! # Timing and the end by version
//!
//! | Asterisk | split header (`split-header`) | unfinished header (`stalled-header`) | split payload (`split-payload`) | no traffic, application (`idle`) | no traffic, driver | hangup frame, application | hangup frame, driver | close without a hangup frame (`no-hangup`) |
//! |---|---|---|---|---|---|---|---|---|
//! | 18.x, 19.x, 20.0 to 20.13, 21.0 to 21.8, 22.0 to 22.3 | **hangs up** | does not wait | **hangs up** | waits indefinitely | waits indefinitely | **hangs up** | ends the AudioSocket channel | uses up a core |
//! | 20.14, 21.9, 22.4 | **misread** | does not wait | **hangs up** | **hangs up** after 2 s | waits indefinitely | the dialplan continues | ends the AudioSocket channel | like a hangup frame |
//! | 20.15-16, 21.10-11, 22.5-6, 23.0 | **misread** | does not wait | **hangs up** after 5 ms | **hangs up** after 2 s | waits indefinitely | the dialplan continues | ends the AudioSocket channel | like a hangup frame |
//! | 21.12 | **misread** | does not wait | **hangs up** after 5 ms | **hangs up** after 2 s | waits indefinitely | the dialplan continues | ends the AudioSocket channel | like a hangup frame |
//! | 20.17-18, 22.7-8, 23.1-2 | **misread** | **waits indefinitely** | **hangs up** after 5 ms | **hangs up** after 2 s | waits indefinitely | the dialplan continues | ends the AudioSocket channel | like a hangup frame |
//! | 20.19, 22.9, 23.3 | waits, and the caller is not heard | **waits indefinitely** | **hangs up** after 5 ms | **hangs up** after 2 s | waits indefinitely | the dialplan continues | ends the AudioSocket channel | like a hangup frame |
//! | 20.20-21, 22.10-11, 23.4-5 | waits, and the caller is not heard | **waits indefinitely** | **hangs up** after 5 ms | **hangs up** after 2 s | waits indefinitely | the dialplan continues | ends the AudioSocket channel | like a hangup frame |
//! | start-stop | **hangs up** | does not wait | **hangs up** | waits indefinitely | waits indefinitely | **hangs up** | ends the AudioSocket channel | uses up a core |
//!
//! - A *split* header or payload arrives in parts, with a pause between them. An *unfinished* header is one or two bytes, and
//!   then nothing while the connection stays open.
//! - *No traffic* means that neither side sends. The limit of 2 s is the application's alone; the driver has no limit in any
//!   version (measured, read).
//! - The fork's application hangs up the caller after a hangup frame, a split or truncated frame, and a reset (measured).
//! - *Misread* means that Asterisk loses its place in the stream. It treats unrelated bytes as the rest of the header, or
//!   treats the rest of the header as a new header.
//! - Versions that do not wait may still accept parts that were written one right after the other, if the kernel has joined
//!   them.
//!
//! **So write each frame with one `write`, and set `TCP_NODELAY`.** `audiosocket call --through dial` judges a server as the
//! driver does; without the option it judges as the application does.
//!
//! # An unfinished header can stop Asterisk
//!
//! Since 20.17, 22.7 and 23.1, but in no release of 21, Asterisk reads a header in a loop without a time limit (read). A single
//! byte `00` is enough, because it could be the first byte of a hangup frame. Asterisk then waits until the server sends the
//! rest or closes, and the server does not receive the caller's audio (measured). Other versions act on the bytes that are
//! there: they hang up at a `00`.
//!
//! - **In the driver it can stop all of Asterisk.** A request to hang up the waiting leg blocked, and other calls with it, for
//!   20 minutes, until the server was killed. A call that had waited was connected within 0.5 s after that (measured).
//!   Each pause inside a header does this for as long as it lasts: Asterisk's command line waited 1.5 s (measured).
//! - In the application, other calls continue. Only the call itself cannot be hung up (measured).
//!
//! So close the connection if you have sent a part of a frame and cannot send the rest. This crate does: within the
//! [`write_timeout`](crate::call::CallOptions::write_timeout) it completes a frame or closes its sending direction. In a server
//! of your own, the rule `stalled-header` of `audiosocket call` finds this fault.
//!
//! # Versions that use up a processor core
//!
//! | Asterisk | when | in the driver, too |
//! |---|---|---|
//! | 18.0 to 18.19, all of 19, 20.0 to 20.4, certified 18.9 | during every call, whatever the server does (read; measured with modules of 2020) | no |
//! | up to 20.13, 21.8 and 22.3 | after the server has closed without a hangup frame (read; measured with modules of 2020) | yes |
//! | the fork | during every call (measured) | only after the server has closed, while the caller is silent (measured) |
//!
//! If the fork's caller talks after the server has closed both directions, the driver's leg ends with the caller's next frames.
//! If the server has closed only its sending direction, the driver uses up a core even while the caller talks (both measured).
//!
//! # Servers that do not send, with ExternalMedia
//!
//! Let the server send a frame of silence at the start of a call and one each second. The reason is two reports about
//! ExternalMedia over AudioSocket, which were open in August 2026:
//!
//! - Asterisk issue 2089 (23.3.0): a call stayed silent both ways because its server waited for the caller's first frame.
//!   Asterisk polled 2,328 times for a header meanwhile. Pull request 2090, also open, limits that loop.
//! - Asterisk issue 2078 (20.18 and 20.19): ARI requests stalled for minutes.
//!
//! With 22.10.1, neither a server that never sends nor these frames cost much CPU time. `.ci/external-media` in the repository
//! measured it with ExternalMedia calls whose callers were silent, on a busy machine with two cores:
//!
//! | calls | server | CPU of Asterisk, of one core | `GET /ari/channels`, median | worst |
//! |---|---|---|---|---|
//! | 1 | never sends | 0.6 % | 0.9 ms | 4 ms |
//! | 1 | sends silence at the start and each second | 0.6 % | 1.7 ms | 13 ms |
//! | 1 | sends 50 frames a second | 1.0 % | 1.3 ms | 93 ms |
//! | 10 | never sends | 0.9 % | 1.5 ms | 50 ms |
//! | 10 | sends silence at the start and each second | 1.2 % | 1.3 ms | 7 ms |
//! | 10 | sends 50 frames a second | 3.5 % | 1.3 ms | 2 ms |
//! | 50 | never sends | 2.5 to 2.8 % | 4.1 to 4.5 ms | 87 to 393 ms |
//! | 50 | sends silence at the start and each second | 3.3 to 3.6 % | 3.4 to 4.4 ms | 8 to 69 ms |
//! | 50 | sends 50 frames a second | 14.8 to 19.4 % | 4.4 to 4.7 ms | 132 to 292 ms |
//!
//! Most of the worst times come from the busy machine. One of four runs with 50 calls to the server that never sends did not
//! finish, and Asterisk was stopped after 4 minutes. It is not known whether Asterisk or the measurement had stalled.
//!
//! # Rules of every version
//!
//! | what the server does | application | driver | rule |
//! |---|---|---|---|
//! | audio with half a sample | records noise from there on | records noise from there on | `odd-length` |
//! | audio more than 1 s ahead of real time | plays it too fast | plays it too fast | `too-fast` |
//! | more than 96 frames of audio at once | drops the oldest 64 frames | drops the oldest 64 frames | `queue-overflow` |
//! | closed with audio unread, which is a reset | hangs up the caller | ends the AudioSocket channel | `reset` |
//! | closed inside a frame | hangs up the caller | ends the AudioSocket channel | `truncated` |
//! | does not read what is sent | hangs up the caller | ends the AudioSocket channel | `not-reading` |
//!
//! *Records noise* means a recording by Asterisk, with `Record()` (measured). Asterisk still plays the audio to the caller.
//!
//! **The server has to pace its audio.** Asterisk plays frames as they arrive, so audio at twice the real time is not lost but
//! plays too fast. A burst of 1 s loses nothing, a burst of 2 s loses the oldest 64 frames, and a burst of 10 s loses 256 to
//! 320 frames (measured).
//!
//! # What does no harm
//!
//! - Audio of another rate than the channel's, where the version supports the kind: Asterisk converts it (measured).
//! - Audio that the server sends before it has read the UUID (measured).
//! - A nil UUID, or one of no version: Asterisk accepts both (measured). If the text in the dialplan is not a UUID, Asterisk
//!   does not connect at all (measured).
//!
//! # Other descriptions
//!
//! - [Asterisk's documentation](https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/) of the protocol.
//! - [CyCoreSystems/audiosocket](https://github.com/CyCoreSystems/audiosocket), where the protocol comes from.
//! - `audiosocket call --asterisk list` prints what each version does, and all rules.
