// A wall clock for worker and server that a test can move.
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Clock {
  readonly workerEnv: Readonly<Record<string, string>>;
  /** Goes before the server's program and its arguments. */
  readonly serverCommand: readonly string[];
  /** Every process of the world is this many seconds off from now on. */
  set(seconds: number): void;
  /** The workers alone. */
  setWorkers(seconds: number): void;
  close(): void;
}

const source = fileURLToPath(new URL("./clock.c", import.meta.url));

/** Why clocks cannot be moved here, or undefined. */
export function clockProblem(): string | undefined {
  if (!findFaketime()) return "libfaketime is not installed (Debian: apt-get install faketime)";
  if (process.platform !== "linux" || process.arch !== "x64")
    return "the server's clock can be moved on Linux x86-64 only";
  if (spawnSync("cc", ["--version"]).status !== 0) return "there is no C compiler (cc)";
  const clock = newClock();
  const [command = "", ...args] = clock.serverCommand;
  const tried = spawnSync(command, [...args, process.execPath, "--version"]);
  clock.close();
  return tried.status === 0 ? undefined : `a process cannot be traced: ${String(tried.stderr)}`;
}

/**
 * Workers get libfaketime. The server is a Go program, linked statically, which libfaketime does
 * not reach: it is started by a program that replaces its clock.
 */
export function newClock(): Clock {
  const folder = mkdtempSync(join(tmpdir(), "bosun-clock-"));
  const program = join(folder, "clock");
  const built = spawnSync("cc", ["-O2", "-o", program, source]);
  if (built.status !== 0) throw new Error(`The clock does not compile:\n${String(built.stderr)}`);
  const forWorkers = join(folder, "for-workers");
  const forServer = join(folder, "for-server");
  const opened = openSync(forServer, "w");
  const setWorkers = (seconds: number): void =>
    writeFileSync(forWorkers, `${seconds < 0 ? "" : "+"}${seconds}\n`);
  const set = (seconds: number): void => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(seconds));
    // In place, so that it is never read half.
    writeSync(opened, bytes, 0, 8, 0);
    setWorkers(seconds);
  };
  set(0);
  return {
    workerEnv: {
      LD_PRELOAD: findFaketime() ?? "",
      FAKETIME_TIMESTAMP_FILE: forWorkers,
      FAKETIME_NO_CACHE: "1",
      // A clock that is set moves the time of day and nothing else.
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    serverCommand: [program, forServer],
    set,
    setWorkers,
    close() {
      closeSync(opened);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The library for programs with threads, wherever the system keeps its libraries. */
function findFaketime(): string | undefined {
  const name = "libfaketimeMT.so.1";
  const folders = ["/usr/lib", "/usr/local/lib"].filter(existsSync).flatMap((folder) => [
    folder,
    ...readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name)),
  ]);
  return folders
    .flatMap((folder) => [join(folder, name), join(folder, "faketime", name)])
    .find(existsSync);
}
