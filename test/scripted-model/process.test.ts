// The scripted model as a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";

test("prints its address as one line of JSON, journals to a file and exits 0 on SIGTERM", async () => {
  const journal = join(tmpdir(), `scripted-model-${process.pid}.jsonl`);
  const args = [
    "--import",
    "tsx",
    "scripted-model/main.ts",
    "--pace-ms",
    "0",
    "--journal",
    journal,
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const { url, pid } = JSON.parse(line) as { url: string; pid: number };
  expect(pid).toBe(child.pid);
  const init = {
    method: "POST",
    headers: { "x-api-key": "a", "anthropic-version": "2026-10-21" },
    body: "{}",
  };
  expect((await fetch(`${url}/v1/messages`, init)).status).toBe(400);
  await fetch(`${url}/control/faults`, { method: "POST", body: '{"fault":{"type":"no_answer"}}' });
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(JSON.parse(await readFile(journal, "utf8"))).toMatchObject({
    n: 1,
    outcome: { status: 400 },
  });
  await rm(journal);
});
