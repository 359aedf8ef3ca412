//! Choice of the Asterisk version that judges a server.

use audiosocket::asterisk::Version;
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
    /// No judge. The command lists the versions instead.
    ListOfAll,
}

impl JudgedBy {
    pub fn parse(args: &mut Args) -> Result<JudgedBy, Failure> {
        let text = args.text()?;
        match text.as_str() {
            "list" => Ok(JudgedBy::ListOfAll),
            "none" => Ok(JudgedBy::Nobody),
            version => match version.parse() {
                Ok(version) => Ok(JudgedBy::Version(version)),
                Err(error) => Err(args.wrong_value(&text, error)),
            },
        }
    }

    /// Returns the version, if there is one. Returns an error if that version never places such a call.
    pub fn version(
        self,
        dialect: Option<DtmfDialect>,
        rate: SampleRate,
        has_digits: bool,
    ) -> Result<Option<Version>, Failure> {
        let version = match (self, dialect) {
            (JudgedBy::Nobody | JudgedBy::ListOfAll, _) => return Ok(None),
            (JudgedBy::Version(version), _) => version,
            // No other version sends this dialect.
            (JudgedBy::WhoeverSuits, Some(DtmfDialect::StartStop)) => Version::START_STOP,
            (JudgedBy::WhoeverSuits, _) => Version::default(),
        };
        let behaviour = version.behaviour();
        if rate != SampleRate::Hz8000 && !behaviour.knows_all_rates {
            return Err(Failure::Usage(format!(
                "Asterisk {version} knows no other rate than 8000 Hz, not {rate}"
            )));
        }
        if has_digits && behaviour.digits.is_none() && dialect.is_none() {
            return Err(Failure::Usage(format!(
                "--dtmf: Asterisk {version} sends no digits"
            )));
        }
        Ok(Some(version))
    }
}
