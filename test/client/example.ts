// A program that uses Bosun, and checks itself.
import assert from "node:assert/strict";
import { connectHere } from "../../client/index.ts";

const bosun = await connectHere(process.env, process.cwd());
const { supervisor } = await bosun.start({ workspace: process.cwd() });

// A message and the reply that answers it.
const reply = await supervisor.ask(
  "delegate: Structure: list every file and say how many there are.",
);
console.log(reply);

// The task it started, as it is now. No worker is asked for that.
const [view] = await untilSome(() => supervisor.tasks());
assert.ok(view);
console.log(`${view.taskId}: ${view.status}`);

// Its end, and what it left.
const ended = await supervisor.task(view.taskId).ended();
assert.equal(ended.status, "completed");
assert.ok(ended.result?.summary);
console.log(ended.result.summary.split("\n")[0]);

await supervisor.end();
await bosun.close();

/** The list of tasks lags behind by a moment. */
async function untilSome<T>(read: () => Promise<readonly T[]>): Promise<readonly T[]> {
  for (;;) {
    const found = await read();
    if (found.length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
