//! An address that refuses connections.

use std::net::{SocketAddr, TcpListener, TcpStream};

/// An address where nothing listens, until it is dropped.
///
/// A port that was only freed can become the port of another test. This one is the local port of a connection, so the system gives
/// it to no listener.
pub struct ClosedPort {
    pub address: SocketAddr,
    _connection: [TcpStream; 2],
}

impl ClosedPort {
    pub fn new() -> ClosedPort {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, address) = listener.accept().unwrap();
        ClosedPort {
            address,
            _connection: [stream, accepted],
        }
    }
}
