//! What this crate guarantees, and the test or measurement that shows each guarantee.
//!
//! Read this page if you are deciding whether to depend on the crate, or if you change its code. A test shows only what it tries;
//! the second column states what that is. The package contains the [tests that `cargo test` runs][source]. The guide's first page
//! lists the [folders that are only in the repository](super#files-that-the-guide-names).
//!
//! # Input
//!
//! | guarantee | shown by |
//! |---|---|
//! | Bytes from a peer cause no panic. | `tests/linking` proves it for [`wire`](crate::wire); `fuzz` has found none elsewhere; `tests/it/headers.rs` tries all 2^24 headers |
//! | Any division of the stream into reads gives the same frames. | `tests/it/chunkings.rs`, `tests/it/properties.rs` |
//! | The crate parses what Asterisk sends, byte for byte. | `tests/it/captures.rs`: recorded streams of Asterisk 22.10 |
//! | A bad peer or a failing handler ends only its own call. | `tests/it/hostile_peers.rs`: 50 calls beside nine attacks lose no frame |
//! | The limits and timeouts of servers and calls hold. | `tests/it/limits.rs`: each one alone; `tests/it/calls.rs`: the one for the UUID |
//! | The crate has none of the faults found in other implementations. | `tests/README.md` lists each fault with its test |
//!
//! # Audio
//!
//! | guarantee | shown by |
//! |---|---|
//! | Playback is complete, in order and on the 20 ms clock, whatever the caller sends, if the handler [does not block it](super::threads). | `tests/it/speech.rs`, `.ci/asterisk` |
//! | The detector finds digits within each limit of ITU-T Q.24, and reports none where Q.24 forbids it. | `tests/it/tones`: both sides of one limit at a time; [`tones`](super::tones) has measured rates, also with all limits at once |
//! | G.711 is that of ITU-T G.191, sample by sample and code by code. | unit tests with the standard's tables; `tests/it/g711.rs` compares with sox, and explains where sox differs |
//! | Resampling between all 72 pairs of rates keeps images, aliases and noise below the documented limits. | `tests/it/resampling.rs`; `bench/resamplers` compares with sox, speexdsp and rubato |
//! | A recording can be played at any time, and its sides stay aligned, at any rates. | `tests/it/recording_files.rs` stops after every byte; `tests/it/recordings.rs` |
//! | A slow or full disk neither delays nor ends a recorded call. | `tests/it/call_recordings.rs`; `.ci/asterisk`: a real call on a slow disk |
//!
//! # Asterisk
//!
//! | guarantee | shown by |
//! |---|---|
//! | Asterisk accepts what the crate sends with its default options, and the caller receives it complete and on time. Through the channel driver, this excludes the [first and the last frames](super::recipes#application-or-channel-driver). | `.ci/asterisk`: calls with Asterisk 22.10 |
//! | No version of the simulated Asterisk reports a violation in a call to this crate's server. | `tests/it/asterisk_rules.rs`: echo, playback, silence and hangups |
//! | In a call to a faulty server, the simulated Asterisk reports the violations of that fault, and no other. | `tests/it/faults.rs`: 25 servers with one fault or none, 100 calls to each from 22.10 in `.ci/run`. The test accepts 2 % of calls with a missing violation, because a machine can stall |
//! | The simulated and the real Asterisk 22.10 agree on each of these faults. | `.ci/verdicts`: both call the same servers |
//! | A SIP phone receives its echo complete and paced, and Asterisk's own detector finds the digits that a server sends as tones. | `.ci/asterisk` |
//! | The examples do on a real call what their documentation states. | `.ci/asterisk`; `tests/it/examples.rs` with a simulated Asterisk |
//! | Behind HAProxy, a killed server ends only its own calls, and health checks are not calls. | `.ci/scaling`: 300 calls on three servers, with `examples/haproxy.cfg` |
//!
//! # Resources and threads
//!
//! | guarantee | shown by |
//! |---|---|
//! | Once a call runs, a frame causes no heap allocation, in either direction. | `tests/no_alloc.rs` |
//! | [`wire`](crate::wire), [`tone`](crate::tone), [`g711`](crate::g711) and [`resample`](crate::resample) contain no std, no heap and no code that can panic. | `tests/linking`: a program that contained any of these would not link. This holds for optimized builds, and not for the `Debug` and `Display` implementations |
//! | These four modules give the same results on a Cortex-M3 and on a big-endian machine. | `.ci/firmware` compares the reports line by line |
//! | 10,000 calls leave no thread, descriptor or memory behind. | `tests/short_calls.rs` |
//! | The hangup is sent once, threads lose or double no frame, and a shutdown misses no call, in every order of execution that was tried. | `tests/models`: the sources under a scheduler of threads, hundreds of thousands of schedules. Faults were planted in each model, and it found them |
//!
//! # The tool
//!
//! | guarantee | shown by |
//! |---|---|
//! | `tap` forwards every byte unchanged and names each violation. | `tests/tool/tap.rs`; `.ci/asterisk`: a real Asterisk through it |
//! | A packet capture gives the same frames in Wireshark and in `inspect` as were on the wire. | `.ci/wireshark`: both against the raw streams; `tests/tool/captures.rs` |
//! | The guide's tables of Asterisk versions match the code, its tool options exist, and the tool prints the outputs that [its page](super::tool) shows. Of the output of `tap`, only the violation in the README is tested. | `tests/tool`: `guide.rs`, `readme.rs`, `wild.rs`, `tapped_calls.rs`, `tap.rs` |
//!
//! [source]: https://docs.rs/crate/asterisk-audiosocket/latest/source/
