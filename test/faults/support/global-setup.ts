// The bundle that histories are replayed with. Servers belong to each test file.
import { fileURLToPath } from "node:url";
import { bundleWorkflowCode, DefaultLogger, Runtime } from "@temporalio/worker";
import type { TestProject } from "vitest/node";

export default async function setUp(project: TestProject): Promise<void> {
  if (!process.env["TEMPORAL_CLI"])
    throw new Error("TEMPORAL_CLI names no temporal program. Run: npm run test:faults");
  Runtime.install({ logger: new DefaultLogger("ERROR") });
  const workflowsPath = fileURLToPath(new URL("../../../workflows/index.ts", import.meta.url));
  const bundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger("ERROR") });
  project.provide("bundle", bundle.code);
}
