import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { EMPTY_ROOT, hashLeaf, inclusionRanges, MerkleTree, rootsOfRanges } from "./merkle.ts";
import {
  formatCheckpoint,
  generateSigner,
  openNote,
  parseCheckpoint,
  parseVkey,
  signerFromSeed,
  signNote,
} from "./signed-note.ts";
import { checkTlogProof, decodeTlogProof, encodeTlogProof } from "./tlog-proof.ts";

const signer = signerFromSeed("example.com/log", Buffer.alloc(32, 7));
const text = formatCheckpoint({ origin: "example.com/log", size: 3, root: EMPTY_ROOT });
const note = signNote(text, [signer]);

describe("signed notes", () => {
  it("verify the example that golang.org/x/mod/sumdb/note publishes", () => {
    const vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const verifier = parseVkey(vkey);
    const published =
      "If you think cryptography is the answer to your problem,\n" +
      "then you don't know what your problem is.\n\n" +
      "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    expect(verifier?.vkey).toBe(vkey);
    expect(openNote(published, verifier === undefined ? [] : [verifier])).toMatchObject({
      kind: "note",
      signedBy: [{ name: "PeterNeumann" }],
    });
  });

  it("are rejected after any flipped bit", () => {
    const bytes = Buffer.from(note);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const opened = openNote(changed.toString("utf8"), [signer.verifier]);
      expect(opened.kind === "note" && opened.signedBy.length > 0, `bit ${bit}`).toBe(false);
    }
  });

  it("pass over signatures of keys that are not known, and keep those that are", () => {
    const both = signNote(text, [generateSigner("witness.example"), signer]);
    expect(openNote(both, [signer.verifier])).toMatchObject({
      kind: "note",
      signedBy: [{ keyId: signer.verifier.keyId }],
    });
    expect(openNote(both, [])).toMatchObject({ kind: "note", signedBy: [] });
  });

  it("are rejected without their last newline, with too many signatures, or too long", () => {
    const known = [signer.verifier];
    expect(openNote(note.slice(0, -1), known).kind).toBe("bad");
    expect(openNote(note + (note.split("\n\n")[1] ?? "").repeat(40), known).kind).toBe("bad");
    expect(openNote(`${"x".repeat(70_000)}\n\n${note}`, known).kind).toBe("bad");
    expect(openNote("", known).kind).toBe("bad");
  });
});

describe("keys", () => {
  it("are read only as they are written", () => {
    const { vkey } = signer.verifier;
    expect(parseVkey(vkey)?.vkey).toBe(vkey);
    fc.assert(
      fc.property(
        fc.nat(vkey.length - 1),
        fc.constantFrom("a", "Z", "0", "9", "+", "/", "=", " "),
        (at, character) => {
          const changed = vkey.slice(0, at) + character + vkey.slice(at + 1);
          if (changed !== vkey) expect(parseVkey(changed)).toBeUndefined();
        },
      ),
    );
  });

  it("have names without spaces and plus signs", () => {
    for (const name of ["", "a b", "a+b", "a\nb", "a\u00a0b"])
      expect(() => generateSigner(name)).toThrow(RangeError);
  });
});

describe("checkpoints", () => {
  it("are read only as they are written", () => {
    expect(parseCheckpoint(text)).toEqual({ origin: "example.com/log", size: 3, root: EMPTY_ROOT });
    const bad = [text.slice(0, -1), `${text}\n`, `${text}more\n`, text.replace("\n3\n", "\n03\n"), `\n3\n\n`];
    for (const each of [
      ...bad,
      text.replace("\n3\n", "\n-3\n"),
      text.replace("\n3\n", "\n9007199254740993\n"),
    ])
      expect(parseCheckpoint(each)).toBeUndefined();
  });
});

describe("proofs in a file", () => {
  const lines = Array.from({ length: 11 }, (_, at) => Buffer.from(`{"seq":${at}}\n`));
  const leaves = lines.map(hashLeaf);
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.append(leaf);
  const seal = signNote(formatCheckpoint({ origin: "o", size: 11, root: tree.root() }), [signer]);
  const proof = encodeTlogProof({
    line: lines[6] ?? Buffer.alloc(0),
    index: 6,
    hashes: rootsOfRanges(leaves, inclusionRanges(6, 11)),
    note: seal,
  });

  it("prove their line with nothing but a key", () => {
    expect(checkTlogProof(proof, signer.verifier)).toMatchObject({ kind: "proven", proof: { index: 6 } });
    expect(decodeTlogProof(proof)?.line.toString()).toBe('{"seq":6}\n');
  });

  it("are rejected after any flipped bit, and under another key", () => {
    const bytes = Buffer.from(proof);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(checkTlogProof(changed.toString("utf8"), signer.verifier).kind, `bit ${bit}`).toBe("bad");
    }
    expect(checkTlogProof(proof, generateSigner("example.com/log").verifier).kind).toBe("bad");
  });
});
