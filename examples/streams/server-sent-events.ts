// An endpoint that a browser's EventSource can listen to. The id of each event is its place, so a browser that lost its
// connection says in `Last-Event-ID` where it was and misses nothing.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { startSession, subscribe } from "tracekeep";

const server = createServer((request, response) => {
  const session = new URL(request.url ?? "/", "http://localhost").searchParams.get("session") ?? "";
  const seen = request.headers["last-event-id"];
  const gone = new AbortController();
  request.on("close", () => gone.abort());
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const send = async (): Promise<void> => {
    const from = seen === undefined ? "beginning" : { session, seq: Number(seen) + 1 };
    for await (const event of subscribe({ session, from, signal: gone.signal })) {
      const text = `id: ${String(event["seq"])}\nevent: ${event.event}\ndata: ${JSON.stringify(event)}\n\n`;
      // A browser that reads slowly makes this subscription slow, and nothing else.
      if (!response.write(text)) await new Promise((resolve) => response.once("drain", resolve));
    }
    response.end();
  };
  send().catch(() => response.end());
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?session=s1`;

// A browser that connects, and one that comes back.
const session = startSession({ id: "s1" });
session.userMessage("Is the build green?");
const connected = await fetch(address);
session.agentMessage("Yes.");
session.end();
const types = (text: string): string[] => [...text.matchAll(/^event: (.*)$/gm)].map(([, type = ""]) => type);
console.log(types(await connected.text()));
const again = await fetch(address, { headers: { "last-event-id": "1" } });
console.log(types(await again.text()));
server.close();
