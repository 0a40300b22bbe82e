// A command that brings Bosun along, and leaves it again.
import { type Here, openHere } from "../connect-here.ts";
import { bringUp, type Session } from "../installation/bring-up.ts";
import { openInstallation } from "../installation/installation.ts";
import { openInterrupt } from "../installation/interrupts.ts";
import { abandon } from "../installation/leave.ts";
import { readRun } from "../installation/run-file.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";

export interface Visit {
  readonly here: Here;
  readonly session: Session;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Brings up server, model and a worker, or joins those that run. Afterwards it leaves, and tells
 * `farewell` whether Bosun still runs for somebody else.
 */
export async function withSession(
  context: Context,
  work: (visit: Visit) => Promise<void>,
  farewell: (runs: boolean) => void,
): Promise<void> {
  const { env, cwd, note: onProgress } = context;
  const installation = openInstallation(env, cwd);
  if (installation.remark) context.note(installation.remark);
  const { signal, stopListening } = openInterrupt(() => abandon(installation.dir));
  try {
    const session = await bringUp({ installation, env, cwd, onProgress, worker: true, signal });
    try {
      const here = await openHere(env, cwd);
      await work({ here, session, signal }).finally(() => here.bosun.close());
    } finally {
      await session.leave();
      farewell(readRun(installation.dir) !== undefined);
    }
  } catch (error) {
    if (!signal.aborted || error instanceof CommandError) throw error;
    throw new CommandError("Interrupted.", 130);
  } finally {
    stopListening();
  }
}
