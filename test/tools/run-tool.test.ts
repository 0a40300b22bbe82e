// runTool: heartbeats, cancellation, host, output cap.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { ActivityCancellationDetails } from "@temporalio/common";
import { expect, test } from "vitest";
import { capOutput, outputCap } from "../../activities/tools/cap-output.ts";
import { inActivity, newBench, newEnvironment } from "./bench.ts";
import { readAll } from "./page.ts";

test("a workspace of another host is refused in words", async () => {
  const bench = await newBench({ "a.txt": "a" });
  const workspace = { host: "elsewhere", path: bench.workspace, writable: true, git: false };
  const outcome = await bench.call("read_file", { path: "a.txt" }, { workspace });
  expect(outcome.isError).toBe(true);
  expect(outcome.text).toContain("on host elsewhere, this worker is on here");
});

test("a tool that the workflow does itself is refused", async () => {
  const bench = await newBench();
  expect(await bench.refused("list_async_tasks", {})).toContain("no tool that works on files");
});

test("a call beats while it runs, and one that ends at once only when others may have made it since", async () => {
  const bench = await newBench({ "a.txt": "a" });
  const beatsOf = async (
    tool: "read_file" | "run_command",
    given: object,
    age = 0,
  ): Promise<number> => {
    const environment = newEnvironment("test", Date.now() - age);
    let beats = 0;
    environment.on("heartbeat", () => (beats += 1));
    await inActivity(bench.runTool, bench.input(tool, given), environment);
    return beats;
  };
  expect(await beatsOf("run_command", { command: "sleep 1.2" })).toBeGreaterThan(0);
  expect(await beatsOf("read_file", { path: "a.txt" })).toBe(0);
  // Where it was given up meanwhile, the answer to the beat says so.
  expect(await beatsOf("read_file", { path: "a.txt" }, 60_000)).toBe(1);
});

test.each(["read_file", "write_file"] as const)(
  "%s that was cancelled before it began does nothing and stays a cancellation",
  async (name) => {
    const bench = await newBench({ "a.txt": "a" });
    const environment = newEnvironment();
    environment.cancel();
    const input = name === "read_file" ? { path: "a.txt" } : { path: "a.txt", content: "b" };
    const running = inActivity(bench.runTool, bench.input(name, input), environment);
    await expect(running).rejects.toThrow("CANCELLED");
    expect(await bench.content("a.txt")).toBe("a");
  },
);

test("a worker that shuts down before the effect leaves the call to the next attempt", async () => {
  const bench = await newBench();
  const input = bench.input("write_file", { path: "a.txt", content: "b" });
  const stopping = newEnvironment();
  stopping.cancel("WORKER_SHUTDOWN", new ActivityCancellationDetails({ workerShutdown: true }));
  await expect(inActivity(bench.runTool, input, stopping)).rejects.toThrow("WORKER_SHUTDOWN");
  const next = await inActivity(bench.runTool, input);
  expect(next).toMatchObject({ isError: false, text: expect.stringContaining("created") });
});

test("a write that has begun is finished although it is cancelled", async () => {
  const bench = await newBench();
  const input = bench.input("write_file", { path: "a.txt", content: "b" });
  const environment = newEnvironment();
  const running = inActivity(bench.runTool, input, environment);
  const record = join(bench.dir, "journal/test", `${input.toolUseId}.json`);
  // Seen at once: between the record and the effect lie several turns of the event loop.
  while (!existsSync(record)) await setImmediate();
  environment.cancel();
  expect(await running).toMatchObject({ isError: false });
  expect(await bench.content("a.txt")).toBe("b");
});

test("long output keeps its ends, and the whole can be read", async () => {
  const lines = Array.from({ length: 200 }, (_, at) => `needle ${at} ${"é".repeat(200)}`);
  const bench = await newBench({ "a.txt": `${lines.join("\n")}\n` });
  const outcome = await bench.call("search_files", { pattern: "needle" });
  expect(Buffer.byteLength(outcome.text)).toBeLessThanOrEqual(outputCap);
  expect(outcome.text).toMatch(/^200 matches in 1 files/);
  expect(outcome.text).toContain("needle 199");
  const [, path] = /All of it is in (\S+): use read_file/.exec(outcome.text) ?? [];
  expect(path).toBe("artifacts/output/toolu_1.txt");
  expect(outcome.artifacts).toEqual([]);
  expect(await readAll(bench, path ?? "")).toMatchObject({ lines: 201 });
});

test("long output that cannot be kept says so and is shown in part", async () => {
  const bench = await newBench({ "a.txt": `${"needle".repeat(40)}\n`.repeat(150) });
  await writeFile(join(bench.dir, "artifacts"), "a file in the way");
  const text = await bench.text("search_files", { pattern: "needle" });
  expect(text).toMatch(/bytes are left out here\. The whole could not be kept: /);
});

test("the cap never splits a character, whatever the output", async () => {
  for (const unit of ["é", "€", "😀", "ab\n"]) {
    for (const shift of ["", "x", "xx", "xxx"]) {
      const text = shift + unit.repeat(20_000);
      const cut = await capOutput(text, async () => "Kept.");
      expect(cut).not.toContain("\uFFFD");
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(outputCap);
      const [, bytes] = /\[… (\d+) bytes are left out here\. Kept\.\]/.exec(cut) ?? [];
      const shown = cut.replace(/\n\[….*\]\n/, "");
      expect(Number(bytes) + Buffer.byteLength(shown)).toBe(Buffer.byteLength(text));
    }
  }
});
