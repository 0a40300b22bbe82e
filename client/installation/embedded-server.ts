// The Temporal server of an installation.
import { join } from "node:path";
import { Connection } from "@temporalio/client";
import { msToTs } from "@temporalio/common/lib/time.js";
import getPort from "get-port";
import type { Env } from "../../protocol/environment.ts";
import { CommandError, reason } from "../command-error.ts";
import { type Background, startInBackground, untilReady } from "./background.ts";
import { isAlive } from "./processes.ts";
import { withoutSecrets } from "./child-env.ts";
import { answers, embeddedOptions } from "./temporal-connection.ts";
import { databaseFlags, retentionDays, tuningFlags } from "./server-tuning.ts";
import { readText } from "./state-files.ts";

const host = "127.0.0.1";

interface EmbeddedServer extends Background {
  readonly address: string;
  readonly uiUrl: string;
}

interface Order {
  readonly dir: string;
  readonly program: string;
  readonly env: Env;
  readonly signal?: AbortSignal | undefined;
  /** Called at once, so that even a server that never gets ready is known. */
  readonly onSpawn: (server: EmbeddedServer) => void;
}

/** Starts the server on usual ports, else on free ones, and waits until it answers. */
export async function startServer(order: Order): Promise<EmbeddedServer> {
  for (let attempt = 1; ; attempt++) {
    const server = await spawnServer(order);
    order.onSpawn(server);
    try {
      await untilServes(server, order);
      await keepHistories(server.address, order.dir);
      return server;
    } catch (error) {
      // Somebody took a port between our look and the server's.
      if (attempt === 5 || isAlive(server.mark) || !isPortTaken(server.log)) throw error;
    }
  }
}

/** Waits until the server answers, and it is this one and not another on its port. */
async function untilServes(
  server: EmbeddedServer,
  order: { readonly dir: string; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const began = performance.now();
  const port = new URL(`http://${server.address}`).port;
  const banner = new RegExp(`Server:\\s+\\S+:${port}\\b`);
  const options = embeddedOptions(order.dir, server.address);
  const patience = { name: "The Temporal server", timeoutMs: 60_000, signal: order.signal };
  await untilReady(server, patience, async () => {
    // The server writes its banner once it holds its ports. Another version may word it otherwise,
    // but one that cannot bind its port has ended long before 10 s.
    const holdsPort = banner.test(readText(server.log) ?? "") || performance.now() - began > 10_000;
    return holdsPort && (await answers(options)) ? true : undefined;
  });
}

async function spawnServer(order: Order): Promise<EmbeddedServer> {
  const port = await getPort({ port: 7233, host });
  const uiPort = await getPort({ port: 8233, host, exclude: [port] });
  const env = withoutSecrets(order.env);
  const server = await startInBackground({
    name: "The Temporal server",
    command: order.program,
    args: serverArguments(join(order.dir, "temporal.db"), port, uiPort),
    cwd: order.dir,
    // It ends at once when it finds neither a name nor a home of its user, as in many containers.
    env: { ...env, USER: env["USER"] || "bosun", HOME: env["HOME"] || order.dir },
    log: join(order.dir, "logs", "server.log"),
  });
  return { ...server, address: `${host}:${port}`, uiUrl: `http://${host}:${uiPort}` };
}

function serverArguments(database: string, port: number, uiPort: number): string[] {
  const where = `--ip ${host} --port ${port} --ui-port ${uiPort}`;
  const how = "--namespace default --log-level error --color never";
  return [
    ...`server start-dev ${where} ${how}`.split(" "),
    "--db-filename",
    database,
    ...databaseFlags,
    ...tuningFlags,
  ];
}

/** Sets how long ended runs are kept. The server's default is one day. */
async function keepHistories(address: string, dir: string): Promise<void> {
  const connection = await Connection.connect(embeddedOptions(dir, address).connection);
  try {
    await connection.workflowService.updateNamespace({
      namespace: "default",
      config: { workflowExecutionRetentionTtl: { ...msToTs(`${retentionDays} days`) } },
    });
  } catch (error) {
    throw new CommandError(`The Temporal server did not take the retention: ${reason(error)}`);
  } finally {
    await connection.close();
  }
}

function isPortTaken(log: string): boolean {
  return /address already in use|can't set \w+ port/i.test(readText(log) ?? "");
}
