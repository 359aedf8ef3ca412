//! All 16,777,216 possible headers.

use std::thread;

use audiosocket::wire::{Frame, Header, Kind, Parsed};

fn check_header(bytes: [u8; 3]) {
    let [kind, high, low] = bytes;
    let len = usize::from(high) << 8 | usize::from(low);
    let header = Header::parse(bytes);
    assert!(header.kind().byte() == kind, "{bytes:?}");
    assert!(header.payload_len() == len, "{bytes:?}");
    match Frame::parse(&bytes) {
        Parsed::Complete { frame, rest } => {
            assert!(len == 0 && rest.is_empty(), "{bytes:?}");
            assert!(frame.header() == header, "{bytes:?}");
        }
        Parsed::Incomplete { needed } => assert!(len > 0 && needed == len, "{bytes:?}"),
    }
}

/// A header holds only its kind and its length, which `check_header` compares for all headers. Values that follow from one of them
/// are tested with every value of that one and some of the other.
#[test]
fn header_round_trips() {
    let some_lens = [0, 1, 16, 255, 256, 320, 0xfffc, 0xfffd, 0xffff];
    let all_lens = (0..=0xffff_u16).flat_map(|len| [0x00, 0x10, 0xff].map(|kind| (kind, len)));
    let all_kinds = (0..=0xff_u8).flat_map(|kind| some_lens.map(|len| (kind, len)));
    for (kind, len) in all_lens.chain(all_kinds) {
        let [high, low] = len.to_be_bytes();
        let header = Header::parse([kind, high, low]);
        assert_eq!(header.to_bytes(), [kind, high, low]);
        assert_eq!(header.frame_len(), usize::from(len) + 3);
    }
}

#[test]
fn any_three_bytes_are_a_header_with_its_length() {
    thread::scope(|scope| {
        for kinds in [0x00..=0x7f_u8, 0x80..=0xff] {
            scope.spawn(|| {
                for kind in kinds {
                    for len in 0..=u16::MAX {
                        let [high, low] = len.to_be_bytes();
                        check_header([kind, high, low]);
                    }
                }
            });
        }
    });
}

#[test]
fn partial_header_needs_its_missing_bytes() {
    for first in 0..=255 {
        assert_eq!(Frame::parse(&[first]), Parsed::Incomplete { needed: 2 });
        for second in 0..=255 {
            assert_eq!(
                Frame::parse(&[first, second]),
                Parsed::Incomplete { needed: 1 }
            );
        }
    }
    assert_eq!(Frame::parse(&[]), Parsed::Incomplete { needed: 3 });
}

#[test]
fn payload_of_any_length_round_trips() {
    let payload: Vec<u8> = (0..=255).cycle().take(65_535).collect();
    let mut buffer = vec![0; Frame::MAX_LEN];
    for len in (0..=1024).chain(65_000..=65_535) {
        let frame = Frame::new(Kind::ERROR, &payload[..len]).expect("a payload that fits");
        let bytes = frame.encode(&mut buffer).expect("room for every frame");
        assert_eq!(bytes.len(), len + 3);
        assert_eq!(
            bytes[..3],
            [0xff, (len / 256) as u8, (len % 256) as u8],
            "{len}"
        );
        assert_eq!(Frame::parse(bytes), Parsed::Complete { frame, rest: &[] });
    }
}
