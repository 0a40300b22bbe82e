// A supervisor whose tasks stand in every phase at once.
import type { SupervisorHandle, TaskView } from "../../../client/index.ts";
import { startCall } from "../../support/lead-agent.ts";
import type { Rule } from "../../support/scripted-model.ts";
import type { FaultWorld } from "./fault-world.ts";
import { until } from "./until.ts";

/** Tasks of the supervisor in the order of their start, by what they do when the fault comes. */
const parts = { quick: 2, lead: 2, streaming: 3, searching: 2, queued: 3 } as const;
type Part = keyof typeof parts;

const ownTasks = Object.values(parts).reduce((sum, count) => sum + count, 0);

/** Those of the supervisor, and one more below each lead. */
export const sceneTasks = ownTasks + parts.lead;

/** Streaming and searching ones fill every slot, so that the last ones are queued. */
export const sceneEnv = { BOSUN_MAX_RUNNING: String(parts.streaming + parts.searching) };

export interface Scene {
  readonly mark: string;
  readonly supervisor: SupervisorHandle;
}

/** One that is under way until it is told to finish. */
export interface OpenScene extends Scene {
  /** From now on each task has two more turns to go. */
  finish(): Promise<void>;
}

/** Takes a second or two. */
const slowSearch = {
  name: "search_files",
  input: { pattern: "(a*b*c*)*(ab|bc|ca)*x(a|b|c)*y", path: "heap" },
};

/** How long a streamed answer takes. */
const streamMs = 2_000;

/** Streaming, searching and leaf tasks work until they have had so many turns. */
function rulesOf(mark: string, turns: number): readonly Rule[] {
  const calls = Object.entries(parts).flatMap(([part, count]) =>
    Array.from({ length: count }, (_, index) =>
      startCall(`${mark} ${part} ${index}`, part === "lead" ? "lead" : "researcher"),
    ),
  );
  const part = (name: Part | "leaf") => ({
    system: name === "lead" ? "^# lead" : "^# researcher",
    anyUser: `^${mark} ${name} `,
  });
  const stream = { toolCalls: [{ name: "list_files" }], delayMs: streamMs };
  const maxAssistantTurns = turns - 1;
  return [
    { when: { lastUser: `^go ${mark}$` }, reply: { toolCalls: calls } },
    { when: { system: "^# supervisor", lastUser: `^ask ${mark}` }, reply: { text: "Answered." } },
    { when: { system: "^# supervisor", anyUser: `^go ${mark}$` }, reply: { text: "Heard." } },
    { when: part("quick"), reply: { text: "Done at once." } },
    { when: { ...part("streaming"), maxAssistantTurns }, reply: { text: "At it.", ...stream } },
    { when: part("streaming"), reply: { text: "Streamed.", delayMs: streamMs } },
    { when: { ...part("searching"), maxAssistantTurns }, reply: { toolCalls: [slowSearch] } },
    { when: part("searching"), reply: { text: "Searched." } },
    {
      when: { system: "^# lead", lastUser: `^${mark} (lead \\d+)` },
      reply: { toolCalls: [startCall(`${mark} leaf of {{match:1}}`, "researcher")] },
    },
    { when: part("lead"), reply: { text: "Handed on." } },
    { when: { ...part("leaf"), maxAssistantTurns }, reply: stream },
    { when: part("leaf"), reply: { text: "Leaf done." } },
    { when: { ...part("queued"), assistantTurns: 0 }, reply: { ...stream, delayMs: 300 } },
    { when: part("queued"), reply: { text: "Its turn came." } },
  ];
}

const endless = 90;

/**
 * Resolves when tasks stream, run tools, wait, are queued and have just ended, all at once. That
 * goes on until it is told to finish, so that no fault comes too late for it.
 */
export async function openScene(world: FaultWorld, mark: string): Promise<OpenScene> {
  await world.model.script(mark, rulesOf(mark, endless));
  const supervisor = await world.start(`go ${mark}`);
  await untilBusy(world, supervisor);
  return {
    mark,
    supervisor,
    async finish() {
      const tasks = await until("the tasks", () => supervisor.tasks());
      const turns = Math.max(...tasks.map((task) => task.turn));
      await world.model.script(mark, rulesOf(mark, turns + 2));
    },
  };
}

/** The task of a description. */
export function partOf(tasks: readonly TaskView[], description: string): TaskView {
  const found = tasks.find((task) => task.description === description);
  if (!found) throw new Error(`There is no task "${description}".`);
  return found;
}

async function untilBusy(world: FaultWorld, supervisor: SupervisorHandle): Promise<void> {
  await until("every phase at once", async () => {
    const tasks = await supervisor.tasks();
    // Whom a test looks for by name is in every list from now on.
    if (tasks.filter(({ parentId }) => parentId === supervisor.id).length < ownTasks) return false;
    const count = (status: string) => tasks.filter((task) => task.status === status).length;
    if (Math.min(count("waiting"), count("queued"), count("completed")) === 0) return false;
    const running = tasks.filter((task) => task.status === "running");
    const activities = await Promise.all(running.map(({ taskId }) => activitiesOf(world, taskId)));
    return (
      activities.flat().includes("runTool") &&
      activities.filter((names) => names.includes("callModel")).length >= 2
    );
  });
}

async function activitiesOf(world: FaultWorld, taskId: string): Promise<readonly string[]> {
  const { raw } = await world.bosun.client.workflow.getHandle(taskId).describe();
  return (raw.pendingActivities ?? [])
    .filter(({ lastStartedTime }) => lastStartedTime)
    .map(({ activityType }) => activityType?.name ?? "");
}
