#!/usr/bin/env bash
# Fetches the source of Rust's core library from Debian (sid's package rust-src) and prints its folder, for machines where rustup
# cannot add a target. Set __CARGO_TESTS_ONLY_SRC_ROOT to the folder, and nightly's cargo builds the library from it. The versions
# of both must be similar. The mirror is the one in apt's configuration.
set -euo pipefail
folder=${1:-/var/cache/rust-core-source}
if ! ls "$folder"/x/usr/src/rustc-*/library/core >/dev/null 2>&1; then
  mirror=$(awk '/^URIs:/ { print $2; exit } /^deb / { for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) { print $i; exit } }' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || true)
  [ -n "$mirror" ] || { echo "core-source.sh: apt's sources name no mirror of Debian" >&2; exit 1; }
  mkdir -p "$folder/lists/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$folder/sources.list"
  apt=(-o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::Lists=$folder/lists"
    -o "Dir::Cache::pkgcache=$folder/p" -o "Dir::Cache::srcpkgcache=$folder/s")
  apt-get "${apt[@]}" update >&2
  (cd "$folder" && apt-get "${apt[@]}" download rust-src >&2 && dpkg -x rust-src_*.deb x)
fi
ls -d "$folder"/x/usr/src/rustc-*/library
