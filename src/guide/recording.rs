//! Recording calls: in the server, in the tool, or in Asterisk.
//!
//! | where | how | what is in it |
//! |---|---|---|
//! | in a server of this crate | [`wav::Recording`](crate::wav::Recording) from [`Call::set_audio_hook`](crate::call::Call::set_audio_hook) | both sides, stereo, aligned to the clock |
//! | a finished server | `audiosocket serve --echo --record calls` | the same, in `calls/UUID.wav` |
//! | any server in any language | `audiosocket tap --listen 127.0.0.1:9093 --to 127.0.0.1:9092 --record calls` | the same, and every byte with its time in `UUID.tap` |
//! | Asterisk | `MixMonitor(${CALL}.wav)` before `AudioSocket()` | what the channel heard and said, as Asterisk mixed it |
//!
//! The example `recorder` is an answering machine in 75 lines, with the two things that are easily forgotten: a disk that is full
//! ends the recording and not the call, and the file is finished also when the handler fails.
//!
//! In the dialplan:
//!
//! ```text
//!  same = n,Set(CALL=${UUID()})
//!  same = n,MixMonitor(/var/spool/asterisk/monitor/${CALL}.wav)
//!  same = n,AudioSocket(${CALL},127.0.0.1:9092)
//! ```
//!
//! Asterisk takes any length of audio, but audio with half a sample makes noise of all that its `Record()` writes from there on
//! (measured with 22.10); what this crate sends has whole samples.
//!
//! # Two rates in one file
//!
//! A recording has one rate. A side of another rate is [resampled](crate::resample) to it: no images, no aliases, and both sides stay
//! aligned to the sample. `serve`, `call` and `tap` choose the higher of the two rates.
//!
//! # What a recording costs
//!
//! 32,000 bytes a second at 8 kHz, 115 MB an hour. The hook is called in the call's own threads: the file is written there, some
//! microseconds a frame, unless the disk stands still; then so does that call. A server with many calls hands the audio to one
//! thread that writes, as `audiosocket serve` does. Each recording has a file descriptor, beside that of the call.
//!
//! # Whether you may
//!
//! In many countries all parties have to know. Say so at the beginning: `voice.say` of a prompt, before `set_audio_hook`.
