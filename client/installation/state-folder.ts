// Where the state of an installation lies.
import { createHash } from "node:crypto";
import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Env } from "../../protocol/environment.ts";
import { CommandError, reason } from "../command-error.ts";
import { createWhole } from "./state-files.ts";

interface StateFolder {
  readonly dir: string;
  /** Set when `dir` is not where a person would look for it. */
  readonly remark?: string;
}

/** The folder that is there: BOSUN_DIR, else the nearest .bosun upwards. */
export function findStateFolder(env: Env, cwd: string): string | undefined {
  const said = env["BOSUN_DIR"]?.trim();
  if (said) return isFolder(resolve(cwd, said)) ? resolve(cwd, said) : undefined;
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = [join(folder, ".bosun"), standIn(env, folder) ?? ""].find(isOurs);
    if (found !== undefined) return found;
    if (dirname(folder) === folder) return undefined;
  }
}

/** The folder that is there, else a new one: BOSUN_DIR, ./.bosun, or one in the person's home. */
export function openStateFolder(env: Env, cwd: string): StateFolder {
  const found = findStateFolder(env, cwd);
  if (found !== undefined && isWritable(found)) return prepare(found);
  const said = env["BOSUN_DIR"]?.trim();
  if (said) return prepare(resolve(cwd, said));
  if (found === undefined && isWritable(cwd)) return prepare(join(resolve(cwd), ".bosun"));
  const dir = standIn(env, resolve(cwd));
  if (dir === undefined) throw new CommandError(homeless(cwd));
  return {
    ...prepare(dir),
    remark: `${cwd} cannot be written, so Bosun keeps its state in ${dir}`,
  };
}

/** State of a folder that cannot be written, kept per person. */
function standIn(env: Env, folder: string): string | undefined {
  const home = env["HOME"] || homeOfUser();
  const said = env["XDG_STATE_HOME"];
  const base = said && isAbsolute(said) ? said : home && join(home, ".local", "state");
  const key = createHash("sha256").update(folder).digest("hex").slice(0, 12);
  return base && join(base, "bosun", key);
}

/** In a container a user may have no entry anywhere. */
function homeOfUser(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}

function homeless(cwd: string): string {
  return `${cwd} cannot be written, and there is no home in which to keep its state. Set BOSUN_DIR to a folder that can be written.`;
}

function prepare(dir: string): StateFolder {
  try {
    // Conversations lie here: for this person only.
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    for (const folder of ["logs", "users", "lock"])
      mkdirSync(join(dir, folder), { recursive: true });
    createWhole(join(dir, ".gitignore"), "*\n");
    return { dir };
  } catch (error) {
    throw new CommandError(
      `The state folder ${dir} cannot be written: ${reason(error)}. Set BOSUN_DIR to a folder that can.`,
    );
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** A folder somebody else put above ours, say in /tmp, could name a server of theirs. */
function isOurs(path: string): boolean {
  const uid = process.getuid?.();
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return false;
  return uid === undefined || uid === 0 || stat.uid === uid;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
