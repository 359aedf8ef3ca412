//! Recording calls: in the server, in the tool, or in Asterisk.
//!
//! | where | how | what is in it |
//! |---|---|---|
//! | in a server of this crate | [`Call::record`](crate::call::Call::record) | both sides, stereo, aligned to the clock |
//! | a finished server | `audiosocket serve --echo --record calls` | the same, in `calls/UUID.wav` |
//! | any server in any language | `audiosocket tap --listen 127.0.0.1:9093 --to 127.0.0.1:9092 --record calls` | the same, and every byte with its time in `UUID.tap` |
//! | Asterisk | `MixMonitor(${CALL}.wav)` before `AudioSocket()` | both directions of the channel, as Asterisk mixed them |
//!
//! # In the server
//!
//! ```no_run
//! use audiosocket::call::{Call, RecordingTarget};
//!
//! fn handle(call: &mut Call) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//!     let target = RecordingTarget::numbered("calls", call.uuid().to_string());
//!     let recording = call.record(target)?;
//!     while call.receive().is_some() {}
//!     println!("{}", recording.finish()?.display());
//!     Ok(())
//! }
//! ```
//!
//! Each line has its dialplan counterpart:
//!
//! | in a handler | in the dialplan | differs in |
//! |---|---|---|
//! | [`call.record("7.wav")`](crate::call::Call::record) | `MixMonitor(7.wav)` | stereo; never overwrites a file; [`numbered`](crate::call::RecordingTarget::numbered) finds a free name |
//! | [`recording.finish()`](crate::call::CallRecording::finish), or drop it | `StopMixMonitor()` | returns the first error |
//! | [`recording.pause()`](crate::call::CallRecording::pause), [`resume()`](crate::call::CallRecording::resume) | the manager action `MixMonitorMute` | nothing: both record silence meanwhile |
//!
//! Pause while the caller speaks or types a card number. The file has silence of the same length there, so everything after it
//! stays aligned to the call. The audio of the pause is not even kept in memory.
//!
//! The file has a left channel with the peer's audio and a right channel with the audio of this side. If their rates differ, it has
//! the higher one. The example `recorder` is an answering machine in 30 lines.
//!
//! # Slow and full disks
//!
//! A thread of its own writes the recording. The call only copies its audio into a queue, so it never waits for the disk. The queue
//! is bounded: 4 MiB for each recording, which is 131 s at 8 kHz and 5 s at 192 kHz. If the disk stops for longer, the file lacks
//! frames and `finish` returns their number. If the disk is full, the recording ends, the call continues, and `finish` returns that
//! error. A program that is killed leaves a file that plays and lacks at most the last second.
//!
//! `finish` waits for the disk; dropping the recording does not. Hang up before you call `finish`, so that the caller does not wait
//! either. A call that ends also ends its recordings.
//!
//! # Many calls
//!
//! [`Call::record`](crate::call::Call::record) starts a thread for each recording. A server with many calls shares a
//! [`RecordingWriter`](crate::call::RecordingWriter), which is one thread for all of them, and passes it to
//! [`Call::record_with`](crate::call::Call::record_with). Its hook reports the errors of all recordings as they happen. The tool does
//! the same for `serve`, `call` and `tap`.
//!
//! # In Asterisk
//!
//! ```text
//!  same = n,Set(CALL=${UUID()})
//!  same = n,MixMonitor(/var/spool/asterisk/monitor/${CALL}.wav)
//!  same = n,AudioSocket(${CALL},127.0.0.1:9092)
//! ```
//!
//! Asterisk accepts frames of any length. After a frame with half a sample, the rest of what its `Record()` writes is noise
//! (measured with 22.10). This crate sends whole samples.
//!
//! # Two rates in one file
//!
//! A recording has one rate. A side of another rate is [resampled](crate::resample) to it: no images, no aliases, and both sides stay
//! aligned to the sample. `serve`, `call` and `tap` choose the higher of the two rates.
//!
//! # The cost of a recording
//!
//! A file grows by 32,000 bytes a second at 8 kHz, which is 115 MB an hour. Each recording has a file descriptor besides that of the
//! call, and 140 KiB of memory at 8 kHz, or 220 KiB with a thread of its own (measured with 500 recordings). A frame costs the call
//! half a microsecond at 8 kHz (measured) and no allocation. The thread writes four times a second.
//!
//! # The law
//!
//! In many countries all parties have to know of a recording. Play a prompt that announces it before you call `record`.
