import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  checkConsistency,
  checkInclusion,
  consistencyRanges,
  EMPTY_ROOT,
  hashFromBase64,
  hashLeaf,
  hashNode,
  hashToBase64,
  inclusionRanges,
  MerkleTree,
  rootsOfRanges,
} from "./merkle.ts";
import type { Hash } from "./merkle.ts";

const hex = (hash: Hash): string => Buffer.from(hash, "latin1").toString("hex");
const leavesOf = (count: number): Hash[] =>
  Array.from({ length: count }, (_, at) => hashLeaf(Buffer.from(`line ${at}\n`)));

/** The definition in RFC 6962 §2.1, word by word. */
function rootByDefinition(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0] ?? "";
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return hashNode(rootByDefinition(leaves.slice(0, split)), rootByDefinition(leaves.slice(split)));
}

function treeOf(leaves: readonly Hash[]): MerkleTree {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.append(leaf);
  return tree;
}

describe("the tree", () => {
  it("has the roots of the Certificate Transparency reference vectors", () => {
    const inputs = [
      "",
      "00",
      "10",
      "2021",
      "3031",
      "40414243",
      "5051525354555657",
      "606162636465666768696a6b6c6d6e6f",
    ];
    const roots = [
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    const tree = new MerkleTree();
    expect(hex(tree.root())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    inputs.forEach((input, at) => {
      tree.append(hashLeaf(Buffer.from(input, "hex")));
      expect(hex(tree.root())).toBe(roots[at]);
    });
  });

  it("has the root that the definition gives, at every size", () => {
    const leaves = leavesOf(130);
    const tree = new MerkleTree();
    leaves.forEach((leaf, at) => {
      tree.append(leaf);
      expect(tree.root()).toBe(rootByDefinition(leaves.slice(0, at + 1)));
    });
  });

  it("is not changed by what is appended to a copy of it", () => {
    const tree = treeOf(leavesOf(7));
    const root = tree.root();
    new MerkleTree(tree).append(hashLeaf(Buffer.from("more\n")));
    expect([tree.size, tree.root()]).toEqual([7, root]);
  });

  it("hashes lines of any length alike", () => {
    const long = hashLeaf(Buffer.alloc(300_000, 97));
    hashLeaf(Buffer.alloc(10));
    expect(hashLeaf(Buffer.alloc(300_000, 97))).toBe(long);
  });
});

describe("proofs", () => {
  const leaves = leavesOf(70);

  it("show every leaf of every tree, and none in another place or under another root", () => {
    for (let size = 1; size <= 33; size++) {
      const root = treeOf(leaves.slice(0, size)).root();
      for (let index = 0; index < size; index++) {
        const proof = rootsOfRanges(leaves, inclusionRanges(index, size));
        const leaf = leaves[index] ?? "";
        expect(checkInclusion(index, size, leaf, proof, root)).toBe(true);
        expect(checkInclusion(index, size, leaves[index + 1] ?? "", proof, root)).toBe(false);
        expect(checkInclusion(index, size, leaf, proof, EMPTY_ROOT)).toBe(false);
        expect(checkInclusion(index, size, leaf, [...proof, root], root)).toBe(false);
        if (index > 0) expect(checkInclusion(index - 1, size, leaf, proof, root)).toBe(false);
      }
    }
  });

  it("show that a tree only grew, and never that it shrank or changed", () => {
    fc.assert(
      fc.property(fc.nat(70), fc.nat(70), fc.nat(69), (left, right, changed) => {
        const [oldSize, size] = left < right ? [left, right] : [right, left];
        const [oldRoot, root] = [
          treeOf(leaves.slice(0, oldSize)).root(),
          treeOf(leaves.slice(0, size)).root(),
        ];
        const proof = rootsOfRanges(leaves, consistencyRanges(oldSize, size));
        expect(checkConsistency(oldSize, size, oldRoot, root, proof)).toBe(true);
        if (oldSize < size) expect(checkConsistency(size, oldSize, root, oldRoot, proof)).toBe(false);
        if (changed < oldSize) {
          const other = leaves.with(changed, EMPTY_ROOT);
          const otherRoot = treeOf(other.slice(0, size)).root();
          const otherProof = rootsOfRanges(other, consistencyRanges(oldSize, size));
          expect(checkConsistency(oldSize, size, oldRoot, otherRoot, otherProof)).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("are refused for a leaf that is not there", () => {
    expect(() => inclusionRanges(5, 5)).toThrow(RangeError);
    expect(() => consistencyRanges(6, 5)).toThrow(RangeError);
  });
});

describe("hashes as text", () => {
  it("read only what they write", () => {
    const text = hashToBase64(EMPTY_ROOT);
    expect(hashFromBase64(text)).toBe(EMPTY_ROOT);
    // The last character holds two bits that belong to no byte.
    expect(hashFromBase64(text.replace(/.=$/, "V="))).toBeUndefined();
    expect(hashFromBase64(text.slice(0, -1))).toBeUndefined();
    expect(hashFromBase64(`${text} `)).toBeUndefined();
  });
});
