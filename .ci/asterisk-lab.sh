#!/usr/bin/env bash
# asterisk-lab.sh - runs a disposable Debian (sid) Asterisk in a chroot, or an Asterisk that is already installed. The
# Asterisk calls an AudioSocket server on 127.0.0.1, to test it with a real peer. It listens only on loopback.
#
#   asterisk-lab.sh setup       make the chroot, install Asterisk from Debian's packages, and write its configuration. A
#                               second run, or a run with ASTLAB_INSTALLED, only writes the configuration
#   asterisk-lab.sh start       start Asterisk, with a new log and no recordings. If it already runs, it only reloads its
#                               dialplan and its passwords
#   asterisk-lab.sh stop        stop the Asterisk that `start` started
#   asterisk-lab.sh status      print `running PID` or `stopped`
#   asterisk-lab.sh clean       stop Asterisk and remove the chroot; with ASTLAB_INSTALLED, remove the configuration and the
#                               recordings
#   asterisk-lab.sh cli 'core show channels'
#                               run a command of Asterisk's command line
#   asterisk-lab.sh scenarios   list the scenario names
#   asterisk-lab.sh call SCENARIO PORT [UUID [MORE]]
#                               place one call to the AudioSocket server on 127.0.0.1:PORT, and print the call's UUID.
#                               Calls may overlap, but each needs a UUID of its own. MORE is a further argument of the
#                               far leg, for the peers rtp and keys
#   asterisk-lab.sh log         print the path of Asterisk's log. Lines about a call contain its UUID, from the channel's
#                               name
#   asterisk-lab.sh sip         print the SIP address (UDP) of this Asterisk and the password of its user phone. If the
#                               phone dials SIDE_PORT_UUID, it is the far leg
#   asterisk-lab.sh manager     print the address of its manager interface and the secret of its user lab
#   asterisk-lab.sh ari         print the address of its HTTP server and the password of its ARI user lab
#   asterisk-lab.sh rec         print the folder of the recordings. UUID-heard.wav has the audio received from the server,
#                               UUID-sent.wav the audio sent by the far leg. A recording of MixMonitor() is complete when the log
#                               has the call's line `End MixMonitor Recording`; a recording of Record(), when the log has
#                               the far leg's line `Spawn extension (peer, PEER_UUID`
#
# A scenario is SIDE-PEER. SIDE is how Asterisk reaches the server, PEER what the far leg does. `scenarios` lists all.
#
# Needs python3, and without ASTLAB_INSTALLED also root and apt. Environment variables:
#   ASTLAB          folder for all files (default: the folder astlab in the user's cache)
#   ASTLAB_MIRROR   Debian mirror (default: the mirror in apt's configuration)
#   ASTLAB_INSTANCE name of this Asterisk (default: audiosocket); each has its own configuration, socket and log
#   ASTLAB_INSTALLED
#                   `yes`, or the path of the program asterisk: run this installed Asterisk, without a chroot and as the
#                   current user. The lab neither reads nor writes that installation's configuration, database, log and
#                   sockets, and that Asterisk may run at the same time
set -euo pipefail

LAB=${ASTLAB:-${XDG_CACHE_HOME:-$HOME/.cache}/astlab}
INSTANCE=${ASTLAB_INSTANCE:-audiosocket}
INSTALLED=${ASTLAB_INSTALLED:-}
# ETC and VAR are folders inside ROOT: this Asterisk's configuration, and the files that it writes. RUN starts a command there.
if [ -n "$INSTALLED" ]; then
  ROOT=
  OWN=$LAB/installed-$INSTANCE
  ETC=$OWN/etc
  VAR=$OWN/var
  RUN=(/usr/bin/env LANG=C.UTF-8)
  ASTERISK=$INSTALLED
  [ "$INSTALLED" != yes ] || ASTERISK=$(PATH=$PATH:/usr/local/sbin:/usr/sbin command -v asterisk) || ASTERISK=asterisk
else
  ROOT=$LAB/sid
  OWN=
  ETC=/etc/astlab-$INSTANCE
  VAR=/var/astlab-$INSTANCE
  RUN=(chroot "$ROOT" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root
    DEBIAN_FRONTEND=noninteractive)
  ASTERISK=/usr/sbin/asterisk
fi
BOOTSTRAPPED=$ROOT/.astlab-bootstrapped
PIDFILE=${OWN:-$LAB/$INSTANCE}.pid
LOG=$ROOT$VAR/log/full
# The ports of Asterisk's manager interface and of SIP differ between instances, and are below the ports that Linux assigns
# automatically.
MANAGER_PORT=$((20000 + $(cksum <<<"${OWN:-$INSTANCE}" | cut -d ' ' -f 1) % 10000))
SIP_PORT=$((MANAGER_PORT - 10000))
HTTP_PORT=$SIP_PORT           # of TCP, while SIP's is of UDP
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
PACKAGES=(asterisk asterisk-modules asterisk-core-sounds-en-wav)
MODULES=(res_timing_timerfd res_clioriginate pbx_config
  res_audiosocket app_audiosocket chan_audiosocket
  app_dial app_exec app_playback app_senddtmf app_echo app_record app_mixmonitor app_read app_verbose
  res_musiconhold
  func_cut func_logic func_timeout func_volume func_uuid func_db res_curl func_curl app_exec
  res_http_websocket res_websocket_client res_stasis res_stasis_answer res_stasis_playback res_stasis_recording res_stasis_snoop
  res_stasis_device_state app_stasis res_ari res_ari_model res_ari_events res_ari_channels res_ari_bridges
  format_wav format_pcm format_sln
  codec_ulaw codec_alaw codec_a_mu codec_resample
  bridge_simple bridge_softmix bridge_builtin_features
  res_sorcery_config res_pjproject res_rtp_asterisk res_rtp_multicast chan_rtp
  res_sorcery_astdb res_sorcery_memory res_pjsip res_pjsip_authenticator_digest res_pjsip_endpoint_identifier_user
  res_pjsip_registrar res_pjsip_session res_pjsip_sdp_rtp res_pjsip_pubsub chan_pjsip)

# app: the dialplan application AudioSocket(). appna: AudioSocket() on a channel that was not answered; Asterisk connects,
# closes without sending a byte, and hangs up.
# All others: the channel driver, Dial(AudioSocket/...), with this format in c(). none: without c(). gslin: slin, with Dial()'s
# option g.
# Recipes of the guide, all with AudioSocket(). fresh: the call's UUID is ${UUID()}. db: data for the server and its result in
# Asterisk's database. web: both by CURL(); PORT is the server's port, a minus sign, and the web server's port. try: in
# TryExec(). exth: with an extension h.
SIDES="app appna none ulaw slin slin12 slin16 slin24 slin32 slin44 slin48 slin96 slin192 gslin
  fresh db web try exth"
PEERS="play play10 play30 talk mix speech says softecho dtmf dtmflower dtmflong keys record rtp wait echo hangup1 read inband quiet"

say() { printf 'astlab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

in_root() { "${RUN[@]}" "$@"; }

# Runs a step of `setup` with its output in setup.log. If the step fails, prints the last line of the log.
logged() {
  "$@" >>"$LAB/setup.log" 2>&1 && return
  die "Debian's Asterisk cannot be had: $(tail -n 1 "$LAB/setup.log") (all of it: $LAB/setup.log)"
}

# ---- setup ---------------------------------------------------------------------------------------------------------

mirror() {
  local uri=${ASTLAB_MIRROR:-}
  # 'Label: Debian' excludes the security archive, which has no sid.
  [ -n "$uri" ] || uri=$(apt-get indextargets --format '$(REPO_URI)' \
    'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sed -n 1p)
  [ -n "$uri" ] || die "no Debian mirror in apt's configuration; set ASTLAB_MIRROR"
  echo "$uri"
}

# Unmounts all file systems below the chroot: /proc, and those of an interrupted debootstrap.
unmount_all() {
  local mounted
  awk -v below="$(readlink -f "$ROOT")/" 'index($2, below) == 1 {print $2}' /proc/mounts | sort -r |
    while read -r mounted; do umount "$mounted"; done
}

remove_root() {
  unmount_all
  rm -rf --one-file-system "$ROOT"
}

install_debootstrap() {
  command -v debootstrap >/dev/null && [ -e "$KEYRING" ] && return
  logged apt-get update
  DEBIAN_FRONTEND=noninteractive logged apt-get install -y --no-install-recommends debootstrap debian-archive-keyring
}

bootstrap() {
  [ -e "$BOOTSTRAPPED" ] && return
  local from
  # apt knows the mirror's origin only after it has read the lists.
  from=$(mirror 2>/dev/null) || { logged apt-get update; from=$(mirror); }
  say "installing a minimal Debian sid in $ROOT"
  remove_root       # debootstrap fails if an interrupted run left files behind
  logged debootstrap --variant=minbase --keyring="$KEYRING" sid "$ROOT" "$from"
  touch "$BOOTSTRAPPED"
}

asterisk_installed() {
  local package
  for package in "${PACKAGES[@]}"; do
    [ "$(in_root dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" = "install ok installed" ] || return 1
  done
}

install_asterisk() {
  asterisk_installed && return
  say "installing ${PACKAGES[*]}"
  cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
  # no service may start by itself in the chroot
  printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d"
  chmod 755 "$ROOT/usr/sbin/policy-rc.d"
  # A mirror's lists may have expired. apt still checks their signature, but not their age.
  echo 'Acquire::Check-Valid-Until "false";' >"$ROOT/etc/apt/apt.conf.d/99astlab"
  # Some packages' scripts need /proc. Asterisk itself does not.
  mountpoint -q "$ROOT/proc" || mount -t proc proc "$ROOT/proc" || say "could not mount /proc; going on without"
  logged in_root dpkg --configure -a
  logged in_root apt-get update
  logged in_root apt-get install -y --no-install-recommends "${PACKAGES[@]}"
  logged in_root apt-get clean
  unmount_all
}

# Prints the first of these folders that exists.
first_folder() {
  local folder
  for folder; do [ ! -d "$folder" ] || { echo "$folder"; return; }; done
  return 1
}

# Sets MODULE_FOLDER and DATA_FOLDER, inside ROOT, to the folders of Asterisk's modules and data. Looks in the folders that Debian
# and Asterisk's own `make install` use. Asterisk needs its documentation, in DATA_FOLDER, to read its configuration.
find_asterisk() {
  local program prefix module missing=()
  program=$(in_root readlink -f "$ASTERISK") && [ -x "$ROOT$program" ] ||
    die "no program $ASTERISK here; ASTLAB_INSTALLED can be the path of another"
  prefix=${program%/sbin/*}
  MODULE_FOLDER=$(first_folder "$ROOT$prefix"/lib/*/asterisk/modules "$ROOT$prefix"/lib{,64}/asterisk/modules) ||
    die "$program: no folder asterisk/modules below $prefix/lib or $prefix/lib64"
  DATA_FOLDER=$(first_folder "$ROOT$prefix"/share/asterisk/documentation "$ROOT$prefix"/var/lib/asterisk/documentation \
    "$ROOT"/var/lib/asterisk/documentation) || die "$program: no folder asterisk/documentation below $prefix/share or /var/lib"
  for module in "${MODULES[@]}"; do
    [ -r "$MODULE_FOLDER/$module.so" ] || missing+=("$module")
  done
  [ ${#missing[@]} = 0 ] ||
    die "$program lacks modules that are needed here, or they may not be read; in $MODULE_FOLDER: ${missing[*]}"
  MODULE_FOLDER=${MODULE_FOLDER#"$ROOT"}
  DATA_FOLDER=${DATA_FOLDER#"$ROOT"}
  DATA_FOLDER=${DATA_FOLDER%/documentation}
  # sun_path of a UNIX socket has 108 bytes, including the final zero.
  [ "$(wc -c <<<"$VAR/run/asterisk.ctl")" -le 108 ] ||
    die "the path of the socket $VAR/run/asterisk.ctl is too long; set ASTLAB to a shorter one"
}

cmd_setup() {
  [ -n "$INSTALLED" ] || [ "$(id -u)" = 0 ] ||
    die "Debian's Asterisk needs root, for its chroot; run this as root, or with ASTLAB_INSTALLED=yes if one is installed"
  mkdir -p "$LAB"
  exec 9>"$LAB/lock"          # only one setup at a time
  flock -w 600 9 || die "another setup has been running for 10 minutes"
  if [ -z "$INSTALLED" ]; then
    install_debootstrap
    bootstrap
    install_asterisk
  fi
  find_asterisk
  write_config
  say "ready: $(in_root "$ASTERISK" -V)"
}

# ---- configuration -------------------------------------------------------------------------------------------------

write_config() {
  local etc=$ROOT$ETC var=$ROOT$VAR file module
  mkdir -p "$etc" "$var"/{run,log,spool,cache,lib,db,keys,rec,sounds}
  cat >"$etc/asterisk.conf" <<CONF
[directories]
astetcdir => $ETC
astmoddir => $MODULE_FOLDER
astcachedir => $VAR/cache
astvarlibdir => $VAR/lib
astdbdir => $VAR/db
astkeydir => $VAR/keys
astdatadir => $DATA_FOLDER
astagidir => $VAR
astspooldir => $VAR/spool
astrundir => $VAR/run
astlogdir => $VAR/log
[options]
verbose = 3
internal_timing = yes
CONF
  cat >"$etc/logger.conf" <<CONF
[general]
dateformat = %T.%3q
[logfiles]
full => notice,warning,error,verbose
CONF
  {
    echo '[modules]'
    echo 'autoload = no'
    for module in "${MODULES[@]}"; do
      echo "load = $module.so"
    done
  } >"$etc/modules.conf"
  for file in cdr cel; do printf '[general]\nenable = no\n' >"$etc/$file.conf"; done
  printf '[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = %s\n' "$HTTP_PORT" >"$etc/http.conf"
  (umask 077; cat >"$etc/ari.conf") <<CONF
[general]
enabled = yes
[lab]
type = user
password = $(cat /proc/sys/kernel/random/uuid)
CONF
  (umask 077; cat >"$etc/manager.conf") <<CONF
[general]
enabled = yes
bindaddr = 127.0.0.1
port = $MANAGER_PORT
[lab]
secret = $(cat /proc/sys/kernel/random/uuid)
write = call,system,reporting
CONF
  cat >"$etc/musiconhold.conf" <<CONF
[tone]
mode = files
directory = $VAR/sounds/endless
CONF
  write_sip "$etc"
  write_sounds "$var/sounds"
  write_dialplan "$etc/extensions.conf"
}

# phone: a SIP client that registers and calls. self: this Asterisk at the other end of its own call, so that it receives its own
# audio as RTP. inband: its DSP looks for digits in the audio, because the legs negotiate no other kind of digits.
# RTP uses UDP ports that no instance uses for SIP.
write_sip() {
  (umask 077; cat >"$1/pjsip.conf") <<CONF
[global]
type = global
endpoint_identifier_order = username
[loopback]
type = transport
protocol = udp
bind = 127.0.0.1:$SIP_PORT

[phone]
type = endpoint
context = as
disallow = all
allow = ulaw
direct_media = no
auth = phone
aors = phone
[phone]
type = auth
auth_type = userpass
username = phone
password = $(cat /proc/sys/kernel/random/uuid)
[phone]
type = aor
max_contacts = 10

[self]
type = endpoint
context = peer
from_user = self
disallow = all
allow = ulaw
direct_media = no
dtmf_mode = inband
aors = self
[self]
type = aor
contact = sip:127.0.0.1:$SIP_PORT
CONF
  printf '[general]\nrtpstart = 20000\nrtpend = 30000\n' >"$1/rtp.conf"
}

# tone3s: 0.2 s of silence, 3 s of a 1007 Hz sine of amplitude 8000, 0.2 s of silence, as headerless 16-bit samples.
#
# At 1007 Hz, a frame of 20 ms has 20.14 periods, so a lost or doubled frame shows as a jump of the phase by 50 degrees. At
# 1000 Hz, a frame would have a whole number of periods, and its loss would not show.
# The silence ahead of the tone may be lost: Asterisk drops the far leg's audio while it sets up the other leg.
# The recording ends with the far leg's audio, so the silence after the tone keeps it going until the end of the tone has come
# back.
#
# endless/tone: only the 3 s of sine, a whole number of periods. Music on hold repeats them, which makes an unbroken tone.
write_sounds() {
  mkdir -p "$1/endless"
  python3 - "$1" <<'PYTHON'
import array, math, sys
for extension, rate in (("sln", 8000), ("sln12", 12000), ("sln16", 16000), ("sln24", 24000), ("sln32", 32000),
                        ("sln44", 44100), ("sln48", 48000), ("sln96", 96000), ("sln192", 192000)):
    silence = array.array("h", bytes(2 * rate // 5))
    tone = array.array("h", (round(8000 * math.sin(2 * math.pi * 1007 * n / rate)) for n in range(3 * rate)))
    for name, samples in (("tone3s", silence + tone + silence), ("endless/tone", tone)):
        if sys.byteorder == "big":
            samples.byteswap()
        with open(f"{sys.argv[1]}/{name}.{extension}", "wb") as file:
            file.write(samples.tobytes())
PYTHON
}

# A call is a Local channel. One half runs in [as] with the extension SIDE_PORT_UUID, and is connected to the server. The other
# half, the far leg, runs in [peer] with the extension PEER_UUID or PEER_UUID_MORE. The patterns have [n] for n and [x] for x,
# because a bare n or x matches a digit.
write_dialplan() {
  cat >"$1" <<CONF
[general]
static = yes
writeprotect = yes
autofallthrough = yes

[globals]
SOUNDS = $VAR/sounds
REC = $VAR/rec
CONF
  cat >>"$1" <<'CONF'

[as]
exten => _app_.,1,Answer()
 same => n,Set(PORT=${CUT(EXTEN,_,2)})
 same => n,Set(UUID=${CUT(EXTEN,_,3)})
 same => n,AudioSocket(${UUID},127.0.0.1:${PORT})
 same => n,Verbose(1,LAB ${UUID} app returned 0 - dialplan goes on)
 same => n,Verbose(1,LAB ${UUID} result ${DB(results/${UUID})})
 same => n,Wait(1)
 same => n,Hangup()
exten => _app[n]a_.,1,Set(PORT=${CUT(EXTEN,_,2)})
 same => n,Set(UUID=${CUT(EXTEN,_,3)})
 same => n,AudioSocket(${UUID},127.0.0.1:${PORT})
 same => n,Verbose(1,LAB ${UUID} app returned 0 - dialplan goes on)
 same => n,Hangup()
exten => _fresh_.,1,Answer()
 same => n,Set(PORT=${CUT(EXTEN,_,2)})
 same => n,Set(UUID=${CUT(EXTEN,_,3)})
 same => n,Set(CALL=${UUID()})
 same => n,Verbose(1,LAB ${UUID} call is ${CALL})
 same => n,AudioSocket(${CALL},127.0.0.1:${PORT})
 same => n,Verbose(1,LAB ${UUID} app returned 0 - dialplan goes on)
 same => n,Hangup()
exten => _db_.,1,Answer()
 same => n,Set(PORT=${CUT(EXTEN,_,2)})
 same => n,Set(UUID=${CUT(EXTEN,_,3)})
 same => n,Set(DB(calls/${UUID})=4711,${EXTEN})
 same => n,AudioSocket(${UUID},127.0.0.1:${PORT})
 same => n,Set(NEXT=${DB(results/${UUID})})
 same => n,Verbose(1,LAB ${UUID} result is ${NEXT} - dialplan goes on)
 same => n,Hangup()
exten => _web_.,1,Answer()
 same => n,Set(PORT=${CUT(EXTEN,_,2)})
 same => n,Set(UUID=${CUT(EXTEN,_,3)})
 same => n,Set(WEB=http://127.0.0.1:${CUT(PORT,-,2)})
 same => n,Set(SAID=${CURL(${WEB}/calls/${UUID}?caller=4711)})
 same => n,AudioSocket(${UUID},127.0.0.1:${CUT(PORT,-,1)})
 same => n,Set(NEXT=${CURL(${WEB}/results/${UUID})})
 same => n,Verbose(1,LAB ${UUID} result is ${NEXT} - dialplan goes on)
 same => n,Hangup()
exten => _try_.,1,Answer()
 same => n,Set(PORT=${CUT(EXTEN,_,2)})
 same => n,Set(UUID=${CUT(EXTEN,_,3)})
 same => n,TryExec(AudioSocket(${UUID},127.0.0.1:${PORT}))
 same => n,Verbose(1,LAB ${UUID} tried ${TRYSTATUS} - dialplan goes on)
 same => n,Hangup()
exten => _e[x]th_.,1,Answer()
 same => n,Goto(as-h,${EXTEN:1},1)
exten => moved,1,Verbose(1,LAB ${UUID} moved - dialplan goes on)
 same => n,Wait(1)
 same => n,Hangup()
exten => _gsli[n]_.,1,Set(OPTIONS=g)
 same => n,Goto(${EXTEN:1},1)
exten => _[nus]!,1,Set(FORMAT=${CUT(EXTEN,_,1)})
 same => n,Set(PORT=${CUT(EXTEN,_,2)})
 same => n,Set(UUID=${CUT(EXTEN,_,3)})
 same => n,Set(CODEC=${IF($["${FORMAT}"="none"]?:/c(${FORMAT}))})
 same => n,Dial(AudioSocket/127.0.0.1:${PORT}/${UUID}${CODEC},,${OPTIONS})
 same => n,Verbose(1,LAB ${UUID} dial ended ${DIALSTATUS} cause ${HANGUPCAUSE} - dialplan goes on)
 same => n,GotoIf($["${OPTIONS}"=""]?over)
 same => n,Wait(1)
 same => n(over),Hangup()

[as-h]
exten => _[x]th_.,1,Set(PORT=${CUT(EXTEN,_,2)})
 same => n,Set(UUID=${CUT(EXTEN,_,3)})
 same => n,AudioSocket(${UUID},127.0.0.1:${PORT})
 same => n,Verbose(1,LAB ${UUID} app returned 0 - dialplan goes on)
 same => n,Hangup()
exten => h,1,Verbose(1,LAB ${UUID} the extension h is run)

; MixMonitor() records the far leg: r() the audio received, t() the audio sent. n omits the silence that it inserts for late
; audio. It writes no mixed file. Record() records every frame that the far leg receives, one after the other.
[peer]
; plays 3 s of tone, then hangs up after 0.5 s
exten => _play_.,1,Answer()
 same => n,MixMonitor(,nr(${REC}/${EXTEN:5}-heard.wav)t(${REC}/${EXTEN:5}-sent.wav))
 same => n,Playback(${SOUNDS}/tone3s)
 same => n,Wait(0.5)
 same => n,Hangup()
; plays almost 10 s of tone
exten => _play10_.,1,Answer()
 same => n,MixMonitor(,nr(${REC}/${EXTEN:7}-heard.wav)t(${REC}/${EXTEN:7}-sent.wav))
 same => n,Playback(${SOUNDS}/tone3s&${SOUNDS}/tone3s&${SOUNDS}/tone3s)
 same => n,Wait(1)
 same => n,Hangup()
; plays 30 s of tone, without a recording
exten => _play30_.,1,Answer()
 same => n,Set(N=0)
 same => n(again),Playback(${SOUNDS}/tone3s)
 same => n,Set(N=$[${N}+1])
 same => n,GotoIf($[${N}<10]?again)
 same => n,Hangup()
; plays tone without a break, for 60 s or until it is hung up, and records every frame received. Music on hold plays the
; tone, because Record() runs meanwhile
exten => _talk_.,1,Answer()
 same => n,StartMusicOnHold(tone)
 same => n,Record(${REC}/${EXTEN:5}-heard.wav,0,60,qkx)
 same => n,Hangup()
; as talk, while hold_digits holds digits on this channel
exten => _mi[x]_.,1,Goto(talk_${EXTEN:4},1)
; plays spoken prompts of Debian's sound package
exten => _speech_.,1,Answer()
 same => n,MixMonitor(,nr(${REC}/${EXTEN:7}-heard.wav)t(${REC}/${EXTEN:7}-sent.wav))
 same => n,Playback(hello-world&vm-goodbye)
 same => n,Wait(0.5)
 same => n,Hangup()
; says_UUID_KEYS: plays UUID-says, a file of the case, then presses the keys, if there are any, and waits
exten => _says_.,1,Answer()
 same => n,Set(FILE=${REC}/${CUT(EXTEN,_,2)})
 same => n,MixMonitor(,nr(${FILE}-heard.wav)t(${FILE}-sent.wav))
 same => n,Playback(${FILE}-says)
 same => n,ExecIf($["${CUT(EXTEN,_,3)}"!=""]?SendDTMF(${CUT(EXTEN,_,3)}))
 same => n,Wait(60)
 same => n,Hangup()
; sends the received audio back at a quarter of the amplitude, 12 dB down
exten => _softecho_.,1,Answer()
 same => n,Set(VOLUME(TX)=-4)
 same => n,Echo()
; sends digits, 100 ms each with 250 ms between them
exten => _dtmf_.,1,Answer()
 same => n,Wait(1.2)
 same => n,SendDTMF(1234567890*#ABCD)
 same => n,Wait(0.5)
 same => n,Hangup()
exten => _dtmflower_.,1,Answer()
 same => n,Wait(1.2)
 same => n,SendDTMF(abcd)
 same => n,Wait(0.5)
 same => n,Hangup()
; sends one digit of 1 s and one of 20 ms
exten => _dtmflo[n]g_.,1,Answer()
 same => n,Wait(1.2)
 same => n,SendDTMF(5,250,1000)
 same => n,SendDTMF(6,100,20)
 same => n,Wait(0.5)
 same => n,Hangup()
; keys_UUID_DIGITS: plays 3 s of tone and then presses these keys, as dtmf does
exten => _keys_.,1,Answer()
 same => n,Set(FILE=${REC}/${CUT(EXTEN,_,2)})
 same => n,MixMonitor(,nr(${FILE}-heard.wav)t(${FILE}-sent.wav))
 same => n,Playback(${SOUNDS}/tone3s)
 same => n,SendDTMF(${CUT(EXTEN,_,3)})
 same => n,Wait(10)
 same => n,Hangup()
; sends no audio, and records every frame received, for at most 8 s
exten => _record_.,1,Answer()
 same => n,Record(${REC}/${EXTEN:7}-heard.wav,0,8,qkx)
 same => n,Hangup()
; rtp_UUID_PORT: forwards the received audio as RTP packets of u-law to 127.0.0.1:PORT. Sends no audio itself
exten => _rtp_.,1,Answer()
 same => n,Dial(UnicastRTP/127.0.0.1:${CUT(EXTEN,_,3)}/c(ulaw))
 same => n,Hangup()
; neither reads nor sends audio
exten => _wait_.,1,Answer()
 same => n,Wait(15)
 same => n,Hangup()
; as wait, for 5 minutes, for calls that are measured
exten => _quiet_.,1,Answer()
 same => n,Wait(300)
 same => n,Hangup()
; sends the received audio back. Do not use it with a server that echoes: a frame would circulate at full speed
exten => _echo_.,1,Answer()
 same => n,Echo()
; hangs up in the middle of the tone, after 1 s
exten => _ha[n]gup1_.,1,Answer()
 same => n,Set(TIMEOUT(absolute)=1)
 same => n,Playback(${SOUNDS}/tone3s)
; collects up to 4 digits that the server sends
exten => _read_.,1,Answer()
 same => n,Read(DIGITS,,4,,1,4)
 same => n,Verbose(1,LAB ${EXTEN:5} read got "${DIGITS}")
 same => n,Hangup()
; forwards the received audio as RTP to another leg of this Asterisk, whose DSP must find the digits in it; # ends them
exten => _i[n]ba[n]d_.,1,Answer()
 same => n,Dial(PJSIP/detect_${EXTEN:7}@self)
 same => n,Hangup()
exten => _detect_.,1,Answer()
 same => n,Read(DIGITS,,16,,1,8)
 same => n,Verbose(1,LAB ${EXTEN:7} ${CHANNEL} detected "${DIGITS}" ${READSTATUS})
 same => n,Hangup()
CONF
}

# ---- running it ----------------------------------------------------------------------------------------------------

# Prints the pid of the lab's Asterisk, or fails. Linux reuses pids, so the process must also have the lab's root folder and the
# lab's configuration.
running_pid() {
  local pid
  pid=$(cat "$PIDFILE" 2>/dev/null) || return 1
  [ -n "$pid" ] && [ "$(readlink "/proc/$pid/root" 2>/dev/null)" = "$(readlink -f "$ROOT/")" ] &&
    grep -qzxF -e "$ETC/asterisk.conf" "/proc/$pid/cmdline" && echo "$pid"
}

cmd_cli() { in_root "$ASTERISK" -C "$ETC/asterisk.conf" -rx "$1"; }

cmd_start() {
  local pid
  if pid=$(running_pid); then
    cmd_cli 'dialplan reload' >/dev/null
    cmd_cli 'manager reload' >/dev/null
    cmd_cli 'module reload res_pjsip.so' >/dev/null
    cmd_cli 'module reload res_ari.so' >/dev/null
    say "runs already, pid $pid"
    return
  fi
  : >"$LOG"
  find "$ROOT$VAR/rec" -name '*.wav' -delete
  # setsid keeps a Ctrl-C in the terminal away from Asterisk.
  setsid "${RUN[@]}" "$ASTERISK" -f -C "$ETC/asterisk.conf" </dev/null >"${PIDFILE%.pid}.console" 2>&1 9>&- &
  pid=$!
  echo "$pid" >"$PIDFILE"
  for _ in $(seq 1 150); do                     # at least 15 s
    kill -0 "$pid" 2>/dev/null || break
    if cmd_cli 'core waitfullybooted' 2>/dev/null | grep "fully booted" >/dev/null; then
      say "up, pid $pid"
      return
    fi
    sleep 0.1
  done
  tail -n 20 "${PIDFILE%.pid}.console" "$LOG" >&2 || true
  cmd_stop
  die "Asterisk did not come up"
}

cmd_stop() {
  local pid
  if pid=$(running_pid); then
    timeout 5 "$0" cli 'core stop now' >/dev/null 2>&1 || true
    for _ in $(seq 1 50); do running_pid >/dev/null || break; sleep 0.1; done      # 5 s
    if running_pid >/dev/null; then say "does not stop, killing pid $pid"; kill -KILL "$pid"; fi
    say "stopped"
  else
    say "not running"
  fi
  rm -f "$PIDFILE"
}

cmd_status() { local pid; if pid=$(running_pid); then echo "running $pid"; else echo stopped; fi; }

cmd_clean() {
  local root
  cmd_stop
  if [ -n "$INSTALLED" ]; then
    rm -rf --one-file-system "$OWN" "${PIDFILE%.pid}.console"
    say "removed $OWN"
    return
  fi
  for root in /proc/[0-9]*/root; do             # for example another instance
    [ "$(readlink "$root")" != "$(readlink -f "$ROOT")" ] || die "a process still lives in $ROOT: ${root//[!0-9]/}"
  done
  remove_root
  say "removed $ROOT"
}

cmd_scenarios() {
  local side peer
  for side in $SIDES; do for peer in $PEERS; do echo "$side-$peer"; done; done
}

cmd_call() {
  local scenario=${1:?scenario} port=${2:?port} uuid=${3:-$(cat /proc/sys/kernel/random/uuid)} more=${4:-}
  local far_leg=${scenario#*-}_$uuid${more:+_$more} answer
  cmd_scenarios | grep -xF -e "$scenario" >/dev/null || die "unknown scenario $scenario: see asterisk-lab.sh scenarios"
  rm -f "$ROOT$VAR/rec/$uuid"-*.wav
  answer=$(cmd_cli "channel originate Local/${scenario%-*}_${port}_$uuid@as/n extension $far_leg@peer" 2>&1) ||
    die "Asterisk did not place the call: $answer"
  # The digits run in the background and continue after this script has ended.
  [ "${scenario#*-}" != mix ] || hold_digits "$uuid" >/dev/null 2>&1 &
  echo "$uuid"
}

# Holds digits on the far leg of a call: 12#A for 100 ms each, then 5 for 1 s. This uses the manager interface, because SendDTMF()
# for another channel reads that channel while it waits, so the far leg would miss that audio.
hold_digits() {
  local channel secret digit
  channel=$(cmd_cli 'core show channels concise' | grep -F -e "$1" | cut -d '!' -f 1 | grep ';1$')
  secret=$(sed -n 's/^secret = //p' "$ROOT$ETC/manager.conf")
  exec 3<>"/dev/tcp/127.0.0.1/$MANAGER_PORT"
  ask_manager 'Action: Login' 'Username: lab' "Secret: $secret"
  for digit in 1 2 '#' A; do
    sleep 0.3
    ask_manager 'Action: PlayDTMF' "Channel: $channel" "Digit: $digit" 'Duration: 100'
  done
  sleep 0.3
  ask_manager 'Action: PlayDTMF' "Channel: $channel" 'Digit: 5' 'Duration: 1000'
  ask_manager 'Action: Logoff'
  cat <&3
}

ask_manager() { printf '%s\r\n' "$@" '' >&3; }

case "${1:-}" in
  setup|start|stop|status|clean|scenarios) "cmd_$1" ;;
  cli) cmd_cli "${2:?command}" ;;
  call) shift; cmd_call "$@" ;;
  log) echo "$LOG" ;;
  manager) echo "127.0.0.1:$MANAGER_PORT $(sed -n 's/^secret = //p' "$ROOT$ETC/manager.conf")" ;;
  ari) echo "127.0.0.1:$HTTP_PORT $(sed -n 's/^password = //p' "$ROOT$ETC/ari.conf")" ;;
  rec) echo "$ROOT$VAR/rec" ;;
  sip) echo "127.0.0.1:$SIP_PORT $(sed -n 's/^password = //p' "$ROOT$ETC/pjsip.conf")" ;;
  *) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 2 ;;
esac
