import type { Durability } from "../store/append/durability.ts";

/** What an append resolves to, once the event has reached that durability and not before. */
export interface Receipt {
  sessionId: string;
  /** Its place in the session: 0, 1, 2 … */
  seq: number;
  /** Its name. */
  id: string;
  /** What it has reached. `"accepted"`: a sink has it that promises nothing about any medium, such as memory. */
  durability: Durability | "accepted";
}
