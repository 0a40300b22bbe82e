// Shows a workflow in Temporal's Web UI.
import { spawn } from "node:child_process";
import type { Command } from "commander";
import { workflowTypes } from "../../protocol/workflows.ts";
import type { Here } from "../connect-here.ts";
import { CommandError } from "../command-error.ts";
import type { Context } from "./context.ts";
import { pickId } from "./pick-agent.ts";
import { withBosun } from "./with-bosun.ts";

interface Options {
  readonly json?: boolean;
}

export function addOpen(program: Command, context: Context): void {
  program
    .command("open")
    .description("show a supervisor or task in Temporal's Web UI, or the list of all that run")
    .argument("[id]", "the supervisor or task")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExamples:\n  bosun open\n  bosun open supervisor-1f\n")
    .action((id: string | undefined, options: Options) => open(id, options, context));
}

async function open(given: string | undefined, options: Options, context: Context) {
  await withBosun(context, async (bosun, here) => {
    const id = given === undefined ? null : await pickId(bosun, given, "any");
    const workflowId = id === null ? undefined : await bosun.task(id).workflowId();
    const url = workflowId === undefined ? toListUrl(here) : toUrl(here, workflowId);
    if (url === undefined) throw new CommandError(toUnknown(here, workflowId));
    if (options.json) context.json({ id, url });
    else context.print(url);
    if (context.isTty && !options.json) openBrowser(url, context);
  });
}

function toUnknown({ namespace }: Here, workflowId: string | undefined): string {
  const what = workflowId === undefined ? "" : `, and look there for the workflow ${workflowId}`;
  return `The address of this server's Web UI is not known here. Set BOSUN_WEB_UI to it, or open the namespace ${namespace}${what}.`;
}

type Place = Pick<Here, "webUi" | "namespace">;

/** The page of one workflow. */
export function toUrl({ webUi, namespace }: Place, id: string): string | undefined {
  return webUi && `${webUi}/namespaces/${namespace}/workflows/${id}`;
}

/** The agents that have not ended, of every installation on this server. */
function toListUrl({ webUi, namespace }: Place): string | undefined {
  const { supervisor, subagent } = workflowTypes;
  const query = `ExecutionStatus="Running" AND WorkflowType IN ("${supervisor}", "${subagent}")`;
  return webUi && `${webUi}/namespaces/${namespace}/workflows?query=${encodeURIComponent(query)}`;
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
