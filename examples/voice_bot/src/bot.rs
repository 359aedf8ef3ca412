//! The conversation of a call: what is played, what interrupts it, and what follows.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt::Arguments;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::call::{Call, CallReceiver, KeyEvent, KeyEvents, Unplayed, Voice};
use audiosocket::wav::Wav;
use audiosocket::wire::SampleRate;

use crate::dialogue::{GREETING, Reply, reply_to};
use crate::helper::Helper;
use crate::speech_detector::{GAP, Sound, SpeechDetector};

type Failure = Box<dyn Error + Send + Sync>;

/// The bot looks this often whether a helper has answered.
const TICK: Duration = Duration::from_millis(5);

/// The settings of all calls.
pub struct Bot {
    /// The folder of the programs `recognize`, `speak` and `leave_result`.
    pub helpers: PathBuf,
    /// How long a caller may be silent.
    pub silence: Duration,
    /// How long a helper may compute.
    pub patience: Duration,
}

impl Bot {
    /// Handles a call until its end.
    pub fn answer(&self, call: &mut Call) -> Result<(), Failure> {
        let detector = Arc::new(Mutex::new(SpeechDetector::new()));
        let hooked = Arc::clone(&detector);
        call.set_audio_hook(move |direction, audio, at| {
            hooked.lock().unwrap().push(direction, audio, at);
        });
        call.with_player(|receiver, voice| {
            let (mut reply, mut silences) = ((GREETING.to_string(), None), 0);
            let mut recognizers = VecDeque::new();
            while let Some(answer) =
                self.say(&reply, receiver, voice, &detector, &mut recognizers)?
            {
                silences = if answer.is_empty() { silences + 1 } else { 0 };
                reply = reply_to(&answer, silences);
            }
            if let (Some(result), None) = (reply.1, voice.end()) {
                let uuid = voice.uuid().to_string();
                let helper = Helper::start(&self.helpers, "leave_result", &[&uuid, result])?;
                let mut helper = helper.ask("", self.patience);
                while helper.answer()?.is_none() {
                    thread::sleep(TICK);
                }
                println!("{} result: {result}", voice.uuid());
            }
            voice.hang_up_after_playback();
            while receiver.receive().is_some() {}
            Ok(())
        })
    }

    /// Plays a text, and returns what the caller answers: words, a key, or nothing. Returns `None` if the call is to end or over.
    fn say(
        &self,
        (text, result): &Reply,
        receiver: &mut CallReceiver,
        voice: &Voice,
        detector: &Mutex<SpeechDetector>,
        // Each runs from the start of speech until its words are known. The first one answers first.
        recognizers: &mut VecDeque<Helper>,
    ) -> Result<Option<String>, Failure> {
        let log = |what: Arguments<'_>| println!("{} {what}", voice.uuid());
        log(format_args!("plays: {text}"));
        let mut keys = KeyEvents::new();
        if voice.received_rate().is_none() {
            // The rate of the call is known with its first audio. A silent caller is answered without it.
            let first = receiver.receive_until(Instant::now() + GAP);
            if let Some(signal) = first.and_then(|event| event.dtmf()) {
                keys.push(signal, Instant::now());
            }
        }
        let rate = voice.received_rate().unwrap_or(SampleRate::Hz8000).hz();
        let speaker = Helper::start(&self.helpers, "speak", &[&rate.to_string()])?;
        let mut speaker = Some(speaker.ask(text.as_str(), self.patience));
        // What an interruption has stopped, until it is known whether it was a word.
        let mut unplayed: Option<Unplayed> = None;
        let mut quiet_since = None;
        while let Some(event) = receiver.receive_until(Instant::now() + TICK) {
            let now = Instant::now();
            let mut interrupted_by = None;
            if let Some(signal) = event.dtmf() {
                interrupted_by = Some("key");
                keys.push(signal, now);
            }
            let sound = detector.lock().unwrap().next_sound(now);
            match sound {
                Some(Sound::SpeechStarts) => {
                    interrupted_by = Some("voice");
                    recognizers.push_back(Helper::start(&self.helpers, "recognize", &[])?);
                }
                Some(Sound::SpeechEnds(speech)) => {
                    let last = recognizers.pop_back();
                    recognizers.extend(last.map(|it| it.ask(speech, self.patience)));
                }
                None => {}
            }
            if let Some(reason) = interrupted_by.filter(|_| !voice.queued().is_zero()) {
                let rest = unplayed.insert(voice.clear()).duration().as_secs_f64();
                log(format_args!("stopped by {reason}, {rest:.2} s left"));
            }
            if let Some(KeyEvent::Press { digit, .. }) = keys.pop(now) {
                log(format_args!("pressed: {digit}"));
                return Ok(Some(digit.to_string()));
            }
            if let Some(words) = recognizers.front_mut().map_or(Ok(None), Helper::answer)? {
                recognizers.pop_front();
                let words = String::from_utf8_lossy(&words).trim().to_string();
                log(format_args!("recognized: '{words}'"));
                if !words.is_empty() {
                    return Ok(Some(words));
                }
                if let Some(rest) = unplayed.take_if(|_| recognizers.is_empty()) {
                    log(format_args!("goes on"));
                    voice.play(rest.bytes())?;
                }
            }
            if !recognizers.is_empty() || unplayed.is_some() || !voice.queued().is_zero() {
                quiet_since = None;
            } else if let Some(wav) = speaker.as_mut().map_or(Ok(None), Helper::answer)? {
                speaker = None;
                voice.play_wav(&Wav::read(&*wav).map_err(|error| format!("speak: {error}"))?)?;
            } else if speaker.is_none() && result.is_some() {
                break;
            } else if speaker.is_none() && quiet_since.is_none() {
                log(format_args!("listens"));
                quiet_since = Some(now);
            } else if quiet_since.is_some_and(|since| now - since > self.silence) {
                log(format_args!("silence"));
                return Ok(Some(String::new()));
            }
        }
        Ok(None)
    }
}
