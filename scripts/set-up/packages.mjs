// The locked packages: are they there, and if not, get them.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { withSetUpLock } from "./lock.mjs";
import { showProgress } from "./progress.mjs";
import { root } from "./root.mjs";
import { runChild } from "./run-child.mjs";

const locked = join(root, "package-lock.json");
const installed = join(root, "node_modules", ".package-lock.json");

/** Why packages must be installed, or undefined. With `onlyMissing`, old ones will do. `without` are those that may be missing. */
export function packagesProblem({ onlyMissing = false, without = ["optional"] } = {}) {
  if (!existsSync(installed)) return isHoisted() ? undefined : "they are not installed";
  if (onlyMissing || !existsSync(locked)) return undefined;
  const want = readPackages(locked);
  const have = readPackages(installed);
  for (const [path, wanted] of Object.entries(want)) {
    if (path === "" || (!have[path] && without.some((kind) => wanted[kind]))) continue;
    if (!have[path]) return `${nameOf(path)} is missing`;
    if (have[path].version !== wanted.version) {
      return `${nameOf(path)} is ${have[path].version}, locked is ${wanted.version}`;
    }
  }
  return undefined;
}

/** Installs the locked packages, once when several processes ask at the same time. */
export async function installPackages() {
  const name = `packages-${createHash("sha256").update(root).digest("hex").slice(0, 12)}`;
  await withSetUpLock(name, async () => {
    const problem = packagesProblem();
    if (problem === undefined) return;
    const end = showProgress(() => `Installing packages, for ${problem}`);
    const npm = process.platform === "win32" ? "npm.cmd" : "npm";
    const lines = [];
    // Tests and checks need the development packages whatever NODE_ENV says.
    const code = await runChild(npm, ["ci", "--include=dev", "--no-fund", "--no-audit"], {
      cwd: root,
      onLine: (line) => lines.push(line),
    }).catch((error) => (lines.push(error.message), 1));
    end(code === 0 ? "done" : "failed");
    if (code !== 0) {
      // npm says what is wrong first, and how it is used in general after.
      console.error(
        lines
          .filter((line) => !line.startsWith("npm warn"))
          .slice(0, 15)
          .join("\n"),
      );
      console.error(`npm ci failed in ${root}. Run it there yourself and start again.`);
      process.exit(1);
    }
  });
}

/** As a dependency of another package, ours lie further up. */
function isHoisted() {
  try {
    createRequire(join(root, "package.json")).resolve("tsx/esm/api");
    return !existsSync(locked);
  } catch {
    return false;
  }
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

function nameOf(path) {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}
