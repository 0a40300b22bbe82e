// One tool call, with heartbeats and cancellation.
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Context } from "@temporalio/activity";
import type { HostActivities, ToolOutcome, ToolRunInput } from "../../protocol/activities.ts";
import { cutText } from "../../protocol/text.ts";
import type { CommandEnvironment } from "../../protocol/environment.ts";
import { toolSpecs } from "../../protocol/tools/tools.ts";
import type { ToolSpec } from "../../protocol/tools/spec.ts";
import { capOutput } from "./cap-output.ts";
import { createEffectJournal, type Effect } from "./effect-journal.ts";
import { toFileName } from "../file-name.ts";
import { giveUp } from "./give-up.ts";
import type { ProcessGroup } from "../commands/process-group.ts";
import { noReadLog, openReadLog } from "../edits/read-log.ts";
import { forgetGroup, recordGroup, toGroupFile } from "../commands/running-groups.ts";
import { createSandbox } from "../commands/sandbox.ts";
import { type HostTool, isHostTool, tools } from "./index.ts";
import { type Jail, openJail } from "./jail.ts";
import { toTarget } from "./to-target.ts";
import type { ToolContext } from "./tool.ts";
import { ToolProblem, toWords } from "../tool-problem.ts";
import { whileBeating } from "../while-beating.ts";
import { writeWhole } from "../write-whole.ts";

export interface RunToolDeps {
  /** Where Bosun keeps its state on this host: the journal and the artifacts. */
  readonly dir: string;
  readonly host: string;
  readonly commands?: CommandEnvironment;
}

export function createRunTool(deps: RunToolDeps): HostActivities["runTool"] {
  const runByEffect = createRunByEffect(deps);
  return async (input) => {
    try {
      const { name } = input;
      refuseStrangers(input, deps.host);
      if (!isHostTool(name)) throw new ToolProblem(`${name} is no tool that works on files.`);
      return await whileBeating(() => runByEffect({ ...input, name }, Context.current()));
    } catch (error) {
      return toRefusal(input, error);
    }
  };
}

function refuseStrangers({ workspace, name }: ToolRunInput, host: string): void {
  if (workspace.host !== host) {
    throw new ToolProblem(
      `${name} was not run: the files are on host ${workspace.host}, this worker is on ${host}. Tell the person.`,
    );
  }
}

type HostCall = ToolRunInput & { readonly name: HostTool };

function createRunByEffect({ dir, commands = noCommands }: RunToolDeps) {
  const journal = createEffectJournal(dir);
  const sandbox = createSandbox(commands);
  const run = (call: HostCall, signal: AbortSignal, workflowId: string): Promise<ToolOutcome> => {
    const groupFile = toGroupFile(dir, workflowId, call.toolUseId);
    const record = (group: ProcessGroup): Promise<void> => recordGroup(groupFile, group);
    // A supervisor never ends with a result, so nothing of it becomes stale.
    const reads = workflowId === call.rootId ? noReadLog : openReadLog(dir, workflowId);
    const { rootId, scopes = [] } = call;
    const command = { env: commands.env, sandbox, record };
    return runIn(dir, call, { signal, commands: command, rootId, scopes, reads });
  };
  return async (call: HostCall, context: Context): Promise<ToolOutcome> => {
    const spec: ToolSpec = toolSpecs[call.name];
    const signal = context.cancellationSignal;
    const effect = toEffect(spec, call, context.info.workflowExecution?.workflowId ?? "none");
    const file = toGroupFile(dir, effect.workflowId, effect.toolUseId);
    const work =
      spec.effect === "read"
        ? runUnlessAborted(signal, () => run(call, signal, effect.workflowId))
        : journal.once(effect, context, (stop) =>
            run(call, spec.stoppable ? stop : new AbortController().signal, effect.workflowId)
              .catch((error: unknown) => toRefusal(call, error))
              .finally(() => forgetGroup(file)),
          );
    return giveUp(work, { signal, timeoutMs: spec.timeoutMs }, (why) => {
      if (spec.effect === "read" && why === "cancelled") throw signal.reason;
      return toLost(spec, effect);
    });
  };
}

async function runUnlessAborted(
  signal: AbortSignal,
  run: () => Promise<ToolOutcome>,
): Promise<ToolOutcome> {
  signal.throwIfAborted();
  return run();
}

const noCommands: CommandEnvironment = { sandbox: "auto", env: {} };

function toEffect(
  spec: ToolSpec,
  { name, input, toolUseId }: HostCall,
  workflowId: string,
): Effect {
  const parsed = spec.input().safeParse(input);
  const label = parsed.success ? spec.label(parsed.data) : name;
  return { workflowId, toolUseId, tool: name, label, input };
}

/** Nobody knows what a tool is doing that neither ends nor stops. */
function toLost({ effect, timeoutMs }: ToolSpec, { tool, label }: Effect): ToolOutcome {
  const read = effect === "read";
  const doubt = read
    ? "The file system does not answer. Go on without it, and tell the person."
    : "It may have begun, outcome unknown: look before you repeat it, and tell the person.";
  const text = `${tool} was given up: it neither ended nor stopped, ${timeoutMs / 1_000} s are the most. ${doubt}`;
  return { text, isError: true, artifacts: [], ...(!read && { inDoubt: label }) };
}

async function runIn(
  dir: string,
  { name, input, workspace, rootId, toolUseId }: HostCall,
  context: Omit<ToolContext, "jail">,
): Promise<ToolOutcome> {
  const jail = await openJail(workspace, dir, rootId);
  const answer = await tools[name](input, { jail, ...context });
  const { text, isError = false, artifacts = [] } = answer;
  return {
    text: await capOutput(text, () => keepOutput(jail, toolUseId, text)),
    isError,
    artifacts,
  };
}

/** Says where the whole output lies, or why it does not. */
async function keepOutput(jail: Jail, toolUseId: string, text: string): Promise<string> {
  const path = `artifacts/output/${toFileName(toolUseId)}.txt`;
  try {
    const { place } = await toTarget({ jail }, path);
    await mkdir(dirname(place.real), { recursive: true });
    await writeWhole(place.real, text);
    return `All of it is in ${path}: use read_file with offset and limit`;
  } catch (error) {
    return `The whole could not be kept: ${toWords(error, path) ?? String(error)}`;
  }
}

/** Cancellation, and whatever is no answer to a model, goes on to Temporal. */
function toRefusal({ input }: ToolRunInput, error: unknown): ToolOutcome {
  const { path, cwd } = Object(input) as { readonly path?: unknown; readonly cwd?: unknown };
  const given = [path, cwd].find((one) => typeof one === "string");
  const text = toWords(error, given ?? ".");
  if (text === undefined) throw error;
  return { text: cutText(text, 2_000), isError: true, artifacts: [] };
}
