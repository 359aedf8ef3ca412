//! Security: AudioSocket has none, so this page shows how to protect a server, and Asterisk.
//!
//! Read it before a server listens on more than loopback.
//!
//! AudioSocket is plain TCP, without authentication, encryption or signatures. Anyone who can reach the port can place calls.
//! Anyone who can read the network can listen, and anyone who can change its packets can play audio to the caller. The UUID is
//! readable on the network, so it is not a secret there.
//!
//! *Measured* means measured with Debian's Asterisk 22.10.1.
//!
//! # The address to listen on
//!
//! | Asterisk is | listen on |
//! |---|---|
//! | on the same machine | `127.0.0.1:9092`, as the examples and the tool do by default |
//! | on another machine | an address in a private network or in a tunnel such as WireGuard, with a firewall that admits only Asterisk's address |
//!
//! Listen on `0.0.0.0` only behind such a firewall.
//!
//! # Admission and limits
//!
//! Admit calls by the address of the peer, or by a UUID that the dialplan has [announced](super::recipes#the-uuid). Such a UUID
//! has 122 random bits, so it cannot be guessed. The hook on that page admits it once, so it is good for one call, as long as
//! the network does not leak it before that call. Also limit how many calls there may be, and how long they may last:
//!
//! ```
//! use std::net::{IpAddr, Ipv4Addr};
//! use std::time::Duration;
//! use audiosocket::call::CallOptions;
//! use audiosocket::server::Server;
//!
//! const ASTERISK: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 5));
//!
//! let server = Server::builder()
//!     .admit(|caller| match caller.peer.ip() == ASTERISK {
//!         true => Ok(()),
//!         false => Err("not our Asterisk".into()),
//!     })
//!     .max_calls(200)
//!     .max_pending(50)
//!     .call_options(
//!         CallOptions::default()
//!             .uuid_timeout(Duration::from_secs(1))
//!             .max_duration(Some(Duration::from_secs(2 * 3600)))
//!             .idle_timeout(Some(Duration::from_secs(30 * 60)))
//!             .max_payload_len(8192),
//!     )
//!     .on_incident(|incident| eprintln!("{incident}"))
//!     .bind("127.0.0.1:0")?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! On a listener for both families, such as `[::]:9092`, an IPv4 peer has an IPv4 address, and not `::ffff:10.0.0.5`. So a rule
//! about IPv4 addresses applies there, too.
//!
//! `idle_timeout` also ends the call of a caller whose telephone sends nothing, for example on hold. Choose more than your
//! longest hold.
//!
//! A frame longer than `max_payload_len` is skipped and reported as [`Event::TooLong`](crate::call::Event::TooLong). 8192 bytes
//! hold 20 ms at every rate. Choose more only if your frames are longer: 60 ms take 11,520 bytes at 96 kHz, and 23,040 bytes at
//! 192 kHz.
//!
//! # What a bad peer can do to a server of this crate
//!
//! | a peer that | costs | limit, and its default |
//! |---|---|---|
//! | connects and sends nothing | a thread and a descriptor | each for at most 5 s ([`uuid_timeout`](crate::call::CallOptions::uuid_timeout)), at most 1000 at a time ([`max_pending`](crate::server::ServerBuilder::max_pending)) |
//! | sends a byte now and then | the same | 5 s for the UUID ([`uuid_timeout`](crate::call::CallOptions::uuid_timeout)), and 5 s for each frame ([`frame_timeout`](crate::call::CallOptions::frame_timeout)) |
//! | announces a payload of 65,535 bytes | 64 KiB of memory | 65,535 bytes ([`max_payload_len`](crate::call::CallOptions::max_payload_len)) |
//! | does not read | blocks the threads that send on that call | 2 s ([`write_timeout`](crate::call::CallOptions::write_timeout)) |
//! | keeps a call open | one of the `max_calls` slots | [`max_duration`](crate::call::CallOptions::max_duration) and [`idle_timeout`](crate::call::CallOptions::idle_timeout): **no limit by default** |
//! | places many calls | one of the `max_calls` slots each | 1000 slots ([`max_calls`](crate::server::ServerBuilder::max_calls)) |
//! | does not close after a hangup | a descriptor | 2 s, for 1024 connections at once; beyond that, the server drops the oldest |
//! | sends any bytes at all | nothing: no bytes can make the decoder panic | `tests/it/headers.rs` tries all headers; the repository has fuzz targets |
//!
//! Each of them ends only its own call. The test `tests/it/hostile_peers.rs` runs nine attacks beside 50 calls, which lose no
//! frame. [Guarantees](super::guarantees) lists what else is tested.
//!
//! With the default settings, a server needs up to 3100 descriptors: the documentation of
//! [`max_calls`](crate::server::ServerBuilder::max_calls) has the sum. If the limit of the process (`ulimit -n`) is lower,
//! silent peers can use up the descriptors. The server then keeps its calls, and accepts the next one when a descriptor is
//! free.
//!
//! The tool names a recording after the UUID, which it prints from 16 bytes. So no peer can choose a path outside the folder.
//! Use the UUID as the name in your own server, too.
//!
//! # What a bad server can do to Asterisk
//!
//! One byte is enough to stop Asterisk. If a server sends one or two bytes of a header and keeps the connection open, the leg
//! of `Dial(AudioSocket/...)` or ExternalMedia waits for the rest without a limit, since 20.17, 22.7 and 23.1, but in no
//! release of 21. A request to hang up that leg then blocks, and other calls with it. All of Asterisk 22.10.1 stood still for
//! 20 minutes, until the server was killed (measured).
//!
//! - Connect Asterisk only to servers that you trust, at a name or address that an attacker cannot take over.
//! - If Asterisk stands still, end the server. Asterisk then continues.
//! - The application `AudioSocket()` waits, too, but stops only its own call (measured).
//!
//! # TLS with stunnel on both sides
//!
//! Asterisk's AudioSocket has no TLS. A program beside Asterisk can add it: stunnel, Debian's package `stunnel4`. On Asterisk's
//! machine, stunnel accepts the calls on loopback and sends them encrypted; on the server's machine, another stunnel decrypts
//! them. Each accepts only the certificate of the other, so the connection is authenticated as well.
//!
//! **Use this with Asterisk 20.19, 22.9, 23.3 or later; no release of 21 is suitable.** stunnel sends the stream in TLS
//! records, and on a busy machine a record can end inside a frame. The rest of the frame then arrives a little later. The
//! versions differ in how long they wait for it:
//!
//! | Asterisk | if a record ends inside a payload | if it ends inside a header |
//! |---|---|---|
//! | 18, 19, up to 20.14, 21.9 and 22.4, and the start-stop fork | the call ends | the call ends, or the stream is misread |
//! | 20.15 to 20.18, 21.10 to 21.12, 22.5 to 22.8, 23.0 to 23.2 | waits 5 ms for the rest | the stream is misread |
//! | since 20.19, 22.9 and 23.3 | waits 5 ms for the rest | waits for the rest, and the caller is not heard meanwhile |
//!
//! A link that fails while a header is incomplete leaves Asterisk [waiting](#what-a-bad-server-can-do-to-asterisk), until
//! stunnel closes the connection. With `Dial()` and ExternalMedia, this can stop all of Asterisk. With `AudioSocket()`, it can
//! stop only the call. (This follows from the behaviour above; it was not tested.)
//!
//! Create a key and a self-signed certificate for each side:
//!
//! ```text
//! openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=asterisk -keyout asterisk.pem -out asterisk.crt
//! openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=server   -keyout server.pem   -out server.crt
//! ```
//!
//! The server's machine needs `server.pem`, `server.crt` and `asterisk.crt`, and this configuration:
//!
//! ```ini
//! ; server.conf
//! foreground = yes
//! pid =
//! [audiosocket]
//! accept = 0.0.0.0:9443
//! connect = 127.0.0.1:9092
//! key = server.pem
//! cert = server.crt
//! CAfile = asterisk.crt
//! verifyPeer = yes
//! ```
//!
//! Asterisk's machine needs `asterisk.pem`, `asterisk.crt` and `server.crt`, and this configuration. The dialplan calls
//! `127.0.0.1:9092`:
//!
//! ```ini
//! ; asterisk.conf
//! foreground = yes
//! pid =
//! [audiosocket]
//! client = yes
//! accept = 127.0.0.1:9092
//! connect = server.example.com:9443
//! key = asterisk.pem
//! cert = asterisk.crt
//! CAfile = server.crt
//! verifyPeer = yes
//! ```
//!
//! The test `tests/it/tls.rs` runs these two configurations and places calls through them. The simulated versions that wait for
//! a payload report no violation, a peer without the certificate gets no call, and the audio is not readable between the two
//! programs. The test runs on loopback; over a real network this was not tested.
//!
//! Two things change for the server:
//!
//! - All calls come from `127.0.0.1`, so the firewall has to check the address of Asterisk.
//! - TCP puts the packets of a bad network in order before stunnel decrypts them, and stunnel forwards a record only when it is
//!   whole. So a frame that was sent in one record also arrives in one piece, and the 5 ms start only where a record ends.
//!
//! If a server handles TLS itself, implement [`Transport`](crate::call::Transport) for its stream, and
//! [accept](crate::call::Call::accept) calls on it. Send each frame as one record.
//!
//! # Reporting a vulnerability
//!
//! See `SECURITY.md` in the package.
