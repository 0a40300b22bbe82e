// A finished program, put where others look for it.
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { undoUnlessDone } from "./cleanups.mjs";

/**
 * Gives `make` a new folder beside the target, and moves the program it left there into place
 * in one step. Resolves to why that failed, or undefined.
 */
export async function placeProgram({ program, target, check }, make) {
  const home = dirname(dirname(target));
  // What a killed set-up left behind. The lock says that nobody works there now.
  for (const name of readdirSync(home)) {
    if (name.startsWith("partial-")) rmSync(join(home, name), { recursive: true, force: true });
  }
  const folder = join(home, `partial-${process.pid}`);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const done = undoUnlessDone(remove);
  try {
    mkdirSync(folder);
    const failure = await make(folder);
    if (failure) return failure;
    const made = join(folder, program);
    chmodSync(made, 0o755);
    const problem = check(made);
    if (problem) return `the program does not work: ${problem}`;
    mkdirSync(dirname(target), { recursive: true });
    renameSync(made, target);
    return undefined;
  } catch (error) {
    return error.cause?.message ?? error.message;
  } finally {
    done();
    remove();
  }
}
