// Starts a supervisor, or sends to the one that runs.
import type { Command } from "commander";
import type { Budget } from "../../protocol/budget.ts";
import { scriptedBackend } from "../../protocol/models.ts";
import type { Settings } from "../../protocol/settings.ts";
import type { Bosun } from "../bosun.ts";
import { isRequestError } from "../request-error.ts";
import type { Sent } from "../supervisor-handle.ts";
import { isOver } from "../supervisor-view.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";
import { addLimits, type LimitOptions, toBudgetChange } from "./limit-options.ts";
import { readMessage } from "./read-message.ts";
import { withBosun } from "./with-bosun.ts";
import { noteMissingWorkers } from "./worker-remark.ts";
import { resolveWorkspace } from "./workspace.ts";

interface Options extends LimitOptions {
  readonly id?: string;
  readonly workspace: string;
  readonly agent?: string;
  readonly json?: boolean;
}

const examples = `
Examples:
  bosun start "Survey this folder with three background tasks"
  bosun start --id docs --workspace ../project --agent supervisor
  bosun start --usd 5 --tokens 500000 "Review every file"
  echo "What is in here?" | bosun start -
`;

export function addStart(program: Command, context: Context): void {
  const command = program
    .command("start")
    .description("start a supervisor on a folder")
    .argument("[message]", "what it reads first, or - for standard input")
    .option("--id <id>", "its id; when it runs already, the message is sent to it")
    .option("--workspace <dir>", "the folder its agents work on", ".")
    .option("--agent <name>", "which agent it is (default: supervisor)")
    .option("--json", "print JSON");
  addLimits(command, false)
    .addHelpText("after", examples)
    .action((message: string | undefined, options: Options) => start(message, options, context));
}

async function start(given: string | undefined, options: Options, context: Context) {
  const message = given === undefined ? undefined : await readMessage(given, context);
  const workspace = resolveWorkspace(options.workspace, context);
  const { id, agent } = options;
  await withBosun(context, async (bosun, here) => {
    const request = {
      workspace,
      ...(id && { id }),
      ...(agent && { agent }),
      ...(message && { message }),
      budget: toBudgetChange(options) as Budget,
    };
    try {
      const { supervisor, messageId } = await bosun.start(request);
      const settings = await bosun.settings();
      const { backend } = settings;
      if (options.usd !== undefined) for (const text of toUnpriced(settings)) context.note(text);
      const started = { id: supervisor.id, started: true, workspace, backend };
      if (options.json) context.json({ ...started, messageId: messageId ?? null, stored: null });
      else {
        context.print(toText(supervisor.id, workspace, backend));
        await noteMissingWorkers(here, context);
      }
    } catch (error) {
      if (!isRequestError(error, "exists") || !id) throw error;
      await sendInstead(bosun, id, message, options, context);
    }
  });
}

/** The id is taken: by a supervisor that runs, which gets the message, or by one that has ended. */
async function sendInstead(
  bosun: Bosun,
  id: string,
  message: string | undefined,
  options: Options,
  context: Context,
): Promise<void> {
  const supervisor = bosun.supervisor(id);
  const view = await supervisor.status();
  if (isOver(view)) {
    throw new CommandError(
      `The supervisor ${id} has ended, and an id is used once. Choose another --id, or read it with: bosun transcript ${id}`,
    );
  }
  const sent = message === undefined ? undefined : await supervisor.send(message);
  const { workspace, backend } = view;
  if (options.json) {
    const answer = { id, started: false, workspace, backend };
    context.json({ ...answer, messageId: sent?.id ?? null, stored: sent?.stored ?? null });
  } else {
    context.print(`${id} runs already${sent ? `: ${toSentText(sent)}` : "."}`);
  }
}

/** A limit in money counts nothing for a model whose price nobody knows. */
function toUnpriced(settings: Settings): readonly string[] {
  const { backend, supervisorModel, taskModel, prices = {} } = settings;
  if (backend === scriptedBackend) return [];
  const models = [...new Set([supervisorModel, taskModel])].filter((model) => !prices[model]);
  return models.map(
    (model) =>
      `The price of ${model} is not known, so --usd does not limit it. Limit --tokens or --turns, or set BOSUN_PRICES.`,
  );
}

function toText(id: string, workspace: string, backend: string): string {
  return [
    `${id} started on ${workspace} (${toBackendWords(backend)})`,
    `  talk to it:   bosun chat ${id}`,
    `  its tasks:    bosun tasks ${id}`,
  ].join("\n");
}

/** Nobody is to take a script for Claude. */
function toBackendWords(backend: string): string {
  if (backend === scriptedBackend) return "scripted model, not Claude";
  return backend === "api.anthropic.com" ? "Claude" : `model at ${backend || "an unknown address"}`;
}

export function toSentText({ stored, known, paused }: Sent): string {
  if (stored === "signalled") {
    return "stored, no worker has taken it yet. It is read when one runs: bosun worker";
  }
  if (paused) return "message kept. It is paused, and answers after: bosun resume";
  return known ? "this message had been accepted before." : "message accepted.";
}
