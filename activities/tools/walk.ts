// The files of a folder, without what git ignores.
import { readdir, stat } from "node:fs/promises";
import { relative } from "node:path";
import { convertPathToPattern, globbyStream } from "globby";
import { leftoverGlob } from "../write-whole.ts";
import { toPathTest } from "./glob.ts";
import { artifactsName, isInside, isPrivate, type Jail, type Place } from "./jail.ts";
import { toMissing } from "./near-names.ts";
import { toCode, ToolProblem } from "../tool-problem.ts";

export interface WalkedFile {
  readonly shown: string;
  readonly real: string;
  readonly bytes: number;
}
export interface Walk {
  /** Sorted by path. */
  readonly files: readonly WalkedFile[];
  /** What a reader should know of what is not among them. */
  readonly notes: readonly string[];
}

const maxFiles = 50_000;

/** Links are neither followed nor listed. */
export async function walk(
  jail: Jail,
  folder: Place,
  glob: string | undefined,
  signal: AbortSignal,
): Promise<Walk> {
  const matches = toPathTest(glob);
  if (!(await isFolder(folder))) return { files: [], notes: [] };
  const prefix = folder.shown === "." ? "" : `${folder.shown}/`;
  const files: WalkedFile[] = [];
  let seen = 0;
  for await (const { path, stats } of stream(jail, folder)) {
    signal.throwIfAborted();
    seen += 1;
    if (seen > maxFiles) break;
    const real = `${folder.root === "/" ? "" : folder.root}/${path}`;
    const inner = relative(folder.real, real);
    if (isPrivate(path) || !matches(inner)) continue;
    files.push({ shown: prefix + inner, real, bytes: stats?.size ?? 0 });
  }
  const notes = await toNotes(folder, seen);
  return { files: files.toSorted((a, b) => (a.shown < b.shown ? -1 : 1)), notes };
}

/** From the root on down, for a folder is ignored by what stands above it. */
function stream(jail: Jail, folder: Place) {
  const from = relative(folder.root, folder.real);
  const own = relative(folder.root, jail.dir);
  return globbyStream(from === "" ? "**/*" : `${convertPathToPattern(from)}/**/*`, {
    cwd: folder.root,
    // Bosun's state ignores itself in git, artifacts included.
    gitignore: !folder.inArtifacts,
    ignore: [
      "**/.git",
      "**/.bosun",
      `**/${leftoverGlob}`,
      ...(folder.inArtifacts ? [] : [artifactsName]),
      ...(isInside(folder.root, jail.dir) && own !== "" ? [convertPathToPattern(own)] : []),
    ],
    followSymbolicLinks: false,
    expandDirectories: false,
    suppressErrors: true,
    objectMode: true,
    stats: true,
    dot: true,
  }) as AsyncIterable<{ path: string; stats?: { size: number } }>;
}

/** False only for artifacts that do not exist yet. */
async function isFolder(folder: Place): Promise<boolean> {
  try {
    const stats = await stat(folder.real);
    if (stats.isDirectory()) return true;
    throw new ToolProblem(`${folder.shown} is a file of ${stats.size} bytes. Use read_file.`);
  } catch (error) {
    if (toCode(error) !== "ENOENT") throw error;
    if (folder.shown === artifactsName) return false;
    throw await toMissing(folder);
  }
}

async function toNotes(folder: Place, seen: number): Promise<string[]> {
  if (seen > maxFiles) return [`[stopped after ${maxFiles} files: name a narrower path]`];
  if (seen > 0 || folder.inArtifacts || (await readdir(folder.real)).length === 0) return [];
  return [
    "[what is here is ignored, private, a link or empty: read_file reads an ignored file by its path]",
  ];
}
