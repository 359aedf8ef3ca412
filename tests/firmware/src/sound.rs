//! Digits to tones and back, at every rate.

use core::fmt::{self, Write};

use audiosocket::tone::{Detector, Generator, Signal};
use audiosocket::wire::{Digit, SampleRate};

use crate::digest::Digest;

pub fn report(lines: &mut dyn Write) -> fmt::Result {
    for &rate in SampleRate::ALL {
        // At the other rates, one digit of each row and each column. All sixteen take long at 192 kHz on a simulated machine.
        let step = if rate == SampleRate::Hz8000 { 1 } else { 5 };
        let digits = Digit::ALL.iter().step_by(step);
        let mut tones = Generator::new(rate)
            .with_lengths(60, 50)
            .digits(digits.clone());
        let mut detector = Detector::new(rate);
        let mut digest = Digest::new();
        let mut heard = digits.clone();
        let mut samples = [0; 160];
        loop {
            let count = tones.fill(&mut samples);
            for sample in &samples[..count] {
                digest.add_sample(*sample);
            }
            let told = |signal| tell(lines, rate, signal, &mut heard);
            if count == 0 {
                detector.finish().try_for_each(told)?;
                break;
            }
            detector.feed(&samples[..count]).try_for_each(told)?;
        }
        assert_eq!(heard.next(), None, "each digit is heard");
        writeln!(lines, "tones at {} Hz: digest {digest}", rate.hz())?;
    }
    Ok(())
}

fn tell<'a>(
    lines: &mut dyn Write,
    rate: SampleRate,
    signal: Signal,
    expected: &mut impl Iterator<Item = &'a Digit>,
) -> fmt::Result {
    if let Signal::Stop {
        digit,
        start,
        end,
        duration_ms,
    } = signal
    {
        assert_eq!(Some(&digit), expected.next());
        let hz = rate.hz();
        writeln!(
            lines,
            "{digit} at {hz} Hz from {start} to {end}, {duration_ms} ms"
        )?;
    }
    Ok(())
}
