#!/usr/bin/env python3
"""Verifies a sealed log without any of Tracekeep's code.

    verify.py VKEY LOG.jsonl...

VKEY is the store's public key, noted somewhere else (`tracekeep verify` prints it). LOG.jsonl has its seal beside it in
LOG.seal. Lines that were erased count when the ledger in the same folder, itself sealed, says that they were. Exit code:
0 the sealed lines hold, 3 those of some log do not, 2 wrong usage. Needs Python 3.9 and the package `cryptography`.
"""

import base64
import hashlib
import json
import os
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Bad(Exception):
    """The log is not what was sealed."""


def strict_base64(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 is not canonical")
    return data


def parse_vkey(vkey):
    name, key_id, data = vkey.split("+", 2)
    key = strict_base64(data)
    want = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    if len(key) != 33 or key[0] != 1 or bytes.fromhex(key_id) != want:
        raise ValueError("not an Ed25519 key")
    return name, want, Ed25519PublicKey.from_public_bytes(key[1:])


def open_seal(path, vkey):
    """Size and root of a seal that the key signed."""
    name, key_id, public = vkey
    note = open(path, "rb").read(65537)
    if len(note) > 65536 or b"\n\n" not in note or not note.endswith(b"\n") or re.search(rb"[\0-\x09\x0b-\x1f]", note):
        raise Bad("the seal is not a signed note")
    split = note.rindex(b"\n\n")
    text, lines = note[: split + 1], note[split + 2 : -1].decode().split("\n")
    signed = 0
    for line in lines:
        parts = re.fullmatch(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/=]{8,})", line)
        if parts is None:
            raise Bad("a signature line is malformed")
        data = strict_base64(parts[2])
        if parts[1] == name and data[:4] == key_id:
            public.verify(data[4:], text)
            signed += 1
    if signed != 1:
        raise Bad("the seal is not signed by that key")
    origin, size, root, end = text.decode().split("\n")
    if not re.fullmatch(r"0|[1-9][0-9]*", size) or end != "":
        raise Bad("the seal is malformed")
    return origin, int(size), strict_base64(root)


def leaf_hash(line):
    return hashlib.sha256(b"\0" + line).digest()


def root_of(leaves):
    """RFC 6962: one subtree for each bit of the size, merged as leaves come."""
    stack = []
    for leaf in leaves:
        stack.append((1, leaf))
        while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
            (count, right), (_, left) = stack.pop(), stack.pop()
            stack.append((2 * count, hashlib.sha256(b"\1" + left + right).digest()))
    if not stack:
        return hashlib.sha256(b"").digest()
    root = stack.pop()[1]
    while stack:
        root = hashlib.sha256(b"\1" + stack.pop()[1] + root).digest()
    return root


def check(log, vkey, erased):
    """Checks the sealed lines of a log and returns them; `erased` maps line numbers to the leaves the ledger states."""
    origin, size, root = open_seal(re.sub(r"\.jsonl$", ".seal", log), vkey)
    lines, leaves = [], []
    with open(log, "rb") as file:
        for line in file:
            if len(lines) == size or not line.endswith(b"\n"):
                break
            leaf = leaf_hash(line)
            stated = erased.get(len(lines))
            if stated is not None and b'"erased":"' in line and json.loads(line).get("erased") == stated:
                leaf = strict_base64(stated)
            lines.append(line)
            leaves.append(leaf)
    if len(lines) < size:
        raise Bad(f"{size} lines were sealed and {len(lines)} are there")
    if root_of(leaves) != root:
        raise Bad("the lines are not those that were sealed")
    return origin, lines


def verify(log, vkey):
    """Number of sealed lines that hold, and whose they are."""
    is_ledger = os.path.basename(log) == "ledger.jsonl"
    with open(log, "rb") as file:
        erased, session = {}, json.loads(file.readline())["session_id"]
    ledger = os.path.join(os.path.dirname(log), "ledger.jsonl")
    if not is_ledger and os.path.exists(ledger):
        for line in check(ledger, vkey, {})[1]:
            entry = json.loads(line)
            if entry["event"] == "ERASED" and entry["session_id"] == session:
                erased[entry["erased_seq"]] = entry["leaf"]
    origin, lines = check(log, vkey, erased)
    if not is_ledger and not origin.startswith(vkey[0] + "/"):
        raise Bad("the seal is of another store")
    return len(lines), origin


def main():
    if len(sys.argv) < 3 or not sys.argv[2].endswith(".jsonl"):
        print(__doc__, file=sys.stderr)
        return 2
    status = 0
    for log in sys.argv[2:]:
        try:
            lines, origin = verify(log, parse_vkey(sys.argv[1]))
            print(f"ok: {lines} lines of {origin}")
        except (Bad, InvalidSignature, ValueError, KeyError, TypeError, OSError) as error:
            print(f"bad: {error or type(error).__name__}")
            status = 3
    return status


if __name__ == "__main__":
    sys.exit(main())
