// What the registry knows against the locked packages.
import { spawnSync } from "node:child_process";

/** Advisories about what runs in production: `{ found }` in sentences, or `{ unchecked }`, why not. */
export function auditDependencies(root, npm = "npm") {
  const { error, stdout } = spawnSync(npm, ["audit", "--omit=dev", "--json"], {
    cwd: root,
    encoding: "utf8",
    timeout: 300_000,
  });
  return error ? { unchecked: `npm audit does not run (${error.code})` } : readAudit(stdout);
}

/** npm answers with a report, or with what went wrong. Both end with code 1. */
export function readAudit(text) {
  const answer = readJson(text);
  if (answer?.vulnerabilities)
    return { found: Object.values(answer.vulnerabilities).map(toSentence) };
  const why = answer?.message ?? answer?.error?.summary ?? "npm audit gave no report";
  const hasNone = [404, 405, 501].includes(answer?.statusCode);
  return { unchecked: hasNone ? `this registry has no audit (${why})` : why };
}

function toSentence({ name, severity, range, via = [], fixAvailable }) {
  const advisories = via.map((one) => (one.title ? `${one.title} (${one.url})` : `through ${one}`));
  const fix = fixAvailable ? "npm audit fix has a newer one" : "there is no newer one yet";
  return `${name} ${range}, ${severity}: ${advisories.join("; ")}. ${fix}.`;
}

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
