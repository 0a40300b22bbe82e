// A world whose workspace is a git repository.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { SupervisorHandle, TaskView } from "../../client/index.ts";
import { fill } from "../tools/bench.ts";
import { newRepository } from "../tools/repository.ts";
import type { Rule } from "./scripted-model.ts";
import { openWorld, until, untilReply, type World } from "./world.ts";

const agent = (name: string, matter: string) =>
  `---\nname: ${name}\ndescription: Changes files.\n${matter}\n---\n# ${name}\n\nYou change files.\n`;

const tools = "tools: list_files, read_file, write_file, edit_file";

/** `plain` works in the workspace, `apart` in a worktree, `runner` may run commands, too. */
export const agents = {
  ".claude/agents/plain.md": agent("plain", tools),
  ".claude/agents/apart.md": agent("apart", `${tools}\nisolation: worktree`),
  ".claude/agents/runner.md": agent("runner", `${tools}, run_command`),
  ".claude/agents/chief.md": agent("chief", `${tools}, apply_diff\ndelegate: true`),
};

export async function openIsolatedWorld(
  options: Parameters<typeof openWorld>[0] & { readonly git?: false } = {},
): Promise<World> {
  const world = await openWorld(options);
  if (options.git === false) await fill(world.workspace, agents);
  else await newRepository(world.workspace, agents);
  return world;
}

/** The folders of worktrees that are there now. */
export function worktreesOf(world: World): readonly string[] {
  const folder = join(world.dir, ".bosun/worktrees");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => /^[\w-]+\.[0-9a-f]{6}$/.test(name));
}

export interface Begun {
  readonly supervisor: SupervisorHandle;
  readonly task: TaskView;
}

/** A supervisor that starts one task with these arguments, which then does as its rules say. */
export async function beginTask(
  world: World,
  mark: string,
  input: {
    readonly subagent_type: string;
    readonly isolation?: string;
    readonly scope?: readonly string[];
  },
  rules: readonly Rule[],
  more: readonly Rule[] = [],
): Promise<Begun> {
  const start = { name: "start_async_task", input: { description: `${mark}-task`, ...input } };
  await world.model.script(mark, [
    {
      when: { system: "^# (supervisor|chief)", lastUser: `^go ${mark}` },
      reply: { toolCalls: [start] },
    },
    ...more,
    { when: { system: "^# (supervisor|chief)", anyUser: `go ${mark}` }, reply: { text: "Heard." } },
    ...rules.map((rule) => ({ ...rule, when: { anyUser: `${mark}-task`, ...rule.when } })),
  ]);
  const { supervisor } = await world.bosun.start({
    workspace: world.workspace,
    agent: "chief",
    message: `go ${mark}`,
  });
  await untilReply(supervisor, "Heard");
  const [task] = await until("the task", async () => {
    const tasks = await supervisor.tasks();
    return tasks.length > 0 && tasks;
  });
  return { supervisor, task: task! };
}

/** The task once it has ended. */
export function untilEnded({ supervisor, task }: Begun): Promise<TaskView> {
  return supervisor.task(task.taskId).ended();
}
