// What a bundle on disk was made of.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { toHash } from "../activities/to-hash.ts";
import { writeWhole } from "../activities/write-whole.ts";
import type { Bundle } from "./workflow-bundle.ts";

const recordShape = z.object({
  /** The name of the file that holds the code. */
  code: z.string(),
  sources: z.record(z.string(), z.string()),
});

/** One for each entry of each clone, so that two clones with one folder do not get in each other's way. */
export const toRecordName = (entry: string): string => `workflows-${toHash(entry).slice(0, 12)}`;

/** The path of the code. Undefined when it was never made, or one byte that it was made of has changed. */
export function findBundle(entry: string, folder: string): string | undefined {
  try {
    const text = readFileSync(join(folder, `${toRecordName(entry)}.json`), "utf8");
    const { code, sources } = recordShape.parse(JSON.parse(text));
    const isSame = ([path, print]: [string, string]): boolean => toPrint(path) === print;
    const path = join(folder, code);
    return Object.entries(sources).every(isSame) && toPrint(path) === toCodePrint(code)
      ? path
      : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the code, and the record unless a source has changed since. Returns the path of the code. */
export async function writeBundle(
  entry: string,
  folder: string,
  { code, sources }: Bundle,
  begunAt: number,
): Promise<string> {
  const name = `${toRecordName(entry)}-${toHash(code)}.js`;
  const path = join(folder, name);
  await writeWhole(path, code);
  const prints = Object.fromEntries(sources.map((source) => [source, toPrint(source)]));
  const isOld = (source: string): boolean => {
    const stat = statSync(source, { throwIfNoEntry: false });
    if (stat === undefined) return true;
    // Of a folder it only matters that it is there. What else is in it changes all the time.
    return (stat.isFile() ? stat.ctimeMs : stat.birthtimeMs) < begunAt - clockStepMs;
  };
  if (sources.every(isOld)) {
    const record = JSON.stringify({ code: name, sources: prints });
    await writeWhole(join(folder, `${toRecordName(entry)}.json`), record);
  }
  return path;
}

/** The times of files may be as coarse as two seconds. */
const clockStepMs = 2_000;

/** What lies at a path. */
function toPrint(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) return stat ? "folder" : "nothing";
  return toHash(readFileSync(path));
}

const toCodePrint = (name: string): string => name.slice(name.lastIndexOf("-") + 1, -".js".length);
