// One installation: a state folder and the names it gives.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Env, parseEnvironment } from "../../protocol/environment.ts";
import { CommandError } from "../command-error.ts";
import { findStateFolder, openStateFolder } from "./state-folder.ts";
import { createWhole, readText } from "./state-files.ts";

export interface Installation {
  /** The state folder, absolute. */
  readonly dir: string;
  /** Is part of every queue name. */
  readonly id: string;
  /** Names the machine that holds the files. */
  readonly host: string;
  /** What to tell the person about where `dir` is. */
  readonly remark?: string;
}

/** The installation for this place, made when there is none. Throws `SettingsError` or `CommandError`. */
export function openInstallation(env: Env, cwd: string): Installation {
  const environment = parseEnvironment(env);
  const folder = openStateFolder(env, cwd);
  return {
    ...folder,
    id: ensureId(join(folder.dir, "id"), environment.installation),
    host: ensureId(join(folder.dir, "host"), environment.host),
  };
}

/** The installation for this place, when there is one. Writes nothing. */
export function findInstallation(env: Env, cwd: string): Installation | undefined {
  const environment = parseEnvironment(env);
  const dir = findStateFolder(env, cwd);
  if (dir === undefined) return undefined;
  const id = environment.installation ?? readId(join(dir, "id"));
  const host = environment.host ?? readId(join(dir, "host"));
  return id && host ? { dir, id, host } : undefined;
}

/**
 * Of several processes that ask at once, one makes the id and all read it. One given by the
 * environment is kept too, so that a shell without it finds the same installation.
 */
function ensureId(path: string, given: string | undefined): string {
  const made = given ?? randomUUID().replaceAll("-", "").slice(0, 12);
  if (readId(path) === undefined) createWhole(path, `${made}\n`);
  const id = given ?? readId(path);
  if (id !== undefined) return id;
  throw new CommandError(`${path} holds no id. Remove the file and start again.`);
}

function readId(path: string): string | undefined {
  const id = readText(path)?.trim();
  return id !== undefined && /^[A-Za-z0-9.-]{1,60}$/.test(id) ? id : undefined;
}
