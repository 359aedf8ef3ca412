//! Two resamplers of the crate rubato.

use audiosocket::wire::SampleRate;
use rubato::{
    FftFixedIn, Resampler, SincFixedIn, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

pub fn sinc(from: SampleRate, to: SampleRate) -> SincFixedIn<f32> {
    // These parameters are from the example in rubato's documentation.
    let parameters = SincInterpolationParameters {
        sinc_len: 256,
        f_cutoff: 0.95,
        oversampling_factor: 256,
        interpolation: SincInterpolationType::Linear,
        window: WindowFunction::BlackmanHarris2,
    };
    let ratio = f64::from(to.hz()) / f64::from(from.hz());
    SincFixedIn::new(ratio, 1.0, parameters, from.samples_in(20), 1).expect("a resampler")
}

pub fn fft(from: SampleRate, to: SampleRate) -> FftFixedIn<f32> {
    let (from_hz, to_hz) = (from.hz() as usize, to.hz() as usize);
    FftFixedIn::new(from_hz, to_hz, from.samples_in(20), 1, 1).expect("a resampler")
}

/// Resamples with the conversion to floats and back, which 16-bit audio needs.
pub fn rubato(resampler: &mut impl Resampler<f32>, input: &[i16]) -> Vec<i16> {
    let mut made = resampler.output_buffer_allocate(true);
    let mut piece = vec![Vec::new()];
    let mut output = Vec::new();
    let mut rest = input;
    while rest.len() >= resampler.input_frames_next() {
        let (frame, after) = rest.split_at(resampler.input_frames_next());
        rest = after;
        piece[0].clear();
        piece[0].extend(frame.iter().map(|sample| f32::from(*sample)));
        let (_, count) = resampler
            .process_into_buffer(&piece, &mut made, None)
            .expect("room for all");
        // `as` saturates.
        output.extend(made[0][..count].iter().map(|sample| sample.round() as i16));
    }
    output
}
