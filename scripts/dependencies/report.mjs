// What was found about dependencies, in words.
import { auditDependencies } from "./audit.mjs";
import { inspectDependencies } from "./inspect.mjs";

/** Prints what the lock file and the installed packages say. Returns an exit code. */
export function reportDependencies(root, { list = false } = {}) {
  const { packages, absent, problems } = inspectDependencies(root);
  const byLicence = packages.toSorted(
    (a, b) => compare(a.licence, b.licence) || compare(a.name, b.name),
  );
  if (list)
    for (const one of byLicence)
      console.log(`${one.licence.padEnd(14)} ${one.name} ${one.version}`);
  for (const problem of problems) console.error(problem);
  const other =
    absent > 0 ? `, ${absent} of other platforms are not here and name none in the lock` : "";
  const licences = new Set(packages.map(({ licence }) => licence)).size;
  console.log(
    `${packages.length} packages with ${licences} licences${other}: ${toCount(problems)}`,
  );
  return problems.length > 0 ? 1 : 0;
}

/** Prints what the registry knows. Returns 0, 1 when it knows something, 2 when it was not told. */
export function reportAudit(root) {
  const { found, unchecked } = auditDependencies(root);
  if (unchecked) {
    console.error(`Advisories could not be checked: ${unchecked}.`);
    return 2;
  }
  for (const advisory of found) console.error(advisory);
  console.log(`Advisories about what runs in production: ${toCount(found)}`);
  return found.length > 0 ? 1 : 0;
}

function toCount({ length }) {
  return length === 0 ? "nothing against them" : `${length} found`;
}

function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}
