//! AudioSocket or chan_websocket? What each of Asterisk's two media connections offers, by version.
//!
//! Read this page if you have not chosen yet. Asterisk can exchange a call's audio with a program over AudioSocket, or over a
//! WebSocket with the channel driver `chan_websocket`. Both work with `Dial()` and with ARI's ExternalMedia.
//!
//! The facts about `chan_websocket` come from [its documentation][docs] and from Asterisk's repository, as of November 2026.
//! None of them was measured here.
//!
//! # Which one to choose
//!
//! | choose | if |
//! |---|---|
//! | `chan_websocket` | your Asterisk has it, and you need compressed codecs, TLS in Asterisk or early media, or your program already uses WebSocket and JSON |
//! | AudioSocket | you need older or mixed versions of Asterisk, the dialplan application, a small program without an HTTP library, or a microcontroller |
//!
//! Marks, clearing the queue and pacing are no reason to choose: `chan_websocket` has them in Asterisk, and this crate has them
//! in your program.
//!
//! # Versions
//!
//! | | AudioSocket | chan_websocket |
//! |---|---|---|
//! | first releases | 18.0 | 20.16, 21.11, 22.6 and 23.0 ([documentation][docs]) |
//! | digits to the program | since 20.14, 21.9, 22.4 and 23.0 | in all of them, as the event `DTMF_END` |
//! | audio above 8 kHz | since 20.17, 21.12, 22.7 and 23.1; the caller's audio only through the channel driver | in all of them |
//! | control messages in JSON, with channel variables | none | since 20.18, 22.8 and 23.2 ([configuration][json]) |
//! | marks | in all versions, by this crate | since November 2025 ([pull request 1577][mark]) |
//! | `unbuffered` mode, for programs that pace themselves | AudioSocket always works like this | since August 2026 ([pull request 2120][unbuffered]) |
//!
//! # Commands of chan_websocket, and their counterparts in this crate
//!
//! `chan_websocket` keeps a queue of audio inside Asterisk. With AudioSocket the program paces the audio, so this crate keeps
//! the queue in your program:
//!
//! | chan_websocket | this crate |
//! |---|---|
//! | Asterisk cuts audio into frames and paces it | [`Voice::play`](crate::call::Voice::play) does this in your program |
//! | `MARK_MEDIA`, `MEDIA_MARK_PROCESSED` | [`Voice::mark`](crate::call::Voice::mark), [`Event::MarkReached`](crate::call::Event::MarkReached) |
//! | `FLUSH_MEDIA` | [`Voice::clear`](crate::call::Voice::clear), which also returns the audio that was not played |
//! | `PAUSE_MEDIA`, `CONTINUE_MEDIA` | `clear`, and then [play](crate::call::Call::play_and_wait) the audio that it returned |
//! | `GET_STATUS`: length of the queue | [`Voice::queued`](crate::call::Voice::queued) |
//! | `MEDIA_XOFF` at about 900 of 1000 frames (20 s), `MEDIA_XON` | [`PlayError::QueueFull`](crate::call::PlayError::QueueFull), at 5 minutes by default |
//! | `REPORT_QUEUE_DRAINED`, and then `HANGUP` | [`Voice::hang_up_after_playback`](crate::call::Voice::hang_up_after_playback) |
//! | `HANGUP` | [`Voice::hang_up`](crate::call::Voice::hang_up) |
//! | silence while the program sends nothing | [`initial_silence`](crate::call::CallOptions::initial_silence) and [`keep_alive`](crate::call::CallOptions::keep_alive): a frame at the start, and one after each second without traffic |
//! | the format in the dial string | the same, for nine linear rates from 8 to 192 kHz; [`set_rate`](crate::call::Voice::set_rate) sets the rate of playback |
//!
//! In both, a mark means that the audio ahead of it has left the queue. The caller hears the end of that audio about 20 ms
//! later.
//!
//! # What only chan_websocket has
//!
//! - **Compressed codecs**: most of Asterisk's codecs, under their own names. With opus, speex and g729 your program has to
//!   frame and pace the audio (passthrough mode). AudioSocket carries linear audio, if the dial string names a linear format
//!   ([recipes](super::recipes#the-channel-driver-with-good-sound)).
//! - **TLS** in Asterisk itself. AudioSocket needs stunnel next to Asterisk ([security](super::security)).
//! - **Early media**: the option `n` leaves the call unanswered until the program sends `ANSWER`. The application
//!   `AudioSocket()` ends at once on a channel that was not answered (measured with 22.10).
//! - **Data about the call**: the name and variables of the channel in `MEDIA_START`, and `v()` for the URI. AudioSocket
//!   carries only a UUID, and the program has to look up the rest ([recipes](super::recipes#the-uuid)).
//! - **Connections from either side**: your program can also connect to Asterisk.
//! - **Bursts**: a program may send up to 20 s of audio at once. With AudioSocket, a burst of 2 s loses audio
//!   ([protocol](super::protocol#rules-of-every-version)), so the program has to pace. This crate does.
//!
//! # What only AudioSocket has
//!
//! - **All releases since 18**, without a module for WebSocket or HTTP.
//! - **The application `AudioSocket()`**. When the server hangs up, the dialplan continues with the next line, since 20.14,
//!   21.9, 22.4 and 23.0. `chan_websocket` is a channel, which `Dial()` or ARI has to create.
//! - **A header of three bytes.** A server is a page of code in any language. On [microcontrollers](super::embedded), the
//!   module [`wire`](crate::wire) of this crate reads and writes the frames.
//! - **No queue in Asterisk** while the server paces. Audio in the queue of `chan_websocket` stays ahead of all later audio, so
//!   a backlog became a lasting delay ([issue 2115][backlog], closed in August 2026 by the `unbuffered` mode).
//!
//! # Faults reported for both
//!
//! - AudioSocket: ExternalMedia can stay silent if both sides wait for each other (issue 2089, open in August 2026). A server
//!   that stops inside a header can stop Asterisk ([security](super::security#what-a-bad-server-can-do-to-asterisk)).
//! - `chan_websocket`: a program that stops reading could block Asterisk ([issue 2140][reading], of September 2026, closed).
//!   With 22.7, audio was reported to arrive ahead of `MEDIA_START` ([issue 1712][start], of January 2026).
//!
//! [docs]: https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket
//! [json]: https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Module_Configuration/chan_websocket
//! [mark]: https://github.com/asterisk/asterisk/pull/1577
//! [unbuffered]: https://github.com/asterisk/asterisk/pull/2120
//! [backlog]: https://github.com/asterisk/asterisk/issues/2115
//! [start]: https://github.com/asterisk/asterisk/issues/1712
//! [reading]: https://github.com/asterisk/asterisk/issues/2140
