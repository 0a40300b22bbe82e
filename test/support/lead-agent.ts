// An agent that hands its work on.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export async function addLeadAgent(workspace: string): Promise<void> {
  const folder = join(workspace, ".claude/agents");
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, "lead.md"),
    "---\nname: lead\ndescription: Leads.\ntools: Read, Task\n---\nLead.\n",
  );
}
