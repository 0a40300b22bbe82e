// The worker process: settings in, one line when it serves.
import { loadClientConnectConfig } from "@temporalio/envconfig";
import {
  DefaultLogger,
  type LogEntry,
  makeTelemetryFilterString,
  Runtime,
} from "@temporalio/worker";
import { parseEnvironment, SettingsError } from "../protocol/environment.ts";
import { endWithParent } from "./end-with-parent.ts";
import { BundleError } from "./open-bundle.ts";
import { startWorkers } from "./worker.ts";

const usageExit = 2;

async function main(): Promise<void> {
  endWithParent();
  const environment = parseEnvironment(process.env);
  const { installation, host, dir, roles } = environment;
  if (roles.length === 0) {
    throw new SettingsError("BOSUN_ROLES is none, so there is nothing to serve. Name its roles.");
  }
  if (!installation || !host || !dir) {
    throw new SettingsError(
      "BOSUN_INSTALLATION, BOSUN_HOST and BOSUN_DIR must be set. `bosun worker` sets them.",
    );
  }
  const { connectionOptions, namespace = "default" } = loadClientConnectConfig();
  Runtime.install({
    // A signal is handled here, not by the runtime: the first one is graceful, the second one is not.
    shutdownSignals: [],
    logger: new DefaultLogger("WARN", writeLog),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: "WARN" }) },
    },
  });
  const workers = await startWorkers({
    environment,
    connection: connectionOptions,
    namespace,
    installation,
    host,
    dir,
  });
  stopOnSignal(() => workers.stop());
  // For who keeps it.
  process.send?.("ready");
  process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, roles })}\n`);
  await workers.done;
}

/** One line an entry. Each worker serves one kind of work on purpose: that is no news. */
function writeLog({ level, message, timestampNanos, meta }: LogEntry): void {
  if (/^No (activities|workflows) registered/.test(message)) return;
  const at = new Date(Number(timestampNanos / 1_000_000n)).toISOString();
  const { error, ...rest } = meta ?? {};
  const why = error instanceof Error ? ` ${error.message}` : "";
  process.stderr.write(`${at} ${level} ${message}${why} ${JSON.stringify(rest)}\n`);
}

function stopOnSignal(stop: () => void): void {
  let asked = false;
  const onSignal = (): void => {
    if (asked) process.exit(130);
    asked = true;
    stop();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

function explain(error: unknown): { readonly text: string; readonly code: number } {
  if (error instanceof SettingsError) return { text: error.message, code: usageExit };
  const words = error instanceof Error ? error.message : String(error);
  if (!(error instanceof BundleError) && /connect|transport|unavailable/i.test(words)) {
    return {
      text: `Temporal does not answer (${words.slice(0, 300)}). Check TEMPORAL_ADDRESS, or start it with: bosun up`,
      code: 1,
    };
  }
  return { text: words, code: 1 };
}

try {
  await main();
  process.exit(0);
} catch (error) {
  const { text, code } = explain(error);
  process.stderr.write(`bosun worker: ${text}\n`);
  process.exit(code);
}
