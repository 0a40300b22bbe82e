// bosun up: server, model and a worker.
import type { Command } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import { scriptedBackend } from "../../protocol/models.ts";
import { bringUp, bringUpDetached } from "../installation/bring-up.ts";
import { type Installation, openInstallation } from "../installation/installation.ts";
import { openInterrupt } from "../installation/interrupts.ts";
import { abandon } from "../installation/leave.ts";
import type { RunFile } from "../installation/run-file.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";

interface UpOptions {
  readonly detach?: boolean;
  readonly json?: boolean;
}

const examples = `
Whoever comes second joins what runs. Without --detach it runs until Ctrl-C.

Examples:
  bosun up
  bosun up --detach
`;

export function addUp(program: Command, context: Context): void {
  program
    .command("up")
    .description("start Temporal, the scripted model where there is no key, and a worker")
    .option("--detach", "leave it all running in the background, until bosun down")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action((options: UpOptions) => up(context, options));
}

async function up(context: Context, options: UpOptions): Promise<void> {
  const installation = openInstallation(context.env, context.cwd);
  if (installation.remark !== undefined) context.note(installation.remark);
  const { signal, stopListening } = openInterrupt(() => abandon(installation.dir));
  try {
    await (options.detach ? upDetached : upHere)(context, options, installation, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CommandError("Interrupted. Nothing was left running by this start.", 130);
  } finally {
    stopListening();
  }
}

type Up = (
  context: Context,
  options: UpOptions,
  installation: Installation,
  signal: AbortSignal,
) => Promise<void>;

const upDetached: Up = async (context, { json }, installation, signal) => {
  const { env, cwd, note: onProgress } = context;
  const { run } = await bringUpDetached({ installation, env, cwd, onProgress, signal });
  if (json) context.json(run);
  else context.print(`${describe(run)}\nIt stays in the background. Stop it with: bosun down`);
};

const upHere: Up = async (context, { json }, installation, signal) => {
  const { env, cwd, note: onProgress } = context;
  const session = await bringUp({ installation, env, cwd, onProgress, worker: true, signal });
  if (json) context.json(session.run);
  else context.print(`${describe(session.run)}\nPress Ctrl-C to stop.`);
  try {
    await untilLost(session, signal);
  } finally {
    await session.leave();
  }
};

/** Watches, for a worker or server that ends leaves `up` with nothing to do. */
async function untilLost(session: { lost(): string | undefined }, signal: AbortSignal) {
  while (!signal.aborted) {
    const lost = session.lost();
    if (lost !== undefined) throw new CommandError(lost);
    await sleep(500, undefined, { signal }).catch(() => undefined);
  }
}

function describe(run: RunFile): string {
  const model =
    run.backend === scriptedBackend
      ? "scripted answers, not a model. Set ANTHROPIC_API_KEY for Claude"
      : run.backend;
  return [
    "Bosun is up.",
    `  model     ${model}`,
    `  Temporal  ${run.temporalAddress}, namespace ${run.namespace}`,
    ...(run.uiUrl === null ? [] : [`  Web UI    ${run.uiUrl}`]),
    `  state     ${run.dir}`,
  ].join("\n");
}
