//! Recording of calls: in a server of this crate, with the tool, or in Asterisk. This page compares the ways, and states what a
//! recording costs and what happens if the disk is slow or full.
//!
//! | where | how | contents |
//! |---|---|---|
//! | a server of this crate | [`Call::record`](crate::call::Call::record) | a stereo WAV file: received audio on the left, sent audio on the right, aligned to the clock |
//! | `serve`, a ready-made server | `audiosocket serve --echo --record calls` | the same, in `calls/UUID.wav` |
//! | any server in any language | `audiosocket tap --listen 127.0.0.1:9093 --to 127.0.0.1:9092 --record calls` | the same, and every byte with its time in `calls/UUID.tap` |
//! | Asterisk | `MixMonitor(${CALL}.wav)` before `AudioSocket()` | a mono file: both directions of the channel, mixed by Asterisk |
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
//! The folder must exist. The example `recorder` is an answering machine in 30 lines. If you know the dialplan's `MixMonitor()`,
//! these are the counterparts:
//!
//! | in a handler | in the dialplan | difference |
//! |---|---|---|
//! | [`call.record("7.wav")`](crate::call::Call::record) | `MixMonitor(7.wav)` | an error if `7.wav` exists; [`numbered`](crate::call::RecordingTarget::numbered) then creates `7-2.wav` |
//! | [`recording.finish()`](crate::call::CallRecording::finish), or drop it | `StopMixMonitor()` | `finish` returns the path of the complete file, or the first error |
//! | [`recording.pause()`](crate::call::CallRecording::pause), [`resume()`](crate::call::CallRecording::resume) | the manager action `MixMonitorMute` | none: both record silence during the pause |
//!
//! Pause the recording while the caller speaks or types a card number. The file has silence of the same length there, so
//! everything after the pause stays aligned to the call. The audio of the pause is not stored, not even in memory.
//!
//! A call that ends also ends its recordings.
//!
//! # Slow and full disks
//!
//! The call never waits for the disk. It copies its audio into a queue, and another thread writes the file.
//!
//! - **Slow disk.** The queue holds 4 MiB for each recording, about 2 minutes at 8 kHz and 5 s at 192 kHz. If the disk stops for
//!   longer, further frames are dropped. The file has silence of the same length there, so both sides stay aligned. `finish` then
//!   returns an error with the number of frames dropped.
//! - **Full disk.** The recording ends, the call continues, and `finish` returns the disk's error.
//! - **Killed program.** The file can be played and lacks at most the last second.
//!
//! `finish` waits for the disk; dropping the recording does not. Call [`hang_up`](crate::call::Call::hang_up) before `finish`, so
//! that the caller does not wait for the disk.
//!
//! # Many calls
//!
//! [`Call::record`](crate::call::Call::record) starts a thread for each recording. A server with many calls should share one
//! [`RecordingWriter`](crate::call::RecordingWriter), which is one thread for all recordings, and pass it to
//! [`Call::record_with`](crate::call::Call::record_with). The writer takes a closure that receives every error as it happens. All
//! recordings of a writer share a queue of 64 MiB; 100 recordings at 8 kHz thus survive a disk that stops for about 20 s. The tool
//! uses such a writer in `serve`, `call` and `tap`.
//!
//! # Two rates in one file
//!
//! A recording has one rate. It is chosen at most 0.5 s after the first audio: the highest rate that either side has used by then.
//! Audio of another rate is [resampled](crate::resample) to it, and both sides stay aligned to the sample.
//!
//! # Costs
//!
//! - Disk: 32 kB a second at 8 kHz, which is 115 MB an hour.
//! - Memory: about 90 KiB for a recording at 8 kHz, or 110 KiB with a thread of its own (measured with 200 and with 500 recordings,
//!   November 2026).
//! - Processor: a frame at 8 kHz takes 1 to 2 µs of the call's time (measured on frames 20 ms apart, November 2026), and no heap
//!   allocation (`tests/no_alloc.rs`).
//! - Descriptors: one for each recording.
//!
//! # In Asterisk
//!
//! ```text
//!  same => n,Set(CALL=${UUID()})
//!  same => n,MixMonitor(/var/spool/asterisk/monitor/${CALL}.wav)
//!  same => n,AudioSocket(${CALL},127.0.0.1:9092)
//! ```
//!
//! Each frame that a server sends must have whole samples, as this crate's frames do. Asterisk accepts an odd number of bytes, but
//! then its own recordings are noise from there on (measured with `Record()` of 22.10).
//!
//! # Consent
//!
//! Many countries require that all parties know of a recording. Play a prompt that announces it before you call `record`.
