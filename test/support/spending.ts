// Agents that spend, for the tests of budgets.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TaskView } from "../../client/index.ts";
import { addUsage, noUsage, type Usage } from "../../protocol/turn.ts";
import type { Rule } from "./scripted-model.ts";
import type { World } from "./world.ts";

/** A turn of about 125 output tokens: words, and a look at the files. */
export const spend = { text: "x", textBytes: 400, toolCalls: [{ name: "list_files" }] };

/** A supervisor that hands out one task, and says how it ended. */
export const handOut = (mark: string, input: object, agent = "researcher"): readonly Rule[] => [
  {
    when: { system: "^# supervisor", lastUser: `^go ${mark}` },
    reply: {
      toolCalls: [
        {
          name: "start_async_task",
          input: { description: `${mark}-task`, subagent_type: agent, ...input },
        },
      ],
    },
  },
  {
    when: { system: "^# supervisor", anyUser: `go ${mark}`, lastUser: "task_ended" },
    reply: { text: "Ended: {{event:task_ended:status}}, {{event:task_ended:summary}}" },
  },
  { when: { system: "^# supervisor", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
];

/** An agent file of the workspace. */
export async function addAgent(world: World, name: string, matter: string): Promise<void> {
  const folder = join(world.workspace, ".claude/agents");
  await mkdir(folder, { recursive: true });
  const file = `---\nname: ${name}\ndescription: For tests.\n${matter}\n---\n# ${name}\n\nYou work.\n`;
  await writeFile(join(folder, `${name}.md`), file);
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
