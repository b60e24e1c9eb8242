import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { BoundedQueue } from "./queue.ts";

describe("BoundedQueue", () => {
  it("behaves as an array that refuses what is beyond its capacity", () => {
    const steps = fc.array(fc.oneof(fc.nat(), fc.constant("shift" as const), fc.constant("drain" as const)), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), steps, (capacity, plan) => {
        const queue = new BoundedQueue<number>(capacity);
        const model: number[] = [];
        for (const step of plan) {
          if (step === "shift") expect(queue.shift()).toBe(model.shift());
          else if (step === "drain") expect(queue.drain()).toEqual(model.splice(0));
          else {
            expect(queue.push(step)).toBe(model.length < capacity);
            if (model.length < capacity) model.push(step);
          }
          expect(queue.toArray()).toEqual(model);
          expect([queue.size, queue.peek(), queue.full]).toEqual([
            model.length,
            model[0],
            model.length === capacity,
          ]);
        }
      }),
    );
  });
});
