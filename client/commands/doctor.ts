// Tells what is well here and what to do about the rest.
import type { Command } from "commander";
import { checkModel } from "../installation/check-model.ts";
import { checkServer } from "../installation/check-server.ts";
import { type Check, checkMachine } from "../installation/checks.ts";
import { findInstallation } from "../installation/installation.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";

const examples = `
One line for each check, and below it what to do where something is wrong. It ends with 1 when a
check has failed.

Example:
  bosun doctor
`;

export function addDoctor(program: Command, context: Context): void {
  program
    .command("doctor")
    .description("check this machine, the server, the workers and the model")
    .option("--json", "print JSON")
    .addHelpText("after", examples)
    .action(async (options: { json?: boolean }) => {
      const { env, cwd } = context;
      const installation = findInstallation(env, cwd);
      const checks = [
        ...(await checkMachine(env, installation?.dir)),
        ...(await checkServer(installation, env)),
        ...(await checkModel(env)),
      ];
      const failed = checks.filter(({ status }) => status === "fail").length;
      if (options.json) context.json({ ok: failed === 0, checks });
      else context.print(checks.map(toLine).join("\n"));
      // Said above, line by line.
      if (failed > 0) throw new CommandError("");
    });
}

function toLine({ name, status, detail, remedy }: Check): string {
  const line = `${status.padEnd(4)}  ${name.padEnd(17)}  ${detail}`;
  return remedy === undefined ? line : `${line}\n${" ".repeat(25)}${remedy}`;
}
