// Hook calls over loopback HTTP, for hosts that can send them instead of starting a process: under a millisecond each.
// Any web page may send requests to this machine, so nothing is taken without the token, from a page (Origin), or under
// another name than this machine's own (Host, against DNS rebinding).

import { randomBytes, timingSafeEqual } from "node:crypto";
import * as http from "node:http";
import type { AddressInfo } from "node:net";

import { ioError } from "../base/errors.ts";
import { appendToSpool } from "../store/session/spool.ts";
import { HOOK_HOSTS, hookRecord, hookRedactor, MAX_HOOK_BYTES } from "./hook-record.ts";

export interface HookServerOptions {
  /** Folder of the store whose spool takes the calls. */
  storeDir: string;
  /** Default 0: one that is free. */
  port?: number | undefined;
}

export interface HookServer {
  /** Where calls go: POST, with the header `Authorization: Bearer <token>`. */
  url: string;
  /** 192 random bits, new at every start. */
  token: string;
  close: () => Promise<void>;
}

/**
 * Listens on 127.0.0.1. A call is answered with 200 when it is in the spool.
 *
 * @throws TracekeepError when the port is taken
 * @example
 * const server = await startHookServer({ storeDir: store.dir });
 * console.log(server.url, server.token);
 */
export async function startHookServer({ storeDir, port = 0 }: HookServerOptions): Promise<HookServer> {
  const token = randomBytes(24).toString("base64url");
  const server = http.createServer((request, response) => {
    void respond(request, response, storeDir, token);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(ioError("listen on", `127.0.0.1:${port}`, error)));
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}/hook`,
    token,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

// --- internal ---

async function respond(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  storeDir: string,
  token: string,
): Promise<void> {
  const status = await answer(request, storeDir, token);
  response.writeHead(status, { "content-type": "application/json" }).end("{}\n");
}

async function answer(request: http.IncomingMessage, storeDir: string, token: string): Promise<number> {
  const timeMs = Date.now();
  const { headers, method, url = "", socket } = request;
  const { host = "", origin, authorization = "" } = headers;
  const port = socket.localPort ?? 0;
  if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) return 403;
  if (origin !== undefined) return 403;
  if (!isSame(authorization, `Bearer ${token}`)) return 401;
  const [, path, hostName] = /^\/(hook)(?:\/([a-z-]+))?$/.exec(url) ?? [];
  if (path === undefined) return 404;
  if (method !== "POST") return 405;
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_HOOK_BYTES) return 413;
      chunks.push(chunk);
    }
    const named = HOOK_HOSTS.find((each) => each === hostName);
    const redactor = hookRedactor(storeDir);
    const call = { input: Buffer.concat(chunks), host: named, timeMs, agentProcess: undefined, redactor };
    const { sessionId, line } = hookRecord(call);
    appendToSpool(storeDir, sessionId, line);
    return 200;
  } catch {
    // The sender went away, or the disk is full: it hears that the call was not taken.
    return 500;
  }
}

function isSame(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}
