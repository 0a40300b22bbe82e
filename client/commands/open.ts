// Shows a workflow in Temporal's Web UI.
import { spawn } from "node:child_process";
import type { Command } from "commander";
import type { Here } from "../connect-here.ts";
import { CommandError, type Context } from "./context.ts";
import { pickId, withBosun } from "./with-bosun.ts";

interface Options {
  readonly json?: boolean;
}

export function addOpen(program: Command, context: Context): void {
  program
    .command("open")
    .description("show a supervisor or task in Temporal's Web UI")
    .argument("<id>", "the supervisor or task")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  bosun open supervisor-1f\n")
    .action((id: string, options: Options) => open(id, options, context));
}

async function open(given: string, options: Options, context: Context) {
  await withBosun(context, async (bosun, here) => {
    const id = await pickId(bosun, given, "any");
    const workflowId = await bosun.task(id).workflowId();
    const url = toUrl(here, workflowId);
    if (url === undefined) {
      throw new CommandError(
        `The address of this server's Web UI is not known here. There, look for the workflow ${workflowId} in the namespace ${here.namespace}.`,
      );
    }
    if (options.json) context.json({ id, url });
    else context.print(url);
    if (context.isTty && !options.json) openBrowser(url, context);
  });
}

/** The page of one workflow. */
export function toUrl({ run, namespace }: Pick<Here, "run" | "namespace">, id: string) {
  return run?.uiUrl ? `${run.uiUrl}/namespaces/${namespace}/workflows/${id}` : undefined;
}

/** Where there is no browser the link on the screen is enough. */
function openBrowser(url: string, { env }: Context): void {
  const program = toProgram(env);
  if (!program) return;
  const child = spawn(program, [url], { detached: true, stdio: "ignore" });
  child.on("error", () => undefined);
  child.unref();
}

function toProgram(env: Context["env"]): string | undefined {
  if (env["SSH_CONNECTION"]) return undefined;
  if (process.platform === "darwin") return "open";
  return env["DISPLAY"] || env["WAYLAND_DISPLAY"] ? "xdg-open" : undefined;
}
