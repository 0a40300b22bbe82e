// A repository's lock between processes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "bosun-lock-"));
});
afterEach(() => rm(dir, { recursive: true }));

async function hold(rounds: number, ...dies: readonly string[]) {
  const program = join(import.meta.dirname, "lock-holder.ts");
  const args = ["--import", "tsx", program, dir, String(rounds), ...dies];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (words += text));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { words, ended: signal ?? code };
}

test("is held by one process at a time, and what killed ones held is free for one of the others", async () => {
  const ended = await Promise.all([hold(8), hold(8), hold(8), hold(8, "dies"), hold(8, "dies")]);
  expect(ended.map(({ words }) => words).join("")).toBe("");
  expect(ended.map((one) => one.ended)).toEqual([0, 0, 0, "SIGKILL", "SIGKILL"]);
  expect(await readFile(join(dir, "rounds"), "utf8")).toHaveLength(3 * 8 + 2 * 4);
  expect(await readdir(join(dir, "locks"))).toHaveLength(1);
}, 60_000);
