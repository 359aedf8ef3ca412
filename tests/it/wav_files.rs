//! Which WAV files are taken, and what is said of those that are not.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::slice;
use std::time::Duration;

use crate::common::wav_file::{WavFile, chunk, riff};
use audiosocket::wav::{Wav, WavError, WavErrorReason};
use audiosocket::wire::SampleRate;

/// A folder for the files of one test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[track_caller]
fn refused(bytes: &[u8]) -> WavError {
    Wav::read(bytes)
        .expect_err("a file that is not taken")
        .with_path("in.wav")
}

#[test]
fn each_rate_is_read() {
    for &rate in SampleRate::ALL {
        let file = WavFile {
            hz: rate.hz(),
            ..WavFile::default()
        };
        let wav = Wav::read(&file.bytes()[..]).unwrap();
        assert_eq!(wav.rate(), rate);
        assert_eq!(wav.bytes(), file.audio);
        assert_eq!(wav.samples().next(), Some(0x0100));
        assert_eq!(wav.samples().len(), 160);
        let seconds = 160.0 / f64::from(rate.hz());
        assert!(
            (wav.duration().as_secs_f64() - seconds).abs() < 1e-8,
            "{rate}"
        );
        assert_eq!(format!("{wav:?}"), format!("Wav({rate}, 160 samples)"));
    }
}

#[test]
fn chunks_come_in_any_order_and_others_are_skipped() {
    let file = WavFile::default();
    let (fmt, data) = (chunk(b"fmt ", &file.format()), chunk(b"data", &file.audio));
    let (odd, list) = (chunk(b"odd ", b"123"), chunk(b"LIST", b"INFO"));
    let stereo = WavFile {
        channels: 2,
        ..WavFile::default()
    };
    for chunks in [
        vec![fmt.clone(), data.clone()],
        vec![data.clone(), fmt.clone()],
        vec![
            odd.clone(),
            fmt.clone(),
            odd.clone(),
            list.clone(),
            data.clone(),
        ],
        vec![list.clone(), data.clone(), odd.clone(), fmt.clone(), list],
        // The first of each kind counts.
        vec![fmt.clone(), chunk(b"fmt ", &stereo.format()), data.clone()],
        vec![data, chunk(b"data", b"12"), fmt],
    ] {
        let wav = Wav::read(&riff(&chunks)[..]).unwrap();
        assert_eq!(wav.bytes(), file.audio);
    }
}

#[test]
fn a_size_that_was_not_known_lasts_to_the_end_of_the_file() {
    for (audio_len, riff_len) in [
        (0x7fff_f000, 0x7fff_f024), // sox
        (0x7fff_ffff, 0x7fff_ffff), // Android's oboe
        (0xffff_ffff, 0xffff_ffff), // ffmpeg
        (0xffff_ffff, 0),
        (0, 0),
        (0, 36), // killed before it went back
        (0, 0xffff_ffff),
    ] {
        let file = WavFile {
            audio_len: Some(audio_len),
            riff_len: Some(riff_len),
            ..WavFile::default()
        };
        let wav = Wav::read(&file.bytes()[..]).unwrap();
        assert_eq!(wav.bytes(), file.audio, "{audio_len:#x} {riff_len:#x}");
    }
    // The RIFF header knows of 8 more bytes: the data chunk is empty, and another follows.
    let fmt = chunk(b"fmt ", &WavFile::default().format());
    let error = refused(&riff(&[fmt, chunk(b"data", b""), chunk(b"LIST", b"")]));
    assert!(matches!(error.reason(), WavErrorReason::Empty));
}

#[test]
fn the_size_in_the_riff_header_counts_for_nothing_else() {
    for riff_len in [0, 1, 36, 355, 357, 0x7fff_efff, 0xffff_ffff] {
        let file = WavFile {
            riff_len: Some(riff_len),
            ..WavFile::default()
        };
        let mut bytes = file.bytes();
        bytes.extend(b"TAG and more that is no chunk");
        assert_eq!(Wav::read(&bytes[..]).unwrap().bytes(), file.audio);
    }
}

#[test]
fn what_is_not_taken_is_named_in_one_line() {
    let good = WavFile::default();
    let fmt = chunk(b"fmt ", &good.format());
    let data = chunk(b"data", &good.audio);
    let sox = "; convert it: sox in.wav -r 8000 -c 1 -b 16 out.wav";
    let rest = "; convert what is there: sox in.wav -r 8000 -c 1 -b 16 out.wav";
    let of = |tag, channels, bits, hz| {
        let file = WavFile {
            tag,
            channels,
            bits,
            hz,
            ..WavFile::default()
        };
        file.bytes()
    };
    let with_audio = |audio: &[u8], audio_len| {
        let audio = audio.to_vec();
        WavFile {
            audio,
            audio_len,
            ..WavFile::default()
        }
        .bytes()
    };
    for (bytes, said, command) in [
        (of(1, 2, 16, 44_100), "is stereo, 16-bit, 44100 Hz", sox),
        (of(1, 1, 16, 22_050), "is mono, 16-bit, 22050 Hz", sox),
        (of(1, 1, 8, 8_000), "is mono, 8-bit, 8000 Hz", sox),
        (of(1, 1, 24, 8_000), "is mono, 24-bit, 8000 Hz", sox),
        (of(3, 1, 32, 8_000), "is mono, 32-bit float, 8000 Hz", sox),
        (of(6, 1, 8, 8_000), "is mono, A-law, 8000 Hz", sox),
        (of(7, 1, 8, 8_000), "is mono, u-law, 8000 Hz", sox),
        (of(0x31, 1, 0, 8_000), "is mono, GSM 6.10, 8000 Hz", sox),
        (of(0x11, 1, 4, 8_000), "is mono, IMA ADPCM, 8000 Hz", sox),
        (
            of(0x55, 1, 0, 8_000),
            "is mono, MP3, 8000 Hz",
            "; convert it: ffmpeg -i in.wav -ar 8000 -ac 1 -c:a pcm_s16le out.wav",
        ),
        (
            with_audio(&good.audio, Some(640)),
            "is cut: it has 320 of 640 bytes of audio",
            rest,
        ),
        (
            with_audio(&[], Some(640)),
            "is cut: it has 0 of 640 bytes of audio",
            "",
        ),
        (
            with_audio(&[1; 321], None),
            "ends inside a sample: it has 321 bytes of audio",
            rest,
        ),
        (with_audio(&[], None), "has no audio in its data chunk", ""),
        (
            riff(slice::from_ref(&data)),
            "has no fmt chunk to say what its audio is",
            "",
        ),
        (
            riff(slice::from_ref(&fmt)),
            "has no data chunk, and so no audio",
            "",
        ),
        (
            riff(&[chunk(b"fmt ", &good.format()[..14]), data.clone()]),
            "has a fmt chunk of 14 bytes, expected 16",
            "",
        ),
        (
            of(0xfffe, 1, 16, 8_000),
            "has a fmt chunk of 18 bytes, expected 40",
            "",
        ),
        (
            b"ID3\x04\0\0\0\0\0\x23".to_vec(),
            "is an MP3 file, not WAV",
            "; convert it: sox -t mp3 in.wav -r 8000 -c 1 -b 16 out.wav",
        ),
        (
            vec![0; 320],
            "is no WAV file: it begins with 000000000000000000000000",
            "; convert it if it is raw 16-bit audio at 8000 Hz: \
             sox -t raw -r 8000 -c 1 -b 16 -e signed in.wav out.wav",
        ),
        (
            b"<html>not found".to_vec(),
            "is no WAV file: it begins with \"<html>not fo\"",
            "",
        ),
        (Vec::new(), "is empty", ""),
    ] {
        let error = refused(&bytes);
        assert_eq!(error.to_string(), format!("in.wav {said}{command}"));
        assert_eq!(error.reason().to_string(), said);
        let command = command.split_once(": ").map(|(_, command)| command);
        assert_eq!(error.suggested_command().as_deref(), command, "{said}");
    }
}

/// Asterisk's sounds have no header.
#[test]
fn what_does_not_say_what_it_is_goes_by_its_name() {
    let raw = "convert it if it is raw 16-bit audio at";
    for (name, advice) in [
        (
            "a.gsm",
            "convert it: sox -t gsm a.gsm -r 8000 -c 1 -b 16 out.wav",
        ),
        (
            "a.ulaw",
            "convert it: sox -t ul -r 8000 -c 1 a.ulaw -r 8000 -c 1 -b 16 out.wav",
        ),
        (
            "a.alaw",
            "convert it: sox -t al -r 8000 -c 1 a.alaw -r 8000 -c 1 -b 16 out.wav",
        ),
        (
            "a.g722",
            "convert it: ffmpeg -i a.g722 -ar 8000 -ac 1 -c:a pcm_s16le out.wav",
        ),
        (
            "a.sln",
            &format!("{raw} 8000 Hz: sox -t raw -r 8000 -c 1 -b 16 -e signed a.sln out.wav"),
        ),
        (
            "a.sln16",
            &format!(
                "{raw} 16000 Hz: sox -t raw -r 16000 -c 1 -b 16 -e signed a.sln16 -r 8000 out.wav"
            ),
        ),
        (
            "a.pcm",
            &format!("{raw} 8000 Hz: sox -t raw -r 8000 -c 1 -b 16 -e signed a.pcm out.wav"),
        ),
    ] {
        let error = refused(&[0xd9; 330]).with_path(name);
        let said = "is no WAV file: it begins with d9d9d9d9d9d9d9d9d9d9d9d9";
        assert_eq!(error.to_string(), format!("{name} {said}; {advice}"));
    }
    // Silence in a-law looks like text.
    let error = refused(&[0x55; 330]).with_path("a.alaw");
    assert!(
        error
            .to_string()
            .ends_with("; convert it: sox -t al -r 8000 -c 1 a.alaw -r 8000 -c 1 -b 16 out.wav")
    );
    // What says what it is goes by that.
    let error = refused(b"fLaC\0\0\0\x22").with_path("a.gsm");
    assert!(error.to_string().contains("is a FLAC file"), "{error}");
    assert!(!error.to_string().contains("-t gsm"), "{error}");
}

#[test]
fn a_size_that_was_not_known_leaves_no_room_for_a_fmt_chunk_behind() {
    let good = WavFile::default();
    let mut data = chunk(b"data", &good.audio);
    data[4..8].fill(0xff);
    let error = refused(&riff(&[data, chunk(b"fmt ", &good.format())]));
    assert!(
        matches!(error.reason(), WavErrorReason::NoFormat),
        "{error}"
    );
}

#[test]
fn no_part_of_a_file_passes_for_the_whole() {
    let good = WavFile::default();
    let (fmt, data) = (chunk(b"fmt ", &good.format()), chunk(b"data", &good.audio));
    for file in [
        riff(&[fmt.clone(), data.clone()]),
        riff(&[data, chunk(b"LIST", b"INFO"), fmt]),
    ] {
        assert!(Wav::read(&file[..]).is_ok());
        for len in 0..file.len() {
            assert!(Wav::read(&file[..len]).is_err(), "{len}");
        }
    }
}

/// Says that there are gigabytes, and fails if it is asked for what nobody needs.
struct Announcing {
    header: Vec<u8>,
    place: usize,
}

impl Read for Announcing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(
            self.place < self.header.len(),
            "it was read after the answer was known"
        );
        let rest = &self.header[self.place..];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        self.place += len;
        Ok(len)
    }
}

#[test]
fn what_is_refused_is_not_read_further() {
    let file = WavFile {
        channels: 2,
        audio: Vec::new(),
        audio_len: Some(0x7fff_0000),
        ..WavFile::default()
    };
    let mut unknown_and_no_format = riff(&[chunk(b"data", b"")]);
    unknown_and_no_format[4..8].fill(0xff);
    for header in [
        file.bytes()[..36].to_vec(),
        b"ID3\x04".repeat(9),
        unknown_and_no_format,
    ] {
        assert!(Wav::read(Announcing { header, place: 0 }).is_err());
    }
}

#[test]
fn a_source_that_fails_is_reported() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("out of tape"))
        }
    }
    let file = WavFile::default().bytes();
    for len in [0, 12, 20, 36, 44, 100] {
        let error = Wav::read(file[..len].chain(Failing)).unwrap_err();
        assert_eq!(error.to_string(), "the audio cannot be read: out of tape");
        assert!(matches!(error.reason(), WavErrorReason::Io(_)) && error.path().is_none());
    }
}

#[test]
fn a_file_is_opened_by_its_path_which_errors_name() {
    let path = folder("opened").join("good.wav");
    fs::write(&path, WavFile::default().bytes()).unwrap();
    let wav = Wav::open(&path).unwrap();
    assert_eq!(wav.duration(), Duration::from_millis(20));

    let missing = path.with_file_name("missing.wav");
    let error = Wav::open(&missing).unwrap_err();
    assert_eq!(error.path(), Some(&*missing));
    let line = error.to_string();
    assert!(
        line.starts_with(&format!("{} cannot be read: ", missing.display())),
        "{line}"
    );
    let error = Wav::open(folder("opened")).unwrap_err();
    assert!(matches!(error.reason(), WavErrorReason::Io(_)), "{error}");
}

/// The command, run in a shell in the file's folder, makes a file that is taken.
#[test]
fn sox_makes_a_file_that_is_taken_as_the_line_says() {
    if let Err(error) = Command::new("sox").arg("--version").output() {
        println!("skipped: sox cannot be run: {error}");
        return;
    }
    let half_a_second = |tag, channels, bits: u16, hz: u32| {
        let len = u32::from(channels) * u32::from(bits.div_ceil(8)) * hz / 2;
        let audio = vec![0; len as usize];
        WavFile {
            tag,
            channels,
            bits,
            hz,
            audio,
            ..WavFile::default()
        }
    };
    let mut cut = half_a_second(1, 1, 16, 8_000);
    cut.audio_len = Some(cut.audio.len() as u32 + 1000);
    let mut half_a_sample = half_a_second(1, 1, 16, 8_000);
    half_a_sample.audio.push(0);
    for (name, file) in [
        ("stereo.wav", half_a_second(1, 2, 16, 44_100).bytes()),
        ("six channels.wav", half_a_second(1, 6, 16, 48_000).bytes()),
        ("22050.wav", half_a_second(1, 1, 16, 22_050).bytes()),
        ("it's 8-bit.wav", half_a_second(1, 1, 8, 8_000).bytes()),
        ("24-bit.wav", half_a_second(1, 1, 24, 16_000).bytes()),
        ("32-bit.wav", half_a_second(1, 2, 32, 96_000).bytes()),
        ("float.wav", half_a_second(3, 1, 32, 48_000).bytes()),
        ("double.wav", half_a_second(3, 1, 64, 48_000).bytes()),
        ("-a-law.wav", half_a_second(6, 1, 8, 8_000).bytes()),
        ("u-law.wav", half_a_second(7, 2, 8, 8_000).bytes()),
        ("cut.wav", cut.bytes()),
        ("out.wav", half_a_sample.bytes()),
        ("raw.wav", vec![0; 8000]),
        ("raw.sln16", vec![0; 16_000]),
        ("raw.ulaw", vec![0xff; 4000]),
        ("raw.alaw", vec![0xd5; 4000]),
        // 25 frames of 33 bytes, each of 20 ms, that begin with 0xd.
        ("raw.gsm", [0xd0].repeat(33 * 25)),
    ] {
        let folder = folder("converted");
        let error = {
            fs::write(folder.join(name), &file).unwrap();
            Wav::open(folder.join(name)).unwrap_err().with_path(name)
        };
        let command = error.suggested_command().expect("a command");
        let (_, made) = command.rsplit_once(' ').expect("an output");
        let made = folder.join(made);
        let _ = fs::remove_file(&made);
        let shell = Command::new("sh")
            .args(["-c", &command])
            .current_dir(&folder)
            .output();
        let shell = shell.expect("a shell");
        assert!(
            shell.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&shell.stderr)
        );
        let wav = Wav::open(&made).unwrap_or_else(|error| panic!("{command}: {error}"));
        assert_eq!(wav.rate(), SampleRate::Hz8000, "{command}");
        assert!(
            wav.duration().abs_diff(Duration::from_millis(500)) < Duration::from_millis(2),
            "{command}"
        );
    }
}
