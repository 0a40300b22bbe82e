// What a command of a model may reach, by bubblewrap.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { CommandEnvironment } from "../../protocol/environment.ts";
import { isInside, type Jail } from "../tools/jail.ts";
import { ToolProblem } from "../tool-problem.ts";

export interface Sandbox {
  /** What an answer says of it. */
  readonly words: string;
  /** The program and its arguments as they are started, in a folder of the workspace. */
  wrap(jail: Jail, cwd: string, command: readonly string[]): Promise<readonly string[]>;
}

/** Finds out at the first call, for good: a program that is installed need not be allowed to run. */
export function createSandbox({ sandbox: mode, env }: CommandEnvironment): () => Promise<Sandbox> {
  let probed: Promise<string | undefined> | undefined;
  return async () => {
    if (mode === "off") return plain;
    probed ??= probe(env["PATH"]);
    const trouble = await probed;
    if (trouble === undefined) return bubblewrap;
    if (mode === "auto") return plain;
    throw new ToolProblem(
      `run_command was not run: this host requires bubblewrap and it does not run (${trouble}). Tell the person to install it, or to allow commands without it by BOSUN_SANDBOX=auto.`,
    );
  };
}

const plain: Sandbox = {
  words: "no sandbox",
  wrap: async (_jail, _cwd, command) => command,
};

const bubblewrap: Sandbox = {
  words: "bubblewrap, no network",
  wrap: async (jail, cwd, command) => [
    "bwrap",
    ...everywhere,
    ...(await hideHome(jail)),
    ...bindWorkspace(jail),
    ...(await protectGit(jail)),
    "--chdir",
    cwd,
    "--",
    ...command,
  ],
};

/** The machine to read, without network, sockets, temporary files or processes of others. */
const everywhere = [
  "--unshare-user-try --unshare-ipc --unshare-pid --unshare-net --unshare-uts --die-with-parent",
  "--ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --tmpfs /var/tmp --tmpfs /run",
  "--ro-bind-try /run/current-system /run/current-system",
  "--setenv TMPDIR /tmp --setenv XDG_CACHE_HOME /tmp/.cache",
].flatMap((line) => line.split(" "));

const secrets = [
  ".ssh .gnupg .aws .azure .kube .docker .claude .claude.json .netrc .npmrc .pypirc .git-credentials",
  ".config/gcloud .config/gh .config/git/credentials .cargo/credentials.toml .local/share/keyrings",
].flatMap((line) => line.split(" "));

/** Where keys commonly lie. Anything else the user can read stays readable. */
async function hideHome(jail: Jail): Promise<readonly string[]> {
  const home = homeOfUser();
  if (home === undefined) return [];
  const hidden = secrets.map(async (name) => {
    // Nothing is mounted over a link.
    const path = await realpath(join(home, name)).catch(() => undefined);
    if (path === undefined || isInside(path, jail.workspace)) return [];
    const isFolder = (await stat(path)).isDirectory();
    return isFolder ? ["--tmpfs", path] : ["--ro-bind", "/dev/null", path];
  });
  return (await Promise.all(hidden)).flat();
}

/** In a container a user may have no entry anywhere, and then no home. */
function homeOfUser(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/** Bosun's state lies below the workspace, above it, or elsewhere: it is hidden in each case. */
function bindWorkspace({ workspace, writable, dir, worktree }: Jail): readonly string[] {
  // Git looks for its file at the worktree's top.
  const top = worktree && worktree !== workspace ? ["--ro-bind", worktree, worktree] : [];
  const bind = [...top, writable ? "--bind" : "--ro-bind", workspace, workspace];
  const hidden = existsSync(dir) ? ["--tmpfs", dir] : [];
  return isInside(workspace, dir) ? [...bind, ...hidden] : [...hidden, ...bind];
}

/** What is written here would be run by the person's own git, outside. */
async function protectGit({ workspace }: Jail): Promise<readonly string[]> {
  const git = join(workspace, ".git");
  const found = await lstat(git).catch(() => undefined);
  if (!found?.isDirectory()) return [];
  return ["hooks", "config"].flatMap((name) => {
    const path = join(git, name);
    return existsSync(path) ? ["--ro-bind", path, path] : [];
  });
}

/** Why bubblewrap does not run here, or nothing when it does. */
function probe(path = "/usr/local/bin:/usr/bin:/bin"): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn("bwrap", [...everywhere, "--", "true"], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: path },
      timeout: 10_000,
    });
    let said = "";
    child.stderr.on("data", (data: Buffer) => (said += data.toString().slice(0, 300)));
    child.on("error", () => resolve("it is not installed"));
    child.on("close", (code) => resolve(code === 0 ? undefined : said.trim() || `exit ${code}`));
  });
}
