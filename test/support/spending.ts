// Agents that spend, for the tests of budgets.
import { setTimeout as sleep } from "node:timers/promises";
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { addUsage, noUsage, type Usage } from "../../protocol/turn.ts";
import { startCall } from "./lead-agent.ts";
import type { Rule } from "./scripted-model.ts";
import { until, type World } from "./world.ts";

/** A turn of about 125 output tokens: words, and a look at the files. */
export const spend = { text: "x", textBytes: 400, toolCalls: [{ name: "list_files" }] };

/** A supervisor that hands out one task, and says how it ended. */
export const handOut = (mark: string, input: object, agent = "researcher"): readonly Rule[] => [
  {
    when: { system: "^# supervisor", lastUser: `^go ${mark}` },
    reply: { toolCalls: [startCall(`${mark}-task`, agent, input)] },
  },
  {
    when: { system: "^# supervisor", anyUser: `go ${mark}`, lastUser: "task_ended" },
    reply: { text: "Ended: {{event:task_ended:status}}, {{event:task_ended:summary}}" },
  },
  { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
];

/** Two tasks: one holds what it was given until a word is released, the other does what the test says. */
export const holdAndSpend = (mark: string, word: string): readonly Rule[] => [
  {
    when: { system: "^# supervisor", lastUser: `^go ${mark}` },
    reply: { toolCalls: [startCall(`${mark}-task holds`), startCall(`${mark}-task spends`)] },
  },
  { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
  {
    when: { system: "^# researcher", anyUser: `${mark}-task holds` },
    reply: { text: "Held.", until: word },
  },
];

export async function waitingForBudget(supervisor: SupervisorHandle): Promise<TaskView> {
  return await until("a task that waits for its budget", async () =>
    (await supervisor.tasks()).find(({ waitingOn }) => waitingOn.includes("budget")),
  );
}

/** One whose ask was heard, and for which nothing is left. */
export async function withoutBudget(
  { bosun }: World,
  supervisor: SupervisorHandle,
): Promise<TaskView> {
  // What was told is taken in, so that no grant is on its way.
  const isAtRest = async (id: string): Promise<boolean> =>
    !(await bosun.client.workflow.getHandle(id).describe()).raw.pendingWorkflowTask;
  return await until("a task for which nothing is left", async () => {
    const { taskId } = await waitingForBudget(supervisor);
    const { turn } = await bosun.task(taskId).view();
    for (let look = 0; look < 7; look += 1) {
      await sleep(100);
      if (!(await isAtRest(supervisor.id)) || !(await isAtRest(taskId))) return undefined;
    }
    const view = await bosun.task(taskId).view();
    return view.waitingOn.join() === "budget" && view.turn === turn && view;
  });
}

export function usageOf(all: readonly { readonly usage: Usage }[]): Usage {
  return all.reduce((sum, { usage }) => addUsage(sum, usage), noUsage);
}

export const resultOf = (task: TaskView | undefined): object => ({
  status: task?.status,
  reason: task?.reason,
  summary: task?.result?.summary,
  partial: task?.result?.partial,
});
