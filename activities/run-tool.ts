// One tool call, with heartbeats and cancellation.
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Context } from "@temporalio/activity";
import type { HostActivities, ToolOutcome, ToolRunInput } from "../protocol/activities.ts";
import { cutText } from "../protocol/text.ts";
import { toolSpecs, type ToolSpec } from "../protocol/tools.ts";
import { beatEvery } from "./beat-every.ts";
import { capOutput } from "./cap-output.ts";
import { createEffectJournal, type EffectJournal } from "./effect-journal.ts";
import { toFileName } from "./file-name.ts";
import { type HostTool, isHostTool, tools } from "./tools/index.ts";
import { type Jail, openJail } from "./tools/jail.ts";
import { toTarget } from "./tools/to-target.ts";
import { ToolProblem, toWords } from "./tools/tool-problem.ts";
import { writeWhole } from "./write-whole.ts";

export interface RunToolDeps {
  /** Where Bosun keeps its state on this host: the journal and the artifacts. */
  readonly dir: string;
  readonly host: string;
}

export function createRunTool({ dir, host }: RunToolDeps): HostActivities["runTool"] {
  const journal = createEffectJournal(dir);
  return async (input) => {
    const stopBeats = beatEvery(() => undefined);
    try {
      refuseStrangers(input, host);
      return await runByEffect(input, dir, journal, Context.current());
    } catch (error) {
      return toRefusal(input, error);
    } finally {
      stopBeats();
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

async function runByEffect(
  input: ToolRunInput,
  dir: string,
  journal: EffectJournal,
  context: Context,
): Promise<ToolOutcome> {
  const { name } = input;
  if (!isHostTool(name)) throw new ToolProblem(`${name} is no tool that works on files.`);
  const spec: ToolSpec = toolSpecs[name];
  const signal = context.cancellationSignal;
  if (spec.effect === "read") return run(input, name, dir, signal);
  const { workflowExecution } = context.info;
  const { toolUseId } = input;
  const effect = {
    workflowId: workflowExecution?.workflowId ?? "none",
    toolUseId,
    tool: name,
    label: toLabel(spec, input),
    input: input.input,
  };
  const never = new AbortController().signal;
  return journal.once(effect, signal, () =>
    run(input, name, dir, never).catch((error: unknown) => toRefusal(input, error)),
  );
}

function toLabel(spec: ToolSpec, { name, input }: ToolRunInput): string {
  const parsed = spec.input.safeParse(input);
  return parsed.success ? spec.label(parsed.data) : name;
}

async function run(
  input: ToolRunInput,
  name: HostTool,
  dir: string,
  signal: AbortSignal,
): Promise<ToolOutcome> {
  signal.throwIfAborted();
  const jail = await openJail(input.workspace, dir, input.rootId);
  const { text, artifacts = [] } = await tools[name](input.input, { jail, signal });
  return {
    text: await capOutput(text, () => keepOutput(jail, input.toolUseId, text)),
    isError: false,
    artifacts,
  };
}

/** Says where the whole output lies, or why it does not. */
async function keepOutput(jail: Jail, toolUseId: string, text: string): Promise<string> {
  const path = `artifacts/output/${toFileName(toolUseId)}.txt`;
  try {
    const { place } = await toTarget(jail, path);
    await mkdir(dirname(place.real), { recursive: true });
    await writeWhole(place.real, text);
    return `All of it is in ${path}: use read_file with offset and limit`;
  } catch (error) {
    return `The whole could not be kept: ${toWords(error, path) ?? String(error)}`;
  }
}

/** Cancellation, and whatever is no answer to a model, goes on to Temporal. */
function toRefusal({ input }: ToolRunInput, error: unknown): ToolOutcome {
  const given = typeof input === "object" && input !== null && "path" in input ? input.path : ".";
  const text = toWords(error, String(given));
  if (text === undefined) throw error;
  return { text: cutText(text, 2_000), isError: true, artifacts: [] };
}
