// What becomes of a supervisor when a visit ends.
import { wrapText } from "../screen/wrap-text.ts";
import type { Context } from "./context.ts";
import { toProgramName } from "./program-name.ts";

/** The command stands on a line of its own, whole, so that it can be copied. */
export function sayFarewell(context: Context, id: string | undefined, runs: boolean): void {
  if (id === undefined) return;
  const words = runs
    ? `${id} goes on in the background. Come back with:`
    : `${id} is kept, and goes on when Bosun runs again. Come back with:`;
  const command = `  ${toProgramName(context)} chat ${id}`;
  context.note([...wrapText(words, context.columns()), command].join("\n"));
}
