//! Dialplan recipes: how a call gets to the server, with what UUID, and what becomes of it afterwards.
//!
//! *Measured* means seen with Debian's Asterisk 22.10.1; what `.ci/asterisk --list` names is repeated in each run of that. *Read*
//! means read in its source and not run, because it is about other versions or about a network that the test does not have. `127.0.0.1:9092` is where the examples and `audiosocket serve` listen.
//!
//! # First of all: the modules
//!
//! `asterisk -rx 'module show like audiosocket'` has to show `res_audiosocket`, and `app_audiosocket` for the application or
//! `chan_audiosocket` for the channel driver; `${UUID()}` is `func_uuid`. `modules.conf` loads what is missing. If you build Asterisk
//! from source, the three are off until `make menuselect` turns them on. That includes every certified release (18.9, 20.7 and 22.8;
//! read).
//!
//! # The application, or the channel driver?
//!
//! | | `AudioSocket()` | `Dial(AudioSocket/...)` |
//! |---|---|---|
//! | audio | 8 kHz | any rate: name one |
//! | nobody sends for 2 s | the call ends (measured, since 20.14, 21.9, 22.4) | nothing |
//! | digits to the server | yes, Asterisk's dialect | yes, both dialects |
//! | at the beginning | nothing is lost | the first 1 to 3 frames that the server sends may be, while the bridge is built (measured) |
//! | at the end | nothing is lost | the last frames too, if the hangup follows them at once (measured) |
//! | after 0x00 | the dialplan goes on | its leg ends; the dialplan goes on only with the option `g` of `Dial()` (measured) |
//! | in a conference, or with ARI | no | yes |
//!
//! The application, for most purposes. The channel driver for better sound than that of 8 kHz, or if the server is one of several
//! parties.
//!
//! # The application
//!
//! ```text
//! exten = 100,1,Answer()
//!  same = n,Set(CALL=${UUID()})
//!  same = n,AudioSocket(${CALL},127.0.0.1:9092)
//!  same = n,Verbose(1,The server is done with ${CALL})
//!  same = n,Hangup()
//! ```
//!
//! Measured. `Answer()` is needed: on a channel that was not answered Asterisk connects, finds that
//! out, closes without having sent a byte, and hangs the caller up (measured). A [`Server`](crate::server::Server) takes that for a
//! health check.
//!
//! # The channel driver, with good sound
//!
//! ```text
//! exten = 101,1,Answer()
//!  same = n,Set(CALL=${UUID()})
//!  same = n,Dial(AudioSocket/127.0.0.1:9092/${CALL}/c(slin16),,g)
//!  same = n,Hangup()
//! ```
//!
//! Without the `g` the caller is hung up when the server hangs up, and what stands behind `Dial()` is not done (measured, with it
//! and without). **Always name a linear format.** Without `c()`, a caller with u-law sends u-law under the kind of linear audio,
//! which is noise (measured); see [`is_g711_suspected`](crate::call::CallStats::is_g711_suspected) and
//! [speech_services](super::speech_services).
//!
//! Measured with `slin`, `slin12`, `slin16`, `slin24`, `slin32`, `slin44`, `slin48`, `slin96` and `slin192`. Do without `slin44`
//! and `slin192`: on the way to them Asterisk's own resampler halves the amplitude of a caller of 8 kHz, and with `slin44` that
//! of the server on the way back, too (measured). A server hears the rate from [`Audio::rate`](crate::wire::Audio::rate) and
//! [`Call::received_rate`](crate::call::Call::received_rate); it may speak at another, which Asterisk converts (measured). Rates above
//! 8 kHz came with 20.17, 21.12, 22.7 and 23.1 (read).
//!
//! So that no word is lost at either end, begin with 60 ms of silence, and hang up with
//! [`Voice::hang_up_after_playback`](crate::call::Voice::hang_up_after_playback), which lets the last frame last. Say 60 ms of silence
//! before that if the last syllable matters.
//!
//! # ExternalMedia, from ARI
//!
//! A channel like that of `Dial()`. An application of ARI makes it and puts it into a bridge when its event `StasisStart` has come. The
//! UUID goes into `data`, which must not be empty (read in `resource_channels.c`):
//!
//! ```text
//! POST /ari/channels/externalMedia?app=APP&external_host=127.0.0.1:9092&encapsulation=audiosocket
//!      &transport=tcp&connection_type=client&format=slin16&data=40325ec2-5efd-4bd3-805f-53576e581d13
//! ```
//!
//! Measured with `slin` and `slin16`: a tone of 3 s comes back unbroken, the caller's digits arrive, and the call ends when the
//! application deletes the channel. When the server hangs up, the application gets the event `ChannelDestroyed`. If the application
//! makes the caller's leg, too, as a `Local` channel, it should pass the same format as `formats`: without that, Asterisk halved the
//! amplitude at `slin` (measured with 22.10.1).
//!
//! Such a call stays silent if Asterisk and the server wait for each other's first frame (Asterisk issue 2089, open with 22.10). The
//! servers of this crate [send one first](crate::call::CallOptions::initial_silence).
//!
//! # The UUID
//!
//! It is all that the protocol tells of a call: neither caller nor number comes with it. `${UUID()}` makes one (module
//! `func_uuid`), of version 4 (measured). `${UNIQUEID}` is none: it looks like `1763841221.42`, and Asterisk then makes no connection at all
//! (measured). Make it before the call and keep it in a variable, as above, so that both sides know it.
//!
//! To tell the server more, put it where the server can look it up by the UUID, *before* the call:
//!
//! ```text
//!  same = n,Set(CALL=${UUID()})
//!  same = n,Set(DB(calls/${CALL})=${CALLERID(num)},${EXTEN})
//!  same = n,AudioSocket(${CALL},127.0.0.1:9092)
//! ```
//!
//! The server asks Asterisk's manager (`Action: DBGet`, `Family: calls`, `Key:` the UUID); or the dialplan tells a web service of
//! the server, with `CURL()` in place of `DB()`:
//! `Set(NOTED=${CURL(http://127.0.0.1:8080/calls/${CALL}?caller=${CALLERID(num)})})`. Both measured. [`Uuid`](crate::wire::Uuid) prints lower case, as `${UUID()}`
//! makes it; in the keys of Asterisk's database the case counts.
//!
//! ```
//! use std::collections::HashMap;
//! use std::sync::Mutex;
//! use audiosocket::call::Call;
//! use audiosocket::server::Server;
//! use audiosocket::Uuid;
//!
//! /// What the dialplan has told, by the UUID.
//! static EXPECTED: Mutex<Option<HashMap<Uuid, String>>> = Mutex::new(None);
//!
//! let expected = |uuid: &Uuid| EXPECTED.lock().unwrap().as_ref()?.get(uuid).cloned();
//! let server = Server::builder()
//!     .admit(move |caller| match expected(&caller.uuid) {
//!         Some(_) => Ok(()),
//!         None => Err("nobody has announced this call".into()),
//!     })
//!     .bind("127.0.0.1:0")?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A transfer can bring a UUID back while its first call is being ended, and a dialplan can use one twice:
//! [`IncomingCall::live_with_same_uuid`](crate::server::IncomingCall::live_with_same_uuid) tells.
//!
//! # The start-stop fork
//!
//! The application of the fork sends no digits and uses up a processor core, so use its channel driver:
//! `Dial(AudioSocket/127.0.0.1:9092/${CALL}/c(slin),,g)`. A later commit of the fork (dd4ec61) keeps the caller ringing, without
//! audio, until the server sends the frame `03 00 01 04` (measured). [`CallOptions::send_answer`](crate::call::CallOptions::send_answer)
//! and `audiosocket serve --answer` send it when the call is admitted. Stock Asterisk ends a call with that frame, so no server of this
//! crate sends it unless you ask for it.
//!
//! # After the call
//!
//! When the handler returns, the server sends 0x00, and since 20.14, 21.9 and 22.4 the dialplan goes on with the next line
//! (measured, and read for the other versions). Before those the channel is hung up whatever the server does; an extension `h` is
//! run then.
//!
//! The protocol has no field for a result. The server leaves it where the dialplan looks, before it hangs up: in Asterisk's
//! database by the manager (`DBPut`), or behind a web service:
//!
//! ```text
//!  same = n,AudioSocket(${CALL},127.0.0.1:9092)
//!  same = n,Set(NEXT=${DB(results/${CALL})})
//!  same = n,GotoIf($["${NEXT}"="operator"]?operators,1)
//!  same = n,Hangup()
//! ```
//!
//! Measured with `DB()` and with `CURL()`.
//!
//! If the server is not there, the application gives up, after 2 s for each address of the name at most (read; a name with several
//! addresses was not tried). It then hangs up the channel, and the extension `h` is run (measured). `TryExec()` lets the dialplan
//! continue instead, with `FAILED` in `TRYSTATUS` (measured with a port that is closed):
//!
//! ```text
//!  same = n,TryExec(AudioSocket(${CALL},127.0.0.1:9092))
//!  same = n,GotoIf($["${TRYSTATUS}"="FAILED"]?operators,1)
//! ```
//!
//! If the server's name has several addresses, Asterisk tries the next one only if a connection *times out*. An address that fails
//! at once ends the attempt, for example an IPv6 address on a machine without an IPv6 route (read in `ast_audiosocket_connect`). So
//! give an IPv4 address, or a name that only has one.
//!
//! # Moving the caller elsewhere
//!
//! The server can leave the name of the next extension as its result, as above, and hang up. Or a program moves the caller while the
//! call is up: `Action: Redirect` of the manager, with the caller's `Channel`, `Context`, `Exten` and `Priority`. So that nothing is
//! cut off, let it wait for the [mark](crate::call::Voice::mark) at the end of the sentence. Measured: in 5 of 5 calls the caller heard
//! all of the sentence, and the dialplan continued at the new extension. The server's call ends with
//! [`End::Closed`](crate::call::End::Closed), or with a reset if audio was on its way.
//!
//! # The dialplan's verbs, in a handler
//!
//! | in the dialplan or AGI | in a handler |
//! |---|---|
//! | `Playback(file)` | `call.play_and_wait(&wav, "")?` |
//! | `Background(file)`, `STREAM FILE file "12#"` | `call.play_and_wait(&wav, "12#")?` |
//! | `Read(N,file,6,,2,10)`, `GET DATA file 10000 6` | `call.gather(Gather::new().prompt(&wav).max_digits(6).tries(2).first_timeout(TEN_SECONDS))?` |
//! | `WaitExten(5)` | `call.gather(Gather::new().max_digits(1))?` |
//! | `MixMonitor(name.wav)`, `Record(name.wav)` | `call.record("name.wav")?` ([recording](super::recording)) |
//! | `SendDTMF(123)` | `call.send_digits("123")?` |
//! | `Wait(3)` | `call.receive_until(in_three_seconds)` until [`Event::TimeUp`](crate::call::Event::TimeUp) |
//! | `Hangup()` | return from the handler; the dialplan continues |
//!
//! [`play_and_wait`](crate::call::Call::play_and_wait) returns which key stopped the prompt and what was not played.
//! [`gather`](crate::call::Call::gather) returns the digits and why there are no more. Keys that are pressed too early are kept for
//! the next of them, as `Background` and `Read` do. Both take digits of either dialect, and with
//! [`with_tones`](crate::call::Gather::with_tones) also those that arrive as tones. The example `menu` asks one question; `voicemail` has all
//! three verbs.
//!
//! # A look at a call, without changing the server
//!
//! ```text
//! audiosocket tap --listen 127.0.0.1:9093 --to 127.0.0.1:9092 --record taps
//! ```
//!
//! and `9093` in the dialplan. See [troubleshooting](super::troubleshooting).
