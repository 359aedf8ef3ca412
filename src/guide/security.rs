//! Security: the protocol has none. What to do about it.
//!
//! AudioSocket is bare TCP: no authentication, no encryption, nothing signed. Who can reach the port can place calls; who can see
//! the network can listen, and who can change it can speak. The UUID is an identifier and goes over the wire readable.
//!
//! # Bind where only Asterisk is
//!
//! - The same machine: `127.0.0.1:9092`, which is what the examples and the tool do unless told otherwise.
//! - Another machine: an address in a private network, or a tunnel (WireGuard), and a firewall that lets only Asterisk's address
//!   in.
//! - `0.0.0.0` only behind such a firewall.
//!
//! # Let in whom you know
//!
//! By address, and by a UUID that the dialplan has announced ([recipes](super::recipes#the-uuid)): 122 random bits that are good
//! for one call, if the network does not leak them.
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
//!             .idle_timeout(Some(Duration::from_secs(60)))
//!             .max_payload_len(8192),
//!     )
//!     .on_incident(|incident| eprintln!("{incident}"))
//!     .bind("127.0.0.1:0")?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A rule about IPv4 addresses also applies on a listener for both families, such as `[::]:9092`: an IPv4 peer has an IPv4
//! address there, and not `::ffff:10.0.0.5`.
//!
//! # What a bad peer can do to a server of this crate
//!
//! | it | costs | limit |
//! |---|---|---|
//! | connects and says nothing | a thread and a descriptor, until the deadline | [`uuid_timeout`](crate::call::CallOptions::uuid_timeout), 5 s; [`max_pending`](crate::server::ServerBuilder::max_pending), 1000 |
//! | sends a byte now and then | the same | [`frame_timeout`](crate::call::CallOptions::frame_timeout), 5 s for a frame |
//! | announces 65,535 bytes | 64 KiB | [`max_payload_len`](crate::call::CallOptions::max_payload_len) |
//! | does not read | a thread that speaks on that call | [`write_timeout`](crate::call::CallOptions::write_timeout), 2 s |
//! | keeps a call open | its place | [`max_duration`](crate::call::CallOptions::max_duration) and [`idle_timeout`](crate::call::CallOptions::idle_timeout): **none by default** |
//! | places many calls | their places | [`max_calls`](crate::server::ServerBuilder::max_calls), 1000 |
//! | does not close after a hangup | a descriptor, for 2 s | 1024 connections; the oldest are dropped |
//! | sends any bytes at all | nothing: no byte string can panic the decoder | fuzzed, and all headers tried |
//!
//! Each ends its own call only (`tests/it/hostile_peers.rs`: fifty calls lose no frame beside all of them).
//!
//! A recording's name comes from the UUID, which is 16 bytes whatever was sent, so it cannot lead out of the folder.
//!
//! # What a bad server can do to Asterisk
//!
//! One byte is enough. A server that sends the first byte of a frame and keeps the connection open stops its call's leg in
//! `Dial(AudioSocket/...)` and ExternalMedia, since 20.17, 22.7 and 23.1. A hangup of that leg then blocks, and with it other calls: all
//! of Asterisk 22.10.1 stood still for 20 minutes, until the server was killed (measured). So connect Asterisk only to servers that you
//! trust, by a name or address that cannot be taken over. If it has happened, end the server, and Asterisk
//! continues. The application `AudioSocket()` waits too, but only with its own call (measured).
//!
//! # TLS, by a program on each side
//!
//! Asterisk's AudioSocket knows no TLS, so it needs a program beside it: stunnel, Debian's `stunnel4`. On Asterisk's machine it
//! takes calls on loopback and passes them on encrypted; on the server's it does the reverse. Each shows a certificate and takes
//! no other than the one it has of its counterpart, so that this is authentication, too. Keys that sign themselves will do; one
//! for each side:
//!
//! ```text
//! openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=asterisk -keyout asterisk.pem -out asterisk.crt
//! openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=server   -keyout server.pem   -out server.crt
//! ```
//!
//! On the server's machine, which has `server.pem`, `server.crt` and Asterisk's `asterisk.crt`:
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
//! On Asterisk's, with `127.0.0.1:9092` in the dialplan:
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
//! A test (`tests/it/tls.rs`) runs just these two with a server and calls through them: no version of Asterisk objects to what comes
//! back, a caller without the certificate does not get through, and nothing of the audio is readable in between. Two things
//! change. The server sees all calls come from `127.0.0.1`, so the address has to be checked by the firewall. And the packets of
//! a poor network are put in order before they are decrypted; stunnel hands on what it has decrypted, a record at a time, so a
//! frame that left in one record comes in one piece, and the 5 ms that Asterisk waits inside a frame
//! ([protocol](super::protocol)) do not begin to run (tried on loopback only).
//!
//! A server that speaks TLS itself implements [`Transport`](crate::call::Transport) for its stream and
//! [accepts](crate::call::Call::accept) calls on it.
//!
//! # To report a fault
//!
//! See SECURITY.md in the package.
