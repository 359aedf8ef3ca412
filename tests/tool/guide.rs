//! The guide's statements about Asterisk and about the tool agree with the code.

use std::fs;
use std::path::Path;

use crate::common::tool::{run, stdout};
use audiosocket::asterisk::{Behaviour, Consequence, Rule, TABLE, Way};
use audiosocket::wire::DtmfDialect;

const PROTOCOL: &str = include_str!("../../src/guide/protocol.rs");
const TROUBLESHOOTING: &str = include_str!("../../src/guide/troubleshooting.rs");

/// Checks that the table below a heading of the guide has exactly these rows.
#[track_caller]
fn expect_rows(page: &str, heading: &str, rows: &[String]) {
    let expected: String = rows.iter().map(|row| format!("//! {row}\n")).collect();
    let heading = format!("//! {heading}\n");
    let (_, below) = page.split_once(&heading).unwrap();
    let columns = heading.matches('|').count() - 1;
    let rule = format!("//! |{}\n", "---|".repeat(columns));
    let table = below.strip_prefix(&rule).unwrap();
    let found = table.split("//!\n").next().unwrap();
    assert!(
        found == expected,
        "below {heading}{rule}the guide should have\n\n{expected}\nand has\n\n{found}"
    );
}

fn consequence(consequence: Consequence) -> &'static str {
    match consequence {
        Consequence::HangsUp => "**hangs up**",
        Consequence::Misreads => "**misread**",
        Consequence::Skips => "skipped",
        Consequence::StopsHearing => "waits, and the caller is not heard",
        Consequence::Hangs => "**waits indefinitely**",
        Consequence::Spins => "uses up a core",
        other => panic!("{other} differs from version to version, and is not in the guide"),
    }
}

fn row(versions: &str, cells: &[&str]) -> String {
    format!("| {versions} | {} |", cells.join(" | "))
}

#[test]
fn guide_lists_kinds_and_rates_of_each_version() {
    let cells = |it: &Behaviour| {
        let is_fork = it.channel_driver.digits == Some(DtmfDialect::StartStop);
        let digits = |way| match it.through(way).digits {
            None => "none",
            Some(DtmfDialect::Asterisk) => "0x03",
            _ => "0x02",
        };
        let other_kinds = match it.consequence(Rule::ForbiddenKind) {
            None if is_fork => "digits (0x02) accepted, others skipped",
            other => other.map_or("skipped", consequence),
        };
        let rates = it
            .consequence(Rule::UnknownRate)
            .map_or("plays it", consequence);
        let empty = it.consequence(Rule::EmptyAudio);
        row(
            &it.versions(),
            &[
                digits(Way::Application),
                digits(Way::ChannelDriver),
                rates,
                empty.map_or("skipped", consequence),
                other_kinds,
            ],
        )
    };
    expect_rows(
        PROTOCOL,
        "| Asterisk | application sends digits as | driver sends digits as | if the server sends 0x11 to 0x18 (`unknown-rate`) | if it sends audio without a sample (`empty-audio`) | if it sends other kinds (`forbidden-kind`) |",
        &TABLE.iter().map(cells).collect::<Vec<_>>(),
    );
}

#[test]
fn guide_lists_waits_and_ends_of_each_version() {
    let cells = |it: &Behaviour| {
        let header = it.consequence(Rule::SplitHeader).map(consequence).unwrap();
        let stalled = it.consequence(Rule::StalledHeader);
        let stalled = stalled.map_or("does not wait", consequence);
        let payload = it.consequence(Rule::SplitPayload).map(consequence).unwrap();
        let payload = match it.payload_wait.as_millis() {
            0 => String::from(payload),
            wait => format!("{payload} after {wait} ms"),
        };
        let idle = |way| match it.through(way).idle_timeout {
            None => String::from("waits indefinitely"),
            Some(limit) => format!("**hangs up** after {} s", limit.as_secs()),
        };
        let hangup = |way| match (way, it.through(way).continues_after_hangup) {
            (Way::ChannelDriver, true) => "ends the AudioSocket channel",
            (_, true) => "the dialplan continues",
            (_, false) => "**hangs up**",
        };
        let close = it.consequence(Rule::NoHangup);
        let close = close.map_or("like a hangup frame", consequence);
        let cells = [
            header,
            stalled,
            &payload,
            &idle(Way::Application),
            &idle(Way::ChannelDriver),
            hangup(Way::Application),
            hangup(Way::ChannelDriver),
            close,
        ];
        row(&it.versions(), &cells)
    };
    expect_rows(
        PROTOCOL,
        "| Asterisk | split header (`split-header`) | unfinished header (`stalled-header`) | split payload (`split-payload`) | no traffic, application (`idle`) | no traffic, driver | hangup frame, application | hangup frame, driver | close without a hangup frame (`no-hangup`) |",
        &TABLE.iter().map(cells).collect::<Vec<_>>(),
    );
}

#[test]
fn guide_states_what_every_version_does() {
    let is_for_all = |rule: &&Rule| {
        let first = TABLE[0].consequence(**rule);
        let has_columns = matches!(rule, Rule::SplitHeader | Rule::SplitPayload);
        !has_columns && TABLE.iter().all(|it| it.consequence(**rule) == first)
    };
    let rows = Rule::ALL.iter().filter(is_for_all).map(|rule| {
        let comes_of_it = |way| {
            let through = TABLE[0].through(way);
            TABLE[0].consequence_in(through, *rule).unwrap()
        };
        let (application, driver) = (
            comes_of_it(Way::Application),
            comes_of_it(Way::ChannelDriver),
        );
        format!("| {} | {application} | {driver} | `{rule}` |", rule.fault())
    });
    expect_rows(
        PROTOCOL,
        "| what the server does | application | driver | rule |",
        &rows.collect::<Vec<_>>(),
    );
}

#[test]
fn guide_states_the_remedy_of_every_rule() {
    let mut remedies: Vec<(&str, Vec<String>)> = Vec::new();
    for rule in Rule::ALL {
        let name = format!("`{rule}`");
        match remedies
            .iter_mut()
            .find(|(remedy, _)| *remedy == rule.remedy())
        {
            Some((_, rules)) => rules.push(name),
            None => remedies.push((rule.remedy(), vec![name])),
        }
    }
    let rows = remedies.iter();
    let rows = rows.map(|(remedy, rules)| {
        let remedy = remedy.replace("TCP_NODELAY", "`TCP_NODELAY`");
        format!("| {} | {remedy} |", rules.join(", "))
    });
    expect_rows(
        TROUBLESHOOTING,
        "| rule | what to change in the server |",
        &rows.collect::<Vec<_>>(),
    );
}

/// The newest release is in the row before that of the fork.
#[test]
fn readme_names_the_newest_release() {
    let versions = TABLE[TABLE.len() - 2].versions();
    let newest = versions.rsplit(", ").next().unwrap();
    // "23.4-5" ends with 23.5.
    let major = newest.split('.').next().unwrap();
    let minor = newest.rsplit(['.', '-']).next().unwrap();
    let range = format!("from 18 to {major}.{minor}");
    let readme = include_str!("../../README.md");
    assert!(
        readme.contains(&range),
        "README.md should contain {range:?}"
    );
}

/// Lines of the guide such as `audiosocket tap --listen ADDR`.
#[test]
fn every_option_used_in_the_guide_exists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide");
    let mut options = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines() {
            let Some((_, command)) = line.split_once("audiosocket ") else {
                continue;
            };
            let words: Vec<&str> = command.split([' ', '`', '=']).collect();
            let used = words.iter().filter(|it| it.starts_with("--"));
            for option in used {
                let help = run(&[words[0], "--help"]);
                assert!(help.status.success(), "{line}");
                assert!(stdout(&help).contains(option), "{line}");
                options += 1;
            }
        }
    }
    assert!(options > 10, "{options}");
}
