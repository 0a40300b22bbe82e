// A hundred tasks whose model is gone, and how they come back.
import { expect, test } from "vitest";
import type { SupervisorHandle } from "../../client/index.ts";
import { startScriptedModel } from "../../scripted-model/server.ts";
import type { JournalEntry, Rule } from "../support/scripted-model.ts";
import { openWorld, until, untilReply, type World } from "../support/world.ts";

const count = 100;
const outageMs = 25_000;
const probeMaxMs = 20_000;

interface Timed extends JournalEntry {
  readonly startedAt: string;
  readonly endedAt: string | null;
}

const starts = Array.from({ length: count }, (_, number) => ({
  name: "start_async_task",
  input: { description: `hundred-task-${number}`, subagent_type: "researcher" },
}));

const rules: readonly Rule[] = [
  { when: { lastUser: "^go hundred" }, reply: { toolCalls: starts } },
  {
    when: { system: "^# supervisor", anyUser: "go hundred", lastUser: "task_ended" },
    reply: { text: "Heard." },
  },
  { when: { system: "^# supervisor", anyUser: "go hundred" }, reply: { text: "Started." } },
  { when: { anyUser: "hundred-task" }, reply: { text: "Done.", delayMs: 200 } },
];

test("100 tasks that wait for the model probe two at a time, are told five a second, and all complete", async () => {
  const model = await startScriptedModel();
  const world = await openWorld({
    env: {
      ANTHROPIC_BASE_URL: model.url,
      BOSUN_MAX_RUNNING: "100",
      BOSUN_PROBE_MS: "4000",
      BOSUN_PROBE_MAX_MS: String(probeMaxMs),
      BOSUN_MODEL_HEARTBEAT_MS: "20000",
      BOSUN_PROBE_START_MS: "1000",
      BOSUN_MODEL_ATTEMPTS: "2",
    },
  });
  try {
    await world.model.script("hundred", rules);
    const fault = { type: "overloaded" };
    await world.model.fault({ fault, times: 100_000, when: { anyUser: "hundred-task" } });
    const supervisor = await world.start("go hundred");
    await untilReply(supervisor, "Started");
    await untilCount(supervisor, "waiting", count);
    const parkedAt = Date.now();
    await new Promise((resolve) => setTimeout(resolve, outageMs));
    await world.model.clearFaults();
    const backAt = Date.now();
    await untilCount(supervisor, "completed", count);
    const doneAt = Date.now();

    const requests = (await world.model.journal("hundred-task-")).map((one) => one as Timed);
    const ofTasks = requests.filter((one) =>
      JSON.stringify(one.request.system).includes("# researcher"),
    );
    const within = (from: number, to: number) =>
      ofTasks.filter(
        ({ startedAt }) => Date.parse(startedAt) >= from && Date.parse(startedAt) < to,
      );
    const probes = await probesOf(world, supervisor);
    const resumes = await resumesOf(world, supervisor);
    const answered = ofTasks.filter(({ outcome }) => outcome.status === 200);

    console.log(
      [
        `${count} tasks, model away for ${outageMs / 1_000} s after all had parked`,
        `requests a second while they waited: ${(within(parkedAt, backAt).length / (outageMs / 1_000)).toFixed(1)}, at most ${busiest(within(parkedAt, backAt))}`,
        `requests a second after it came back: at most ${busiest(within(backAt, doneAt + 1))}`,
        `probes at once: at most ${mostAtOnce(probes)} of ${probes.length}`,
        `resume signals: ${resumes.length}, at most ${mostInASecond(resumes)} a second`,
        `all complete ${((doneAt - backAt) / 1_000).toFixed(1)} s after the model came back`,
      ].join("\n"),
    );
    expect(probes.length).toBeGreaterThan(0);
    expect(mostAtOnce(probes)).toBeLessThanOrEqual(2);
    expect(mostInASecond(resumes)).toBeLessThanOrEqual(5);
    // Nobody is told twice within the time of a probe, and no answer is asked for twice.
    expect(shortestGap(resumes)).toBeGreaterThan(probeMaxMs / 2);
    expect(answered).toHaveLength(count);
    await supervisor.end();
  } finally {
    await world.close();
    await model.close();
  }
}, 600_000);

async function untilCount(supervisor: SupervisorHandle, status: string, wanted: number) {
  await until(`${wanted} ${status}`, async () => {
    // A list of a hundred is not asked for more than once a second.
    await new Promise((resolve) => setTimeout(resolve, 950));
    const tasks = await supervisor.tasks();
    return tasks.filter((task) => task.status === status).length === wanted;
  });
}

interface Span {
  readonly from: number;
  readonly to: number;
}

const toMs = (time: { seconds?: unknown; nanos?: number | null } | null | undefined): number =>
  Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6;

/** When a slot of the probes was taken and given back, from the tasks' histories. */
async function probesOf(world: World, supervisor: SupervisorHandle): Promise<readonly Span[]> {
  const spans: Span[] = [];
  for (const { taskId } of await supervisor.tasks()) {
    const { events } = await world.bosun.client.workflow.getHandle(taskId).fetchHistory();
    const onProbes = new Set<string>();
    const started = new Map<string, number>();
    for (const event of events ?? []) {
      const scheduled = event.activityTaskScheduledEventAttributes;
      if (scheduled?.taskQueue?.name?.startsWith("bosun-probes-"))
        onProbes.add(String(event.eventId));
      const start = event.activityTaskStartedEventAttributes;
      if (start) started.set(String(start.scheduledEventId), toMs(event.eventTime));
      const end =
        event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes;
      const id = String(end?.scheduledEventId);
      const from = started.get(id);
      if (end && from !== undefined && onProbes.has(id))
        spans.push({ from, to: toMs(event.eventTime) });
    }
  }
  return spans;
}

interface Resume {
  readonly at: number;
  readonly to: string;
}

async function resumesOf(world: World, supervisor: SupervisorHandle): Promise<readonly Resume[]> {
  const { events } = await world.bosun.client.workflow.getHandle(supervisor.id).fetchHistory();
  return (events ?? []).flatMap((event) => {
    const sent = event.signalExternalWorkflowExecutionInitiatedEventAttributes;
    if (sent?.signalName !== "resume") return [];
    return [{ at: toMs(event.eventTime), to: sent.workflowExecution?.workflowId ?? "" }];
  });
}

function mostAtOnce(spans: readonly Span[]): number {
  return Math.max(
    0,
    ...spans.map(({ from }) => spans.filter((one) => one.from <= from && from < one.to).length),
  );
}

/** A batch is one workflow task, so its events carry one time. Late timers may not bring batches together. */
function mostInASecond(resumes: readonly Resume[]): number {
  return Math.max(
    0,
    ...resumes.map(({ at }) => resumes.filter((one) => one.at >= at && one.at < at + 900).length),
  );
}

/** Between two signals to the same task. */
function shortestGap(resumes: readonly Resume[]): number {
  const gaps = resumes.map(({ at, to }, index) => {
    const before = resumes.slice(0, index).findLast((one) => one.to === to);
    return before ? at - before.at : Infinity;
  });
  return Math.min(Infinity, ...gaps);
}

function busiest(requests: readonly Timed[]): number {
  const seconds = new Map<number, number>();
  for (const { startedAt } of requests) {
    const second = Math.floor(Date.parse(startedAt) / 1_000);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  return Math.max(0, ...seconds.values());
}
