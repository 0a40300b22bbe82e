// A Temporal server of a test's own, on a database file.
import { join } from "node:path";
import { Connection } from "@temporalio/client";
import { msToTs } from "@temporalio/common/lib/time.js";
import getPort from "get-port";
import {
  databaseFlags,
  retentionDays,
  tuningFlags,
} from "../../../client/installation/server-tuning.ts";
import { type Child, startChild, untilReady } from "./child.ts";

export interface FaultServer {
  readonly port: number;
  /** Of the process that was started last. */
  readonly pid: () => number;
  /** Starts it on the same file and port as before. */
  start(): Promise<void>;
  kill(): Promise<void>;
}

export async function newServer(dir: string, command: readonly string[]): Promise<FaultServer> {
  const program = process.env["TEMPORAL_CLI"];
  if (!program) throw new Error("TEMPORAL_CLI names no temporal program. Run: npm run test:faults");
  const port = await getPort({ host: "127.0.0.1" });
  const [first = program, ...rest] = [
    ...command,
    program,
    ..."server start-dev --headless --ip 127.0.0.1 --log-level error --color never".split(" "),
    `--port=${port}`,
    `--db-filename=${join(dir, "temporal.db")}`,
    ...databaseFlags,
    ...tuningFlags,
  ];
  let child: Child | undefined;
  return {
    port,
    pid: () => child?.pid ?? 0,
    async start() {
      child = startChild({ command: first, args: rest, cwd: dir, env: cleanEnv() });
      await untilReady(child, "The Temporal server", () => serves(port));
    },
    async kill() {
      await child?.end("SIGKILL");
      child = undefined;
    },
  };
}

/** Nothing that is a setting of Bosun or of Temporal. */
export function cleanEnv(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(ANTHROPIC|TEMPORAL|BOSUN|VITEST|FAKETIME|LD_PRELOAD)/.test(name),
    ),
  );
}

/** It answers, and keeps ended workflows as long as a server of Bosun does. */
async function serves(port: number): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({
      address: `127.0.0.1:${port}`,
      connectTimeout: "1s",
      channelArgs: { "grpc.enable_http_proxy": 0 },
    });
    await connection.workflowService.updateNamespace({
      namespace: "default",
      config: { workflowExecutionRetentionTtl: { ...msToTs(`${retentionDays} days`) } },
    });
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}
