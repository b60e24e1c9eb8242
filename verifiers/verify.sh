#!/usr/bin/env bash
# Verifies a sealed log with nothing but bash, openssl, xxd and coreutils.
#
#     verify.sh VKEY LOG.jsonl
#
# VKEY is the store's public key, noted somewhere else (`tracekeep verify` prints it). LOG.jsonl has its seal beside it
# in LOG.seal. Lines that were erased count when the ledger in the same folder, itself sealed, says that they were (this
# part needs jq). Slow: about 5 ms a line. Exit code: 0 the sealed lines hold, 3 they do not, 2 wrong usage.
set -euo pipefail
export LC_ALL=C

[ $# -eq 2 ] && [[ $2 == *.jsonl ]] || { sed -n '2,9p' "$0" >&2; exit 2; }
vkey=$1 log=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bad() { echo "bad: $1"; exit 3; }

# Canonical base64 to hex.
unbase64() {
  local hex
  hex=$(printf '%s' "$1" | openssl base64 -d -A | xxd -p -c 0) || bad "base64"
  [ "$(printf '%s' "$hex" | xxd -r -p | openssl base64 -A)" = "$1" ] || bad "base64 is not canonical"
  printf '%s' "$hex"
}

sha256() { sha256sum | cut -c1-64; }
node() { printf '01%s%s' "$1" "$2" | xxd -r -p | sha256; }

# The key: name, id, and the key itself as openssl takes it.
name=${vkey%%+*} rest=${vkey#*+}
id=${rest%%+*} key=$(unbase64 "${rest#*+}")
[ "${#key}" = 66 ] && [ "${key:0:2}" = 01 ] || bad "not an Ed25519 key"
[ "$({ printf '%s\n' "$name"; printf '%s' "$key" | xxd -r -p; } | sha256 | cut -c1-8)" = "$id" ] || bad "not a key"
printf '302a300506032b6570032100%s' "${key:2}" | xxd -r -p > "$work/key.der"

# open_seal FILE: sets origin, size, root (hex).
open_seal() {
  local seal=$1 dash=$'\xe2\x80\x94' signature found=0 line
  [ -f "$seal" ] && [ "$(tail -c 1 "$seal" | xxd -p)" = 0a ] || bad "there is no whole seal"
  [ "$(tr -d '\000' < "$seal" | wc -c)" = "$(wc -c < "$seal")" ] || bad "the seal is not text"
  head -n 3 "$seal" > "$work/text"
  [ -z "$(sed -n 4p "$seal")" ] && [ "$(wc -l < "$seal")" -ge 5 ] || bad "the seal is malformed"
  while IFS= read -r line; do
    [[ $line =~ ^$dash\ ([^[:space:]]+)\ ([A-Za-z0-9+/=]+)$ ]] || bad "a signature line is malformed"
    signature=$(unbase64 "${BASH_REMATCH[2]}") || bad "base64 is not canonical"
    [ "${BASH_REMATCH[1]}" = "$name" ] && [ "${signature:0:8}" = "$id" ] || continue
    printf '%s' "${signature:8}" | xxd -r -p > "$work/signature"
    openssl pkeyutl -verify -pubin -inkey "$work/key.der" -keyform DER -rawin -in "$work/text" \
      -sigfile "$work/signature" > /dev/null 2>&1 || bad "the seal's signature does not hold"
    found=$((found + 1))
  done < <(tail -n +5 "$seal")
  [ "$found" = 1 ] || bad "the seal is not signed by that key"
  { IFS= read -r origin; IFS= read -r size; IFS= read -r root; } < "$work/text"
  [[ $size =~ ^(0|[1-9][0-9]*)$ ]] || bad "the seal is malformed"
  root=$(unbase64 "$root") || bad "base64 is not canonical"
}

# check LOG ERASED: whether the sealed lines hold. ERASED is a file of "number leaf" for lines that were erased.
check() {
  local file=$1 erased=$2 number leaf stated
  local -a hashes=() counts=()
  open_seal "${file%.jsonl}.seal"
  [ "$(head -n "$size" "$file" | wc -l)" -ge "$size" ] || bad "$size lines were sealed, and fewer are there"
  head -n "$size" "$file" > "$work/lines"
  for ((number = 0; number < size; number++)); do
    sed -n "$((number + 1))p" "$work/lines" > "$work/line"
    leaf=$({ printf '\000'; cat "$work/line"; } | sha256)
    stated=$(sed -n "s|^$number ||p" "$erased" | head -n 1)
    if [ -n "$stated" ] && grep -qF "\"erased\":\"$stated\"" "$work/line"; then leaf=$(unbase64 "$stated"); fi
    hashes+=("$leaf") counts+=(1)
    while [ "${#counts[@]}" -gt 1 ] && [ "${counts[-1]}" = "${counts[-2]}" ]; do
      hashes[-2]=$(node "${hashes[-2]}" "${hashes[-1]}") counts[-2]=$((counts[-2] * 2))
      unset 'hashes[-1]' 'counts[-1]'
    done
  done
  [ "${#hashes[@]}" -gt 0 ] || hashes=("$(printf '' | sha256)")
  while [ "${#hashes[@]}" -gt 1 ]; do
    hashes[-2]=$(node "${hashes[-2]}" "${hashes[-1]}")
    unset 'hashes[-1]'
  done
  [ "${hashes[0]}" = "$root" ] || bad "the lines are not those that were sealed"
}

: > "$work/none"
: > "$work/erased"
ledger=$(dirname "$log")/ledger.jsonl
if [ "$(basename "$log")" != ledger.jsonl ] && [ -f "$ledger" ]; then
  check "$ledger" "$work/none"
  if grep -q '^{"event":"ERASED"' "$work/lines"; then
    session=$(head -n 1 "$log" | jq -r .session_id) || bad "the first line is damaged"
    jq -r --arg id "$session" 'select(.event == "ERASED" and .session_id == $id) | "\(.erased_seq) \(.leaf)"' \
      "$work/lines" > "$work/erased"
  fi
fi
check "$log" "$work/erased"
[ "$(basename "$log")" = ledger.jsonl ] || [[ $origin == "$name"/* ]] || bad "the seal is of another store"
echo "ok: $size lines of $origin"
