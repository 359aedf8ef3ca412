//! The cost of a call: threads, memory, processor time and delay, and how many calls a core can carry. Read this page to choose a
//! machine and its limits.
//!
//! The figures are from `bench/RESULTS.md` in the repository, measured in November 2026 on a virtual machine with two cores.
//! `bench/run` repeats the measurement on another machine in ten minutes. `RESULTS.md` also has other servers.
//!
//! # One call
//!
//! | resource | cost of a call |
//! |---|---|
//! | threads | one; one more in [`with_player`](crate::call::Call::with_player), and one more for each [recording](super::recording#many-calls) that does not share a thread |
//! | memory | about 16 KiB: a buffer of 4 KiB, and the pages of the stack that were touched. A second thread takes about 10 KiB more, and a recording about 90 KiB ([recording](super::recording#costs)) |
//! | heap allocations | a few when the call starts, none for a frame received or sent (`tests/no_alloc.rs`) |
//! | system calls | 2 for an echoed frame: a read and a write |
//! | processor, echo | 0.10 % of a core, with 50 frames a second in each direction |
//! | processor, playback | 0.14 to 0.16 % of a core, or 0.13 to 0.20 % in [two threads](super::threads), measured with 200 calls |
//! | descriptors | one, and one for each recording |
//!
//! So a core can carry about 1000 echoed calls. It can carry about 600 calls on which both sides talk, or 500 if each call has two
//! threads. With 1000 calls and silent callers, playback took less: 0.10 % in one thread, 0.11 % in two. The work of your handlers
//! comes on top.
//!
//! Most of the cost is waking up 50 times a second. An echoed frame takes 20 µs of processor time: the thread wakes up, reads and
//! writes. Parsing the frame is 3 ns of that.
//!
//! # 1 to 1000 calls
//!
//! Each call was an echo with 50 frames a second in each direction. `audiosocket load` placed the calls from the same two cores
//! and compared every frame: no frame was lost or altered. Processor time and memory are those of the server's process. Memory is
//! its growth over an idle server, so with few calls it is mostly memory that a process touches once. A round trip is the time
//! from sending a frame to receiving its echo.
//!
//! | calls | % of a core per call | KiB per call | round trip, median and p99 |
//! |---|---|---|---|
//! | 1 | 0.20 | 168 | 0.08, 0.3 ms |
//! | 10 | 0.08 | 38 | 0.04, 0.2 ms |
//! | 100 | 0.08 | 17 | 0.03, 0.1 ms |
//! | 500 | 0.10 | 16 | 0.06, 0.2 ms |
//! | 1000 | 0.09 | 16 | 0.2, 11 ms |
//!
//! From 100 calls on, the cost of a call does not depend on their number, because calls share nothing except the machine. The p99
//! grows when server and load together use all cores of the machine. There is no row for 2000 calls: both together need more than
//! these two cores, and the load sent its 5 s of audio in 8 s. No frame was lost then either.
//!
//! Each thread reserves a stack of 2 MiB of address space on Linux. Only the touched pages use memory, so 2000 threads are no
//! problem.
//!
//! # Limits to raise and memory to plan
//!
//! - Calls: a server accepts up to [`max_calls`](crate::server::ServerBuilder::max_calls), which is 1000 by default.
//! - Descriptors: a server needs up to `max_calls` + [`max_pending`](crate::server::ServerBuilder::max_pending) + 1100, which is
//!   3100 with the defaults of 1000 each. Most of the 1100 are for connections that have ended, but whose peer has not closed yet.
//!   Each recording needs one more. The usual limit of a process is 1024. Set it with `ulimit -n`, or `LimitNOFILE=` in systemd,
//!   before the server faces the internet. A server that runs out of descriptors keeps its calls, and accepts new ones as soon as
//!   it can (`tests/tool/descriptors.rs`).
//! - Threads: each call has one, and so has each connection without a UUID. With the default settings, `TasksMax=5000` in systemd
//!   is enough, also if each call has a player. The limit of a container is `pids.max`.
//! - Playback: the queue of a call takes 16,000 bytes for each second of audio at 8 kHz, and twice that at 16 kHz. By default it
//!   accepts 5 minutes; [`max_queued`](crate::call::CallOptions::max_queued) sets another limit.
//! - Kernel memory: if a peer does not read, the kernel keeps up to a few megabytes of audio for each such connection.
//! - Crowds: std's listener has a backlog of 128 connections. A connection that finds it full is delayed by a second. If a
//!   thousand callers can arrive at once, pass a listener with a longer backlog to
//!   [`from_listener`](crate::server::ServerBuilder::from_listener).
//!
//! # Bursts
//!
//! After a stall of the network, many frames arrive at once. One read then returns up to a dozen frames of 20 ms at 8 kHz, and
//! each echo is a separate write. An echoed frame takes 2.2 µs of processor time in such a burst, a ninth of its usual cost.
//!
//! If frames always arrive in bursts, for example through a relay that collects them, use the module [`stream`](crate::stream) and
//! send the frames of a burst together: [`FrameWriter::batch`](crate::stream::FrameWriter::batch) takes 0.36 µs a frame, the same
//! as a loop that copies bytes without looking at them.
