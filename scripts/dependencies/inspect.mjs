// The locked packages, held against what is accepted.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as accepted from "./accepted.mjs";

const page = "docs/decisions/0003-dependencies.md";

/** What is installed below `root`: `{ packages, absent, problems }`, each problem a sentence. */
export function inspectDependencies(root, { lists = accepted } = {}) {
  const locked = readLocked(root);
  const packages = locked.filter(({ licence }) => licence !== undefined);
  const problems = [
    ...locked.filter((one) => !one.installed && !one.optional).map(toMissing),
    ...packages.map((one) => licenceProblem(one, lists)),
    ...locked.map((one) => scriptProblem(one, lists)),
    ...unused(locked, lists),
    ...unnamed(root),
  ].filter(Boolean);
  return { packages, absent: locked.length - packages.length, problems };
}

/** Packages of other platforms are locked and not installed: of these the lock may know the licence. */
function readLocked(root) {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.entries(packages)
    .filter(([path]) => path !== "")
    .map(([path, entry]) => {
      const own = readJson(join(root, path, "package.json"));
      return {
        name: entry.name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
        version: entry.version,
        installed: own !== undefined,
        optional: Boolean(entry.optional),
        development: Boolean(entry.dev),
        script: Boolean(entry.hasInstallScript),
        licence: own ? toLicence(own) : entry.license,
      };
    });
}

/** Old packages name an object, or several. */
function toLicence({ license, licenses }) {
  const named = license ?? licenses;
  const names = (Array.isArray(named) ? named : [named]).map((one) => one?.type ?? one);
  return names.filter(Boolean).join(" OR ") || accepted.noLicence;
}

/** An SPDX expression: one of its choices has to be accepted in all its parts. */
function isAccepted(expression, licences) {
  return expression
    .replace(/^\((.*)\)$/, "$1")
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((name) => Object.hasOwn(licences, name)));
}

function licenceProblem({ name, version, licence, development }, { licences, licenceExceptions }) {
  if (isAccepted(licence, licences)) return undefined;
  const exception = Object.entries(licenceExceptions).find(([pattern]) =>
    covers(pattern, name),
  )?.[1];
  const holds = exception?.licence === licence && (development || !exception.developmentOnly);
  if (holds) return undefined;
  return `${name} ${version} has the licence ${licence}, which is not accepted. Do without it, or accept it in scripts/dependencies/accepted.mjs with the reason.`;
}

function scriptProblem({ name, version, script }, { installScripts }) {
  if (!script || Object.hasOwn(installScripts, name)) return undefined;
  return `${name} ${version} runs a script when it is installed. Read it, then accept it in package.json (allowScripts) and, with the reason, in scripts/dependencies/accepted.mjs. Or do without the package.`;
}

/** What nobody needs any more would let in whoever takes the name. */
function unused(locked, { licenceExceptions, installScripts }) {
  const free = [
    ...Object.keys(licenceExceptions).filter(
      (one) => !locked.some(({ name }) => covers(one, name)),
    ),
    ...Object.keys(installScripts).filter(
      (one) => !locked.some(({ name, script }) => script && name === one),
    ),
  ];
  return free.map(
    (name) =>
      `${name} is accepted by name and not needed. Take it out of scripts/dependencies/accepted.mjs.`,
  );
}

/** Direct dependencies that the page does not name. */
function unnamed(root) {
  const { dependencies, devDependencies } = readJson(join(root, "package.json"));
  const named = [...readFileSync(join(root, page), "utf8").matchAll(/`([^`\s]+)`/g)].map(
    ([, name]) => name,
  );
  return Object.keys({ ...dependencies, ...devDependencies })
    .filter((name) => !named.some((pattern) => covers(pattern, name)))
    .map(
      (name) =>
        `${name} is a direct dependency that ${page} does not name. Say there what it is for.`,
    );
}

function covers(pattern, name) {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function toMissing({ name, version }) {
  return `${name} ${version} is locked and not installed. Run: npm ci`;
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}
