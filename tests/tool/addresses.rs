//! A dual-stack listener: the tool prints IPv4 callers as IPv4 addresses.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::common::served::{self, Served};
use crate::common::tool::{Serving, UUID_FRAME, field};
use audiosocket::server::Server;

/// Makes a call over IPv4. Returns the address of the caller and the printed address.
fn printed_peer(mut serving: Serving) -> (String, String) {
    let port = serving.address.rsplit(':').next().unwrap().parse().unwrap();
    let mut peer = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    peer.write_all(&UUID_FRAME).unwrap();
    let line = serving
        .lines
        .find(|line| field(line.as_ref().unwrap(), "event") == "call")
        .unwrap()
        .unwrap();
    let address = peer.local_addr().unwrap().to_string();
    drop(peer);
    serving.finish();
    (address, String::from(field(&line, "peer")))
}

#[test]
fn dual_stack_listeners_print_ipv4_callers_as_ipv4() {
    if cfg!(windows) {
        println!("skipped: a listener at [::] is for IPv6 alone on Windows");
        return;
    }
    if let Err(error) = TcpListener::bind("[::]:0") {
        println!("skipped: no IPv6 here: {error}");
        return;
    }
    let options = ["--json", "--calls", "1", "--listen", "[::]:0"];
    let (address, printed) = printed_peer(Serving::start(&[&["--echo"], &options[..]].concat()));
    assert_eq!(printed, address);

    let server = Served::start(Server::builder(), served::echo);
    let to = server.address.to_string();
    let (address, printed) = printed_peer(Serving::tap(&to, &options));
    assert_eq!(printed, address);
    server.stop();
}
