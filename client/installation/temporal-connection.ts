// How to reach Temporal from here.
import { join } from "node:path";
import { Connection, type ConnectionOptions } from "@temporalio/client";
import { loadClientConnectConfig } from "@temporalio/envconfig";
import type { Env } from "../../protocol/environment.ts";
import { CommandError, reason } from "../command-error.ts";
import type { Installation } from "./installation.ts";
import { isAlive } from "./processes.ts";
import { readProcesses, readRun } from "./run-file.ts";

export interface ConnectOptions {
  readonly address: string;
  readonly namespace: string;
  /** For `Connection.connect`. */
  readonly connection: ConnectionOptions;
}

/** Whether the person names a server, so that none is started. */
export function isExternal(env: Env): boolean {
  return Boolean(env["TEMPORAL_ADDRESS"]?.trim());
}

/** TEMPORAL_ADDRESS and its companions, else the server that runs here. Does not connect. */
export function connectOptions(installation: Installation, env: Env): ConnectOptions {
  if (isExternal(env)) return externalOptions(env);
  const run = readRun(installation.dir);
  if (run === undefined) throw notRunning();
  if (run.serverPid === null) {
    throw new CommandError(
      `Bosun was started here on the Temporal server ${run.temporalAddress}. Set TEMPORAL_ADDRESS, and what it needs, as it was then.`,
    );
  }
  const { server } = readProcesses(installation.dir);
  if (server === undefined || !isAlive(server)) throw notRunning();
  return embeddedOptions(installation.dir, run.temporalAddress);
}

/** Options for a server of ours, which no proxy can reach. */
export function embeddedOptions(dir: string, address: string): ConnectOptions {
  const options = externalOptions(embeddedEnv(dir, address));
  return {
    ...options,
    connection: { ...options.connection, channelArgs: { "grpc.enable_http_proxy": 0 } },
  };
}

/** Temporal's variables for a server of ours. Keys and files for other servers must not reach it. */
export function embeddedEnv(dir: string, address: string): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: "default",
    // No such file: the person's own profile is for another server.
    TEMPORAL_CONFIG_FILE: join(dir, "no-temporal-config.toml"),
  };
}

/** Connects, and says what to check when nobody answers. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  try {
    return await Connection.connect({ ...options.connection, connectTimeout: "5 s" });
  } catch (error) {
    throw new CommandError(
      `Temporal does not answer at ${options.address}: ${reason(error)}. Check the address, that the server runs, and TEMPORAL_API_KEY or TEMPORAL_TLS_… if it wants them.`,
    );
  }
}

/** Whether the server answers and has the namespace. */
export async function answers(options: ConnectOptions): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ ...options.connection, connectTimeout: "2 s" });
    await connection.workflowService.describeNamespace({ namespace: options.namespace });
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

/** The server a person names by TEMPORAL_ADDRESS and its companions. */
export function externalOptions(env: Env): ConnectOptions {
  const given = Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : []));
  let config;
  try {
    config = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(given) });
  } catch (error) {
    throw new CommandError(`Temporal's settings cannot be used: ${reason(error)}.`, 2);
  }
  const { address, tls, apiKey, metadata } = config.connectionOptions;
  const known = { address, tls, apiKey, metadata };
  return {
    address: address ?? "",
    namespace: config.namespace ?? "default",
    connection: Object.fromEntries(
      Object.entries(known).filter(([, value]) => value !== undefined),
    ),
  };
}

export function notRunning(): CommandError {
  return new CommandError("Bosun is not running here. Start it with: bosun up (or npm start)");
}
