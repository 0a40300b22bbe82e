// A child process that never outlives the set-up.
import { spawn } from "node:child_process";
import { undoUnlessDone } from "./cleanups.mjs";

/**
 * Runs a command to its end and resolves to its exit code. It has a process group of its own,
 * which is ended with this process. `onLine` takes what it writes, else it goes to stderr.
 */
export function runChild(command, args, { cwd, env = process.env, onLine } = {}) {
  const out = onLine ? "pipe" : 2;
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ["ignore", out, out] });
  const done = undoUnlessDone(() => killGroup(child.pid));
  if (onLine) for (const stream of [child.stdout, child.stderr]) eachLine(stream, onLine);
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      done();
      reject(error);
    });
    child.on("close", (code) => {
      done();
      resolve(code ?? 1);
    });
  });
}

function killGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

function eachLine(stream, onLine) {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    lines.forEach(onLine);
  });
  stream.on("end", () => rest && onLine(rest));
}
