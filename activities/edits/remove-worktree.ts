// A worktree removed, once its diff is safe.
import { chmod, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Git } from "./git.ts";

/** The folder with all in it, and what git noted of it. Leftovers that cannot be removed are left. */
export async function removeFolder(git: Git, top: string, path: string): Promise<void> {
  await removeAll(path).catch(() => undefined);
  await rm(`${path}.index`, { force: true });
  // Git forgets a worktree that is gone by itself, too, after some months.
  await git
    .try(["worktree", "remove", "--force", "--force", path], { cwd: top })
    .catch(() => undefined);
}

async function removeAll(path: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3 };
  try {
    await rm(path, options);
  } catch {
    await unlock(path);
    await rm(path, options);
  }
}

/** Some tools leave folders that nobody may write to. */
async function unlock(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await unlock(join(folder, entry.name));
  }
}
