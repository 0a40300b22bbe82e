// Waiting for something through a fault.
import { type Look, type Patience, until as untilIn } from "../../support/world.ts";

const patience: Patience = {
  limitMs: 280_000,
  everyMs: 200,
  through: ["noWorker", "unreachable"],
};

/** Polls until a value is there, however long nobody answers. */
export function until<Value>(what: string, look: Look<Value>): Promise<Value> {
  return untilIn(what, look, patience);
}
