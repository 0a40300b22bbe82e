// Doctor's questions to the Temporal server.
import type { Connection } from "@temporalio/client";
import { type Env, parseEnvironment } from "../../protocol/environment.ts";
import { reason } from "../command-error.ts";
import { checkJanitor } from "./check-janitor.ts";
import { type Check, fail, ok, warn } from "./checks.ts";
import { retentionDays, searchAttributes } from "./server-tuning.ts";
import type { Installation } from "./installation.ts";
import { publicPorts } from "./public-ports.ts";
import { isAlive } from "./processes.ts";
import { readProcesses } from "./run-file.ts";
import { findSilent, toServedQueues } from "./silent-queues.ts";
import {
  connect,
  connectOptions,
  type ConnectOptions,
  externalOptions,
  isExternal,
} from "./temporal-connection.ts";

/** Server, namespace, retention, search attributes, workers, janitor, open ports. */
export async function checkServer(
  installation: Installation | undefined,
  env: Env,
): Promise<readonly Check[]> {
  const { server } = installation ? readProcesses(installation.dir) : {};
  const serves = server !== undefined && isAlive(server);
  if (!isExternal(env) && !serves) return [ok("server", "not running: npm start or bosun up")];
  try {
    const options = installation ? connectOptions(installation, env) : externalOptions(env);
    const connection = await connect(options);
    try {
      const ports = serves && !isExternal(env) ? [checkPorts(server.pid)] : [];
      const asked = await askServer(connection, options);
      const workers = installation
        ? [
            await checkWorkers(connection, options.namespace, installation, env),
            await checkJanitor(connection, options.namespace, installation.id),
          ]
        : [];
      return [...asked, ...workers, ...ports];
    } finally {
      await connection.close();
    }
  } catch (error) {
    const remedy = isExternal(env) ? "Check TEMPORAL_ADDRESS" : "bosun down, then bosun up";
    return [fail("server", reason(error), remedy)];
  }
}

async function askServer(
  connection: Connection,
  { address, namespace }: ConnectOptions,
): Promise<readonly Check[]> {
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  const server = ok("server", `${address}, version ${serverVersion || "unknown"}`);
  const described = await connection.workflowService
    .describeNamespace({ namespace })
    .catch((error: unknown) => reason(error));
  if (typeof described === "string") {
    const remedy = "Set TEMPORAL_NAMESPACE to one that exists";
    return [server, fail("namespace", `${namespace}: ${described}`, remedy)];
  }
  const seconds = Number(described.config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  return [
    server,
    ok("namespace", namespace),
    checkRetention(Math.floor(seconds / 86_400), namespace),
    await checkAttributes(connection, namespace),
  ];
}

function checkRetention(days: number, namespace: string): Check {
  const detail = `${days} day${days === 1 ? "" : "s"}`;
  if (days >= retentionDays) return ok("retention", detail);
  const remedy = `Ended tasks are forgotten early. temporal operator namespace update --namespace ${namespace} --retention ${retentionDays}d`;
  return warn("retention", detail, remedy);
}

async function checkAttributes(connection: Connection, namespace: string): Promise<Check> {
  const name = "search attributes";
  try {
    const known = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = Object.entries(searchAttributes).filter(
      ([attribute]) => known.customAttributes?.[attribute] === undefined,
    );
    if (missing.length === 0) return ok(name, Object.keys(searchAttributes).join(", "));
    const flags = missing.map(([attribute, type]) => `--name ${attribute} --type ${type}`);
    const remedy = `Bosun works without. To add them: temporal operator search-attribute create ${flags.join(" ")}`;
    return warn(name, `missing: ${missing.map(([attribute]) => attribute).join(", ")}`, remedy);
  } catch (error) {
    return warn(name, `cannot be listed: ${reason(error)}`, "Bosun works without them");
  }
}

async function checkWorkers(
  connection: Connection,
  namespace: string,
  installation: Installation,
  env: Env,
): Promise<Check> {
  const { roles } = parseEnvironment(env);
  // Those of the roles that are served here, all where workers run elsewhere.
  const wanted = toServedQueues(installation).filter(
    ({ role }) => roles.length === 0 || roles.includes(role),
  );
  const silent = await findSilent(connection, namespace, wanted, !isExternal(env));
  if (silent.length === 0) return ok("workers", `all ${wanted.length} task queues are polled`);
  const names = silent.map(({ name }) => name).join(", ");
  // Where roles are named, a worker is meant to run: that makes this a health check of it.
  const tell = env["BOSUN_ROLES"] ? fail : warn;
  return tell("workers", `nobody polls ${names}`, "bosun worker (or bosun up)");
}

function checkPorts(pid: number): Check {
  const open = publicPorts(pid);
  if (open === undefined) return ok("ports", "bound to 127.0.0.1 at start");
  if (open.length === 0) return ok("ports", "on this machine only");
  return fail(
    "ports",
    `${open.join(", ")} can be reached from outside`,
    "bosun down, then bosun up",
  );
}
