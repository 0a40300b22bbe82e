// An agent whose writes a person approves, and that may ask.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

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
