//! Comparison of the frames sent with the frames received.

/// Returns how many frames at the start came back unaltered and in place.
pub fn equal_at_start(sent: &[Vec<u8>], back: &[Vec<u8>]) -> usize {
    sent.iter()
        .zip(back)
        .take_while(|(sent, back)| sent == back)
        .count()
}

/// Describes the first difference between the sent and the received frames. All sent frames must differ from each other.
pub fn first_difference(sent: &[Vec<u8>], back: &[Vec<u8>]) -> Option<String> {
    let total = sent.len();
    let place = equal_at_start(sent, back);
    let number = place + 1;
    let Some(expected) = sent.get(place) else {
        return match back.len() - total {
            0 => None,
            1 => Some(String::from("1 extra frame came back at the end")),
            more => Some(format!("{more} extra frames came back at the end")),
        };
    };
    let met = match back.get(place) {
        None => {
            return Some(format!(
                "audio frame {number} of {total} and all later ones are missing"
            ));
        }
        Some(met) => met,
    };
    // Two frames are swapped if each is in the other's place and the next frame is right.
    let other = (number..total).find(|other| sent.get(*other) == Some(met));
    if let Some(other) = other {
        if back.get(other) == Some(expected) && back.get(other + 1) == sent.get(other + 1) {
            return Some(format!(
                "audio frames {number} and {} of {total} are swapped",
                other + 1
            ));
        }
    }
    if back.get(place + 1) == Some(expected) {
        return Some(format!(
            "1 extra frame came back before audio frame {number} of {total}"
        ));
    }
    if other.is_some() {
        return Some(format!("audio frame {number} of {total} is missing"));
    }
    if expected.len() != met.len() {
        return Some(format!(
            "audio frame {number} of {total} is altered: it has {} bytes instead of {}",
            met.len(),
            expected.len()
        ));
    }
    let byte = expected
        .iter()
        .zip(met)
        .position(|(expected, met)| expected != met)?;
    Some(format!(
        "audio frame {number} of {total} is altered: its byte {byte} is {:#04x} instead of {:#04x}",
        met[byte], expected[byte]
    ))
}

#[cfg(test)]
mod tests {
    use audiosocket::wire::SampleRate;

    use super::super::rising_tone::RisingTone;
    use super::*;

    fn frames() -> Vec<Vec<u8>> {
        let mut tone = RisingTone::new(SampleRate::Hz8000);
        (0..150)
            .map(|_| tone.next_frame().bytes().to_vec())
            .collect()
    }

    #[test]
    fn every_fault_is_named() {
        let sent = frames();
        assert_eq!(first_difference(&sent, &sent), None);

        let mut back = sent.clone();
        back.remove(99);
        assert_eq!(
            first_difference(&sent, &back).unwrap(),
            "audio frame 100 of 150 is missing"
        );

        let mut back = sent.clone();
        back[99][7] ^= 0x10;
        let altered = format!(
            "audio frame 100 of 150 is altered: its byte 7 is {:#04x} instead of {:#04x}",
            back[99][7], sent[99][7]
        );
        assert_eq!(first_difference(&sent, &back).unwrap(), altered);

        let mut back = sent.clone();
        back[0].truncate(318);
        assert_eq!(
            first_difference(&sent, &back).unwrap(),
            "audio frame 1 of 150 is altered: it has 318 bytes instead of 320"
        );

        let mut back = sent.clone();
        back.insert(10, sent[9].clone());
        assert_eq!(
            first_difference(&sent, &back).unwrap(),
            "1 extra frame came back before audio frame 11 of 150"
        );

        assert_eq!(
            first_difference(&sent, &sent[..149]).unwrap(),
            "audio frame 150 of 150 and all later ones are missing"
        );
        assert_eq!(
            first_difference(&sent, &[]).unwrap(),
            "audio frame 1 of 150 and all later ones are missing"
        );
        let mut back = sent.clone();
        back.push(sent[0].clone());
        assert_eq!(
            first_difference(&sent, &back).unwrap(),
            "1 extra frame came back at the end"
        );
        back.push(sent[0].clone());
        assert_eq!(
            first_difference(&sent, &back).unwrap(),
            "2 extra frames came back at the end"
        );

        for (one, other) in [(0, 1), (98, 99), (148, 149), (7, 90)] {
            let mut back = sent.clone();
            back.swap(one, other);
            assert_eq!(
                first_difference(&sent, &back).unwrap(),
                format!(
                    "audio frames {} and {} of 150 are swapped",
                    one + 1,
                    other + 1
                )
            );
        }
        // Not a swap: the later frame came early, and again in its place.
        let mut back = sent.clone();
        back.insert(10, sent[11].clone());
        assert_eq!(
            first_difference(&sent, &back).unwrap(),
            "1 extra frame came back before audio frame 11 of 150"
        );
        let mut back = sent.clone();
        back.drain(10..12);
        assert_eq!(
            first_difference(&sent, &back).unwrap(),
            "audio frame 11 of 150 is missing"
        );
    }
}
