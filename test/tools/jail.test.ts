// No path leads out of the workspace or the artifacts.
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newBench } from "./bench.ts";

/** A workspace beside a secret, with every kind of link to it. */
async function newTrap() {
  const bench = await newBench({ "src/a.ts": "inside\n", "real/deep/b.txt": "b\n" });
  const { top, workspace, artifacts } = bench;
  await mkdir(join(top, "outside"));
  await writeFile(join(top, "outside/secret.txt"), "secret\n");
  await symlink(join(top, "outside/secret.txt"), join(workspace, "file-link"));
  await symlink(join(top, "outside"), join(workspace, "folder-link"));
  await symlink("../outside", join(workspace, "relative-link"));
  await symlink(join(top, "outside/not-yet.txt"), join(workspace, "dangling-link"));
  await symlink(join(top, "outside/none"), join(workspace, "dangling-folder"));
  await symlink("loop-b", join(workspace, "loop-a"));
  await symlink("loop-a", join(workspace, "loop-b"));
  await symlink("src/a.ts", join(workspace, "inner-link"));
  await symlink("real", join(workspace, "inner-folder"));
  await symlink(".git", join(workspace, "git-link"));
  await mkdir(join(workspace, ".git"));
  await writeFile(join(workspace, ".git/config"), "[core]\n");
  await mkdir(artifacts, { recursive: true });
  await symlink(join(top, "outside"), join(artifacts, "out"));
  await symlink(join(top, "outside/new.md"), join(artifacts, "dangling.md"));
  return bench;
}

const escapes = [
  ["..", "outside the workspace"],
  ["../outside/secret.txt", "outside the workspace"],
  ["src/../../outside/secret.txt", "outside the workspace"],
  ["./src/.././../outside/secret.txt", "outside the workspace"],
  ["/etc/passwd", "outside the workspace"],
  ["file-link", "outside the workspace"],
  ["folder-link/secret.txt", "outside the workspace"],
  ["folder-link/new/deep.txt", "outside the workspace"],
  ["relative-link/secret.txt", "outside the workspace"],
  ["inner-folder/../../outside/secret.txt", "outside the workspace"],
  ["dangling-link", "link to nothing"],
  ["dangling-folder/new.txt", "link to nothing"],
  ["loop-a", "lead in a circle"],
  ["loop-a/x", "lead in a circle"],
  ["artifacts/../../outside/secret.txt", "outside the workspace"],
  ["artifacts/../../root-2/other.md", "outside the workspace"],
  ["artifacts/out/secret.txt", "outside the workspace"],
  ["artifacts/out/new.txt", "outside the workspace"],
  ["artifacts/dangling.md", "link to nothing"],
  [".git/config", "private"],
  [".GIT/config", "private"],
  ["git-link/config", "private"],
  ["src/.bosun/x", "private"],
  ["src/\0a", "NUL"],
] as const;

describe("every tool refuses", () => {
  test.each(escapes)("the path %j", async (path, why) => {
    const bench = await newTrap();
    const inputs = {
      list_files: { path },
      read_file: { path },
      search_files: { pattern: "secret", path },
      write_file: { path, content: "changed" },
      edit_file: { path, old_text: "secret", new_text: "changed" },
    } as const;
    for (const name of Object.keys(inputs) as (keyof typeof inputs)[]) {
      const text = await bench.refused(name, inputs[name]);
      expect(text).toContain(why);
      expect(text).not.toContain("secret\n");
    }
    expect(await readdir(join(bench.top, "outside"))).toEqual(["secret.txt"]);
    expect(await readFile(join(bench.top, "outside/secret.txt"), "utf8")).toBe("secret\n");
    expect(await readdir(join(bench.workspace, ".git"))).toEqual(["config"]);
  });

  test("Bosun's own state, whatever the folder is called", async () => {
    const bench = await newBench({ "state-here/journal/x.json": "{}", "a.txt": "a" });
    const own = await newBench({}, { dir: join(bench.workspace, "state-here") });
    const more = { workspace: { host: "here", path: bench.workspace, writable: true, git: false } };
    const read = await own.call("read_file", { path: "state-here/journal/x.json" }, more);
    expect(read).toMatchObject({ isError: true, text: expect.stringContaining("private") });
    const list = await own.call("list_files", {}, more);
    expect(list.text).toBe("1 files, 1 bytes under .\na.txt\t1");
  });

  test("a workspace that has gone", async () => {
    const bench = await newBench();
    const workspace = { host: "here", path: "/no/such/place", writable: true, git: false };
    const outcome = await bench.call("list_files", {}, { workspace });
    expect(outcome).toMatchObject({ isError: true, text: expect.stringContaining("is gone") });
  });
});

describe("inside", () => {
  test("a link is read, shown by the path it was asked by, and not written through", async () => {
    const bench = await newTrap();
    expect(await bench.text("read_file", { path: "inner-link" })).toContain("1\tinside");
    expect(await bench.text("list_files", { path: "inner-folder" })).toBe(
      "1 files, 2 bytes under inner-folder\ninner-folder/deep/b.txt\t2",
    );
    const refusal = await bench.refused("write_file", { path: "inner-link", content: "x" });
    expect(refusal).toContain("is a link");
    expect(await bench.content("src/a.ts")).toBe("inside\n");
  });

  test("an absolute path of the workspace is shown as a relative one", async () => {
    const bench = await newTrap();
    const path = join(bench.workspace, "src/a.ts");
    expect(await bench.text("read_file", { path })).toMatch(/^src\/a\.ts: lines 1-1 of 1/);
  });

  test("a path through a folder link is created inside", async () => {
    const bench = await newTrap();
    await bench.text("write_file", { path: "inner-folder/deep/new/c.txt", content: "c" });
    expect(await bench.content("real/deep/new/c.txt")).toBe("c");
  });

  test("artifacts/ is the task's, never a folder of the workspace", async () => {
    const bench = await newBench({ "artifacts/own.txt": "the workspace's", "b.txt": "b" });
    const written = await bench.call("write_file", { path: "artifacts/n/r.md", content: "# R\n" });
    expect(written.artifacts).toEqual(["artifacts/n/r.md"]);
    expect(await readFile(join(bench.artifacts, "n/r.md"), "utf8")).toBe("# R\n");
    expect(await bench.text("list_files", {})).toBe("1 files, 1 bytes under .\nb.txt\t1");
    expect(await bench.text("list_files", { path: "artifacts" })).toBe(
      "1 files, 4 bytes under artifacts\nartifacts/n/r.md\t4",
    );
    expect(await bench.refused("read_file", { path: "artifacts/own.txt" })).toContain(
      "There is no",
    );
  });

  test("artifacts of a tree whose id is no file name are still its own", async () => {
    const bench = await newBench();
    const more = { rootId: "../../x" };
    await bench.call("write_file", { path: "artifacts/a.md", content: "a" }, more);
    const [name, ...others] = await readdir(join(bench.dir, "artifacts"));
    expect(name).toMatch(/^sha256\.[0-9a-f]{40}$/);
    expect(others).toEqual([]);
    expect(await bench.text("list_files", { path: "artifacts" })).toMatch(/^0 files/);
  });
});
