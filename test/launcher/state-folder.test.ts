// Where state lies, and who an installation is.
import { chmodSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findInstallation, openInstallation } from "../../client/installation/installation.ts";
import { findStateFolder, openStateFolder } from "../../client/installation/state-folder.ts";
import { newPlace } from "./place.ts";

interface Row {
  readonly name: string;
  readonly folders: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly found: string | undefined;
  readonly opened: string;
}

const rows: readonly Row[] = [
  {
    name: "nothing there: ./.bosun",
    folders: ["a"],
    cwd: "a",
    found: undefined,
    opened: "a/.bosun",
  },
  { name: "one here", folders: [".bosun"], cwd: ".", found: ".bosun", opened: ".bosun" },
  {
    name: "one further up",
    folders: [".bosun", "a/b"],
    cwd: "a/b",
    found: ".bosun",
    opened: ".bosun",
  },
  {
    name: "the nearest of several",
    folders: [".bosun", "a/.bosun", "a/b"],
    cwd: "a/b",
    found: "a/.bosun",
    opened: "a/.bosun",
  },
  {
    name: "BOSUN_DIR before all others",
    folders: [".bosun", "x"],
    cwd: ".",
    env: { BOSUN_DIR: "x" },
    found: "x",
    opened: "x",
  },
  {
    name: "BOSUN_DIR that is not there yet",
    folders: [".bosun"],
    cwd: ".",
    env: { BOSUN_DIR: "x/y" },
    found: undefined,
    opened: "x/y",
  },
  {
    name: "an empty BOSUN_DIR is none",
    folders: ["a"],
    cwd: "a",
    env: { BOSUN_DIR: " " },
    found: undefined,
    opened: "a/.bosun",
  },
];

test.each(rows)("state folder: $name", ({ folders, cwd, env = {}, found, opened }) => {
  const { folder } = newPlace();
  for (const path of folders) mkdirSync(join(folder, path), { recursive: true });
  const at = join(folder, cwd);
  const home = { HOME: join(folder, "home"), ...env };
  expect(findStateFolder(home, at)).toBe(found && join(folder, found));
  expect(openStateFolder(home, at)).toEqual({ dir: join(folder, opened) });
  expect(findStateFolder(home, at)).toBe(join(folder, opened));
});

test("a folder that cannot be written keeps its state in the person's home, and says so", () => {
  const { folder } = newPlace();
  const locked = join(folder, "locked");
  mkdirSync(locked);
  // Root may write everywhere, so a folder that is none stands in for one that is locked.
  const at = process.getuid?.() === 0 ? "/proc/self" : locked;
  chmodSync(locked, 0o500);
  const env = { HOME: join(folder, "home") };
  const state = openStateFolder(env, at);
  expect(state.dir).toContain(join("home", ".local", "state", "bosun"));
  expect(state.remark).toContain("cannot be written");
  expect(findStateFolder(env, at)).toBe(state.dir);
  chmodSync(locked, 0o700);
});

test("ids are made once and kept, and the folder hides itself from git", () => {
  const { folder } = newPlace();
  const env = { HOME: folder };
  expect(findInstallation(env, folder)).toBeUndefined();
  const made = openInstallation(env, folder);
  expect(made.id).toMatch(/^[0-9a-f]{12}$/);
  expect(made.host).toMatch(/^[0-9a-f]{12}$/);
  expect(openInstallation(env, folder)).toEqual(made);
  expect(findInstallation(env, folder)).toEqual(made);
  expect(readFileSync(join(made.dir, ".gitignore"), "utf8")).toBe("*\n");
  expect(statSync(made.dir).mode & 0o077).toBe(0);
});

test("names from the environment come before the kept ones", () => {
  const { folder } = newPlace();
  const env = { HOME: folder, BOSUN_INSTALLATION: "shared", BOSUN_HOST: "build-1" };
  expect(openInstallation(env, folder)).toMatchObject({ id: "shared", host: "build-1" });
});
