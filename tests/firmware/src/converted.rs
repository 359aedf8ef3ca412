//! Samples converted to every other rate, and to G.711.

use core::fmt::{self, Write};

use audiosocket::g711::Law;
use audiosocket::resample::Resampler;
use audiosocket::wire::SampleRate;

use crate::digest::Digest;

pub fn report(lines: &mut dyn Write) -> fmt::Result {
    for law in [Law::Mu, Law::A] {
        let (mut codes, mut samples) = (Digest::new(), Digest::new());
        for sample in i16::MIN..=i16::MAX {
            codes.add(&[law.encode(sample)]);
        }
        for code in 0..=u8::MAX {
            samples.add_sample(law.decode(code));
        }
        writeln!(lines, "{law:?}-law: digest {codes}, back {samples}")?;
    }
    for &from in SampleRate::ALL {
        let mut digest = Digest::new();
        let mut count = 0;
        for &to in SampleRate::ALL {
            let mut resampler = Resampler::new(from, to);
            // Loud enough to clip, and out of step with every rate.
            let noise = (0..from.samples_in(20) as u32).map(|place| {
                let product = place.wrapping_mul(0x9e37_79b1) >> 16;
                product as i16
            });
            for sample in resampler.feed(noise) {
                digest.add_sample(sample);
                count += 1;
            }
            for sample in resampler.finish() {
                digest.add_sample(sample);
                count += 1;
            }
        }
        let hz = from.hz();
        writeln!(
            lines,
            "{hz} Hz at all rates: {count} samples, digest {digest}"
        )?;
    }
    Ok(())
}
