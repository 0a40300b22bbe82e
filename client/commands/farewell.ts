// What becomes of a supervisor when a visit ends.
import type { Context } from "./context.ts";
import { toProgramName } from "./program-name.ts";

export function sayFarewell(context: Context, id: string | undefined, runs: boolean): void {
  if (id === undefined) return;
  const chat = `${toProgramName(context)} chat ${id}`;
  const words = runs
    ? `${id} goes on in the background. Come back with: ${chat}`
    : `${id} is kept, and goes on when Bosun runs again. Come back with: ${chat}`;
  context.note(words);
}
