// Any object with `write` is a sink. It must throw (or reject) for an event that it does not accept: a sink that drops
// events silently makes completeness impossible to assess.

import { createRecorder } from "tracekeep";
import type { Event } from "tracekeep";
import type { Sink } from "tracekeep/sinks";

class QueueSink implements Sink {
  readonly queue: Event[] = [];

  write(event: Event): void {
    if (this.queue.length >= 3) throw new Error("the queue is full");
    this.queue.push(event);
  }
}

const sink = new QueueSink();
const recorder = createRecorder({ sink, onFault: (error) => console.log("refused:", error.message) });
recorder.userMessage("hello");
recorder.agentMessage("good morning");
// The queue is full now. `log` and the helpers never throw for that; who wants to know asks for the receipt.
await recorder.append({ event: "CHECKPOINT" }).catch(() => undefined);

console.log(sink.queue.map(({ seq, event }) => `${seq} ${event}`));
sink.queue.length = 0;
// There is room again, and the log itself says what is missing. No number was used up by it.
recorder.userMessage("still there?");
console.log(sink.queue.map(({ seq, event }) => `${seq} ${event}`));
