// What tasks cost in history, with the features they use.
import { execFile } from "node:child_process";
import { parseArgs, promisify } from "node:util";
import { DefaultLogger, Runtime } from "@temporalio/worker";
import type { SupervisorHandle } from "../client/index.ts";
import { openFaultWorld } from "../test/faults/support/fault-world.ts";
import { until } from "../test/faults/support/until.ts";
import type { Rule } from "../test/support/scripted-model.ts";

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, events: { type: "boolean", default: false } },
});

interface Call {
  readonly name: string;
  readonly input: object;
}

interface Row {
  readonly tasks: number;
  /** What each is started with besides its description. */
  readonly options?: object;
  /** Each but the first is started with this, in a turn of its own. */
  readonly after?: object;
  /** Calls of a task before its last answer, one a turn. */
  readonly calls?: readonly Call[];
  readonly answerMs?: number;
}

const lists: Call = { name: "list_files", input: { path: "." } };
const reads: Call = { name: "read_file", input: { path: "README.md" } };
const again: Call = { name: "list_files", input: { path: "heap" } };
const tells: Call = { name: "post_finding", input: { text: "What all should know." } };

const rows: Readonly<Record<string, Row>> = {
  "1 plain task": { tasks: 1 },
  "5 plain tasks": { tasks: 5 },
  "20 plain tasks": { tasks: 20 },
  "5 tasks that read no file": { tasks: 5, calls: [lists, again] },
  "5 tasks in worktrees": { tasks: 5, options: { isolation: "worktree" } },
  "5 tasks with budgets": { tasks: 5, options: { budget: { turns: 10, output_tokens: 50_000 } } },
  "5 tasks with deadlines": { tasks: 5, options: { deadline_minutes: 30 } },
  "5 tasks one after the other": {
    tasks: 5,
    after: { depends_on: ["{{json:start_async_task:task_id}}"] },
    answerMs: 200,
  },
  "5 tasks that tell a finding": { tasks: 5, calls: [tells, lists], answerMs: 1_500 },
};

// Its processes go with it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
Runtime.install({ logger: new DefaultLogger("ERROR") });
const world = await openFaultWorld();
try {
  await makeRepository(world.workspace);
  await world.startWorker();
  for (const [name, row] of Object.entries(rows)) {
    if (name.includes(values.only)) await measure(name, row);
  }
} finally {
  await world.close();
}

async function makeRepository(cwd: string): Promise<void> {
  const as = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"];
  for (const args of [
    ["init", "-q"],
    ["add", "."],
    ["commit", "-qm", "All"],
  ]) {
    await promisify(execFile)("git", [...as, ...args], { cwd });
  }
}

async function measure(name: string, row: Row): Promise<void> {
  const mark = name.replaceAll(" ", "-");
  await world.model.script(mark, toRules(mark, row));
  const supervisor = await world.start(`go ${mark}`);
  await until("one answer to all ends", async () => {
    const { entries } = await supervisor.feed();
    return entries.some(({ event }) => event.type === "reply" && event.text === "All heard.");
  });
  const own = await costOf(supervisor.id);
  const tasks = await Promise.all((await tasksOf(supervisor)).map(costOf));
  await supervisor.end();
  const mean = (of: "events" | "bytes"): number =>
    Math.round(tasks.reduce((sum, task) => sum + task[of], 0) / tasks.length);
  console.log(name);
  console.log(`  the supervisor: ${own.events} events, ${own.bytes} bytes`);
  console.log(`  each task: ${mean("events")} events, ${mean("bytes")} bytes`);
  if (values.events) for (const { kinds } of [own, tasks[0]!]) console.log(kinds);
}

function toRules(
  mark: string,
  { tasks, options, after, calls = [lists, reads], answerMs = 0 }: Row,
) {
  const start = (more?: object): Call => ({
    name: "start_async_task",
    input: { description: `${mark} part`, subagent_type: "researcher", ...options, ...more },
  });
  const own = { system: "^# supervisor", anyUser: `^go ${mark}$` };
  const part = { system: "^# researcher", anyUser: `^${mark} part$` };
  const first = Array.from({ length: after ? 1 : tasks }, () => start());
  const rules: readonly Rule[] = [
    { when: { ...own, assistantTurns: 0 }, reply: { toolCalls: first } },
    ...(after
      ? [{ when: { ...own, maxAssistantTurns: tasks - 1 }, reply: { toolCalls: [start(after)] } }]
      : []),
    // So slow that all ends enter the transcript together.
    {
      when: { ...own, afterTool: "start_async_task" },
      reply: { text: "Started.", delayMs: 12_000 },
    },
    { when: own, reply: { text: "All heard." } },
    ...calls.map((call, turn) => ({
      when: { ...part, assistantTurns: turn },
      reply: { toolCalls: [call], delayMs: answerMs },
    })),
    { when: part, reply: { text: "Done.", delayMs: answerMs } },
  ];
  return rules;
}

async function tasksOf(supervisor: SupervisorHandle): Promise<readonly string[]> {
  const tasks = await supervisor.tasks();
  const wrong = tasks.filter(({ status }) => status !== "completed");
  if (wrong.length > 0) throw new Error(`did not complete: ${JSON.stringify(wrong)}`);
  return tasks.map(({ taskId }) => taskId);
}

async function costOf(workflowId: string) {
  const handle = world.bosun.client.workflow.getHandle(workflowId);
  const { historyLength: events, historySize: bytes = 0 } = await handle.describe();
  const kinds: Record<string, number> = {};
  for (const event of (await handle.fetchHistory()).events ?? []) {
    const key = Object.keys(event).find((name) => name.endsWith("EventAttributes")) ?? "";
    const type = event.activityTaskScheduledEventAttributes?.activityType?.name;
    const name = type ?? event.workflowExecutionSignaledEventAttributes?.signalName ?? "";
    const kind = `${key.replace("EventAttributes", "")} ${name}`.trim();
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return { events, bytes, kinds };
}
