//! AudioSocket or chan_websocket? What each of Asterisk's two media connections has, by version.
//!
//! Asterisk can exchange a call's audio with a program over AudioSocket or over a WebSocket, with the channel driver `chan_websocket`.
//! Both work with `Dial()` and with ARI's ExternalMedia. This page says which one suits which program. The facts about
//! `chan_websocket` are from [its documentation][docs] and Asterisk's repository; none of them was measured here.
//!
//! # In short
//!
//! Use `chan_websocket` if your Asterisk has it and you need compressed codecs, TLS or early media, or if your program already speaks
//! WebSocket and JSON. Use AudioSocket if you need older or mixed versions of Asterisk, the dialplan application, a small program
//! without an HTTP stack, or a microcontroller. With this crate, marks, clearing and pacing are no reason to choose: both have them.
//!
//! # Versions
//!
//! | | AudioSocket | chan_websocket |
//! |---|---|---|
//! | first releases | 18.0 | 20.16, 21.11, 22.6, 23.0 ([documentation][docs]) |
//! | digits to the program | 20.14, 21.9, 22.4 | all of them, as the event `DTMF_END` |
//! | audio above 8 kHz | 20.17, 21.12, 22.7, 23.1 | all of them |
//! | control messages in JSON, with channel variables | none | 20.18, 22.8, 23.2 ([configuration][json]) |
//! | marks | by this crate, in all versions | since November 2025 ([pull request 1577][mark]) |
//! | `unbuffered` mode, for programs that pace themselves | that is how it works | since August 2026 ([pull request 2120][unbuffered]) |
//!
//! # The features of chan_websocket, and what this crate has for them
//!
//! Over AudioSocket the program paces the audio. The queue that `chan_websocket` has inside Asterisk is therefore in your program, where
//! this crate keeps it. The commands have counterparts:
//!
//! | chan_websocket | this crate |
//! |---|---|
//! | Asterisk cuts audio into frames and paces it | [`Voice::play`](crate::call::Voice::play) does, in your program |
//! | `MARK_MEDIA`, `MEDIA_MARK_PROCESSED` | [`Voice::mark`](crate::call::Voice::mark), [`Event::MarkReached`](crate::call::Event::MarkReached) |
//! | `FLUSH_MEDIA` | [`Voice::clear`](crate::call::Voice::clear), which also returns what was not played |
//! | `PAUSE_MEDIA`, `CONTINUE_MEDIA` | `clear`, then [play](crate::call::Call::play_and_wait) what it returned |
//! | `GET_STATUS`: length of the queue | [`Voice::queued`](crate::call::Voice::queued) |
//! | `MEDIA_XOFF` at about 900 of 1000 frames (20 s), `MEDIA_XON` | [`PlayError::QueueFull`](crate::call::PlayError::QueueFull), at 5 minutes by default |
//! | `REPORT_QUEUE_DRAINED` and then `HANGUP` | [`Voice::hang_up_after_playback`](crate::call::Voice::hang_up_after_playback) |
//! | `HANGUP` | [`Voice::hang_up`](crate::call::Voice::hang_up) |
//! | silence while the program sends nothing | [`keep_alive`](crate::call::CallOptions::keep_alive) and [`initial_silence`](crate::call::CallOptions::initial_silence) |
//! | the format in the dial string | nine linear rates, 8 to 192 kHz: [`set_rate`](crate::call::Voice::set_rate) |
//!
//! A mark means in both that the audio ahead of it has left the queue; the caller hears its end about 20 ms later.
//!
//! # What only chan_websocket has
//!
//! - **Compressed codecs**: most of Asterisk's, under their own names. With opus, speex and g729 your program has to frame and pace
//!   (passthrough mode). AudioSocket carries linear audio.
//! - **TLS** in Asterisk itself. AudioSocket needs stunnel beside Asterisk ([security](super::security)).
//! - **Early media**: the option `n` leaves the call unanswered until the program sends `ANSWER`. The application `AudioSocket()` ends at
//!   once on a channel that was not answered (measured with 22.10).
//! - **Data about the call**: the channel's name and variables in `MEDIA_START`, and `v()` for the URI. AudioSocket carries a UUID, and
//!   the rest has to be looked up ([recipes](super::recipes#the-uuid)).
//! - **Connections in both directions**: your program can also connect to Asterisk.
//! - **Bursts**: a program may send up to 20 s at once. Over AudioSocket a burst of more than 1 s loses audio; this crate paces.
//!
//! # What only AudioSocket has
//!
//! - **Every release since 18**, without a module for WebSocket or HTTP.
//! - **The application `AudioSocket()`**, which returns to the dialplan when the server hangs up. `chan_websocket` is a channel that is
//!   dialled.
//! - **A header of three bytes.** A server is a page of code in any language, and this crate runs on
//!   [microcontrollers](super::embedded).
//! - **No limit on a message but 65,535 bytes.** `chan_websocket` closes the connection and hangs up the call at messages above 65,500
//!   bytes ([documentation][docs]).
//! - **The delay in your hands.** Audio that waits in Asterisk's queue for `chan_websocket` stays ahead of all later audio: a backlog
//!   became a lasting delay ([issue 2115][backlog], closed in August 2026 by the `unbuffered` mode). Over AudioSocket nothing waits in
//!   Asterisk if the server paces.
//!
//! # Trouble that both can have
//!
//! Neither is free of open issues. ExternalMedia over AudioSocket can stay silent if both sides wait for each other (issue 2089), and a
//! server that stops inside a header can stop Asterisk ([security](super::security#what-a-bad-server-can-do-to-asterisk)). With
//! `chan_websocket` 22.7, audio was reported to arrive ahead of `MEDIA_START` ([issue 1712][start]).
//!
//! [docs]: https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket
//! [json]: https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Module_Configuration/chan_websocket
//! [mark]: https://github.com/asterisk/asterisk/pull/1577
//! [unbuffered]: https://github.com/asterisk/asterisk/pull/2120
//! [backlog]: https://github.com/asterisk/asterisk/issues/2115
//! [start]: https://github.com/asterisk/asterisk/issues/1712
