// One set-up at a time.
import { spawnSync } from "node:child_process";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./cache.mjs";
import { undoUnlessDone } from "./cleanups.mjs";
import { showProgress } from "./progress.mjs";

/** Runs `work` while no other process runs one under the same name. */
export async function withSetUpLock(name, work) {
  const file = join(cacheFolder(), `${name}.lock`);
  await take(file);
  const done = undoUnlessDone(() => rmSync(file, { force: true }));
  try {
    return await work();
  } finally {
    done();
    rmSync(file, { force: true });
  }
}

async function take(file) {
  let waiting;
  while (!create(file)) {
    const holder = read(file);
    if (holder === undefined) continue;
    if (isAlive(holder)) {
      waiting ??= showProgress(() => `Waiting for another set-up (process ${parseInt(holder)})`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    } else steal(file, holder);
  }
  waiting?.("done");
}

/** Made beside and linked in, so that a lock never lacks its holder. */
function create(file) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${startOf(process.pid)}`);
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Moved away first: of several that find a dead holder, one wins. */
function steal(file, holder) {
  const stolen = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, stolen);
  } catch {
    return;
  }
  // A newer lock was caught in between: put it back.
  if (read(stolen) !== holder) renameSync(stolen, file);
  rmSync(stolen, { force: true });
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** After a restart of the machine, or of a container, somebody else may have the process id. */
function isAlive(holder) {
  const [pid, ...start] = holder.split(" ");
  return isRunning(Number(pid)) && startOf(pid) === start.join(" ");
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** When a process began, in whatever words, or nothing where that cannot be known. */
function startOf(pid) {
  if (process.platform !== "linux") {
    const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
    const asked = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { env, encoding: "utf8" });
    return asked.stdout?.trim() ?? "";
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 22. The second may hold spaces, in brackets.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return "";
  }
}
