//! A call to try a server with.

use core::fmt;
use std::boxed::Box;
use std::error::Error;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::string::{String, ToString};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::{SimulatedAsterisk, SimulatedCaller};
use crate::asterisk::{Rules, Version, Violation};
use crate::call::{Call, End, Event, PATIENCE, SendError};
use crate::server::Server;
use crate::wire::{Audio, Digit, InvalidDigit, SampleRate};

/// A call to try a server with, from every version of Asterisk at the same time: a test that no version objects, in a few lines.
///
/// ```
/// use std::error::Error;
/// use std::time::Duration;
/// use audiosocket::call::Call;
/// use audiosocket::simulator::TestCall;
///
/// fn answer(call: &mut Call) -> Result<(), Box<dyn Error + Send + Sync>> {
///     let voice = call.voice();
///     while let Some(event) = call.receive() {
///         if let Some(audio) = event.audio() {
///             voice.send_now(audio)?;
///         }
///     }
///     Ok(())
/// }
///
/// let report = TestCall::new().tone(Duration::from_millis(500)).press("5")?.run(answer)?;
/// assert!(report.passed(), "{report}");
/// # Ok::<(), Box<dyn Error>>(())
/// ```
///
/// The caller does one thing after the other and hangs up at the end; if there is nothing for him to do, he talks for a second. A
/// server in another process or language is called by its address, with [`run_against`](TestCall::run_against).
#[derive(Clone, Debug)]
#[must_use = "it has to be placed"]
pub struct TestCall {
    versions: Vec<Rules>,
    script: Vec<Step>,
}

/// Something the caller does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Talk(Duration),
    Press(Digit),
    KeepSilent(Duration),
}

/// How long a key is held, as in Asterisk's `SendDTMF()`.
const KEY_HELD: Duration = Duration::from_millis(100);
/// How long the caller listens after the last he did, so that what is under way arrives.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// How long to listen between two looks whether the caller is done.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

impl TestCall {
    /// A call from a version of each row of the [table](crate::asterisk::TABLE), the start-stop fork among them.
    pub fn new() -> TestCall {
        TestCall {
            versions: Version::REPRESENTATIVES
                .iter()
                .copied()
                .map(Rules::for_version)
                .collect(),
            script: Vec::new(),
        }
    }

    /// The same call from these versions alone.
    pub fn versions<R: Into<Rules>>(mut self, rules: impl IntoIterator<Item = R>) -> TestCall {
        self.versions = rules.into_iter().map(Into::into).collect();
        self
    }

    /// The caller talks: a soft tone of 500 Hz, its samples 500 or -500, 20 ms a frame at 8 kHz. Less long if the server hangs
    /// up.
    pub fn tone(self, duration: Duration) -> TestCall {
        self.then(Step::Talk(duration))
    }

    /// The caller presses keys, for 100 ms each. A version that sends no digits only sends nothing meanwhile.
    ///
    /// # Errors
    ///
    /// [`InvalidDigit`] for a character that is on no key.
    pub fn press(mut self, digits: &str) -> Result<TestCall, InvalidDigit> {
        for digit in digits.chars() {
            self = self.then(Step::Press(Digit::try_from(digit)?));
        }
        Ok(self)
    }

    /// The caller says nothing, and then neither does Asterisk.
    pub fn silence(self, duration: Duration) -> TestCall {
        self.then(Step::KeepSilent(duration))
    }

    /// Calls the server at an address, from all versions at the same time, and waits until all calls are over.
    ///
    /// # Errors
    ///
    /// The connections' or the system's; see [`SimulatedAsterisk::connect`].
    pub fn run_against(&self, address: impl ToSocketAddrs) -> io::Result<TestReport> {
        let addresses: Vec<SocketAddr> = address.to_socket_addrs()?.collect();
        let calls = thread::scope(|scope| {
            let place = |rules: &Rules| {
                let (rules, addresses) = (*rules, &addresses[..]);
                scope.spawn(move || self.place(rules, addresses))
            };
            let calls: Vec<_> = self.versions.iter().map(place).collect();
            let outcomes = calls.into_iter().map(|call| {
                call.join()
                    .unwrap_or_else(|_| Err(io::Error::other("a caller's thread panicked")))
            });
            outcomes.collect::<io::Result<Vec<TestOutcome>>>()
        })?;
        Ok(TestReport {
            calls,
            incidents: Vec::new(),
        })
    }

    /// The same to a server of our own, on a port that the system chooses, whose calls have this handler. Returns when all have
    /// left it, so a handler that stays on after its call has ended keeps it.
    ///
    /// # Errors
    ///
    /// Those of [`run_against`](TestCall::run_against), and the server's.
    pub fn run<F>(&self, handler: F) -> io::Result<TestReport>
    where
        F: Fn(&mut Call) -> Result<(), Box<dyn Error + Send + Sync>> + Sync,
    {
        let incidents = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&incidents);
        let server = Server::builder()
            .on_incident(move |incident| {
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                noted.push(incident.to_string());
            })
            .bind("127.0.0.1:0")?;
        let (address, handle) = (server.local_addr(), server.handle());
        let mut report = thread::scope(|scope| {
            let serving = scope.spawn(|| server.run(&handler));
            let report = self.run_against(address);
            handle.shut_down(PATIENCE);
            match serving.join() {
                Ok(served) => served.and(report),
                Err(_) => Err(io::Error::other("the server panicked")),
            }
        })?;
        report.incidents =
            core::mem::take(&mut *incidents.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(report)
    }

    fn then(mut self, step: Step) -> TestCall {
        self.script.push(step);
        self
    }

    fn place(&self, rules: Rules, addresses: &[SocketAddr]) -> io::Result<TestOutcome> {
        let uuid = SimulatedAsterisk::random_uuid();
        let mut asterisk = SimulatedAsterisk::connect(addresses, uuid)?.judged_by(rules)?;
        let (listener, caller) = asterisk.split();
        thread::scope(|scope| {
            let performing = scope.spawn(|| self.perform(caller));
            let mut last_words: Option<Instant> = None;
            loop {
                let now = Instant::now();
                if last_words.is_none() && performing.is_finished() {
                    last_words = now.checked_add(LAST_WORDS);
                }
                if last_words.is_some_and(|end| end <= now) {
                    break;
                }
                let next_look = now.checked_add(BETWEEN_LOOKS).unwrap_or(now);
                let until = last_words.map_or(next_look, |end| end.min(next_look));
                // All that matters of what is heard is that it was, which is counted.
                while !matches!(listener.receive_until(until), Some(Event::TimeUp)) {
                    if listener.end().is_some() {
                        return;
                    }
                }
            }
        });
        let (end, frames_heard) = (asterisk.end(), asterisk.stats().frames_received);
        Ok(TestOutcome {
            rules,
            end,
            frames_heard,
            violations: asterisk.hang_up(),
        })
    }

    fn perform(&self, caller: &mut SimulatedCaller) -> Result<(), SendError> {
        // 500 Hz: 16 samples, half of them high.
        let tone: [i16; 160] = core::array::from_fn(|place| match place % 16 < 8 {
            true => 500,
            false => -500,
        });
        let mut bytes = [0; 320];
        let Ok(audio) = Audio::from_samples(SampleRate::Hz8000, &tone, &mut bytes) else {
            return Ok(());
        };
        let default = [Step::Talk(Duration::from_secs(1))];
        let script = match self.script.as_slice() {
            [] => &default,
            script => script,
        };
        for step in script {
            match *step {
                Step::Talk(duration) => {
                    for _ in 0..duration.as_millis().saturating_div(20) {
                        caller.send_frame(audio)?;
                    }
                }
                Step::Press(digit) => caller.press(digit, KEY_HELD)?,
                Step::KeepSilent(duration) => caller.keep_silent(duration),
            }
        }
        Ok(())
    }
}

impl Default for TestCall {
    fn default() -> TestCall {
        TestCall::new()
    }
}

/// What came of a [`TestCall`]. As text, what is wrong: a line for each fault.
#[derive(Clone, Debug)]
pub struct TestReport {
    calls: Vec<TestOutcome>,
    incidents: Vec<String>,
}

impl TestReport {
    /// Whether there were calls, no version objects, and no handler failed or panicked.
    pub fn passed(&self) -> bool {
        !self.calls.is_empty()
            && self.incidents.is_empty()
            && self.calls.iter().all(|call| call.violations.is_empty())
    }

    /// The calls, one for each version.
    pub fn calls(&self) -> &[TestOutcome] {
        &self.calls
    }

    /// What went wrong in the server that [`run`](TestCall::run) has made: handlers that failed or panicked.
    /// Asterisk does not mind, since their calls are ended properly.
    pub fn incidents(&self) -> &[String] {
        &self.incidents
    }
}

impl fmt::Display for TestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.passed() {
            return f.write_str("no version objects");
        }
        if self.calls.is_empty() {
            return f.write_str("no version was to call");
        }
        let mut separator = "";
        for call in &self.calls {
            for violation in &call.violations {
                let version = call.rules.version();
                write!(f, "{separator}Asterisk {version}: {violation}")?;
                separator = "\n";
            }
        }
        for incident in &self.incidents {
            write!(f, "{separator}{incident}")?;
            separator = "\n";
        }
        Ok(())
    }
}

/// One call of a [`TestReport`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TestOutcome {
    /// Whose call it was.
    pub rules: Rules,
    /// What the server did wrong.
    pub violations: Vec<Violation>,
    /// How it ended, unless the caller hung up.
    pub end: Option<End>,
    /// How many frames came from the server.
    pub frames_heard: usize,
}
