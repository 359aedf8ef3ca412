//! The last ticks of one band.

use core::num::Wrapping;

use super::complex::{Complex, Turn};
use super::group::Group;
use super::sine::phase_step;
use crate::wire::SampleRate;

/// The last outputs of a band's filter, one for each tick of 1 ms, and the tests that find a tone in them.
#[derive(Clone, Debug)]
pub(super) struct Track {
    /// Oldest first. The last [`WINDOW`] are the window.
    ticks: [Complex; BEFORE + WINDOW],
    /// The power of the window.
    power: Wrapping<i64>,
    pitches: [Pitch; 4],
    /// The ticks over which a phase advance is measured.
    lag: usize,
}

/// The tone that fills a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tone {
    /// Its place in the group.
    pub(super) index: usize,
    /// The deviation from its frequency in 64ths of a thousandth.
    pub(super) offset: i32,
    /// Whether the band has almost no other power.
    pub(super) is_clean: bool,
}

/// The ticks in a window, and so the shortest detected tone. It is between 23 ms, which must be ignored, and 40 ms, which must
/// be detected.
pub(super) const WINDOW: usize = 30;
/// The older ticks, in which [`Detector`](super::Detector) finds the start of an interrupted tone.
pub(super) const BEFORE: usize = 66;

/// The accepted deviation from a frequency in thousandths: 15 must be accepted, 35 must be rejected. The limit is less than
/// half way, because noise 15 dB below moves the estimate by less than 7, and a lower limit rejects more speech.
const TOLERANCE: u32 = 23;
/// The accepted change of the frequency from the older to the newer half of the window, in thousandths. Voices glide: one of
/// Asterisk's sounds (tt-monkeys) glides through both frequencies of C.
const DRIFT: u32 = 15;
/// The least share of the band's power with the phase advance of the tone, in percent. A tone alone has 100 %, a tone in noise
/// nearly as much. Most speech has less.
const PURITY: i64 = 93;
/// The least share for a clean tone, in thousandths. Digits 15 dB above noise reach 990.
const CLEAN_PURITY: i64 = 975;

impl Track {
    // Not inlined: a call writes the result in place, inlined code would build it on the stack and copy it.
    #[inline(never)]
    pub(super) fn new(group: &Group, rate: SampleRate, tick_len: u32) -> Track {
        let lag_len = tick_len.wrapping_mul(group.lag as u32);
        Track {
            ticks: [Complex::default(); BEFORE + WINDOW],
            power: Wrapping(0),
            pitches: group
                .hertz
                .map(|hertz| Pitch::new(hertz, group.centre, rate, lag_len)),
            lag: group.lag,
        }
    }

    pub(super) fn push(&mut self, newest: Complex) {
        let oldest = self.window().first().copied().unwrap_or_default();
        self.power += Wrapping(newest.power()) - Wrapping(oldest.power());
        self.ticks.copy_within(1.., 0);
        if let Some(last) = self.ticks.last_mut() {
            *last = newest;
        }
    }

    /// Returns the power of the window, below 2^37: for a tone with the peak `p`, [`WINDOW`] times the square of `p / 2`.
    pub(super) fn power(&self) -> i64 {
        self.power.0
    }

    /// Returns the tone of the group that fills the window.
    pub(super) fn tone(&self) -> Option<Tone> {
        let (older, newer) = self.window().split_at(WINDOW / 2);
        let (older, newer) = (self.turn_in(older), self.turn_in(newer));
        let turn = older.plus(newer);
        let drift = newer.lightened(8).minus(older.lightened(8)).lightened(8);
        let index = self.pitches.iter().position(|pitch| pitch.is_near(turn))?;
        let pitch = self.pitches.get(index)?;
        let excess = pitch.excess(turn);
        let is_tone = self.is_pure(excess)
            && drift.is_within(pitch.per_mille * Wrapping(DRIFT))
            && self.is_unbroken();
        is_tone.then(|| Tone {
            index,
            offset: pitch.offset(excess),
            is_clean: self.is_clean(turn),
        })
    }

    /// Returns whether the newest tick continues this tone, about as loud as in a window of `window_power`.
    pub(super) fn continues(&self, index: usize, window_power: i64) -> bool {
        self.is_loud(0, window_power) && self.turns_like(index, 0)
    }

    /// Returns whether the tone started or continued in the tick `back` ticks before the newest.
    pub(super) fn was_present(&self, index: usize, window_power: i64, back: usize) -> bool {
        let later = back.saturating_sub(self.lag);
        self.is_loud(back, window_power) && self.turns_like(index, later)
    }

    fn is_loud(&self, back: usize, window_power: i64) -> bool {
        let tick = self.ticks.iter().rev().nth(back);
        tick.is_some_and(|tick| is_as_loud(*tick, window_power))
    }

    /// Returns whether the phase advanced about like that of the tone in the lag until this tick.
    fn turns_like(&self, index: usize, back: usize) -> bool {
        let mut ticks = self.ticks.iter().rev().skip(back);
        let (tick, earlier) = (ticks.next(), ticks.nth(self.lag.wrapping_sub(1)));
        let turn = tick
            .zip(earlier)
            .map(|(tick, earlier)| tick.turned_from(*earlier));
        let excess = turn
            .zip(self.pitches.get(index))
            .map(|(turn, pitch)| pitch.excess(turn));
        excess.is_some_and(|excess| excess.is_within(SIXTH_OF_A_TURN))
    }

    fn window(&self) -> &[Complex] {
        self.ticks.get(BEFORE..).unwrap_or_default()
    }

    /// Returns the mean phase advance over a lag in these ticks.
    fn turn_in(&self, ticks: &[Complex]) -> Turn {
        let later = ticks.iter().skip(self.lag);
        let turns = later
            .zip(ticks)
            .map(|(later, earlier)| later.turned_from(*earlier));
        turns.fold(Turn::default(), Turn::plus)
    }

    /// Returns whether the tone is loud in every tick. Noise may hide it in one, but not in the oldest, where the digit starts.
    fn is_unbroken(&self) -> bool {
        let is_loud = |tick: &Complex| is_as_loud(*tick, self.power.0);
        let mut ticks = self.window().iter();
        let starts = ticks.next().is_some_and(is_loud);
        starts && ticks.skip_while(|tick| is_loud(tick)).skip(1).all(is_loud)
    }

    /// Returns whether enough of the power has the phase advance of the tone.
    fn is_pure(&self, excess: Turn) -> bool {
        const HUNDRED_WINDOWS: i64 = 100 * WINDOW as i64;
        let all = self.power * self.turns() * Wrapping(PURITY);
        excess.real * Wrapping(HUNDRED_WINDOWS) >= all
    }

    /// Returns whether nearly all of the power has the same phase advance, whichever it is.
    fn is_clean(&self, turn: Turn) -> bool {
        const PER_TURN: Wrapping<i64> = Wrapping((CLEAN_PURITY << 15) / (1000 * WINDOW as i64));
        // Powers of 28 bits leave room for their squares.
        let bits = i64::BITS.wrapping_sub(self.power.0.leading_zeros());
        let shift = bits.saturating_sub(28) as usize;
        let turn = turn.lightened(shift);
        let least = ((self.power >> shift) * self.turns() * PER_TURN) >> 15;
        turn.real * turn.real + turn.imaginary * turn.imaginary >= least * least
    }

    /// Returns the number of phase advances in both halves of a window.
    fn turns(&self) -> Wrapping<i64> {
        Wrapping(WINDOW.wrapping_sub(self.lag.wrapping_mul(2)) as i64)
    }
}

/// Returns whether a tick has at least a quarter of the mean power in a window: half of the amplitude, as at a tone's edge.
fn is_as_loud(tick: Complex, window_power: i64) -> bool {
    const FOUR_WINDOWS: i64 = 4 * WINDOW as i64;
    tick.power().wrapping_mul(FOUR_WINDOWS) >= window_power
}

const SIXTH_OF_A_TURN: Wrapping<u32> = Wrapping(u32::MAX / 6);

/// The phase advance of one tone of the group over the lag.
#[derive(Clone, Copy, Debug)]
struct Pitch {
    advance: Wrapping<u32>,
    /// A thousandth of the tone's phase advance in the input.
    per_mille: Wrapping<u32>,
}

impl Pitch {
    fn new(hertz: u16, centre: u16, rate: SampleRate, lag_len: u32) -> Pitch {
        let step = phase_step(hertz, rate);
        let lag_len = Wrapping(lag_len);
        Pitch {
            advance: (step - phase_step(centre, rate)) * lag_len,
            per_mille: Wrapping(step.0 / 1000) * lag_len,
        }
    }

    /// Returns the angle of a turn minus that of the tone, with the weight of the turn.
    fn excess(&self, turn: Turn) -> Turn {
        turn.minus(Turn::by(self.advance)).lightened(15)
    }

    fn is_near(&self, turn: Turn) -> bool {
        self.excess(turn)
            .is_within(self.per_mille * Wrapping(TOLERANCE))
    }

    /// Returns a small excess in 64ths of a thousandth of the tone's frequency.
    fn offset(&self, excess: Turn) -> i32 {
        // A phase of 2^32 is 2 pi, which is 201 / 32. The tangent of a small angle is the angle; here it has 15 more bits.
        let per_mille = (self.per_mille >> 10).0.wrapping_mul(201) >> 12;
        let tangent = excess.tangent().wrapping_mul(64);
        tangent.checked_div(per_mille as i32).unwrap_or(0)
    }
}
