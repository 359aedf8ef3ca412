//! The link between the two stacks: packets in memory.

use std::cell::RefCell;
use std::collections::VecDeque;

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

/// The packets in transit, for each direction.
#[derive(Default)]
pub struct Cable {
    there: Packets,
    back: Packets,
}

type Packets = RefCell<VecDeque<Vec<u8>>>;

impl Cable {
    pub fn plugs(&self) -> (Plug<'_>, Plug<'_>) {
        let Cable { there, back } = self;
        (
            Plug {
                sent: there,
                received: back,
            },
            Plug {
                sent: back,
                received: there,
            },
        )
    }
}

/// One end of a cable.
pub struct Plug<'a> {
    sent: &'a Packets,
    received: &'a Packets,
}

impl Device for Plug<'_> {
    type RxToken<'t>
        = Received
    where
        Self: 't;
    type TxToken<'t>
        = Sent<'t>
    where
        Self: 't;

    fn receive(&mut self, _: Instant) -> Option<(Received, Sent<'_>)> {
        let packet = self.received.borrow_mut().pop_front()?;
        Some((Received(packet), Sent(self.sent)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sent<'_>> {
        Some(Sent(self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1500;
        capabilities
    }
}

pub struct Received(Vec<u8>);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

pub struct Sent<'a>(&'a Packets);

impl phy::TxToken for Sent<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        let mut packet = vec![0; len];
        let written = write(&mut packet);
        self.0.borrow_mut().push_back(packet);
        written
    }
}
