// An agent that hands out work, and its supervisor.
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { addAgent } from "./add-agent.ts";
import type { Rule } from "./scripted-model.ts";
import { until } from "./world.ts";

export function addLeadAgent(workspace: string): Promise<void> {
  return addAgent({ workspace }, "lead", "tools: list_files\ndelegate: true");
}

export const startCall = (description: string, agent = "researcher", more: object = {}) => ({
  name: "start_async_task",
  input: { description, subagent_type: agent, ...more },
});

/** A supervisor that starts these tasks, and acknowledges whatever else happens. */
export const delegating = (
  mark: string,
  ...calls: readonly ReturnType<typeof startCall>[]
): readonly Rule[] => [
  { when: { system: "^# supervisor", lastUser: `^go ${mark}` }, reply: { toolCalls: calls } },
  {
    when: { system: "^# supervisor", anyUser: `^go ${mark}`, lastUser: "task_ended" },
    reply: { text: "Over: {{event:task_ended:status}} {{event:task_ended:summary}}" },
  },
  { when: { system: "^# supervisor", anyUser: `^go ${mark}` }, reply: { text: "Heard." } },
];

/** Every task of the tree, once there are so many. */
export async function untilTasks(
  supervisor: SupervisorHandle,
  count: number,
): Promise<readonly TaskView[]> {
  return await until(`${count} tasks`, async () => {
    const tasks = await supervisor.tasks();
    return tasks.length === count && tasks;
  });
}

/** The tasks, once each is as it should be. */
export async function untilAll(
  supervisor: SupervisorHandle,
  what: string,
  fits: (task: TaskView) => boolean,
): Promise<readonly TaskView[]> {
  return await until(`all ${what}`, async () => {
    const tasks = await supervisor.tasks();
    return tasks.length > 0 && tasks.every(fits) && tasks;
  });
}
