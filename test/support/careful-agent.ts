// An agent whose writes a person approves.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TaskHandle } from "../../client/index.ts";
import { addAgent } from "./add-agent.ts";
import type { World } from "./world.ts";

export function addCarefulAgent(workspace: string): Promise<void> {
  const tools = "tools: list_files, write_file, ask_human\napprove: write_file";
  return addAgent({ workspace }, "careful", tools);
}

/** The results of the first answer, as the task's model saw them. */
export async function resultsOf(task: TaskHandle): Promise<readonly string[]> {
  const { messages } = await task.transcript();
  const answered = messages.find(({ content }) => content[0]?.type === "tool_result");
  return (answered?.content ?? []).flatMap((block) =>
    block.type === "tool_result" ? [JSON.stringify(block.content)] : [],
  );
}

export async function exists(where: World, path: string): Promise<boolean> {
  return existsSync(join(where.workspace, path));
}
