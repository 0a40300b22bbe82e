// A workspace is looked at before anyone works in it.
import { execFileSync } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { ApplicationFailure } from "@temporalio/common";
import { expect, test } from "vitest";
import { createPrepareWorkspace } from "../../activities/prepare-workspace.ts";
import { failureTypes } from "../../protocol/failures.ts";
import { fill, inActivity, newFolder } from "./bench.ts";

const prepare = (path: string, host = "here") =>
  inActivity(createPrepareWorkspace({ host: "here", dir: "/nowhere" }), { host, path });

test("a folder is given back by its real path", async () => {
  const top = await newFolder();
  await mkdir(join(top, "real"));
  await symlink("real", join(top, "link"));
  expect(await prepare(join(top, "link"))).toEqual({
    host: "here",
    path: join(top, "real"),
    writable: true,
    git: false,
  });
});

test.each([
  ["a repository", "", ".git/HEAD"],
  ["a folder of a repository", "src/deep", ".git/HEAD"],
  ["a worktree, whose .git is a file", "", ".git"],
])("%s is in git", async (_name, inner, marker) => {
  const top = await newFolder();
  await fill(top, { [marker]: "x" });
  await mkdir(join(top, inner), { recursive: true });
  expect(await prepare(join(top, inner))).toMatchObject({ git: true });
});

test.skipIf(process.platform !== "linux")(
  "what not even root may write to is found out",
  async () => {
    expect(await prepare("/proc/self")).toMatchObject({ writable: false });
  },
);

test.each([
  ["none", "There is no folder"],
  ["a.txt/x", "There is no folder"],
  ["a.txt", "is a file. Name the folder"],
  ["loop", "cannot be read (ELOOP)"],
])("%s is refused with a remedy", async (path, why) => {
  const top = await newFolder();
  await fill(top, { "a.txt": "a" });
  await symlink("loop", join(top, "loop"));
  expect(await failureOf(prepare(join(top, path)))).toContain(why);
});

test("a relative path and another host are refused", async () => {
  expect(await failureOf(prepare("src"))).toContain("is not an absolute path");
  expect(await failureOf(prepare("/tmp", "elsewhere"))).toContain("on host elsewhere");
});

test.skipIf(process.getuid?.() === 0)("a folder without permission is refused", async () => {
  const top = await newFolder();
  execFileSync("chmod", ["000", top]);
  expect(await failureOf(prepare(top))).toContain("cannot be read (EACCES)");
  execFileSync("chmod", ["700", top]);
});

async function failureOf(running: Promise<unknown>): Promise<string> {
  const error: unknown = await running.catch((caught: unknown) => caught);
  if (!(error instanceof ApplicationFailure)) throw new Error(`no failure: ${String(error)}`);
  expect(error).toMatchObject({ type: failureTypes.invalidWorkspace, nonRetryable: true });
  return error.message;
}
