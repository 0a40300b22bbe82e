// Talks to a supervisor.
import type { Command } from "commander";
import { chatWith } from "../chat/chat.ts";
import { isOver } from "../supervisor-view.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";
import { sayFarewell } from "./farewell.ts";
import { newestSupervisor, pickId } from "./pick-agent.ts";
import { type Visit, withSession } from "./with-session.ts";
import { resolveWorkspace } from "./workspace.ts";

interface Options {
  readonly workspace: string;
  readonly json?: boolean;
}

const examples = `
Brings Bosun up when it is not running, and leaves it as it was.
Without an id it is the newest supervisor that runs, or a new one on this folder.

Examples:
  bosun chat
  bosun chat supervisor-1f
  echo "What is each of them doing right now?" | bosun chat
`;

export function addChat(program: Command, context: Context): void {
  program
    .command("chat")
    .description("talk to a supervisor")
    .argument("[id]", "the supervisor (default: the newest that runs)")
    .option("--workspace <dir>", "the folder a new one works on", ".")
    .option("--json", "print the feed as JSON, one entry a line")
    .addHelpText("after", examples)
    .action((id: string | undefined, options: Options) => chat(id, options, context));
}

async function chat(given: string | undefined, options: Options, context: Context): Promise<void> {
  const workspace = resolveWorkspace(options.workspace, context);
  const told: Context = options.json ? { ...context, isTty: false, color: false } : context;
  let id: string | undefined;
  const work = async (visit: Visit) => {
    const { bosun } = visit.here;
    id = await choose(visit, given);
    const supervisor = id === undefined ? undefined : bosun.supervisor(id);
    const newest = (await supervisor?.lastEntry()) ?? 0;
    const recent = told.isTty ? recentEntries : 0;
    const start = {
      workspace,
      after: Math.max(0, newest - recent),
      json: options.json === true,
    };
    id = await chatWith(visit, supervisor, told, start);
  };
  await withSession(told, work, (runs) => sayFarewell(context, id, runs));
}

/** What a person is shown of a conversation that has begun before. */
const recentEntries = 12;

async function choose({ here }: Visit, given: string | undefined): Promise<string | undefined> {
  const { bosun } = here;
  if (given === undefined) return newestSupervisor(bosun);
  const id = await pickId(bosun, given, "supervisor");
  if (!isOver(await bosun.supervisor(id).status())) return id;
  throw new CommandError(
    `The supervisor ${id} has ended. Read it with: bosun transcript ${id}, or start a new one with: bosun chat --workspace .`,
  );
}
