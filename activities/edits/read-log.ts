// Which files a task has read and written.
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { toFileName } from "../file-name.ts";
import { readJson } from "../read-json.ts";
import { toHash } from "../to-hash.ts";
import { inTurn } from "./worktree-record.ts";

/** More paths of a task are not followed. */
const maxPaths = 500;
/** Larger files are told by size and time alone. */
const maxHashed = 10_000_000;

const printShape = z.object({ size: z.number(), mtime: z.number(), hash: z.string() });
const logShape = z.object({
  reads: z.record(z.string(), printShape.nullable()),
  writes: z.array(z.string()),
});
type Print = z.infer<typeof printShape>;
type Log = z.infer<typeof logShape>;

/** A file as it is. Nothing when there is none that can be read. */
async function toPrint(real: string): Promise<Print | null> {
  try {
    const stats = await stat(real);
    // A pipe would be waited for.
    if (!stats.isFile()) return null;
    const { size, mtimeMs } = stats;
    const hash = size > maxHashed ? "" : toHash(await readFile(real)).slice(0, 16);
    return { size, mtime: mtimeMs, hash };
  } catch {
    return null;
  }
}

function toFile(dir: string, taskId: string): string {
  return join(dir, "reads", `${toFileName(taskId)}.json`);
}

async function readLog(dir: string, taskId: string): Promise<Log> {
  // Lost, it says that nothing is stale, never that something is.
  return (await readJson(toFile(dir, taskId), logShape)) ?? { reads: {}, writes: [] };
}

async function writeLog(dir: string, taskId: string, log: Log): Promise<void> {
  const file = toFile(dir, taskId);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, JSON.stringify(log));
  await rename(`${file}.new`, file);
}

export interface Seen {
  /** As the task names it. */
  readonly shown: string;
  readonly real: string;
}

/** The files of one task that are followed. Nothing here may fail a tool. */
export interface ReadLog {
  read(file: Seen): Promise<void>;
  wrote(file: Seen): Promise<void>;
  /** Runs what may change any file. What it changed of the files read, the task changed itself. */
  around<Result>(root: string, work: () => Promise<Result>): Promise<Result>;
}

export const noReadLog: ReadLog = {
  read: async () => undefined,
  wrote: async () => undefined,
  around: (_root, work) => work(),
};

async function follow(log: Log, { shown, real }: Seen): Promise<Log> {
  const known = Object.hasOwn(log.reads, shown) || Object.keys(log.reads).length < maxPaths;
  return known ? { ...log, reads: { ...log.reads, [shown]: await toPrint(real) } } : log;
}

export function openReadLog(dir: string, taskId: string): ReadLog {
  const change = (to: (log: Log) => Promise<Log>): Promise<void> =>
    inTurn(toFile(dir, taskId), async () => {
      await writeLog(dir, taskId, await to(await readLog(dir, taskId)));
    }).catch(() => undefined);
  return {
    read: (file) => change((log) => follow(log, file)),
    wrote: (file) =>
      change(async (log) => {
        const writes = [...new Set([...log.writes, file.shown])].slice(0, maxPaths);
        return { ...(await follow(log, file)), writes };
      }),
    around: async (root, work) => {
      const before = await findChanged(dir, taskId, root);
      try {
        return await work();
      } finally {
        await change(async (log) => {
          const foreign = new Set(before);
          const own = (await findChanged(dir, taskId, root)).filter((path) => !foreign.has(path));
          const reads = { ...log.reads };
          for (const path of own) reads[path] = await toPrint(join(root, path));
          return { ...log, reads };
        });
      }
    },
  };
}

/** Followed files below a folder that are not as the task last saw or left them. */
export async function findChanged(
  dir: string,
  taskId: string,
  root: string,
): Promise<readonly string[]> {
  const { reads } = await readLog(dir, taskId);
  const changed = await Promise.all(
    Object.entries(reads).map(async ([path, print]) => {
      const isSame = await isAsPrinted(join(root, path), print);
      return isSame ? [] : [path];
    }),
  );
  return changed.flat();
}

async function isAsPrinted(real: string, print: Print | null): Promise<boolean> {
  const stats = await stat(real).catch(() => undefined);
  if (!stats || !print) return !stats && !print;
  if (stats.size !== print.size) return false;
  if (stats.mtimeMs === print.mtime) return true;
  return print.hash !== "" && (await toPrint(real))?.hash === print.hash;
}

export async function readReads(dir: string, taskId: string): Promise<readonly string[]> {
  return Object.keys((await readLog(dir, taskId)).reads);
}

export async function readWrites(dir: string, taskId: string): Promise<readonly string[]> {
  return (await readLog(dir, taskId)).writes;
}
