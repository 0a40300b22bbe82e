// A process that takes a repository's lock again and again.
import { appendFile, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withRepository } from "../../activities/edits/apply-lock.ts";
import { isAlive, markOf, markShape } from "../../activities/commands/processes.ts";

const [dir = "", rounds = "", dies = ""] = process.argv.slice(2);
const held = join(dir, "held");
const { signal } = new AbortController();

/** What a killed holder left is nobody's. */
async function holdAlone(): Promise<void> {
  const left = await readFile(held, "utf8").catch(() => undefined);
  if (left !== undefined && !isAlive(markShape.parse(JSON.parse(left)))) await rm(held);
  const file = await open(held, "wx");
  await file.writeFile(JSON.stringify(markOf(process.pid)));
  await file.close();
}

for (let round = 0; round < Number(rounds); round += 1) {
  await withRepository(dir, "/repository", signal, async () => {
    await holdAlone();
    await appendFile(join(dir, "rounds"), ".");
    if (dies === "dies" && round === 3) process.kill(process.pid, "SIGKILL");
    await sleep(2);
    await rm(held);
  });
}
