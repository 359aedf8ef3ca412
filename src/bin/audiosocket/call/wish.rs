//! Command-line options of `audiosocket call`.

use std::path::PathBuf;
use std::time::Duration;

use audiosocket::asterisk::{Rules, Way};
use audiosocket::simulator::{SimulatedAsterisk, TestCall};
use audiosocket::wav::Wav;
use audiosocket::wire::{Digit, DtmfDialect, SampleRate, Uuid};

use super::all_versions::AllVersions;
use super::judged_by::JudgedBy;
use super::talk::{AFTER_ALL, BEFORE_DIGITS, BETWEEN_DIGITS, DEFAULT_LENGTH, DIGIT_HELD};
use crate::address;
use crate::args::Args;
use crate::failure::Failure;
use crate::text::quoted;

/// Action requested on the command line.
pub enum Wish {
    Call(Options),
    AllVersions(AllVersions),
    Versions { json: bool },
    Help,
}

/// Options of a call.
pub struct Options {
    pub address: String,
    pub uuid: Uuid,
    pub digits: Vec<Digit>,
    /// `None` selects the dialect of the version.
    pub dialect: Option<DtmfDialect>,
    /// Audio that the caller sends. `None` means silence.
    pub speech: Option<Wav>,
    pub rate: SampleRate,
    pub record: Option<PathBuf>,
    pub seconds: Option<Duration>,
    /// Rules that judge the server, if any.
    pub rules: Option<Rules>,
    /// Whether a server that sends nothing passes.
    pub is_one_way: bool,
    pub json: bool,
}

impl Wish {
    pub fn parse(args: &mut Args) -> Result<Wish, Failure> {
        let mut address = None;
        let mut uuid = None;
        let mut digits = Vec::new();
        let mut dialect = None;
        let mut judged_by = JudgedBy::default();
        let mut way: Option<Way> = None;
        let mut rate = None;
        let (mut file, mut record) = (None, None);
        let mut seconds = None;
        let (mut is_one_way, mut json) = (false, false);
        while let Some(option) = args.next_option_beside(&mut address)? {
            match option.as_str() {
                "--uuid" => uuid = Some(args.parse()?),
                "--dtmf" => {
                    let text = args.text()?;
                    if text.is_empty() {
                        return Err(args.wrong_value(&text, "expected digits: 0-9, *, #, A-D"));
                    }
                    digits = text
                        .chars()
                        .map(Digit::try_from)
                        .collect::<Result<_, _>>()
                        .map_err(|error| args.wrong_value(&text, error))?;
                }
                "--dialect" => dialect = Some(args.dialect()?),
                "--asterisk" => judged_by = JudgedBy::parse(args)?,
                "--through" => way = Some(args.parse()?),
                "--play" => file = Some(args.input()?),
                "--record" => record = Some(args.path()?),
                "--rate" => {
                    let text = args.text()?;
                    rate = Some(text.parse().ok().and_then(SampleRate::from_hz).ok_or_else(
                        || {
                            let rates = SampleRate::ALL.iter().map(|rate| rate.hz().to_string());
                            let rates = rates.collect::<Vec<_>>().join(", ");
                            args.wrong_value(&text, format_args!("expected one of {rates}"))
                        },
                    )?);
                }
                "--seconds" => seconds = Some(args.seconds()?),
                "--one-way" => is_one_way = true,
                "--json" => json = true,
                "--help" | "-h" => return args.end().map(|()| Wish::Help),
                _ => return Err(args.unknown()),
            }
        }
        if judged_by == JudgedBy::ListOfAll {
            return Ok(Wish::Versions { json });
        }
        let address = address::of_server(address)?;
        if judged_by == JudgedBy::All {
            if file.or(record).is_some() || rate.is_some() || dialect.is_some() || uuid.is_some() {
                return Err(Failure::usage(
                    "--play, --record, --rate, --dialect and --uuid have no effect with --asterisk all: remove them",
                ));
            }
            let mut test = test_call(&digits, seconds)?;
            if let Some(way) = way {
                test = test.through(way);
            }
            if is_one_way {
                test = test.one_way();
            }
            return Ok(Wish::AllVersions(AllVersions {
                address,
                test,
                has_digits: !digits.is_empty(),
                json,
            }));
        }
        let uuid = uuid.unwrap_or_else(SimulatedAsterisk::random_uuid);
        let speech = file.as_deref().map(Wav::open).transpose()?;
        let rate = match (rate, &file, &speech) {
            (Some(rate), Some(file), Some(speech)) if rate != speech.rate() => {
                return Err(Failure::Usage(format!(
                    "--rate is {rate}, but {} has {}: remove --rate",
                    quoted(file),
                    speech.rate()
                )));
            }
            (_, _, Some(speech)) => speech.rate(),
            (rate, ..) => rate.unwrap_or(SampleRate::Hz8000),
        };
        let rules = judged_by.rules(way, dialect, rate, !digits.is_empty())?;
        Ok(Wish::Call(Options {
            address,
            uuid,
            digits,
            dialect,
            speech,
            rate,
            record,
            seconds,
            rules,
            is_one_way,
            json,
        }))
    }
}

/// Returns a call with the steps of [`talk`](super::talk::talk), for all versions.
fn test_call(digits: &[Digit], seconds: Option<Duration>) -> Result<TestCall, Failure> {
    if digits.is_empty() {
        return Ok(TestCall::new().tone(seconds.unwrap_or(DEFAULT_LENGTH)));
    }
    let mut test = TestCall::new();
    let mut length = Duration::ZERO;
    for (place, digit) in digits.iter().enumerate() {
        let tone = match place {
            0 => BEFORE_DIGITS,
            _ => BETWEEN_DIGITS,
        };
        length += tone + DIGIT_HELD;
        test = test
            .tone(tone)
            .press(&digit.to_string())
            .map_err(|error| Failure::Usage(error.to_string()))?;
    }
    match seconds.map_or(Some(AFTER_ALL), |all| all.checked_sub(length)) {
        Some(left) => Ok(test.tone(left)),
        None => Err(Failure::Usage(format!(
            "--seconds is too short for the digits of --dtmf: use --seconds {} or more",
            length.as_secs_f64()
        ))),
    }
}
