// How the workflows are bundled.
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BundleOptions, bundleWorkflowCode, DefaultLogger } from "@temporalio/worker";

/** What a workflow worker bundles, with and without a version. */
export const workflowEntries = {
  versioned: fileURLToPath(new URL("../workflows/versioned.ts", import.meta.url)),
  unversioned: fileURLToPath(new URL("../workflows/index.ts", import.meta.url)),
} as const;

export interface Bundle {
  readonly code: string;
  /** Every path that the code depends on, those included that are not there. */
  readonly sources: readonly string[];
}

/** What is wrong with the workflows goes to the standard error stream. */
export async function bundleWorkflows(
  workflowsPath: string = workflowEntries.unversioned,
): Promise<Bundle> {
  const sources = [fileURLToPath(import.meta.url), ...toolsOfBundler()];
  const root = join(dirname(workflowsPath), "..");
  const protocol = readdirSync(join(root, "protocol"), { encoding: "utf8", recursive: true });
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    // Loaded once for all workflows of a worker, zod with them: 12 ms and 1.2 MB less for each one.
    preloadModules: protocol
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(root, "protocol", name)),
    logger: new DefaultLogger("ERROR"),
    webpackConfigHook: withSources(root, (paths) => sources.push(...paths)),
  });
  return { code, sources };
}

/** The bundle is the same wherever the process stands, and says what it was made of. */
function withSources(
  root: string,
  tell: (paths: readonly string[]) => void,
): NonNullable<BundleOptions["webpackConfigHook"]> {
  return (config) => {
    config.context = root;
    // Positions are enough for a stack trace: the sources beside them took 20 MB.
    config.devtool = "inline-nosources-source-map";
    config.plugins?.push((compiler) =>
      compiler.hooks.done.tap("sources", ({ compilation }) => {
        tell([...compilation.fileDependencies, ...compilation.missingDependencies]);
      }),
    );
    return config;
  };
}

function toolsOfBundler(): readonly string[] {
  const worker = createRequire(import.meta.url).resolve("@temporalio/worker/package.json");
  const { resolve } = createRequire(worker);
  const tools = ["webpack", "swc-loader", "@swc/core", "source-map-loader"];
  return [worker, ...tools.map((name) => resolve(`${name}/package.json`))];
}
