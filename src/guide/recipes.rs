//! Dialplan recipes: how a call reaches the server, with what UUID, and what happens to the caller afterwards.
//!
//! Use this page to write the lines in `extensions.conf` that send a call to your server. `127.0.0.1:9092` is the address where
//! the examples and `audiosocket serve` listen.
//!
//! *Measured* means measured with Debian's Asterisk 22.10.1. A name such as `app-play` is a case of `.ci/asterisk` in the
//! repository: the real Asterisk repeats it in each run of that check. *Read* means read in Asterisk's source and not run.
//! Where the page names a range of versions, 22.10.1 was measured and the others were read. Where something about 22.10.1
//! itself was only read, the page says why.
//!
//! # The modules
//!
//! `asterisk -rx 'module show like audiosocket'` must list `res_audiosocket`, and the module of the way that you use:
//!
//! | way | module |
//! |---|---|
//! | the application, `AudioSocket()` | `app_audiosocket` |
//! | the channel driver, `Dial(AudioSocket/...)` and ExternalMedia | `chan_audiosocket` |
//!
//! `${UUID()}` is in the module `func_uuid`. Load missing modules in `modules.conf`. Debian's packages have all of them, and a
//! plain release builds them by default. In a certified release (18.9, 20.7 and 22.8), switch the three AudioSocket modules on
//! in `make menuselect` (read; not run, because the check uses Debian's packages).
//!
//! # Application or channel driver?
//!
//! Use the application unless you need one of the features that only the channel driver has: the caller's audio above 8 kHz,
//! several parties in a bridge, or ARI.
//!
//! | | `AudioSocket()` | `Dial(AudioSocket/...)`, ExternalMedia |
//! |---|---|---|
//! | audio from the caller | 8 kHz | the rate in the dial string |
//! | audio from the server | 8 kHz; since 20.17, 21.12, 22.7 and 23.1 any of the nine rates, which Asterisk converts | the same |
//! | no traffic in either direction | ends the call after 2 s, since 20.14, 21.9, 22.4 and 23.0 (measured) | no limit in any version |
//! | the caller's digits | since 20.14, 21.9, 22.4 and 23.0 (`app-dtmf`); the fork sends none | the same; the fork sends start and stop |
//! | audio at the start | nothing is lost | the first 1 to 3 frames from the server may be lost, until the bridge is built (measured) |
//! | audio at the end | nothing is lost | the last frames may be lost, if the hangup follows at once (measured) |
//! | after the server's hangup | the dialplan continues, since 20.14, 21.9, 22.4 and 23.0 (`app-play10`); the fork hangs up the caller | the dialplan continues with the option `g` (`gslin-play10`), else the caller is hung up (`slin-play10`) |
//! | in a conference, or with ARI | no | yes |
//!
//! *The fork* is a set of modules with another dialect of DTMF: [how to recognize it](super::protocol#the-start-stop-fork), and
//! its [dialplan](#the-start-stop-fork).
//!
//! # The application
//!
//! ```text
//! exten => 100,1,Answer()
//!  same => n,Set(CALL=${UUID()})
//!  same => n,AudioSocket(${CALL},127.0.0.1:9092)
//!  same => n,Verbose(1,The server has finished ${CALL})
//!  same => n,Hangup()
//! ```
//!
//! `Answer()` is required. Without it, Asterisk connects to the server, finds that the channel is not answered, closes without
//! sending a byte, and hangs up the caller (`appna-wait`). A [`Server`](crate::server::Server) treats such a connection as a
//! health check.
//!
//! # The channel driver, with good sound
//!
//! ```text
//! exten => 101,1,Answer()
//!  same => n,Set(CALL=${UUID()})
//!  same => n,Dial(AudioSocket/127.0.0.1:9092/${CALL}/c(slin16),,g)
//!  same => n,Hangup()
//! ```
//!
//! - **Always give a linear format in `c()`.** Without it, a caller with u-law sends u-law under the kind of linear audio,
//!   which is noise (measured). See [`is_g711_suspected`](crate::call::CallStats::is_g711_suspected) and [speech
//!   services](super::speech_services).
//! - **Always give the option `g`.** Without it, the caller is hung up when the server hangs up, and the lines after `Dial()`
//!   do not run.
//! - The formats `slin`, `slin12`, `slin16`, `slin24`, `slin32`, `slin48` and `slin96` keep the sound as it is (`slin16-play`
//!   and the like). Avoid `slin44` and `slin192`: with these two, a caller at 8 kHz arrives at half amplitude, and with
//!   `slin44` so does the server's audio (`slin44-play`, `slin192-play`).
//! - Rates above 8 kHz need 20.17, 21.12, 22.7, 23.1 or later.
//! - The server reads the rate from [`Audio::rate`](crate::wire::Audio::rate) or
//!   [`Call::received_rate`](crate::call::Call::received_rate). It may play at another rate; Asterisk converts that (measured).
//!
//! So that no word is lost, play 60 ms of silence ahead of the first word and after the last. Then call
//! [`Voice::hang_up_after_playback`](crate::call::Voice::hang_up_after_playback), which waits until the last frame has been
//! played.
//!
//! # ExternalMedia, from ARI
//!
//! ExternalMedia makes a channel like that of `Dial()`. Your ARI program creates it, waits for its event `StasisStart`, and
//! adds it to a bridge. `data` is the UUID of the call. Without it, Asterisk returns the error 400, "data can not be empty"
//! (measured):
//!
//! ```text
//! POST /ari/channels/externalMedia?app=APP&external_host=127.0.0.1:9092&encapsulation=audiosocket
//!      &transport=tcp&connection_type=client&format=slin16&data=40325ec2-5efd-4bd3-805f-53576e581d13
//! ```
//!
//! - To end the call, delete the channel (`slin-play/external`, `slin16-play/external`).
//! - When the server hangs up, your ARI program receives the event `ChannelDestroyed` (`slin16-wait/external`).
//! - The caller's digits go to the server (`slin16-dtmf/external`).
//! - If your ARI program also creates the caller's channel, as a `Local` channel, pass the same format as `formats`. Without
//!   that, Asterisk halved the amplitude at `slin` (measured).
//! - If Asterisk and the server wait for each other's first frame, the call stays silent (Asterisk issue 2089, open in August
//!   2026). A server of this crate [sends one first](crate::call::CallOptions::initial_silence).
//!
//! # The UUID
//!
//! The UUID is all that the protocol carries about a call. There is no number of the caller. `${UUID()}` makes a UUID of
//! version 4 (`fresh-wait`). Make it ahead of the call and keep it in a variable, so that the dialplan and the server both know
//! it. `${UNIQUEID}` is not a UUID: it looks like `1763841221.42`, and Asterisk then does not connect at all (measured).
//!
//! To give the server more data, store it under the UUID *before* the call:
//!
//! ```text
//!  same => n,Set(CALL=${UUID()})
//!  same => n,Set(DB(calls/${CALL})=${CALLERID(num)},${EXTEN})
//!  same => n,AudioSocket(${CALL},127.0.0.1:9092)
//! ```
//!
//! The server then reads it from Asterisk's manager interface: `Action: DBGet`, `Family: calls`, and the UUID as `Key`
//! (`db-wait`). Or the dialplan sends it to a web service of the server, with `CURL()` in place of `DB()` (`web-wait`):
//!
//! ```text
//!  same => n,Set(NOTED=${CURL(http://127.0.0.1:8080/calls/${CALL}?caller=${CALLERID(num)})})
//! ```
//!
//! [`Uuid`](crate::wire::Uuid) prints lower case, as `${UUID()}` does. The keys of Asterisk's database are case-sensitive.
//!
//! A server can also refuse calls that were not announced to it. This hook removes a UUID when it admits the call, so each UUID
//! is good for one call:
//!
//! ```
//! use std::collections::HashSet;
//! use std::sync::{LazyLock, Mutex};
//! use audiosocket::Uuid;
//! use audiosocket::server::Server;
//!
//! /// The UUIDs that the dialplan has sent. Your web service inserts them.
//! static ANNOUNCED: LazyLock<Mutex<HashSet<Uuid>>> = LazyLock::new(Mutex::default);
//!
//! let server = Server::builder()
//!     .admit(|caller| match ANNOUNCED.lock().unwrap().remove(&caller.uuid) {
//!         true => Ok(()),
//!         false => Err("this call was not announced".into()),
//!     })
//!     .bind("127.0.0.1:0")?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Two calls can have the same UUID at once: a dialplan can use one twice, and a transfer can bring one back while its first
//! call is still ending. [`IncomingCall::live_with_same_uuid`](crate::server::IncomingCall::live_with_same_uuid) is the number
//! of such calls.
//!
//! # After the call
//!
//! When the handler returns, the server sends the hangup frame 0x00. What happens to the caller then depends on the way and the
//! version:
//!
//! | way | Asterisk | the caller |
//! |---|---|---|
//! | `AudioSocket()` | since 20.14, 21.9, 22.4 and 23.0 | continues with the next line (`app-play10`) |
//! | `AudioSocket()` | older versions, and the fork | is hung up, and an extension `h` runs (read; the hangup by the fork is measured) |
//! | `Dial(AudioSocket/...,,g)` | all | continues with the next line (`gslin-play10`) |
//! | `Dial(AudioSocket/...)` | all | is hung up (`slin-play10`) |
//!
//! The protocol has no field for a result. Before it hangs up, the server stores the result where the dialplan finds it: in
//! Asterisk's database, with `DBPut` of the manager interface (`db-wait`), or behind a web service (`web-wait`):
//!
//! ```text
//!  same => n,AudioSocket(${CALL},127.0.0.1:9092)
//!  same => n,Set(NEXT=${DB(results/${CALL})})
//!  same => n,GotoIf($["${NEXT}"="operator"]?operators,1)
//!  same => n,Hangup()
//! ```
//!
//! # If the server is down
//!
//! `AudioSocket()` hangs up the caller, and the extension `h` runs (`exth-wait`). With `TryExec()` the dialplan continues
//! instead, and `TRYSTATUS` is `FAILED` (`try-wait`):
//!
//! ```text
//!  same => n,TryExec(AudioSocket(${CALL},127.0.0.1:9092))
//!  same => n,GotoIf($["${TRYSTATUS}"="FAILED"]?operators,1)
//! ```
//!
//! Both cases are for a closed port, which refuses at once. If an address neither accepts nor refuses, Asterisk gives up after
//! 2 s (`try-wait/full`).
//!
//! After a failed `Dial(AudioSocket/...)`, with or without `g`, the dialplan continues, and `DIALSTATUS` is `CHANUNAVAIL`. A
//! request for ExternalMedia returns the error 500, also for a `data` that is not a UUID (measured by hand, with a closed port).
//!
//! If the server's name has several addresses, Asterisk tries them in the order of the system's resolver. It continues with the
//! next one if a connection is refused, or after those 2 s (measured, with two addresses in `/etc/hosts`). It stops at an
//! address without a route (read in `ast_audiosocket_connect`; not run, because Debian's resolver puts such addresses last,
//! which was measured). If your resolver does not put them last, use an IPv4 address, or a name that has only one.
//!
//! # Moving the caller elsewhere
//!
//! Choose one of two ways:
//!
//! - The server stores the name of the next extension as its result, as above, and hangs up.
//! - A program moves the caller during the call, with `Action: Redirect` of the manager interface and the caller's `Channel`,
//!   `Context`, `Exten` and `Priority`. Let it wait for the [mark](crate::call::Voice::mark) at the end of the sentence, so
//!   that nothing is cut off. In 5 of 5 calls the caller heard the whole sentence, and the dialplan continued at the new
//!   extension (`app-talk/transfer`).
//!
//! With `Redirect`, the server's call ends with [`End::Closed`](crate::call::End::Closed), or with
//! [`End::Reset`](crate::call::End::Reset) if audio was on its way.
//!
//! # Dialplan applications, and what a handler calls instead
//!
//! | in the dialplan or AGI | in a handler |
//! |---|---|
//! | `Playback(file)` | `call.play_and_wait(&wav, "")?` |
//! | `Background(file)`, `STREAM FILE file "12#"` | `call.play_and_wait(&wav, "12#")?` |
//! | `Read(N,file,6,,2,10)`, `GET DATA file 10000 6` | `call.gather(Gather::new().prompt(&wav).max_digits(6).tries(2).first_timeout(TEN_SECONDS))?` |
//! | `WaitExten(5)` | `call.gather(Gather::new().max_digits(1).first_timeout(FIVE_SECONDS))?` |
//! | `MixMonitor(name.wav)`, `Record(name.wav)` | `call.record("name.wav")?` ([recording](super::recording)) |
//! | `SendDTMF(123)` | `call.send_digits("123")?` |
//! | `Wait(3)` | `call.receive_until(in_three_seconds)` until it returns [`Event::TimeUp`](crate::call::Event::TimeUp) |
//! | `Hangup()` | return from the handler |
//!
//! [`play_and_wait`](crate::call::Call::play_and_wait) returns the key that stopped the prompt, and the audio that was not
//! played. [`gather`](crate::call::Call::gather) returns the digits, and why it stopped collecting. A key that comes too early
//! is kept for the next question, as in `Background` and `Read`. Both accept digits of either dialect, and `gather` also tones,
//! with [`with_tones`](crate::call::Gather::with_tones). The example `menu` asks one question; `voicemail` plays, records and
//! asks.
//!
//! # Making a prompt
//!
//! A prompt is a WAV file with 16-bit samples and one channel. On Debian, `apt install espeak-ng sox` provides what this needs:
//!
//! ```sh
//! espeak-ng --stdout "Hello. You can press any key to stop me." | sox - -r 8000 -c 1 -b 16 prompt.wav
//! ```
//!
//! The package `asterisk-core-sounds-en-wav` has recorded prompts in this format, in `/usr/share/asterisk/sounds`. For a file
//! in another format, the error of [`Wav::open`](crate::wav::Wav::open) prints the command that converts it.
//!
//! # The start-stop fork
//!
//! Use the channel driver of the fork, and not its application. The application sends no digits, uses up a processor core, and
//! hangs up the caller at the end of the call (measured, with the fork's modules in Asterisk 22.10.1):
//!
//! ```text
//!  same => n,Dial(AudioSocket/127.0.0.1:9092/${CALL},,g)
//! ```
//!
//! The fork's driver always uses linear audio at 8 kHz, and it does not accept `/c(slin)`: the log then has "Failed to parse
//! UUID" (measured).
//!
//! A later commit of the fork (dd4ec61) leaves the caller ringing, without audio, until the server sends the frame
//! `03 00 01 04` (measured). [`CallOptions::send_answer`](crate::call::CallOptions::send_answer) and
//! `audiosocket serve --answer` send it when the call is admitted. Do not use them with any other Asterisk: since 20.14, 21.9,
//! 22.4 and 23.0, it ends a call that contains this frame.
//!
//! # A look at a call, without changing the server
//!
//! Run a tap, and put its port 9093 into the dialplan in place of the server's. [The tool](super::tool) shows what it prints.
//!
//! ```text
//! audiosocket tap --listen 127.0.0.1:9093 --to 127.0.0.1:9092 --record taps
//! ```
