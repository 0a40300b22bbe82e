// An agent whose writes a person approves.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TaskHandle } from "../../client/index.ts";
import type { World } from "./world.ts";

const file = `---
name: careful
description: Writes only what a person approved.
tools: list_files, write_file, ask_human
approve: write_file
---
# careful

You write files.
`;

export async function addCarefulAgent(workspace: string): Promise<void> {
  const folder = join(workspace, ".claude/agents");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "careful.md"), file);
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
  return await readFile(join(where.workspace, path)).then(
    () => true,
    () => false,
  );
}
