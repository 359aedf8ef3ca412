//! What one band has been like in the last 30 ms.

use core::num::Wrapping;

use super::complex::{Complex, Turn};
use super::group::Group;
use super::sine::phase_step;
use crate::wire::SampleRate;

/// The answers of a band's filter in the last ticks, and the tests whether they are one tone of the band's group.
#[derive(Clone, Debug)]
pub(super) struct Track {
    /// Oldest first.
    ticks: [Complex; WINDOW],
    power: Wrapping<i64>,
    pitches: [Pitch; 4],
    lag: usize,
}

/// How many ticks of 1 ms are looked at together, and so how long a tone lasts at least that becomes a digit: well between
/// the 23 ms that must not be enough and the 40 ms that must be.
pub(super) const WINDOW: usize = 30;

/// How far from its frequency a tone may be, in thousandths: 15 have to be accepted and 35 refused. Less than half way, since
/// noise of 15 dB moves the estimate by less than 7, and of speech the nearer part passes the other tests the less.
const TOLERANCE: u32 = 23;
/// By how much the frequency may change from the older half of the window to the newer, in thousandths. A voice glides: one
/// of the sounds that come with Asterisk (tt-monkeys) glides through both frequencies of C.
const DRIFT: u32 = 15;
/// How much of the band's power has to be in phase from one lag to the next, in hundredths: all of it in a tone, and most in a
/// tone with noise. This is the test that most of speech fails.
const PURITY: i64 = 93;

impl Track {
    pub(super) fn new(group: &Group, rate: SampleRate, tick_len: u32) -> Track {
        let lag_len = tick_len.wrapping_mul(group.lag as u32);
        Track {
            ticks: [Complex::default(); WINDOW],
            power: Wrapping(0),
            pitches: group
                .hertz
                .map(|hertz| Pitch::new(hertz, group.centre, rate, lag_len)),
            lag: group.lag,
        }
    }

    pub(super) fn push(&mut self, newest: Complex) {
        let [oldest, ..] = self.ticks;
        self.power += Wrapping(newest.power()) - Wrapping(oldest.power());
        self.ticks.copy_within(1.., 0);
        if let Some(last) = self.ticks.last_mut() {
            *last = newest;
        }
    }

    /// The power of all ticks together: of a tone with a peak of `p`, [`WINDOW`] times the square of `p / 2`. Below 2^37.
    pub(super) fn power(&self) -> i64 {
        self.power.0
    }

    /// Which tone of the group the whole window is.
    pub(super) fn tone(&self) -> Option<usize> {
        let (older, newer) = self.ticks.split_at(WINDOW / 2);
        let (older, newer) = (self.turn_in(older), self.turn_in(newer));
        let turn = older.plus(newer);
        let drift = newer.lightened(8).minus(older.lightened(8)).lightened(8);
        let index = self.pitches.iter().position(|pitch| pitch.is_near(turn))?;
        let pitch = self.pitches.get(index)?;
        let is_tone = self.is_pure(pitch.excess(turn))
            && drift.is_within(pitch.per_mille * Wrapping(DRIFT))
            && self.is_unbroken();
        is_tone.then_some(index)
    }

    /// Whether the newest tick has this tone, about as loud as in a window that had this power.
    pub(super) fn carries(&self, index: usize, window_power: i64) -> bool {
        let mut ticks = self.ticks.iter().rev();
        let (Some(newest), Some(earlier)) = (ticks.next(), ticks.nth(self.lag.wrapping_sub(1)))
        else {
            return false;
        };
        let turn = newest.turned_from(*earlier);
        is_as_loud(*newest, window_power)
            && self
                .pitches
                .get(index)
                .is_some_and(|pitch| pitch.excess(turn).is_within(SIXTH_OF_A_TURN))
    }

    /// By how much the phase advances over a lag in these ticks.
    fn turn_in(&self, ticks: &[Complex]) -> Turn {
        let later = ticks.iter().skip(self.lag);
        let turns = later
            .zip(ticks)
            .map(|(later, earlier)| later.turned_from(*earlier));
        turns.fold(Turn::default(), Turn::plus)
    }

    /// Whether the tone is in every tick. Noise may hide it in one of them, but not in the oldest, where the digit begins.
    fn is_unbroken(&self) -> bool {
        let is_loud = |tick: &Complex| is_as_loud(*tick, self.power.0);
        let mut ticks = self.ticks.iter();
        let begins = ticks.next().is_some_and(is_loud);
        begins && ticks.skip_while(|tick| is_loud(tick)).skip(1).all(is_loud)
    }

    /// Whether the phase advances by the same in so many ticks that most of their power adds up.
    fn is_pure(&self, excess: Turn) -> bool {
        const HUNDRED_WINDOWS: i64 = 100 * WINDOW as i64;
        let summed = WINDOW.wrapping_sub(self.lag.wrapping_mul(2));
        let all = self.power * Wrapping(summed as i64) * Wrapping(PURITY);
        excess.real * Wrapping(HUNDRED_WINDOWS) >= all
    }
}

/// Whether a tick has at least a quarter of the power that one has in the mean of a window: at the edge of a tone the filter
/// answers with half of the tone's amplitude.
fn is_as_loud(tick: Complex, window_power: i64) -> bool {
    const FOUR_WINDOWS: i64 = 4 * WINDOW as i64;
    tick.power().wrapping_mul(FOUR_WINDOWS) >= window_power
}

const SIXTH_OF_A_TURN: Wrapping<u32> = Wrapping(u32::MAX / 6);

/// How a tone of the group moves the phase over the lag.
#[derive(Clone, Copy, Debug)]
struct Pitch {
    advance: Wrapping<u32>,
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

    /// What a turn is beyond that of the tone, with the weight of the turn.
    fn excess(&self, turn: Turn) -> Turn {
        turn.minus(Turn::by(self.advance)).lightened(15)
    }

    fn is_near(&self, turn: Turn) -> bool {
        self.excess(turn)
            .is_within(self.per_mille * Wrapping(TOLERANCE))
    }
}
