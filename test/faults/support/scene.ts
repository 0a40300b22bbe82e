// A supervisor whose tasks stand in every phase at once.
import type { SupervisorHandle, TaskView } from "../../../client/index.ts";
import type { Rule } from "../../support/scripted-model.ts";
import type { FaultWorld } from "./fault-world.ts";
import { until } from "./until.ts";

/** Tasks of the supervisor, by what they are doing when the fault comes. */
const parts = {
  quick: 2,
  streaming: 3,
  searching: 2,
  lead: 2,
  queued: 3,
} as const;
type Part = keyof typeof parts;

/** Those of the supervisor, and one more below each lead. */
export const sceneTasks = Object.values(parts).reduce((sum, count) => sum + count, 0) + parts.lead;

/** How many may run at once, so that some are queued. */
export const sceneEnv = { BOSUN_MAX_RUNNING: "5" };

export interface Scene {
  readonly mark: string;
  readonly supervisor: SupervisorHandle;
}

/** A search of this takes seconds. */
const slowSearch = {
  name: "search_files",
  input: { pattern: "(a*b*c*)*(ab|bc|ca)*x(a|b|c)*y", path: "heap" },
};

const startCall = (description: string, agent: string) => ({
  name: "start_async_task",
  input: { description, subagent_type: agent },
});

/** How long a streamed answer takes. */
const streamMs = 2_000;

function rulesOf(mark: string): readonly Rule[] {
  const calls = Object.entries(parts).flatMap(([part, count]) =>
    Array.from({ length: count }, (_, index) =>
      startCall(`${mark} ${part} ${index}`, part === "lead" ? "lead" : "researcher"),
    ),
  );
  const part = (name: Part | "leaf") => ({
    system: name === "lead" ? "^# lead" : "^# researcher",
    anyUser: `^${mark} ${name} `,
  });
  return [
    { when: { lastUser: `^go ${mark}$` }, reply: { toolCalls: calls } },
    { when: { system: "^# supervisor", lastUser: `^ask ${mark}` }, reply: { text: "Answered." } },
    { when: { system: "^# supervisor", anyUser: `^go ${mark}$` }, reply: { text: "Heard." } },
    { when: part("quick"), reply: { text: "Done at once." } },
    {
      when: { ...part("streaming"), maxAssistantTurns: 2 },
      reply: { text: "Still at it.", toolCalls: [{ name: "list_files" }], delayMs: streamMs },
    },
    { when: part("streaming"), reply: { text: "Streamed.", delayMs: streamMs } },
    {
      when: { ...part("searching"), maxAssistantTurns: 1 },
      reply: { toolCalls: [slowSearch] },
    },
    { when: part("searching"), reply: { text: "Searched." } },
    {
      when: { system: "^# lead", lastUser: `^${mark} (lead \\d+)` },
      reply: { toolCalls: [startCall(`${mark} leaf of {{match:1}}`, "researcher")] },
    },
    { when: part("lead"), reply: { text: "Handed on." } },
    {
      when: { ...part("leaf"), maxAssistantTurns: 2 },
      reply: { toolCalls: [{ name: "list_files" }], delayMs: streamMs },
    },
    { when: part("leaf"), reply: { text: "Leaf done." } },
    {
      when: { ...part("queued"), maxAssistantTurns: 0 },
      reply: { toolCalls: [{ name: "list_files" }], delayMs: 300 },
    },
    { when: part("queued"), reply: { text: "Its turn came." } },
  ];
}

/** Resolves when tasks stream, run tools, wait, are queued and have just ended, all at once. */
export async function openScene(world: FaultWorld, mark: string): Promise<Scene> {
  await world.model.script(mark, rulesOf(mark));
  const supervisor = await world.start(`go ${mark}`);
  await untilBusy(world, supervisor);
  return { mark, supervisor };
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
