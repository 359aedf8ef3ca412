//! Choice of the Asterisk version that judges a server.

use audiosocket::asterisk::{Rules, Version, Way};
use audiosocket::wire::{DtmfDialect, SampleRate};

use crate::args::Args;
use crate::failure::Failure;

/// Value of `--asterisk`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum JudgedBy {
    /// The option was not given.
    #[default]
    WhoeverSuits,
    Version(Version),
    Nobody,
    /// One version of each row of the table, each with a call of its own.
    All,
    /// No judge. The command lists the versions instead.
    ListOfAll,
}

impl JudgedBy {
    pub fn parse(args: &mut Args) -> Result<JudgedBy, Failure> {
        let text = args.text()?;
        match text.as_str() {
            "all" => Ok(JudgedBy::All),
            "list" => Ok(JudgedBy::ListOfAll),
            "none" => Ok(JudgedBy::Nobody),
            version => match version.parse() {
                Ok(version) => Ok(JudgedBy::Version(version)),
                Err(error) => Err(args.wrong_value(&text, error)),
            },
        }
    }

    /// Returns the rules for the call, if there are any. Returns an error if that version never places such a call.
    pub fn rules(
        self,
        way: Option<Way>,
        dialect: Option<DtmfDialect>,
        rate: SampleRate,
        has_digits: bool,
    ) -> Result<Option<Rules>, Failure> {
        let version = match (self, dialect) {
            (JudgedBy::Nobody | JudgedBy::All | JudgedBy::ListOfAll, _) => {
                return match way {
                    None => Ok(None),
                    Some(way) => Err(Failure::Usage(format!(
                        "--through {way} has no effect with --asterisk none: remove one of them"
                    ))),
                };
            }
            (JudgedBy::Version(version), _) => version,
            // No other version sends this dialect.
            (JudgedBy::WhoeverSuits, Some(DtmfDialect::StartStop)) => Version::START_STOP,
            (JudgedBy::WhoeverSuits, _) => Version::default(),
        };
        let is_narrow = rate == SampleRate::Hz8000;
        if !is_narrow && !version.behaviour().knows_all_rates {
            return Err(Failure::Usage(format!(
                "Asterisk {version} supports only 8000 Hz, not {rate}: use that rate, or --asterisk with a newer version"
            )));
        }
        let rules = Rules::for_version(version);
        let rules = match way {
            Some(Way::Application) if !is_narrow => {
                return Err(Failure::Usage(format!(
                    "--through application supports only 8000 Hz, not {rate}: use --through dial"
                )));
            }
            Some(way) => rules.through(way),
            // Only the channel driver sends other rates.
            None if !is_narrow => rules.through(Way::ChannelDriver),
            None => rules,
        };
        if has_digits && rules.consequences().digits.is_none() && dialect.is_none() {
            let driver = &version.behaviour().channel_driver;
            return Err(Failure::Usage(match driver.digits {
                None => format!(
                    "Asterisk {version} sends no digits: remove --dtmf, or use --asterisk with a newer version"
                ),
                Some(_) => format!(
                    "the application of Asterisk {version} sends no digits: use --through dial"
                ),
            }));
        }
        Ok(Some(rules))
    }
}
