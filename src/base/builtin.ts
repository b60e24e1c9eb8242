// Parts of Node that few commands need. Loading them takes longer than many a command, so they are asked for at their
// first use.

import type * as Crypto from "node:crypto";
import type * as Zlib from "node:zlib";

/** `node:crypto`, which takes 6 ms to load. */
export function nodeCrypto(): typeof Crypto {
  return (crypto ??= process.getBuiltinModule("node:crypto"));
}

/** `node:zlib`, which takes 4 ms. */
export function nodeZlib(): typeof Zlib {
  return (zlib ??= process.getBuiltinModule("node:zlib"));
}

// --- internal ---

let crypto: typeof Crypto | undefined;
let zlib: typeof Zlib | undefined;
