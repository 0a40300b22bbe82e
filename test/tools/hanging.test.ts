// Files that would keep a reader waiting for ever.
import { execFileSync } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Bench, newBench } from "./bench.ts";

async function benchWithPipes(...names: readonly string[]): Promise<Bench> {
  const bench = await newBench({ "a.txt": "needle\n", "sub/b.txt": "needle\n" });
  for (const name of names) execFileSync("mkfifo", [join(bench.workspace, name)]);
  return bench;
}

test.each([
  ["read_file", { path: "pipe" }],
  ["write_file", { path: "pipe", content: "text" }],
  ["edit_file", { path: "pipe", old_text: "a", new_text: "b" }],
  ["search_files", { path: "pipe", pattern: "needle" }],
] as const)("%s of a pipe that nobody writes is refused at once", async (name, input) => {
  const bench = await benchWithPipes("pipe");
  expect(await bench.refused(name, input)).toContain("pipe");
  expect((await readdir(bench.workspace)).toSorted()).toEqual(["a.txt", "pipe", "sub"]);
});

test("lists and searches pass by pipes, also by one that is called .gitignore", async () => {
  const bench = await benchWithPipes("pipe", ".gitignore", "sub/.gitignore");
  await mkdir(join(bench.workspace, ".git"));
  expect(await bench.text("search_files", { pattern: "needle" })).toMatch(/^2 matches in 2 files/);
  expect(await bench.text("list_files", {})).toContain("sub/b.txt\t7");
});

test("a command that reads a pipe is stopped at the end of its time", async () => {
  const bench = await benchWithPipes("pipe");
  const text = await bench.refused("run_command", { command: "cat pipe", timeout_seconds: 1 });
  expect(text).toMatch(/^Stopped: it had not ended/);
});
