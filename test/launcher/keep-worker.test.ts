// What keeps a worker in the background, with programs that stand for one.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { nodeArguments, root } from "../../client/installation/clone.ts";
import { markOf } from "../../client/installation/processes.ts";
import { untilGone } from "./place.ts";

const ready = 'process.send("ready")';

function keep(program: string, options: readonly string[] = []) {
  const script = join(root, "scripts", "keep-worker.mjs");
  const child = spawn(process.execPath, [script, ...options, "-e", program], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = text(child.stderr);
  const ended = once(child, "exit").then(async (exit) => ({
    code: exit[0] as number,
    said: await said,
  }));
  return { child, ended };
}

test("what never served is not tried again", async () => {
  expect(await keep("process.exit(3)").ended).toEqual({ code: 3, said: "" });
});

test("what dies again and again is given up after three more", async () => {
  const { ended } = keep(`process.send("ready", () => process.exit(1))`);
  const { code, said } = await ended;
  expect(code).toBe(1);
  const line = /^\S+Z The worker ended by itself \(exit code 1\), another one takes over\.$/;
  const lines = said.trim().split("\n");
  expect(lines).toEqual([1, 2, 3].map(() => expect.stringMatching(line)));
});

test("what ends when it is asked to is not replaced, and its end is passed on", async () => {
  const graceful = `process.on("SIGTERM", () => process.exit(0)); console.log("up"); setInterval(() => {}, 1e6); ${ready}`;
  const { child, ended } = keep(graceful);
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  expect(await ended).toEqual({ code: 0, said: "" });
});

const [, loader = ""] = nodeArguments("");
const program = `const { endWithParent } = await import("${new URL("../../workers/end-with-parent.ts", import.meta.url).href}");
const until = async (isSo) => { while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10)); };
setInterval(() => {}, 1e6);`;

test.each([
  { name: "serves", does: "endWithParent(); console.log(process.pid);" },
  {
    name: "is still starting",
    does: "console.log(process.pid); await until(() => !process.connected); endWithParent();",
  },
])("a worker that $name ends when what keeps it is killed", async ({ does }) => {
  const options = ["--input-type=module", "--import", loader];
  const { child } = keep(`${program}\n${does}`, options);
  const [pid] = await once(child.stdout, "data");
  const worker = markOf(Number(pid));
  expect(worker).toMatchObject({ pid: Number(pid) });
  child.kill("SIGKILL");
  await untilGone(worker);
});
