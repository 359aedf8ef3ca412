//! What this crate guarantees, and the test or measurement that shows each guarantee.
//!
//! Read this page if you decide whether to depend on the crate, or if you change its code. The package contains `tests/it`,
//! `tests/tool` and the other tests that `cargo test` runs; see its [source]. `fuzz`, `bench`, the checks in `.ci`, `tests/linking`,
//! `tests/firmware` and `tests/models` are only in the repository.
//!
//! # Input
//!
//! | guarantee | shown by |
//! |---|---|
//! | No byte string causes a panic. | `fuzz`; `tests/it/headers.rs` tries all 2^24 headers |
//! | Any division of the stream into reads gives the same frames. | `tests/it/chunkings.rs`, `tests/it/properties.rs` |
//! | The crate parses what Asterisk sends, byte for byte. | `tests/it/captures.rs`: recorded streams of a real Asterisk |
//! | A bad peer or a failing handler ends only its own call. | `tests/it/hostile_peers.rs`: 50 calls beside nine attacks lose no frame |
//! | Every limit and every time-out holds. | `tests/it/limits.rs` |
//! | The faults found in other implementations are absent. | `tests/README.md` lists each fault with its test |
//!
//! # Audio
//!
//! | guarantee | shown by |
//! |---|---|
//! | Playback is complete, in order and on the 20 ms clock, whatever the caller does. | `tests/it/speech.rs`, `.ci/asterisk` |
//! | The detector finds digits within the limits of ITU-T Q.24, and nothing outside of them. | `tests/it/tones`: both sides of each limit |
//! | G.711 is that of ITU-T G.191, sample by sample and code by code. | unit tests with the standard's tables; `tests/it/g711.rs` compares with sox, and explains where sox differs |
//! | Resampling between all 72 pairs of rates keeps images, aliases and noise below the documented limits. | `tests/it/resampling.rs`; `bench/resamplers` compares with sox, speexdsp and rubato |
//! | A recording can be played at any time, and its sides stay aligned, at any rates. | `tests/it/recording_files.rs` stops after every byte; `tests/it/recordings.rs` |
//! | A slow or full disk neither delays nor ends a recorded call. | `tests/it/call_recordings.rs`; `.ci/asterisk`: a real call on a slow disk |
//!
//! # Asterisk
//!
//! | guarantee | shown by |
//! |---|---|
//! | Asterisk accepts everything that the crate sends, and the caller receives it complete and on time. | `.ci/asterisk`: calls with Asterisk 22.10 |
//! | The simulated Asterisk of each version reports no violation. | `tests/it/asterisk_rules.rs` |
//! | The simulated Asterisk reports each fault, and no other. | `tests/it/faults.rs`: 24 servers with one fault or none, 100 times each. On a machine that stalls it can miss 2 % of the calls |
//! | The simulated Asterisk judges each fault as Asterisk 22.10 does. | `.ci/verdicts`: the same calls to both |
//! | A SIP phone receives its echo complete and paced, and Asterisk's own detector finds the digits that a server sends as tones. | `.ci/asterisk` |
//! | The examples do on a real call what their documentation states. | `.ci/asterisk`; `tests/it/examples.rs` with a simulated Asterisk |
//! | Behind HAProxy, a killed server ends only its own calls, and health checks are not calls. | `.ci/scaling`: 300 calls on three servers, with `examples/haproxy.cfg` |
//!
//! # Resources and threads
//!
//! | guarantee | shown by |
//! |---|---|
//! | A frame causes no heap allocation, in either direction. | `tests/no_alloc.rs` |
//! | [`wire`](crate::wire), [`tone`](crate::tone), [`g711`](crate::g711) and [`resample`](crate::resample) contain no std, no heap and no code that can panic. | `tests/linking`: a program that contained any of these would not link |
//! | These four modules give the same results on a Cortex-M3 and on a big-endian machine. | `.ci/firmware` compares the reports line by line |
//! | 10,000 calls leave no thread, descriptor or memory behind. | `tests/short_calls.rs` |
//! | The hangup is sent once, threads lose or double no frame, and a shutdown misses no call, in every order of execution that was tried. | `tests/models`: the sources under a scheduler of threads, hundreds of thousands of schedules; each model finds planted faults |
//!
//! # The tool
//!
//! | guarantee | shown by |
//! |---|---|
//! | `tap` forwards every byte unchanged and names each fault. | `tests/tool/tap.rs`; `.ci/asterisk`: a real Asterisk through it |
//! | A packet capture gives the same frames in Wireshark and in `inspect` as were on the wire. | `.ci/wireshark`: both against the raw streams; `tests/tool/captures.rs` |
//! | What the guide and the README print is what the tool prints. | `tests/tool/readme.rs`, `tests/tool/guide.rs` |
//!
//! [source]: https://docs.rs/crate/asterisk-audiosocket/latest/source/
