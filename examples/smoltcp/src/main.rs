//! A call between two TCP stacks in one process: one plays Asterisk, the other is the endpoint of a microcontroller. Time is
//! simulated, so seconds of audio take no real time. The program panics if a frame is lost, altered or late.

mod asterisk;
mod cable;

use asterisk_audiosocket_smoltcp::Endpoint;
use audiosocket::wire::Uuid;
use smoltcp::iface::{Config, Interface, SocketSet, SocketStorage};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use asterisk::Asterisk;
use cable::{Cable, Plug};

const ASTERISK: IpAddress = IpAddress::v4(192, 0, 2, 1);
const ENDPOINT: IpAddress = IpAddress::v4(192, 0, 2, 2);
const PORT: u16 = 9092;

const UUID: Uuid = Uuid::from_bytes(*b"sixteen bytes id");
const LONGEST: Duration = Duration::from_secs(10);

fn main() {
    let cable = Cable::default();
    let (mut asterisk_plug, mut endpoint_plug) = cable.plugs();
    let mut asterisk_interface = interface(&mut asterisk_plug, ASTERISK);
    let mut endpoint_interface = interface(&mut endpoint_plug, ENDPOINT);

    // Two frames each way are enough for the endpoint.
    let (mut received, mut sent) = ([0; 646], [0; 646]);
    let mut storage = [SocketStorage::EMPTY];
    let mut endpoint_sockets = SocketSet::new(&mut storage[..]);
    let handle = endpoint_sockets.add(socket(&mut received, &mut sent));
    let (mut received, mut sent) = ([0; 4096], [0; 4096]);
    let mut storage = [SocketStorage::EMPTY];
    let mut asterisk_sockets = SocketSet::new(&mut storage[..]);
    let caller = asterisk_sockets.add(socket(&mut received, &mut sent));

    let socket = endpoint_sockets.get_mut::<Socket<'_>>(handle);
    socket.listen(PORT).expect("a port");
    let socket = asterisk_sockets.get_mut::<Socket<'_>>(caller);
    socket
        .connect(asterisk_interface.context(), (ENDPOINT, PORT), 49152)
        .expect("an address");

    let mut endpoint = Endpoint::default();
    let mut asterisk = Asterisk::new(UUID);
    let mut now = Instant::ZERO;
    while asterisk_sockets.get::<Socket<'_>>(caller).is_active() {
        assert!(now < Instant::ZERO + LONGEST, "the call does not end");
        asterisk.poll(now, asterisk_sockets.get_mut(caller));
        asterisk_interface.poll(now, &mut asterisk_plug, &mut asterisk_sockets);
        endpoint_interface.poll(now, &mut endpoint_plug, &mut endpoint_sockets);
        let socket = endpoint_sockets.get_mut(handle);
        endpoint.poll(socket).expect("the socket is open");
        endpoint_interface.poll(now, &mut endpoint_plug, &mut endpoint_sockets);
        asterisk_interface.poll(now, &mut asterisk_plug, &mut asterisk_sockets);
        now += Duration::from_millis(1);
    }

    assert_eq!(endpoint.uuid(), Some(UUID));
    println!("{}", asterisk.judge());
}

fn interface(plug: &mut Plug<'_>, address: IpAddress) -> Interface {
    let mut interface = Interface::new(Config::new(HardwareAddress::Ip), plug, Instant::ZERO);
    interface.update_ip_addrs(|addresses| {
        addresses
            .push(IpCidr::new(address, 24))
            .expect("room for one");
    });
    interface
}

fn socket<'a>(received: &'a mut [u8], sent: &'a mut [u8]) -> Socket<'a> {
    let mut socket = Socket::new(SocketBuffer::new(received), SocketBuffer::new(sent));
    Endpoint::prepare(&mut socket);
    socket
}
