//! More calls than one machine takes: several servers, and what stands before them.
//!
//! A call is one TCP connection, from its first byte to its last, and no server needs to know of another's calls. So a second
//! machine is a second server, and something that hands out connections. There is nothing to share and nothing to move: a call
//! that has begun stays where it is.
//!
//! # When one machine is enough
//!
//! It is for long. What a call costs in processor time and memory, and how many a machine has carried, is in
//! [costs](super::costs). What the handler does with the audio is most likely far more than what carrying it takes: measure
//! your own. The limit is [`max_calls`](crate::server::ServerBuilder::max_calls); a call beyond it is refused with a hangup, and its
//! dialplan goes on. A second reason for a second machine is that the first one can fail.
//!
//! # HAProxy
//!
//! In TCP mode it passes bytes on and knows nothing of AudioSocket, which is all that is needed. This is `examples/haproxy.cfg`;
//! put in your own addresses:
//!
#![doc = concat!("```text\n", include_str!("../../examples/haproxy.cfg"), "```")]
//!
//! In the dialplan, `10.0.0.10:9092` then is the server. `.ci/scaling` runs three `audiosocket serve --echo` behind this file on
//! loopback, with Debian's HAProxy 2.6, and checks the echoes of all callers frame by frame:
//!
//! | what happens | what becomes of the calls |
//! |---|---|
//! | 300 calls come | 100 on each server |
//! | one of the three is killed under them | its 100 end; the other 200 lose no frame |
//! | 100 calls come at once after that | 50 on each of the other two; none is refused, the slowest first echo came after 0.06 s |
//! | it is started again | HAProxy finds out within 2 s, and new calls go to it, as it has the fewest |
//! | one is set to `drain` | its calls go on and finish; no new ones come to it until it is `ready` |
//! | one shuts down with a grace | its checks fail, its calls go on and finish, and it ends after the last |
//! | health checks | they connect and close; they are no calls, and nothing is reported of them |
//! | a server hangs up | the caller gets 0x00 and a close, and nothing behind it |
//! | the caller hangs up | the server gets the close, with every frame before it |
//! | a caller says nothing for longer than the time-outs | nothing: the server's silence, a frame a second, keeps the call up |
//! | a server hangs, its port still open | its calls are cut when `timeout server` has passed, 30 s |
//!
//! Calls from a real Asterisk 22.10 go through the same file in `.ci/asterisk`: 3 s of tone come back unbroken, and when a server
//! is killed under a call, that call's dialplan goes on. For HAProxy closes the connection properly then, and where the kill did
//! not fall inside a frame, Asterisk takes that for a hangup. What to do next is for the dialplan to say: to call `AudioSocket()`
//! once more, with a new UUID, is a new call to one of the servers that are left.
//!
//! The file says why each of its lines is there. Beyond it:
//!
//! - A health check by connecting shows that the port is open, not that the program behind it does anything: the kernel accepts
//!   on behalf of one that hangs. Calls that came to it end after 30 s, and new ones come to it until it is killed.
//! - A server that is full, or is shutting down but still accepts, cannot tell a check from a call: that check counts as refused.
//!   Hence the `maxconn` below the server's own limit.
//! - The server sees HAProxy's address as the caller's. A hook that [admits](crate::server::ServerBuilder::admit) by address is then for
//!   the firewall or for HAProxy to replace; by UUID it works as before.
//! - HAProxy itself can fail, with all its calls. Two of them with an address that moves (VRRP, keepalived) are the usual answer:
//!   not tested here, and calls do not survive the move.
//!
//! # Taking a server out
//!
//! ```sh
//! echo 'set server calls/one state drain' | socat stdio /run/haproxy/audiosocket.sock
//! # until it has no calls; column 5 is how many it has now
//! echo 'show stat' | socat stdio /run/haproxy/audiosocket.sock | grep ,one,
//! # change it, start it again, then:
//! echo 'set server calls/one state ready' | socat stdio /run/haproxy/audiosocket.sock
//! ```
//!
//! Without HAProxy's help the server can do it: [`ServerHandle::shut_down`](crate::server::ServerHandle::shut_down) with the time that calls
//! may still take. It accepts no more from then on, HAProxy's connections to it are refused, and `redispatch` takes those callers
//! elsewhere at once. Only who comes in the quarter of a second until the listener is closed is refused with a hangup. To spare
//! those too, drain first.
//!
//! # DNS
//!
//! `AudioSocket(${UUID()},servers.example:9092)` with an address for each server needs nothing between. Asterisk 22.10 looks the
//! name up for each call and tries the addresses in the order in which the system gives them until one takes the connection, and
//! the call with it; for each that refuses it logs a warning (tried once, by hand, with three addresses of one name in
//! `/etc/hosts`). So a server that is gone costs no call. An address at which nothing answers at all costs each call its connect
//! time-out, 2 s in Asterisk's source, in which the caller hears nothing. (Not tested.)
//!
//! But it does not spread calls: in the test every call went to the first address that answered. Whether the order changes from
//! call to call is up to the name server and to the system's resolver, which sorts addresses by rules of its own (RFC 6724). And
//! nothing takes a full server out. Use it for a spare rather than for a crowd; or choose in the dialplan,
//! `AudioSocket(${UUID()},10.0.0.1${RAND(1,3)}:9092)`, which spreads well and notices nothing. (Not tested.)
//!
//! # Kubernetes
//!
//! This is on paper: nothing of it was tested.
//!
//! A Service balances connections, which is what a call is, so a plain one of type ClusterIP or LoadBalancer does. It chooses, as
//! a rule, at random and not by how many calls a pod has. Do not put an Ingress or a proxy for HTTP before it, and look at the
//! idle time-out of a cloud's load balancer: a frame a second keeps any of them from passing.
//!
//! ```text
//! spec:
//!   terminationGracePeriodSeconds: 3700   # more than the grace of the server, or calls are killed
//!   containers:
//!   - name: voice
//!     ports: [{containerPort: 9092}]
//!     readinessProbe:
//!       tcpSocket: {port: 9092}           # connects and closes: no call, and nothing is reported
//!       periodSeconds: 1
//!     lifecycle:
//!       preStop:
//!         exec: {command: [sleep, "5"]}   # until no Service sends new calls here any more
//! ```
//!
//! A pod that is to go is taken out of the Service and runs its `preStop`, both at the same time; then it gets SIGTERM, upon
//! which the program has to call [`ServerHandle::shut_down`](crate::server::ServerHandle::shut_down) with its grace, here up to an hour, and to
//! end when [`Server::run`](crate::server::Server::run) returns. Std has no signals: use a crate for that, or let `preStop` ask the
//! program through a port of your own and wait. Calls under way keep their connection while the pod lives. A liveness probe on
//! the same port tells no more than that it is open; and if it fails, it kills calls.
//!
//! # Which server has a call
//!
//! A UUID does not say on which machine its call is, and no server knows of another's. Whoever is to hang up a call, or to put
//! something into it, has these ways:
//!
//! - Ask all. [`ServerHandle::hang_up`](crate::server::ServerHandle::hang_up) answers how many calls it ended, 0 or 1, and
//!   [`ServerHandle::calls`](crate::server::ServerHandle::calls) lists them; a request to each of three servers is soon made.
//! - Write it down. When a call begins, the handler puts its [`uuid`](crate::call::Call::uuid) and the machine's name where all
//!   can read it, and takes it out when it returns. A server that was killed does not, so entries need an end of their own.
//! - Ask Asterisk. Hanging up a channel by AMI or ARI ends the call wherever it is. Keep the UUID in a variable of the channel,
//!   `Set(CALL=${UUID()})`, to find it again.
//! - Choose in the dialplan. What the handler has to know about the caller need not travel by UUID between servers: the dialplan
//!   can store it under the UUID, before it calls `AudioSocket()`, where all servers can read it.
