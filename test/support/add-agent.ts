// An agent of a workspace's own.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { World } from "./world.ts";

/** `matter` is its front matter besides name and description. */
export async function addAgent(
  { workspace }: Pick<World, "workspace">,
  name: string,
  matter: string,
): Promise<void> {
  const folder = join(workspace, ".claude/agents");
  await mkdir(folder, { recursive: true });
  const file = `---\nname: ${name}\ndescription: For tests.\n${matter}\n---\n# ${name}\n\nYou work.\n`;
  await writeFile(join(folder, `${name}.md`), file);
}
