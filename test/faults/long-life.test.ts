// A long life: what hundreds of turns cost in history.
import type { WorkflowHandle } from "@temporalio/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Rule } from "../support/scripted-model.ts";
import { openWorld, until, type World } from "../support/world.ts";

const turns = 300;
const turnBytes = 8_000;

let world: World;
beforeAll(async () => {
  world = await openWorld({
    // The whole of it in several runs and several generations.
    env: { BOSUN_MAX_TURNS: "1000", BOSUN_ROLL_AFTER_TURNS: "100" },
  });
});
afterAll(() => world.close());

/** Each generation's summary names the next stage, and the last stage ends the task. */
function stages(last: number): readonly Rule[] {
  const researcher = { system: "^# researcher" };
  const summary = "^Summarize the conversation so far";
  const toNext = Array.from({ length: last }, (_, index) => ({
    when: { ...researcher, anyUser: `long-life stage ${last - 1 - index}`, lastUser: summary },
    reply: { text: `long-life stage ${last - index}` },
  }));
  return [
    ...toNext,
    {
      when: { ...researcher, anyUser: `long-life stage ${last}`, minAssistantTurns: 70 },
      reply: { text: "Lived long." },
    },
    {
      when: { ...researcher, anyUser: "long-life stage" },
      reply: {
        text: "x",
        textBytes: turnBytes,
        toolCalls: [{ name: "list_files", input: { path: "." } }],
      },
    },
    {
      when: { lastUser: "^go long-life" },
      reply: {
        toolCalls: [
          {
            name: "start_async_task",
            input: { description: "long-life stage 0", subagent_type: "researcher" },
          },
        ],
      },
    },
    { when: { system: "^# supervisor", anyUser: "go long-life" }, reply: { text: "Heard." } },
  ];
}

interface Run {
  readonly bytes: number;
  readonly carried: number;
  readonly events: number;
  readonly largest: number;
  /** What the model said and the tools answered. */
  readonly said: number;
}

type History = Awaited<ReturnType<WorkflowHandle["fetchHistory"]>>;
type Event = NonNullable<History["events"]>[number];
type Payloads = { readonly payloads?: readonly { readonly data?: Uint8Array | null }[] | null };

const sizeOf = (payloads: Payloads | null | undefined): number =>
  (payloads?.payloads ?? []).reduce((sum, { data }) => sum + (data?.length ?? 0), 0);

/** What an event holds in payloads, and whether it hands a run's state over. */
function weigh(event: Event): { readonly bytes: number; readonly isCarried: boolean } {
  const started = event.workflowExecutionStartedEventAttributes;
  const rolled = event.workflowExecutionContinuedAsNewEventAttributes;
  const isCarried = Boolean(rolled ?? started?.continuedExecutionRunId);
  const payloads =
    started?.input ??
    rolled?.input ??
    event.activityTaskScheduledEventAttributes?.input ??
    event.activityTaskCompletedEventAttributes?.result;
  return { bytes: sizeOf(payloads), isCarried };
}

function saidIn({ activityTaskCompletedEventAttributes: completed }: Event): number {
  const data = completed?.result?.payloads?.[0]?.data;
  if (!data) return 0;
  const result = JSON.parse(new TextDecoder().decode(data)) as { content?: unknown; text?: string };
  return JSON.stringify(result.content ?? result.text ?? "").length;
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);

async function readRun(workflowId: string, runId: string): Promise<{ run: Run; next?: string }> {
  const handle = world.bosun.client.workflow.getHandle(workflowId, runId);
  const [{ events }, { historySize = 0 }] = [await handle.fetchHistory(), await handle.describe()];
  const weights = (events ?? []).map(weigh);
  const next = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  return {
    run: {
      bytes: historySize,
      carried: sum(weights.map(({ bytes, isCarried }) => (isCarried ? bytes : 0))),
      events: events?.length ?? 0,
      largest: Math.max(...weights.map(({ bytes, isCarried }) => (isCarried ? 0 : bytes))),
      said: sum((events ?? []).map(saidIn)),
    },
    ...(next && { next }),
  };
}

async function readRuns(workflowId: string, first: string): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (let runId: string | undefined = first; runId !== undefined;) {
    const { run, next } = await readRun(workflowId, runId);
    runs.push(run);
    runId = next;
  }
  return runs;
}

test(`${turns} turns of 8 KB stay linear: under 1.5 bytes of history a byte said, 14 events a turn, no event of 128 KB`, async () => {
  await world.model.script("long-life", stages(3));
  const supervisor = await world.start("go long-life");
  const task = await until("the task", async () => (await supervisor.tasks())[0]);
  const handle = world.bosun.client.workflow.getHandle(task.taskId);
  const { raw } = await handle.describe();
  const ended = await supervisor.task(task.taskId).ended();
  expect(ended).toMatchObject({ status: "completed", result: { summary: "Lived long." } });
  expect(ended.turn).toBeGreaterThanOrEqual(turns);
  const { generation } = await until("its transcript", () =>
    supervisor.task(task.taskId).transcript(),
  );
  expect(generation).toBe(4);

  const first = raw.workflowExecutionInfo?.firstRunId ?? "";
  const runs = await readRuns(task.taskId, first);
  const total = (key: keyof Run): number => sum(runs.map((run) => run[key]));
  const figures = {
    turns: ended.turn,
    generations: generation,
    runs: runs.length,
    said: total("said"),
    history: total("bytes"),
    carried: total("carried"),
    historyPerByteSaid: (total("bytes") - total("carried")) / total("said"),
    eventsPerTurn: total("events") / ended.turn,
    largestEvent: Math.max(...runs.map(({ largest }) => largest)),
  };
  console.log(`A long life: ${JSON.stringify(figures, null, 2)}`);
  expect(runs.length).toBeGreaterThan(2);
  expect(figures.said).toBeGreaterThan(turns * turnBytes);
  expect(figures.historyPerByteSaid).toBeLessThan(1.5);
  expect(figures.eventsPerTurn).toBeLessThanOrEqual(14);
  expect(figures.largestEvent).toBeLessThan(128_000);
  await supervisor.end();
}, 600_000);
