// bosun down: stops everything that runs here.
import type { Command } from "commander";
import { findInstallation } from "../installation/installation.ts";
import { takeDown, type TakenDown } from "../installation/take-down.ts";
import type { Context } from "./context.ts";

const nothing: TakenDown = { users: [], workers: [], serverPid: null, modelPid: null };

const examples = `
Conversations and tasks are kept: they go on when Bosun is up again.

Example:
  bosun down
`;

export function addDown(program: Command, context: Context): void {
  program
    .command("down")
    .description("stop everything of this installation, and wait until it is gone")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action(async (options: { json?: boolean }) => {
      const installation = findInstallation(context.env, context.cwd);
      const stopped = installation ? await takeDown(installation.dir) : nothing;
      if (options.json) context.json(stopped);
      else context.print(describe(stopped));
    });
}

function describe({ users, workers, serverPid, modelPid }: TakenDown): string {
  const stopped = [
    ...(users.length === 0 ? [] : [`${count(users.length, "command")} that used it`]),
    ...(workers.length === 0 ? [] : [count(workers.length, "worker")]),
    ...(serverPid === null ? [] : ["the Temporal server"]),
    ...(modelPid === null ? [] : ["the scripted model"]),
  ];
  if (stopped.length === 0) return "Nothing was running here.";
  return `Stopped ${stopped.join(", ")}. Conversations are kept: bosun up brings them back.`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
