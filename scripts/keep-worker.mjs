// Runs a worker in the background, and another one when it dies.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** One that dies again and again has a cause that a new one does not cure. */
const mostReplacements = 3;
/** One that lived this long, in milliseconds, died of something else. */
const healthyMs = 300_000;
const pauseMs = 1_000;

let stopping = false;
let left = mostReplacements;
let wasReady = false;
let worker;

for (const name of ["SIGTERM", "SIGINT"]) {
  process.on(name, () => {
    stopping = true;
    worker.kill(name);
  });
}

for (;;) {
  const since = performance.now();
  const { code, signal } = await runOnce();
  if (performance.now() - since > healthyMs) left = mostReplacements;
  // What never served says why, and says the same the next time.
  if (stopping || code === 0 || !wasReady || left === 0) process.exit(code ?? 1);
  left -= 1;
  say(`The worker ended by itself (${signal ?? `exit code ${code}`}), another one takes over.`);
  await sleep(pauseMs);
  if (stopping) process.exit(1);
}

/** With a channel, so that it ends when this process does: nobody could stop it then. */
function runOnce() {
  worker = spawn(process.execPath, process.argv.slice(2), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  worker.once("message", () => (wasReady = true));
  return new Promise((resolve) => {
    worker.once("error", (error) => {
      say(`The worker cannot be started: ${error.message}`);
      resolve({ code: 1, signal: null });
    });
    worker.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

function say(text) {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}
