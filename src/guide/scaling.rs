//! Several servers: more calls than one machine carries, and calls that survive a failed machine.
//!
//! Read this page if one server is not enough, or if its failure must not stop new calls. It shows HAProxy, which was tested;
//! DNS, where only the fallback to another address was measured; and Kubernetes, which was not tested.
//!
//! A call is one TCP connection from its first byte to its last, and servers need to know nothing about each other's calls. So
//! you add machines, and something that distributes connections. A call never moves: it stays on its server until it ends.
//!
//! # One machine first
//!
//! [Costs](super::costs) shows what a call costs and how many calls a machine has carried. In most programs, the handler's own
//! work costs far more than that, so measure your own.
//!
//! [`max_calls`](crate::server::ServerBuilder::max_calls) limits the calls of a server, 1000 by default. The server hangs up
//! further calls cleanly, so their dialplan continues (after `AudioSocket()` since 20.14, 21.9, 22.4 and 23.0; after `Dial()`
//! with the option `g`).
//!
//! # HAProxy
//!
//! HAProxy in TCP mode forwards the bytes and needs to know nothing about AudioSocket. This is the file
//! [`examples/haproxy.cfg`][haproxy], for you to fill in your own addresses:
//!
#![doc = concat!("```text\n", include_str!("../../examples/haproxy.cfg"), "```")]
//!
//! The dialplan then calls `10.0.0.10:9092`.
//!
//! `.ci/scaling` in the repository runs three `audiosocket serve --echo` behind this file on loopback, with Debian's HAProxy
//! 2.6. Its callers check their echoes frame by frame:
//!
//! | event | effect on the calls |
//! |---|---|
//! | 300 calls arrive | each server gets 100 |
//! | one of the three servers is killed | its 100 calls end; the other 200 lose no frame |
//! | 100 calls arrive at once after that | 50 go to each of the other two servers; none is refused, and the slowest first echo took 0.06 s |
//! | the server is started again | HAProxy notices within 2 s, and sends it new calls, because it has the fewest |
//! | a server is set to `drain` | its calls continue and finish; it gets no new ones until it is `ready` |
//! | a server shuts down with a grace period | its health checks fail, its calls continue and finish, and it ends after the last one |
//! | health checks | they connect and close; the server neither counts nor reports them |
//! | a server hangs up | the caller receives 0x00 and a close, and nothing after that |
//! | the caller hangs up | the server receives every frame, and then the close |
//! | a caller sends nothing for longer than the time-outs | the call continues, because the server sends a frame of silence after each second without traffic ([`keep_alive`](crate::call::CallOptions::keep_alive)) while its handler waits for events |
//! | a server hangs, with its port open | its calls are cut after `timeout server`, 30 s |
//!
//! `.ci/asterisk` places calls from Asterisk 22.10.1 through the same file (`app-play/haproxy`). A tone of 3 s comes back
//! unbroken. When the server of a call is killed, HAProxy closes the connection to Asterisk. If the kill did not fall inside a
//! frame, Asterisk treats this as a hangup, and the dialplan continues. The dialplan can then call `AudioSocket()` again, with
//! a new UUID, and reaches one of the other servers. For other versions, see "close without a hangup frame" in
//! [protocol](super::protocol#timing-and-the-end-by-version): up to 20.13, 21.8 and 22.3, Asterisk uses up a processor core.
//! After `Dial()`, the dialplan continues only with the option `g`.
//!
//! The comments of the file give the reason for each line. Also note:
//!
//! - A health check shows that the port is open, and not that the program works. If a program hangs, the kernel still accepts
//!   connections for it. Its calls end after 30 s, and it gets new ones until you kill it.
//! - The server sees the address of HAProxy instead of Asterisk's. So a hook that [admits](crate::server::ServerBuilder::admit)
//!   calls by address cannot distinguish them any more: leave that to the firewall or to HAProxy. Admitting by UUID works as
//!   before.
//! - HAProxy can fail, too, with all of its calls. The usual remedy is a second HAProxy and an address that moves between the
//!   two (VRRP, keepalived). This was not tested, and calls do not survive the move.
//!
//! # Taking a server out of service
//!
//! With HAProxy's help, no caller notices:
//!
//! ```sh
//! echo 'set server calls/one state drain' | socat stdio /run/haproxy/audiosocket.sock
//! # Repeat until it has no calls. Column 5 is their number.
//! echo 'show stat' | socat stdio /run/haproxy/audiosocket.sock | grep ,one,
//! # Update the server and start it again. Then:
//! echo 'set server calls/one state ready' | socat stdio /run/haproxy/audiosocket.sock
//! ```
//!
//! The server can also do it alone, with [`ServerHandle::shut_down`](crate::server::ServerHandle::shut_down) and the time that
//! its calls may still take. It stops accepting, so HAProxy's connections to it are refused, and the option `redispatch` sends
//! those callers to another server at once. For up to 0.25 s after `shut_down`, the server still accepts connections and hangs
//! up at once. To avoid that, drain the server first.
//!
//! # DNS
//!
//! `AudioSocket(${UUID()},servers.example:9092)` needs nothing between Asterisk and the servers: give the name one address for
//! each server. Asterisk resolves the name for each call and tries the addresses in the order in which the system returns them:
//!
//! - No call is lost when a server refuses connections. Asterisk logs a warning and tries the next address (measured with
//!   22.10.1 and two addresses of one name in `/etc/hosts`).
//! - An address that neither accepts nor refuses delays each call by 2 s, in which the caller hears nothing (measured
//!   likewise).
//! - An address without a route ends the attempt (read). Debian's resolver puts such addresses last (measured).
//!
//! DNS does not distribute calls. Every call goes to the first address that accepts it. The name server and the system's
//! resolver decide whether the order changes from call to call; the resolver sorts addresses by rules of its own (RFC 6724). A
//! full server also gets calls. So use DNS for a spare server.
//!
//! A random choice in the dialplan distributes calls well, but does not notice a failed server. This line calls 10.0.0.11 to
//! 10.0.0.13 (not tested):
//!
//! ```text
//!  same => n,AudioSocket(${UUID()},10.0.0.1${RAND(1,3)}:9092)
//! ```
//!
//! # Kubernetes
//!
//! Nothing in this section was tested.
//!
//! Use a plain Service of type ClusterIP or LoadBalancer: it distributes connections, and each call is one. It usually chooses
//! at random, and not by the number of calls of a pod. Do not put an Ingress or an HTTP proxy in front of it. Check the idle
//! time-out of a cloud's load balancer. While its handler waits for events, a server of this crate sends a frame of silence
//! after each second without traffic. So its calls are never idle for longer.
//!
//! ```text
//! spec:
//!   terminationGracePeriodSeconds: 3700   # longer than the grace period of the server, or calls are killed
//!   containers:
//!   - name: voice
//!     ports: [{containerPort: 9092}]
//!     readinessProbe:
//!       tcpSocket: {port: 9092}           # connects and closes; the server does not report it
//!       periodSeconds: 1
//!     lifecycle:
//!       preStop:
//!         exec: {command: [sleep, "5"]}   # until no Service sends new calls here any more
//! ```
//!
//! When Kubernetes stops a pod, it removes the pod from the Service and runs `preStop` at the same time, and then sends
//! SIGTERM. On SIGTERM the program has to call [`ServerHandle::shut_down`](crate::server::ServerHandle::shut_down) with its
//! grace period, here up to an hour, and to end when [`Server::run`](crate::server::Server::run) returns. The standard library
//! has no signals. Use a crate for them, or let `preStop` request the shutdown through a port of your own, and wait. Calls keep
//! their connection while the pod lives.
//!
//! Do not use a liveness probe on this port: it shows only that the port is open, and if it fails, it kills calls.
//!
//! # Finding the server of a call
//!
//! A UUID does not contain the machine of its call. To hang up a call, or to act on it, from outside:
//!
//! - **Ask all servers.** [`ServerHandle::hang_up`](crate::server::ServerHandle::hang_up) returns how many calls it ended,
//!   usually 0 or 1, and [`ServerHandle::calls`](crate::server::ServerHandle::calls) lists the calls. You have to offer both
//!   over the network yourself.
//! - **Keep a list.** When a call starts, the handler stores its [`uuid`](crate::call::Call::uuid) and the name of the machine
//!   where all can read it, and removes them when it returns. A server that is killed does not remove them, so let entries
//!   expire.
//! - **Use Asterisk.** Hanging up the channel with AMI or ARI ends the call on any server. Keep the UUID in a variable of the
//!   channel, `Set(CALL=${UUID()})`, to find the channel again.
//! - **Store the data centrally.** Data about a caller does not have to travel between servers: the dialplan can store it under
//!   the UUID ahead of `AudioSocket()`, where all servers can read it ([recipes](super::recipes#the-uuid)).
//!
//! [haproxy]: https://docs.rs/crate/asterisk-audiosocket/latest/source/examples/haproxy.cfg
