// The scripted model as a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";

test("prints its address as one line of JSON and exits 0 on SIGTERM", async () => {
  const args = ["--import", "tsx", "scripted-model/main.ts", "--pace-ms", "0"];
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
});
