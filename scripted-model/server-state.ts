// What a running server knows beyond the request at hand.
import { FaultQueue } from "./fault-queue.ts";
import { Journal } from "./journal.ts";
import { ScriptBook } from "./script-book.ts";
import { PromptCache } from "./usage.ts";

export interface ServerState {
  readonly scripts: ScriptBook;
  readonly faults: FaultQueue;
  readonly journal: Journal;
  readonly cache: PromptCache;
  /** Words for which answers are no longer held back. */
  readonly released: Set<string>;
  paceMs: number;
}

export function createState(paceMs: number): ServerState {
  return {
    scripts: new ScriptBook(),
    faults: new FaultQueue(),
    journal: new Journal(),
    cache: new PromptCache(),
    released: new Set(),
    paceMs,
  };
}
