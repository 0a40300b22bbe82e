// An installation of its own whose every part can fail.
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bosun, connectBosun, type SupervisorHandle } from "../../../client/index.ts";
import { parseEnvironment } from "../../../protocol/environment.ts";
import { startScriptedModel } from "../../../scripted-model/server.ts";
import { quick } from "../../support/quick.ts";
import { controlModel, type ModelControl } from "../../support/scripted-model.ts";
import { type Child, startChild, untilReady } from "./child.ts";
import { type Link, openLink } from "./link.ts";
import { cleanEnv, type FaultServer, newServer } from "./server.ts";

type Env = Readonly<Record<string, string>>;

export interface FaultWorld {
  readonly bosun: Bosun;
  readonly model: ModelControl;
  readonly server: FaultServer;
  /** Between the workers and Temporal. */
  readonly workerLink: Link;
  /** Between the client and Temporal. */
  readonly clientLink: Link;
  /** Between the workers and the model. */
  readonly modelLink: Link;
  readonly workspace: string;
  /** What a worker process is started with. */
  readonly env: Env;
  /** A worker process that serves when this resolves. */
  startWorker(env?: Env): Promise<Child>;
  /** A program of this folder, as another process of the person. */
  startProgram(file: string, args: readonly string[]): Child;
  start(message?: string): Promise<SupervisorHandle>;
  /** The workers that have not ended. */
  workers(): readonly Child[];
  close(): Promise<void>;
}

export interface FaultWorldOptions {
  /** Settings of workers and client. */
  readonly env?: Env;
  /** For the environment of each worker process: a clock that can be set. */
  readonly workerEnv?: Env;
  /** Starts the server's program, which follows it: for a clock that can be set. */
  readonly serverCommand?: readonly string[];
}

const root = fileURLToPath(new URL("../../..", import.meta.url));

export async function openFaultWorld(options: FaultWorldOptions = {}): Promise<FaultWorld> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    return await open(options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  options: FaultWorldOptions,
  closers: (() => Promise<unknown>)[],
  close: () => Promise<void>,
): Promise<FaultWorld> {
  const dir = await mkdtemp(join(tmpdir(), "bosun-fault-"));
  closers.push(() => rm(dir, { recursive: true, force: true }));
  const workspace = join(dir, "workspace");
  await fillWorkspace(workspace);
  const scripted = await startScriptedModel();
  closers.push(() => scripted.close());
  const server = await newServer(dir, options.serverCommand ?? []);
  closers.push(() => server.kill());
  await server.start();
  const link = async (port: number): Promise<Link> => {
    const opened = await openLink(port);
    closers.push(() => opened.close());
    return opened;
  };
  const workerLink = await link(server.port);
  const clientLink = await link(server.port);
  const modelLink = await link(Number(new URL(scripted.url).port));
  const installation = randomUUID().slice(0, 12);
  const host = `host-${installation}`;
  const env: Env = {
    ...quick,
    BOSUN_MODEL_HEARTBEAT_MS: "2000",
    BOSUN_TOOL_HEARTBEAT_MS: "2000",
    BOSUN_HOST_START_MS: "2000",
    BOSUN_DIR: join(dir, ".bosun"),
    BOSUN_INSTALLATION: installation,
    BOSUN_HOST: host,
    BOSUN_BACKEND: "scripted",
    ANTHROPIC_API_KEY: "scripted",
    ANTHROPIC_BASE_URL: `http://${modelLink.address}`,
    TEMPORAL_ADDRESS: workerLink.address,
    ...options.env,
  };
  const bosun = await connectBosun({
    connection: {
      address: clientLink.address,
      channelArgs: { "grpc.enable_http_proxy": 0 },
    },
    installation,
    host,
    environment: parseEnvironment(env),
  });
  closers.push(() => bosun.close());
  const children = new Set<Child>();
  closers.push(() => Promise.all([...children].map((child) => child.end("SIGKILL"))));
  const run = (args: readonly string[], childEnv: Env): Child => {
    const child = startChild({
      command: process.execPath,
      args: ["--import", "tsx", ...args],
      cwd: root,
      env: { ...cleanEnv(), ...childEnv },
    });
    children.add(child);
    void child.ended.then(() => children.delete(child));
    return child;
  };
  return {
    bosun,
    model: controlModel(scripted.url),
    server,
    workerLink,
    clientLink,
    modelLink,
    workspace,
    env,
    async startWorker(given = {}) {
      const start = (): Child =>
        run(["workers/main.ts"], { ...env, ...options.workerEnv, ...given });
      return await untilServes(start);
    },
    startProgram: (file, args) =>
      run([join("test/faults/support", file), ...args], {
        ...env,
        TEMPORAL_ADDRESS: clientLink.address,
      }),
    start: async (message) => {
      const given = message === undefined ? {} : { message };
      return (await bosun.start({ workspace, ...given })).supervisor;
    },
    workers: () => [...children],
    close,
  };
}

/** As `bosun up` does it: a worker that cannot reach its server is followed by another one. */
async function untilServes(start: () => Child, attempts = 5): Promise<Child> {
  const worker = start();
  try {
    await untilReady(worker, "A worker", () => worker.output().includes('"ready":true'));
    return worker;
  } catch (error) {
    if (attempts === 1 || !worker.output().includes("Temporal does not answer")) throw error;
    return await untilServes(start, attempts - 1);
  }
}

/** An agent that delegates, and enough text that a search takes seconds. */
async function fillWorkspace(workspace: string): Promise<void> {
  await mkdir(join(workspace, ".claude", "agents"), { recursive: true });
  await mkdir(join(workspace, "heap"));
  await writeFile(
    join(workspace, ".claude", "agents", "lead.md"),
    "---\nname: lead\ndescription: Hands its work on.\ntools: list_files\ndelegate: true\n---\n# lead\n\nYou hand work on.\n",
  );
  await writeFile(join(workspace, "README.md"), "# A workspace\n\nOne line.\n");
  const text = `${"abcabcaabbccabcabc".repeat(20)}\n`.repeat(4_000);
  for (let index = 0; index < 8; index += 1) {
    await writeFile(join(workspace, "heap", `${index}.txt`), text);
  }
}
