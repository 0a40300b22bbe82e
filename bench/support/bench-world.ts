// Bosun and the bare program, on one server and one model.
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectBosun } from "../../client/index.ts";
import { nodeArguments } from "../../client/installation/clone.ts";
import { workerArguments } from "../../client/installation/workers.ts";
import { parseEnvironment } from "../../protocol/environment.ts";
import { startScriptedModel } from "../../scripted-model/server.ts";
import { newServer } from "../../test/faults/support/server.ts";
import { controlModel, type Rule } from "../../test/support/scripted-model.ts";
import { toBareSide } from "./bare-side.ts";
import { toBosunSide } from "./bosun-side.ts";
import { type Journal, openJournal } from "./journal.ts";
import { type Env, startWorker } from "./start-worker.ts";
import type { Sides } from "./side.ts";

export interface BenchWorld {
  readonly sides: Sides;
  readonly journal: Journal;
  readonly serverPid: number;
}

export interface BenchOptions {
  readonly rules: readonly Rule[];
  /** Settings of Bosun, beside the defaults. */
  readonly env?: Env;
  /** Activities of the bare program at once. */
  readonly slots?: number;
}

/** Runs a measurement on a server of its own, with a worker process for each side. */
export async function inBenchWorld<Result>(
  options: BenchOptions,
  measure: (world: BenchWorld) => Promise<Result>,
): Promise<Result> {
  const closers: (() => Promise<unknown>)[] = [];
  try {
    return await measure(await open(options, closers));
  } finally {
    for (const closer of closers.toReversed()) await closer();
  }
}

async function open(
  { rules, env: given, slots }: BenchOptions,
  closers: (() => Promise<unknown>)[],
): Promise<BenchWorld> {
  const dir = await mkdtemp(join(tmpdir(), "bosun-bench-"));
  closers.push(() => rm(dir, { recursive: true, force: true }));
  const workspace = join(dir, "workspace");
  await mkdir(workspace);
  await writeFile(join(workspace, "README.md"), "# A workspace\n\nOne line.\n");
  const model = await startScriptedModel();
  closers.push(() => model.close());
  await controlModel(model.url).script("bench", rules);
  const server = await newServer(dir, []);
  closers.push(() => server.kill());
  await server.start();
  const address = `127.0.0.1:${server.port}`;
  const shared: Env = {
    TEMPORAL_ADDRESS: address,
    ANTHROPIC_API_KEY: "scripted",
    ANTHROPIC_BASE_URL: model.url,
  };
  const installation = randomUUID().slice(0, 12);
  const host = `host-${installation}`;
  const env: Env = {
    ...shared,
    BOSUN_DIR: join(dir, ".bosun"),
    BOSUN_INSTALLATION: installation,
    BOSUN_HOST: host,
    BOSUN_BACKEND: "scripted",
    ...given,
  };
  const bareEnv = {
    ...shared,
    BARE_WORKSPACE: workspace,
    ...(slots && { BARE_SLOTS: `${slots}` }),
  };
  const workers = await Promise.all([
    startWorker(workerArguments, env),
    startWorker(nodeArguments("bench/bare/worker.ts"), bareEnv),
  ]);
  for (const worker of workers) closers.push(() => worker.end("SIGKILL"));
  const bosun = await connectBosun({
    connection: { address, channelArgs: { "grpc.enable_http_proxy": 0 } },
    installation,
    host,
    environment: parseEnvironment(env),
  });
  closers.push(() => bosun.close());
  return {
    sides: {
      bare: toBareSide(bosun.client, workers[1].pid),
      bosun: toBosunSide(bosun, workspace, workers[0].pid),
    },
    journal: openJournal(model.url),
    serverPid: server.pid(),
  };
}
