// Saves a conversation's histories for the replay test.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./set-up/root.mjs";
import { findTemporal } from "./set-up/temporal.mjs";

const [supervisor, folder = join(root, "test", "histories")] = process.argv.slice(2);
if (!supervisor || !/^[A-Za-z0-9_-]+$/.test(supervisor)) {
  console.error("Usage: node scripts/save-histories.mjs SUPERVISOR [FOLDER]");
  process.exit(2);
}

const { path: temporal } = findTemporal();
if (!temporal) throw new Error("No temporal program is here. Set TEMPORAL_CLI to one.");

const ask = (...args) =>
  JSON.parse(
    execFileSync(temporal, ["workflow", ...args, "-o", "json"], {
      encoding: "utf8",
      maxBuffer: 200_000_000,
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const runs = ask("list", "--query", `RootWorkflowId = '${supervisor}'`);
mkdirSync(folder, { recursive: true });
for (const [index, { execution, type }] of runs.toReversed().entries()) {
  const { workflowId, runId } = execution;
  const history = ask("show", "-w", workflowId, "-r", runId);
  const file = join(folder, `${version}-${type.name}-${index + 1}.json`);
  writeFileSync(file, `${JSON.stringify(withoutPlaces(history), undefined, 2)}\n`);
  console.log(file);
}
console.log(
  `${runs.length} saved. Read them before they are published: they hold every word said.`,
);

/** The same history as if it had happened at a sample installation. */
function withoutPlaces(history) {
  const input = history.events[0].workflowExecutionStartedEventAttributes.input.payloads[0].data;
  const { settings, workspace } = JSON.parse(decode(input));
  const names = [
    [workspace.path, "/tmp/sample"],
    [workspace.host, "sample"],
    [settings.installation, "sample"],
    // Sticky queues are named after the worker.
    ...[...identitiesOf(history)].map((identity) => [identity, "worker"]),
  ];
  const rename = (text) => names.reduce((read, [from, to]) => read.replaceAll(from, to), text);
  return mapTexts(history, (key, text) => {
    if (key === "buildId") return "worker";
    return key === "data" ? encode(rename(decode(text))) : rename(text);
  });
}

function identitiesOf(history) {
  const found = new Set();
  mapTexts(history, (key, text) => {
    if (key === "identity" && text) found.add(text);
    return text;
  });
  return found;
}

function mapTexts(value, map, key = "") {
  if (typeof value === "string") return map(key, value);
  if (Array.isArray(value)) return value.map((one) => mapTexts(one, map, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, mapTexts(one, map, name)]),
  );
}

function decode(data) {
  return Buffer.from(data, "base64").toString();
}

function encode(text) {
  return Buffer.from(text).toString("base64");
}
