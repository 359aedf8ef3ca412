//! What a call costs: threads, memory, processor and lateness, and how many calls a core holds.
//!
//! # In short
//!
//! | of a call | it costs |
//! |---|---|
//! | threads | one; two with [`with_player`](crate::call::Call::with_player) |
//! | memory | 16 KiB for the buffer, the call's state and what its stack has touched; some 10 KiB more for a second thread |
//! | heap allocations | a few when it begins, none for a frame that comes or is sent |
//! | system calls | 2 for a frame that is echoed, a read and a write (counted) |
//! | processor | 0.11 % of a core for an echo at 50 frames a second; 0.15 % with speech by the clock, 0.2 % in [two threads](super::threads) |
//! | descriptors | one |
//!
//! So a core is full with some 900 echoes, or 500 to 650 calls on which both sides talk; below that it has something to spare for
//! what the handlers do. What costs is waking up fifty times a second, not the bytes: to parse a frame takes some 2 ns, to be
//! woken for it, to read and to write it 22,000.
//!
//! # From one call to two thousand
//!
//! Echoed calls of 50 frames a second each way, the load beside on the same two cores (`audiosocket load`). Nothing was lost or
//! altered in any row. CPU and memory are those of the server's process alone; memory is what it has more than before the first
//! call, which with few calls is mostly what a first call touches once.
//!
//! | calls | % of a core a call | KiB a call | round trip, median and p99 |
//! |---|---|---|---|
//! | 1 | 0.20 | 324 | 0.12, 0.2 ms |
//! | 10 | 0.12 | 41 | 0.05, 0.1 ms |
//! | 100 | 0.11 | 14 | 0.05, 0.1 ms |
//! | 500 | 0.11 | 16 | 0.06, 0.2 ms |
//! | 1000 | 0.10 | 15 | 0.2, 2 ms |
//! | 2000 | 0.10 | 15 | 0.4, 4 ms |
//!
//! In the last row the load itself no longer kept its clock on what the server left of the two cores: it sent somewhat fewer than
//! 50 frames a second, so that row's percent and round trips are a little too good.
//!
//! The cost of a call does not grow with their number, for calls share nothing but the machine. What grows is the waiting for a
//! core: the p99 does, once server and load together take all there are.
//!
//! Threads are no limit below some thousands: each has a stack of 2 MiB in the address space, of which only the touched pages are
//! memory.
//!
//! # What else to allow for
//!
//! - Descriptors: a server with the default settings needs up to 3100, and the usual limit of a process is 1024. Raise it
//!   (`ulimit -n 3200`) before the server faces the internet. [`max_calls`](crate::server::ServerBuilder::max_calls) has the sum
//!   for other settings. A server that runs out of descriptors keeps its calls and accepts the next one when it has one again.
//! - Threads: systemd's `TasksMax` and a container's `pids.max` count them.
//! - The kernel holds more for a connection than we do once a peer does not read: up to some megabytes of what was sent.
//! - A crowd: a listener of std has a backlog of 128, and a connection that finds it full waits a second. See
//!   [`from_listener`](crate::server::ServerBuilder::from_listener).
//! - Speech: a queue holds what waits to be said, 32 KB for each second at 16 kHz.
//! - Your handler. What it computes for a frame comes on top, and so does what it waits for: [one thread or two](super::threads).
//!
//! # Bursts
//!
//! After a stall of the network many frames come at once. One read brings up to a dozen of 20 ms, and each echo is a write: 4.8
//! us of processor a frame, a fifth of what a paced one costs. A program on the [stream layer](crate::stream) that answers bursts
//! all the time sends them together by [`FrameWriter::batch`](crate::stream::FrameWriter::batch): 0.7 us a frame, as a loop that
//! copies bytes.
//!
//! # Where the figures are from
//!
//! `bench/run` takes them all and writes `bench/RESULTS.md`, with those of Go and Python beside them. These are from a virtual
//! machine with two cores; what another machine holds, it tells in ten minutes.
