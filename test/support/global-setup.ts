// What every test file shares: a server and a bundle.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { DefaultLogger, Runtime } from "@temporalio/worker";
import type { TestProject } from "vitest/node";
import { databaseFlags, tuningFlags } from "../../client/installation/server-tuning.ts";
import { bundleWorkflows } from "../../workers/workflow-bundle.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** host:port of the Temporal server. */
    address: string;
    /** The workflows, bundled once. */
    bundle: string;
  }
}

/** By default a run that rolls within a second of its start waits for the rest of it, which only tests do. */
const rollAtOnce = ["--dynamic-config-value", 'history.workflowIdReuseMinimalInterval="0s"'];

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const path = process.env["TEMPORAL_CLI"];
  if (!path)
    throw new Error("TEMPORAL_CLI names no temporal program. Run the tests with: npm test");
  Runtime.install({ logger: new DefaultLogger("ERROR") });
  // A file, as in an installation: one in memory is gone when the server drops its connection.
  const dir = mkdtempSync(join(tmpdir(), "bosun-server-"));
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: "existing-path", path },
      log: { format: "json", level: "error" },
      dbFilename: join(dir, "temporal.db"),
      extraArgs: [...databaseFlags, ...tuningFlags, ...rollAtOnce],
    },
  });
  project.provide("address", env.address);
  project.provide("bundle", (await bundleWorkflows()).code);
  return async () => {
    await env.teardown();
    rmSync(dir, { recursive: true, force: true });
  };
}
