//! Speech services: the audio formats of recognizers, synthesizers and speech models, and the dialplan for each. This page is for
//! servers that pass a call's audio to such a service.
//!
//! *Measured* means observed with Debian's Asterisk 22.10.1. *Read* means read in Asterisk's source.
//!
//! # Formats of services
//!
//! The formats were taken in November 2026 from the sources that the rows name. Services change them, so check before you build.
//! "Linear" is signed, 16 bits, one channel, little-endian: the samples of an [`Audio`](crate::wire::Audio) without any change.
//!
//! The dial string names the format in which Asterisk sends the caller's audio, for example
//! `Dial(AudioSocket/127.0.0.1:9092/${UUID()}/c(slin16),,g)`: `slin` is linear at 8 kHz, `slin16` at 16 kHz. Higher rates need
//! Asterisk 20.17, 21.12, 22.7 or 23.1. An older version sends them as if they were audio at 8 kHz, which sounds slow (read). Use
//! `/c(slin)` there, and [resample in the server](#resampling-in-the-server).
//!
//! The server's audio has a rate of its own: 8 kHz unless the server calls [`set_rate`](crate::call::Voice::set_rate) or
//! [`play_wav`](crate::call::Voice::play_wav).
//!
//! | service | from the caller | to the caller | dial string | source |
//! |---|---|---|---|---|
//! | OpenAI Realtime | linear at 24 kHz, u-law, A-law | the same | `/c(slin24)`, or `/c(slin)` and [G.711](#g711-as-it-is) | `realtime_audio_formats.py` in [openai-python] |
//! | Gemini Live | linear at 16 kHz | linear at 24 kHz | `/c(slin16)` and [`set_rate`](#two-rates-in-one-call) | [Live API overview][gemini] |
//! | Deepgram, recognition | linear, u-law, A-law; you state the rate | | `/c(slin16)`, or `/c(slin)` | [encoding][deepgram-in] |
//! | Deepgram, synthesis | | linear (24 kHz unless you set it), u-law, A-law | `/c(slin24)`, or `/c(slin)` | [media output settings][deepgram-out] |
//! | Google Speech-to-Text v2 | linear, u-law, A-law, from 8 to 48 kHz; 16 kHz is best, else the caller's own rate | | `/c(slin16)`, or `/c(slin)` | [explicit decoding][google-in] |
//! | Google Text-to-Speech, streaming | | linear, u-law, A-law; you state the rate | any | [streaming audio][google-out] |
//! | Azure, recognition | linear at 8 or 16 kHz | | `/c(slin16)`, or `/c(slin)` | [audio input streams][azure-in] |
//! | Azure, synthesis | | linear at 8, 16, 24, 44.1 or 48 kHz; u-law or A-law at 8 kHz | `/c(slin16)`, `/c(slin24)`, or `/c(slin)` | [output formats][azure-out] |
//! | Amazon Transcribe, streaming | linear | | `/c(slin16)`, or `/c(slin)` | [streaming][transcribe] |
//! | ElevenLabs, synthesis | | linear at 8, 16, 24, 44.1 or 48 kHz; u-law or A-law at 8 kHz | `/c(slin16)`, `/c(slin24)`, or `/c(slin)` | `text_to_speech_stream_request_output_format.py` in [elevenlabs-python] |
//! | AssemblyAI, streaming | linear, u-law; you state the rate | | `/c(slin16)`, or `/c(slin)` | [streaming][assemblyai] |
//! | vosk-server | linear; 8 kHz unless you send a `sample_rate` | | `/c(slin)`, or `/c(slin16)` | `websocket/asr_server.py` in [vosk-server] |
//! | whisper.cpp | 16 kHz | | `/c(slin16)` | `WHISPER_SAMPLE_RATE` in [whisper.h] |
//! | Piper | | 16 kHz for its low voices, **22.05 kHz** for the others | `/c(slin16)` with a low voice | [its author][piper] |
//!
//! AudioSocket and [`resample`](crate::resample) have nine rates: 8, 12, 16, 24, 32, 44.1, 48, 96 and 192 kHz. For a voice of 22.05
//! kHz, convert the audio with another program, for example sox, or use a voice of 16 kHz.
//!
//! A higher rate does not improve the sound of an ordinary telephone call, whose audio ends at 4 kHz. Use one only because the
//! service demands it. If the caller has a wideband codec, such as G.722 or Opus, use `slin16` or higher, because `slin` removes
//! everything above 4 kHz.
//!
//! [openai-python]: https://github.com/openai/openai-python
//! [gemini]: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/live-api
//! [deepgram-in]: https://developers.deepgram.com/docs/encoding
//! [deepgram-out]: https://developers.deepgram.com/docs/tts-media-output-settings
//! [google-in]: https://cloud.google.com/php/docs/reference/cloud-speech/1.9.1/V2.ExplicitDecodingConfig
//! [google-out]: https://developers.google.com/text-to-speech/docs/reference/rest/Shared.Types/StreamingAudioConfig
//! [azure-in]: https://learn.microsoft.com/en-us/azure/ai-services/speech-service/how-to-use-audio-input-streams
//! [azure-out]: https://learn.microsoft.com/en-us/python/api/azure-cognitiveservices-speech/azure.cognitiveservices.speech.speechsynthesisoutputformat
//! [transcribe]: https://docs.aws.amazon.com/transcribe/latest/dg/streaming.html
//! [elevenlabs-python]: https://github.com/elevenlabs/elevenlabs-python
//! [assemblyai]: https://www.assemblyai.com/docs/speech-to-text/streaming/
//! [vosk-server]: https://github.com/alphacep/vosk-server
//! [whisper.h]: https://github.com/ggml-org/whisper.cpp/blob/master/include/whisper.h
//! [piper]: https://huggingface.co/datasets/rhasspy/piper-checkpoints/discussions/1
//!
//! # Resampling in Asterisk
//!
//! Name the service's rate in the dial string, and Asterisk converts the caller's audio to it:
//!
//! ```text
//!  same => n,Dial(AudioSocket/127.0.0.1:9092/${UUID()}/c(slin16),,g)
//! ```
//!
//! The option `g` lets the dialplan continue after the call. Resampling in Asterisk costs the server nothing. Avoid `slin44` and
//! `slin192`, because Asterisk's resampler halves the amplitude of audio that it converts to them (measured).
//!
//! ## Two rates in one call
//!
//! A server may play at another rate than it receives, and Asterisk converts that audio too (measured). Gemini Live, for example,
//! accepts 16 kHz and returns 24 kHz. Dial with `/c(slin16)`, and set the rate of playback once:
//!
//! ```no_run
//! use audiosocket::Server;
//! use audiosocket::wire::SampleRate;
//!
//! fn main() -> std::io::Result<()> {
//!     Server::bind("127.0.0.1:9092")?.run(|call| {
//!         let voice = call.voice();
//!         voice.set_rate(SampleRate::Hz24000)?;
//!         while let Some(event) = call.receive() {
//!             if let Some(audio) = event.audio() {
//!                 // Send `audio.bytes()`, 16 kHz, to the service. Play its audio, 24 kHz, with `voice.play`.
//! #               let _ = audio;
//!             }
//!         }
//!         Ok(())
//!     })
//! }
//! ```
//!
//! # Resampling in the server
//!
//! Asterisk cannot resample in two cases:
//!
//! - The application `AudioSocket()` sends 8 kHz only.
//! - Versions before 20.17, 21.12, 22.7 and 23.1 have no rate above 8 kHz, in either direction (read). They end a call at a frame
//!   of another rate, or skip it ([protocol](super::protocol)).
//!
//! Then resample in the server. Use one [`Resampler`](crate::resample::Resampler) for each direction of each call, because it
//! keeps the samples that its filter still needs:
//!
//! ```
//! use audiosocket::resample::Resampler;
//! use audiosocket::wire::{Audio, SampleRate, Samples};
//!
//! struct Bridge {
//!     to_service: Resampler,
//!     to_caller: Resampler,
//! }
//!
//! impl Bridge {
//!     fn new() -> Bridge {
//!         Bridge {
//!             to_service: Resampler::new(SampleRate::Hz8000, SampleRate::Hz16000),
//!             to_caller: Resampler::new(SampleRate::Hz24000, SampleRate::Hz8000),
//!         }
//!     }
//!
//!     /// Converts a frame from the caller to bytes at 16 kHz.
//!     fn for_service(&mut self, audio: Audio<'_>) -> Vec<u8> {
//!         let samples = self.to_service.feed(audio.samples());
//!         samples.flat_map(i16::to_le_bytes).collect()
//!     }
//!
//!     /// Converts an even number of bytes at 24 kHz to samples for `voice.play_samples`.
//!     fn for_caller(&mut self, bytes: &[u8]) -> Vec<i16> {
//!         self.to_caller.feed(Samples::new(bytes)).collect()
//!     }
//! }
//!
//! let mut bridge = Bridge::new();
//! let audio = Audio::new(SampleRate::Hz8000, &[0; 320])?;
//! assert_eq!(bridge.for_service(audio).len(), 640);
//! assert_eq!(bridge.for_caller(&[0; 960]).len(), 160);
//! # Ok::<(), audiosocket::wire::AudioError>(())
//! ```
//!
//! Each direction of this example adds at most 1.75 ms of delay. Both together take 0.05 % of a core (`bench/resamplers` in the
//! repository). Recordings need no resampler of yours: they convert each side to the rate of the file.
//!
//! # G.711 as it is
//!
//! A service that accepts u-law or A-law at 8 kHz needs no resampling. The dial string still has `/c(slin)`, so that Asterisk
//! decodes every codec that callers may have, and the server encodes:
//!
//! ```
//! use audiosocket::g711::Law;
//! use audiosocket::wire::{Audio, SampleRate};
//!
//! // From the caller to the service.
//! let audio = Audio::new(SampleRate::Hz8000, &[0; 320])?;
//! let codes: Vec<u8> = audio.samples().map(|sample| Law::Mu.encode(sample)).collect();
//! assert_eq!(codes, [0xff; 160]);
//!
//! // From the service to the caller: samples for `voice.play_samples`.
//! let mut samples = [0; 160];
//! let samples = Law::Mu.decode_slice(&codes, &mut samples)?;
//! assert_eq!(samples, [0; 160]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # G.711 that nobody asked for
//!
//! Without `c()` in the dial string, the channel driver sends the caller's own codec, often G.711, as kind 0x10. That kind means
//! linear audio at 8 kHz, and G.711 that is read as linear audio is noise (measured). Add `/c(slin)` to the dial string.
//!
//! If you cannot change the dialplan, decode the audio. [`is_g711_suspected`](crate::call::CallStats::is_g711_suspected) is true
//! after the first second of G.711, so that second is noise unless you drop it. The law depends on the caller's trunk: u-law in
//! North America and Japan, A-law elsewhere. Play linear audio as usual: Asterisk reads the server's kind 0x10 as linear audio in
//! every call (read).
//!
//! ```no_run
//! use audiosocket::Server;
//! use audiosocket::g711::Law;
//!
//! fn main() -> std::io::Result<()> {
//!     Server::bind("127.0.0.1:9092")?.run(|call| {
//!         let voice = call.voice();
//!         while let Some(event) = call.receive() {
//!             let Some(audio) = event.audio() else { continue };
//!             let samples: Vec<i16> = if voice.stats().is_g711_suspected {
//!                 audio.bytes().iter().map(|code| Law::Mu.decode(*code)).collect()
//!             } else {
//!                 audio.samples().collect()
//!             };
//!             // Use the samples here.
//! #           drop(samples);
//!         }
//!         Ok(())
//!     })
//! }
//! ```
