#!/usr/bin/env bash
# Verifies a sealed log with nothing but bash, openssl, xxd and coreutils.
#
#     verify.sh VKEY LOG.jsonl...
#
# VKEY is the store's public key, noted somewhere else (`tracekeep verify` prints it). LOG.jsonl has its seal beside it
# in LOG.seal. Lines that were erased count when the ledger in the same folder, itself sealed, says that they were (this
# part needs jq). Slow: about 2 ms a line. Exit code: 0 the sealed lines hold, 3 those of some log do not, 2 wrong usage.
set -euo pipefail
export LC_ALL=C

[ $# -ge 2 ] && [[ $2 == *.jsonl ]] || { sed -n '2,9p' "$0" >&2; exit 2; }
vkey=$1
shift
work=$(mktemp -d) parts=$(mktemp -d)
trap 'rm -rf "$work" "$parts"' EXIT

bad() { echo "bad: $1"; exit 3; }

# Whether a text is base64 as an encoder writes it: the unused bits of the last letter are zero.
alphabet='[A-Za-z0-9+/]'
canonical="^($alphabet{4})*($alphabet{2}[AEIMQUYcgkosw048]=|$alphabet[AQgw]==)?\$"
unbase64() { # Prints it as hex.
  [[ $1 =~ $canonical ]] || bad "base64 is not canonical"
  base64 -d <<< "$1" | xxd -p -c 0
}

# The key: name, id, and the key itself as openssl takes it.
name=${vkey%%+*} rest=${vkey#*+}
id=${rest%%+*} key=$(unbase64 "${rest#*+}")
[ "${#key}" = 66 ] && [ "${key:0:2}" = 01 ] || bad "not an Ed25519 key"
[ "$({ printf '%s\n' "$name"; printf '%s' "$key" | xxd -r -p; } | sha256sum | cut -c1-8)" = "$id" ] || bad "not a key"
printf '302a300506032b6570032100%s' "${key:2}" | xxd -r -p > "$work/key.der"

# open_seal FILE: sets origin, size, root (base64).
open_seal() {
  local note dash=$'\xe2\x80\x94' signature found=0 line lines
  [ -f "$1" ] || bad "there is no seal"
  ! IFS= read -r -d '' note < "$1" && iconv -f UTF-8 -t UTF-16 "$1" > /dev/null 2>&1 \
    && [[ $note != *[$'\x01'-$'\x09'$'\x0b'-$'\x1f']* ]] || bad "the seal is not text"
  [[ $note == *$'\n' ]] || bad "there is no whole seal"
  mapfile -t lines <<< "${note%$'\n'}"
  [ "${#lines[@]}" -ge 5 ] && [ -z "${lines[3]}" ] || bad "the seal is malformed"
  origin=${lines[0]} size=${lines[1]} root=${lines[2]}
  printf '%s\n' "$origin" "$size" "$root" > "$work/text"
  for line in "${lines[@]:4}"; do
    [[ $line =~ ^$dash\ ([^[:space:]+]+)\ ([A-Za-z0-9+/=]{8,})$ ]] || bad "a signature line is malformed"
    [[ ${BASH_REMATCH[2]} =~ $canonical ]] || bad "base64 is not canonical"
    [ "${line#"$dash $name "}" != "$line" ] || continue
    signature=$(unbase64 "${line##* }")
    [ "${signature:0:8}" = "$id" ] || continue
    printf '%s' "${signature:8}" | xxd -r -p > "$work/signature"
    openssl pkeyutl -verify -pubin -inkey "$work/key.der" -keyform DER -rawin -in "$work/text" \
      -sigfile "$work/signature" > /dev/null 2>&1 || bad "the seal's signature does not hold"
    found=$((found + 1))
  done
  [ "$found" = 1 ] || bad "the seal is not signed by that key"
  [[ $size =~ ^(0|[1-9][0-9]*)$ ]] && [[ $root =~ $canonical ]] || bad "the seal is malformed"
}

# SHA-256 of each part that `split` makes of its input.
digests() {
  rm -f "$parts"/*
  split -a 5 "$@" - "$parts/"
  (cd "$parts" && printf '%s\0' * | xargs -0 sha256sum | cut -c 1-64)
}

# check LOG ERASED: whether the sealed lines hold. ERASED is a file of "number leaf" for lines that were erased.
check() {
  local number leaf level=$work/level
  open_seal "${1%.jsonl}.seal"
  head -n "$size" "$1" > "$work/lines"
  [ "$(wc -l < "$work/lines")" -ge "$size" ] || bad "$size lines were sealed, and fewer are there"
  if [ "$size" = 0 ]; then printf '' | sha256sum | cut -c 1-64 > "$level"
  else sed 's/^/\x00/' "$work/lines" | digests -l 1 > "$level"; fi
  while read -r number leaf; do
    sed -n "$((number + 1))p" "$work/lines" | grep -qF "\"erased\":\"$leaf\"" || continue
    leaf=$(unbase64 "$leaf")
    sed -i "$((number + 1))s/.*/$leaf/" "$level"
  done < "$2"
  # Level by level: pairs are hashed, an odd last one goes up as it is.
  while [ "$(wc -l < "$level")" -gt 1 ]; do
    paste -d '\0' - - < "$level" > "$work/pairs"
    { sed -n 's/^.\{128\}$/01&/p' "$work/pairs" | xxd -r -p | digests -b 65
      sed -n '/^.\{64\}$/p' "$work/pairs"; } > "$level"
  done
  [ "$(xxd -r -p "$level" | base64 -w 0)" = "$root" ] || bad "the lines are not those that were sealed"
}

# verify LOG: as above, with what the ledger beside it says was erased of its session.
verify() {
  local session
  : > "$work/erased"
  if [ "$(basename "$1")" != ledger.jsonl ]; then
    [ "$ledger" = good ] || { [ "$ledger" = none ] || { cat "$work/ledger"; exit 3; }; }
    if [ -s "$work/statements" ]; then
      session=$(head -n 1 "$1" | jq -r .session_id 2> /dev/null) || bad "the first line is damaged"
      jq -r --arg id "$session" 'select(.session_id == $id) | "\(.erased_seq) \(.leaf)"' "$work/statements" \
        > "$work/erased"
    fi
  fi
  check "$1" "$work/erased"
  [ "$(basename "$1")" = ledger.jsonl ] || [[ $origin == "$name"/* ]] || bad "the seal is of another store"
  echo "ok: $size lines of $origin"
}

: > "$work/none"
status=0 folder=
for log in "$@"; do
  if [ "$(dirname "$log")" != "$folder" ]; then
    folder=$(dirname "$log") ledger=none
    : > "$work/statements"
    if [ -f "$folder/ledger.jsonl" ]; then
      ledger=good
      (check "$folder/ledger.jsonl" "$work/none" > "$work/ledger"
       grep '^{"event":"ERASED"' "$work/lines" > "$work/statements" || true) || ledger=bad
    fi
  fi
  (verify "$log") || status=3
done
exit "$status"
