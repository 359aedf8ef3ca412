//! The models: pieces of the library, each with what no schedule may break.

pub(crate) mod called;
mod hangup;
mod playback;

use crate::server::{connections_models, lingering_models};
use crate::simulator::live_judge_models;

/// A piece of the library, run once in a schedule.
#[derive(Clone, Copy)]
pub struct Model {
    pub name: &'static str,
    run: fn(),
}

impl Model {
    pub fn run(self) {
        crate::time::restart();
        (self.run)();
    }
}

macro_rules! models {
    ($($module:ident: $($name:ident),*;)*) => {
        &[$($(Model { name: stringify!($name), run: $module::$name }),*),*]
    };
}

pub const ALL: &[Model] = models! {
    hangup: hangup_meets_frames, hangups_meet, hangup_meets_a_look, hangup_waits_for_no_sender, hangup_meets_a_full_peer,
        ends_meet, reset_meets_a_send, hook_meets_clear, hangup_meets_a_call;
    playback: player_wakes, handover_while_playing, players_in_turn, clear_meets_the_player, keys_meet_clear;
    connections_models: shutdown_meets_arrivals, arrivals_meet_the_limit, replacement_meets_a_uuid;
    lingering_models: lingering_ends, lingering_ends_empty;
    live_judge_models: reset_meets_a_write, dismissal_meets_a_hangup;
};

/// The models for loom.
#[cfg(feature = "loom")]
pub mod orderings;
