// Every tool on a full disk.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { readdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { ToolOutcome } from "../../protocol/activities.ts";
import { newBench, newFolder } from "./bench.ts";

/** A disk of one megabyte, or nothing where this user may mount none. */
async function newDisk(): Promise<string | undefined> {
  const disk = join(await newFolder(), "disk");
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync("umount", ["-l", disk]));
  return disk;
}

async function fillUp(disk: string): Promise<void> {
  await writeFile(join(disk, "filler"), Buffer.alloc(2_000_000)).catch(() => undefined);
  expect((await statfs(disk)).bavail).toBe(0);
}

const commands = { sandbox: "off", env: { PATH: process.env["PATH"] ?? "" } } as const;
const unmounted = "this user may not mount a small disk";

test("the workspace is full: a write says so, and the old file is whole", async (context) => {
  const disk = await newDisk();
  if (!disk) return context.skip(unmounted);
  const bench = await newBench({ "a.txt": "old\n" }, { workspace: disk, commands });
  await fillUp(disk);
  const big = "x".repeat(100_000);
  const write = await bench.refused("write_file", { path: "a.txt", content: big });
  expect(write).toBe(
    "The disk is full, a.txt was not written. Tell the person: only they can help.",
  );
  const fresh = await bench.refused("write_file", { path: "b.txt", content: big });
  expect(fresh).toContain("The disk is full");
  const edit = { path: "a.txt", old_text: "old", new_text: big };
  expect(await bench.refused("edit_file", edit)).toContain("The disk is full");
  expect(await readFile(join(disk, "a.txt"), "utf8")).toBe("old\n");
  expect((await readdir(disk)).toSorted()).toEqual(["a.txt", "filler"]);
  const run = await bench.refused("run_command", { command: "seq 1 5000 > c.txt" });
  expect(run).toMatch(/^exit code 1 [^]*No space left on device/);
});

test("Bosun's state is full: no effect without a record, and reads go on", async (context) => {
  const disk = await newDisk();
  if (!disk) return context.skip(unmounted);
  const bench = await newBench(
    { "a.txt": `${"a".repeat(199)}\n`.repeat(200) },
    { dir: disk, commands },
  );
  await fillUp(disk);
  const refused = await Promise.all([
    bench.call("write_file", { path: "b.txt", content: "b" }),
    bench.call("edit_file", { path: "a.txt", old_text: "a", new_text: "b", replace_all: true }),
    bench.call("run_command", { command: "touch c.txt" }),
  ]);
  for (const { text, inDoubt } of refused) {
    expect(text).toMatch(/was not run and nothing was changed: Bosun could not record it first/);
    expect(text).toContain("Tell the person that this folder must be writable, with free space.");
    expect(inDoubt).toBeUndefined();
  }
  expect(await readdir(bench.workspace)).toEqual(["a.txt"]);
  expect(await bench.text("search_files", { pattern: "a", path: "a.txt" })).toMatch(
    /The whole could not be kept: The disk is full/,
  );
  // With space again the same calls go on.
  await rm(join(disk, "filler"));
  expect(await bench.text("run_command", { command: "touch c.txt" })).toContain("exit code 0");
});

test("it fills up while a command prints: the answer says that the whole is not kept", async (context) => {
  const disk = await newDisk();
  if (!disk) return context.skip(unmounted);
  const bench = await newBench({}, { dir: disk, commands });
  const outcome: ToolOutcome = await bench.call("run_command", { command: "seq 1 400000" });
  expect(outcome).toMatchObject({ isError: false });
  expect(outcome.text).toMatch(/^exit code 0 [^]*The whole could not be kept: The disk is full/);
  expect(outcome.text).toMatch(/\n400000\n$/);
  expect(await readdir(join(disk, "artifacts/root-1/output"))).toEqual([]);
});
