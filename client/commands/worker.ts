// bosun worker: one more worker for a server that runs.
import type { Command } from "commander";
import { runWorker } from "../installation/run-worker.ts";
import { openInstallation } from "../installation/installation.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";

const examples = `
Only models needs the key, and only tools runs commands. Ctrl-C lets what is under way end first,
for up to 30 seconds.

Examples:
  bosun worker
  bosun worker --roles workflows,models
`;

export function addWorker(program: Command, context: Context): void {
  program
    .command("worker")
    .description("run a worker until Ctrl-C, against the server that runs")
    .option("--roles <roles>", "workflows, models, tools, separated by commas (default: all)")
    .option("--json", "print JSON: the worker's own line when it is ready")
    .addHelpText("after", examples)
    .action(async (options: { roles?: string; json?: boolean }) => {
      const installation = openInstallation(context.env, context.cwd);
      if (installation.remark !== undefined) context.note(installation.remark);
      const env = { ...context.env, ...(options.roles && { BOSUN_ROLES: options.roles }) };
      if (!options.json) context.note("Starting a worker. Press Ctrl-C to stop.");
      const code = await runWorker({ installation, env, cwd: context.cwd });
      // What was wrong, it has said itself.
      if (code !== 0) throw new CommandError("", code === 2 ? 2 : 1);
    });
}
