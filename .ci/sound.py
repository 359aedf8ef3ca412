"""The test tone of the calls, and the check that it arrives whole."""

import array
import functools
import math
import operator
import sys
import wave

from failure import Failure

FRAME_SECONDS = 0.020  # the audio in one of Asterisk's frames

# The tone that the lab's far legs play. write_sounds in asterisk-lab.sh explains these values.
TONE_HZ = 1007
TONE_AMPLITUDE = 8000

# The lengths in the sound tone3s: a tone between silence.
TONE_SECONDS = 3.0
QUIET_SECONDS = 0.2


def read_wav(path, channels=1):
    """Returns the samples of a 16-bit file, with the channels interleaved, and their rate in Hz."""
    try:
        with wave.open(str(path)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (channels, 2):
                raise Failure(f"{path.name} is not of 16 bits and {channels} channels")
            samples = array.array("h", file.readframes(file.getnframes()))
            rate = file.getframerate()
    except (OSError, EOFError, wave.Error) as error:
        raise Failure(f"no recording {path.name}: {error}") from None
    if sys.byteorder == "big":
        samples.byteswap()  # WAV is little-endian
    return samples, rate


def write_wav(path, samples, rate):
    """Writes a 16-bit mono file."""
    samples = array.array("h", samples)
    if sys.byteorder == "big":
        samples.byteswap()  # WAV is little-endian
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def silence(seconds, rate):
    return array.array("h", bytes(2 * round(seconds * rate)))


@functools.cache
def sines_and_cosines(rate):
    """Returns the sines and cosines of TONE_HZ for a little more than one second. TONE_HZ is a whole number, so they repeat each
    second."""
    angles = [2 * math.pi * TONE_HZ * n / rate for n in range(rate + rate // 10)]
    return [math.sin(angle) for angle in angles], [math.cos(angle) for angle in angles]


def tone(seconds, rate):
    """Returns samples of the tone that the lab's far legs play, from the start of a period."""
    sines, _ = sines_and_cosines(rate)
    return array.array("h", (round(TONE_AMPLITUDE * sines[n % rate]) for n in range(round(seconds * rate))))


def dot(left, right):
    return sum(map(operator.mul, left, right))


def tone_in(samples, first, count, rate):
    """Measures TONE_HZ in samples[first : first + count]. Returns its amplitude, its phase in degrees, and the amplitude of a
    tone as loud as all of these samples. The phase refers to sample 0, so it is the same everywhere in an unbroken tone.
    `count` is at most 0.1 s."""
    sines, cosines = sines_and_cosines(rate)
    piece = samples[first : first + count]
    place = first % rate
    real = dot(piece, cosines[place : place + count])
    imaginary = dot(piece, sines[place : place + count])
    amplitude = 2 * math.hypot(real, imaginary) / count
    return amplitude, math.degrees(math.atan2(real, imaginary)), math.sqrt(2 * dot(piece, piece) / count)


def expect_unbroken_tone(samples, rate, sent_seconds=None, amplitude=TONE_AMPLITUDE):
    """Raises Failure unless the samples contain the tone once, at this level, without a break or a click, and as long as it
    was sent. Returns its length in seconds.

    The result does not depend on timing, because a recording counts samples and contains late frames too. With 12 busy loops
    on a machine with two cores, the recording was the same to the sample. Only a stall of one second changes it: the server
    then sends a frame of silence.
    """
    # Around the tone, the recording is digital silence, except that a resampler rings at the tone's edges with up to 1 % of its
    # amplitude. A threshold of 10 % is far from both, and a sine passes it within 0.1 ms of its start.
    loud = [n for n, sample in enumerate(samples) if abs(sample) > amplitude / 10]
    if not loud:
        raise Failure(f"the far leg received only silence, for {len(samples) / rate:.2f} s")
    first, last = loud[0], loud[-1]
    seconds = (last + 1 - first) / rate
    length = f"the tone {seconds:.3f} s long" + (f", {sent_seconds:.3f} s were sent" if sent_seconds else "")

    window = rate // 100  # 10 ms, half a frame, so that even the loss of a short frame shows
    starts = range(first, last + 2 - window, window)
    previous_phase = None
    for start in starts:
        at = f"{(start - first) / rate:.2f} s after its begin"
        found, phase, loudness = tone_in(samples, start, window, rate)
        # The measurement is off by up to 1 %, because a window holds 10.07 periods. Resampling makes no visible difference. A
        # phase jump in the middle of a window lowers the amplitude by 10 %, and also fails the check of the phase below.
        if not 0.8 < found / amplitude < 1.2:
            raise Failure(f"the tone breaks {at}: amplitude {found:.0f} of {amplitude:.0f}; {length}")
        # This finds other sound in the window. Here too, the measurement is off by up to 1 %.
        if not 0.8 < loudness / amplitude < 1.2:
            raise Failure(f"the tone is disturbed {at}: {loudness:.0f} loud instead of {amplitude:.0f}; {length}")
        # The phase of an unbroken tone changes by less than 3 degrees. A lost or doubled frame of 20 ms changes it by 50 degrees,
        # and a frame of 10 ms by 25. A change inside a window shows half before it and half after it.
        jump = 0 if previous_phase is None else (phase - previous_phase + 180) % 360 - 180
        if abs(jump) > 10:
            raise Failure(f"the tone jumps {at}, as if sound were lost or doubled: phase off by {jump:.0f} degrees; "
                          f"{length}")
        previous_phase = phase

    # Neighbouring samples differ by no more than a sine at its steepest point (measured, after a resampler too). u-law rounds, and
    # adds 1.6 %.
    steepest = 2 * amplitude * math.sin(math.pi * TONE_HZ / rate)
    steps = [abs(step) for step in map(operator.sub, samples[first + 1 : last + 1], samples[first:last])]
    if max(steps) > 1.03 * steepest:
        raise Failure(f"a click {steps.index(max(steps)) / rate:.4f} s after the start of the tone: a step of {max(steps)}, "
                      f"where the tone itself has none of more than {steepest:.0f}")

    # The threshold above hides one or two samples at the edges, and Asterisk's resampler keeps back the last 5 ms of a call. A
    # server loses or doubles whole frames, 10 ms or more.
    if sent_seconds and abs(seconds - sent_seconds) > 0.0075:
        raise Failure(f"the tone is unbroken, but {length}")
    return seconds
