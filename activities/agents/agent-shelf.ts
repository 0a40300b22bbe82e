// The agent files there are, good or not.
import { constants, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import { supervisorAgent } from "../../protocol/agent.ts";
import { type AgentFile, parseAgentFile } from "./agent-file.ts";
import { AgentProblem } from "./front-matter.ts";
import { toHash } from "../to-hash.ts";
import { toCode } from "../tool-problem.ts";

export interface AgentShelf {
  /** By name. A file that is no agent goes by its file name. */
  readonly agents: ReadonlyMap<string, AgentFile | AgentProblem>;
  readonly warnings: readonly string[];
}

/** The same files are read for every task, and parsing takes longer than reading: what was parsed is kept. */
export type ParsedFiles = LRUCache<string, AgentFile>;
export const keepParsedFiles = (): ParsedFiles => new LRUCache({ max: 1_000, maxSize: 20_000_000 });

const maxFileBytes = 200_000;
const maxFiles = 200;
const workspaceFolder = ".claude/agents";

/** The workspace's agents come before the built-in ones, save for the supervisor. */
export async function readShelf(
  workspace: string,
  builtinDir: string,
  parsed: ParsedFiles,
): Promise<AgentShelf> {
  const agents = new Map<string, AgentFile | AgentProblem>();
  const warnings: string[] = [];
  for (const file of await readFolder(join(workspace, workspaceFolder), workspaceFolder, parsed)) {
    if (file.name === supervisorAgent) {
      warnings.push(`${file.file}:1: is left out: the supervisor is always Bosun's own.`);
    } else if (agents.has(file.name)) {
      warnings.push(`${file.file}:1: is left out: another file has the name ${file.name}.`);
    } else {
      agents.set(file.name, file.agent);
    }
  }
  for (const { name, agent } of await readFolder(builtinDir, "agents", parsed)) {
    if (!agents.has(name)) agents.set(name, agent);
  }
  return { agents, warnings };
}

interface Found {
  readonly file: string;
  readonly name: string;
  readonly agent: AgentFile | AgentProblem;
}

async function readFolder(folder: string, shown: string, parsed: ParsedFiles): Promise<Found[]> {
  const names = (await readNames(folder, shown)).filter((name) => name.endsWith(".md"));
  const found: Found[] = [];
  for (const name of names.toSorted().slice(0, maxFiles)) {
    const file = `${shown}/${name}`;
    const agent = await readAgent(join(folder, name), file, parsed);
    found.push({
      file,
      name: agent instanceof AgentProblem ? name.slice(0, -3) : agent.name,
      agent,
    });
  }
  return found;
}

async function readNames(folder: string, shown: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = toCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw new AgentProblem(`${shown}: the folder cannot be read (${code}). Make it readable.`);
  }
}

async function readAgent(
  path: string,
  file: string,
  parsed: ParsedFiles,
): Promise<AgentFile | AgentProblem> {
  try {
    const data = await readBounded(path, file);
    const key = `${file} ${toHash(data)}`;
    const agent = parsed.get(key) ?? parseAgentFile(file, data);
    parsed.set(key, agent, { size: data.length + 1_000 });
    return agent;
  } catch (error) {
    if (error instanceof AgentProblem) return error;
    const why = toCode(error) ?? String(error);
    return new AgentProblem(`${file}:1: the file cannot be read (${why}). Mend or remove it.`);
  }
}

async function readBounded(path: string, file: string): Promise<Uint8Array> {
  // A pipe that nobody writes would keep one of the process's few file threads for ever.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile() && !stats.isDirectory())
      throw new AgentProblem(`${file}:1: it is no regular file. Remove it.`);
    const { size } = stats;
    if (size <= maxFileBytes) return await handle.readFile();
    throw new AgentProblem(
      `${file}:1: the file has ${size} bytes, and ${maxFileBytes} is the most. Shorten it.`,
    );
  } finally {
    await handle.close();
  }
}
