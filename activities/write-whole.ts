// A file written whole or not at all.
import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Left behind only by a kill in the middle of a write. Lists skip it. */
export const leftoverGlob = ".bosun-*.tmp";

/** Puts the content on disk beside its place, then moves it there by `place`. */
export async function writeWhole(
  path: string,
  content: string,
  { mode, place = rename }: { mode?: number; place?: typeof rename } = {},
): Promise<void> {
  const temporary = join(dirname(path), `.bosun-${randomBytes(6).toString("hex")}.tmp`);
  try {
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(content);
      if (mode !== undefined) await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await place(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
