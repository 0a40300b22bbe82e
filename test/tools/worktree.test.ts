// Worktrees: made, worked in, taken, applied, removed.
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { sweepWorktrees } from "../../activities/index.ts";
import { newSlowGit } from "../support/slow-git.ts";
import { fill, newFolder } from "./bench.ts";
import { commitAll, git, newIsolated, newRepository } from "./repository.ts";

const files = { "a.txt": "one\ntwo\nthree\n", "src/b.txt": "b\n", ".gitignore": "build/\n.env\n" };

describe("a worktree", () => {
  test("is made from the last commit, once for a task, and outside of the files of the workspace", async () => {
    const made = await newIsolated(files);
    await writeFile(join(made.workspace, "a.txt"), "not committed\n");
    const path = await made.prepare("coder-1");
    expect(await readFile(join(path, "a.txt"), "utf8")).toBe(files["a.txt"]);
    expect(await made.prepare("coder-1")).toBe(path);
    expect(await made.prepare("coder-2")).not.toBe(path);
    expect(path.startsWith(join(made.dir, "worktrees"))).toBe(true);
    expect(git(made.workspace, "branch", "--list").trim()).toBe("* main");
  });

  test("tells what is not committed, at most 20 paths", async () => {
    const made = await newIsolated(files);
    const many = Array.from({ length: 23 }, (_, at) => [`new-${at}.txt`, "x"]);
    await fill(made.workspace, Object.fromEntries(many));
    await made.prepare("coder-1");
    const record = JSON.parse(
      await readFile(join(made.dir, "worktrees", "coder-1.json"), "utf8"),
    ) as { worktree: { uncommitted: string[]; more: number } };
    expect(record.worktree.uncommitted).toHaveLength(20);
    expect(record.worktree.more).toBe(3);
  });

  test("jails the tools to itself, though it lies in Bosun's state", async () => {
    const made = await newIsolated(files);
    const path = await made.prepare("coder-1");
    await symlink(join(made.workspace, "src"), join(path, "link"));
    await fill(made.dir, { "secret.json": "{}" });
    const call = (name: "read_file" | "write_file", given: object) =>
      made.tool("coder-1", path, name, given);
    expect(await call("write_file", { path: "src/c.txt", content: "c\n" })).toMatchObject({
      isError: false,
    });
    expect((await made.tool("coder-1", path, "list_files", {})).text).toContain("src/c.txt");
    for (const outside of [
      "../../secret.json",
      join(made.dir, "secret.json"),
      join(made.workspace, "a.txt"),
      "link/b.txt",
      ".git",
      "../coder-1.json",
    ]) {
      expect(await call("read_file", { path: outside })).toMatchObject({ isError: true });
      expect(await call("write_file", { path: outside, content: "x" })).toMatchObject({
        isError: true,
      });
    }
    expect(await readFile(join(made.workspace, "src/b.txt"), "utf8")).toBe("b\n");
  });

  test("is out of reach for tasks of the workspace", async () => {
    const made = await newIsolated(files);
    const path = await made.prepare("coder-1");
    const inside = path.slice(made.workspace.length + 1);
    const other = await made.tool("other-1", made.workspace, "read_file", {
      path: join(inside, "a.txt"),
    });
    expect(other).toMatchObject({ isError: true, text: expect.stringContaining("private") });
    const state = await made.tool("other-1", join(made.dir, "worktrees"), "list_files", {});
    expect(state).toMatchObject({ isError: true });
  });

  test("of a folder within the repository works in that folder", async () => {
    const made = await newIsolated(files);
    const path = await made.prepare("coder-1", {}, join(made.workspace, "src"));
    expect(await readdir(path)).toEqual(["b.txt"]);
    await made.tool("coder-1", path, "write_file", { path: "c.txt", content: "c\n" });
    const { diff } = await made.collect("coder-1", path);
    expect(diff).toMatchObject({ files: 1, insertions: 1 });
    expect(await made.apply("coder-1")).toMatchObject({ outcome: "applied", paths: ["src/c.txt"] });
    expect(await readFile(join(made.workspace, "src/c.txt"), "utf8")).toBe("c\n");
  });

  test("is shown to a model without half a character", async () => {
    const made = await newIsolated(files);
    const path = await made.prepare("coder-1");
    await writeFile(join(path, "long.txt"), "😀".repeat(1_200));
    await made.collect("coder-1", path);
    const input = { task_id: "coder-1" };
    const { text } = await made.tool("supervisor-1", made.workspace, "read_diff", input);
    expect(text).toContain("more characters]");
    expect(text).not.toMatch(/\p{Surrogate}/u);
  });

  test("runs no hook, filter or monitor of the repository", async () => {
    const made = await newIsolated({ ...files, ".gitattributes": "*.txt filter=evil\n" });
    const ran = join(made.top, "ran");
    const script = join(made.workspace, ".git/hooks/post-checkout");
    await writeFile(script, `#!/bin/sh\ntouch ${ran}\n`);
    await chmod(script, 0o755);
    git(made.workspace, "config", "core.fsmonitor", script);
    git(made.workspace, "config", "filter.evil.smudge", `sh -c 'touch ${ran}; cat'`);
    git(made.workspace, "config", "filter.evil.clean", `sh -c 'touch ${ran}; cat'`);
    await rm(ran, { force: true });
    const path = await made.prepare("coder-1");
    await made.tool("coder-1", path, "write_file", { path: "a.txt", content: "new\n" });
    await made.collect("coder-1", path);
    expect(await made.apply("coder-1")).toMatchObject({ outcome: "applied" });
    expect(existsSync(ran)).toBe(false);
  });

  test.each([
    ["a folder without git", async (top: string) => top, /lies in none.*git init/],
    [
      "a repository without a commit",
      async (top: string) => {
        git(top, "init", "--quiet");
        return top;
      },
      /there is none yet.*Commit something/,
    ],
    [
      "a bare repository",
      async (top: string) => {
        git(top, "init", "--quiet", "--bare");
        return top;
      },
      /bare one.*clone/,
    ],
    [
      "a folder that is in no commit",
      async (top: string) => {
        await newRepository(top, files);
        await mkdir(join(top, "build"));
        return join(top, "build");
      },
      /folder build\/ is not in it.*Commit it/,
    ],
  ])("of %s is refused with what to do", async (_, prepare, words) => {
    const made = await newIsolated(files);
    const top = await newFolder();
    await expect(made.prepare("coder-1", {}, await prepare(top))).rejects.toThrow(words);
  });

  test("that a killed worker left half made is made anew, and the rest of it swept", async () => {
    const made = await newIsolated(files);
    const half = join(made.dir, "worktrees", "coder-1.abcdef");
    await mkdir(join(made.dir, "worktrees"), { recursive: true });
    git(made.workspace, "worktree", "add", "--quiet", "--detach", half, "HEAD");
    await rm(join(half, "a.txt"));
    const dead = spawnSync("true").pid;
    const note = { owner: { pid: dead, start: "1.1" }, top: made.workspace };
    await writeFile(`${half}.making`, JSON.stringify(note));
    const path = await made.prepare("coder-1");
    expect(path).not.toBe(half);
    expect(await readFile(join(path, "a.txt"), "utf8")).toBe(files["a.txt"]);
    await sweep(made, () => false);
    expect(existsSync(half)).toBe(false);
    expect(existsSync(path)).toBe(true);
    expect(git(made.workspace, "worktree", "list").trim().split("\n")).toHaveLength(2);
  });

  test("of a task that ended while nobody looked is taken and removed by the next worker", async () => {
    const made = await newIsolated(files);
    const [ended, running] = [await made.prepare("coder-1"), await made.prepare("coder-2")];
    await writeFile(join(ended, "a.txt"), "changed\n");
    await sweep(made, (taskId) => taskId === "coder-1");
    expect([existsSync(ended), existsSync(running)]).toEqual([false, true]);
    expect(await made.diff("coder-1")).toContain("+changed");
    await expect(made.prepare("coder-1")).rejects.toThrow(/has ended before/);
  });
});

function sweep(made: Awaited<ReturnType<typeof newIsolated>>, ended: (id: string) => boolean) {
  const deps = { dir: made.dir, env: { PATH: process.env["PATH"] ?? "" } };
  return sweepWorktrees(deps, async (id) => ended(id), new AbortController().signal);
}

/** Everything of a folder that is not git's or Bosun's: content, and whether it can be run. */
async function snapshot(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder, { recursive: true });
  const seen = await Promise.all(
    names
      .filter((name) => !/^\.(git|bosun)(\/|$)/.test(name))
      .map(async (name): Promise<[string, string][]> => {
        const stats = await lstat(join(folder, name));
        if (stats.isDirectory()) return [];
        const data = stats.isSymbolicLink() ? "link" : await readFile(join(folder, name), "hex");
        return [[name, `${(stats.mode & 0o111) > 0 ? "x" : "-"} ${data}`]];
      }),
  );
  return Object.fromEntries(seen.flat().toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

describe("a diff", () => {
  const rich = {
    ...files,
    "old name.txt": "a long enough text\nto be found again\nafter its name has changed\n",
    "gone.txt": "gone\n",
    "run.sh": "#!/bin/sh\n",
    "image.bin": Buffer.from([0, 1, 2, 3, 255]),
  };

  test("holds binary, renamed, deleted and executable files, spaces and non-ASCII letters, and applies to the same", async () => {
    const made = await newIsolated(rich);
    const path = await made.prepare("coder-1");
    await writeFile(join(path, "image.bin"), Buffer.from([9, 0, 8, 255, 254]));
    await rename(join(path, "old name.txt"), join(path, "new name – größer.txt"));
    await rm(join(path, "gone.txt"));
    await chmod(join(path, "run.sh"), 0o755);
    await fill(path, {
      "ünter/näch ste.txt": "neu\n",
      'tab\tand"quote.txt': "q\n",
      "latin.txt": Buffer.from([0xe9, 10]),
    });
    await symlink("a.txt", join(path, "pointer"));
    const { diff } = await made.collect("coder-1", path);
    expect(diff).toMatchObject({ files: 8, artifact: "artifacts/coder-1.diff" });
    const before = await snapshot(path);
    expect(await made.apply("coder-1")).toMatchObject({ outcome: "applied" });
    expect(await snapshot(made.workspace)).toEqual(before);
    expect((await stat(join(made.workspace, "run.sh"))).mode & 0o100).toBe(0o100);
  });

  test("leaves out what is ignored, save for what the task wrote itself", async () => {
    const made = await newIsolated(files);
    const path = await made.prepare("coder-1");
    await fill(path, { "build/out.o": "x", "build/kept.txt": "x" });
    await made.tool("coder-1", path, "write_file", { path: ".env", content: "A=1\n" });
    await made.collect("coder-1", path);
    const text = await made.diff("coder-1");
    expect(text).toContain("b/.env");
    expect(text).not.toContain("build/");
  });

  test("does not depend on what the task did to git in its worktree", async () => {
    const made = await newIsolated(files);
    const path = await made.prepare("coder-1");
    git(path, "update-index", "--assume-unchanged", "src/b.txt");
    await writeFile(join(path, "src/b.txt"), "hidden\n");
    await writeFile(join(path, "a.txt"), "committed\n");
    commitAll(path);
    await rm(join(path, ".git"));
    git(path, "init", "--quiet");
    const { diff } = await made.collect("coder-1", path);
    expect(diff).toMatchObject({ files: 2 });
    expect(await made.diff("coder-1")).toMatch(/\+committed[^]*\+hidden/);
  });

  test("writes nothing into the repository's own store", async () => {
    const made = await newIsolated(files);
    const path = await made.prepare("coder-1");
    const count = () => git(made.workspace, "count-objects").trim();
    const before = count();
    await fill(path, { "a.txt": "changed\n", "new.txt": "new\n" });
    await made.collect("coder-1", path);
    await made.apply("coder-1");
    expect(count()).toBe(before);
  });

  test("that is too large, or cannot be taken whole, leaves the worktree where it is", async () => {
    const made = await newIsolated(files);
    const large = await made.prepare("coder-1", { maxDiffBytes: 1_000 });
    await writeFile(join(large, "a.txt"), "x\n".repeat(2_000));
    expect((await made.release("coder-1"))?.kept).toMatch(
      /stay in worktrees\/coder-1\.\w+ in .*1000 bytes.*BOSUN_MAX_DIFF_BYTES/,
    );
    expect(existsSync(large)).toBe(true);
    const nested = await made.prepare("coder-2");
    await newRepository(join(nested, "inner"), { "x.txt": "x\n" });
    expect((await made.release("coder-2"))?.kept).toMatch(/inner is a git repository of its own/);
    expect(existsSync(join(nested, "inner/x.txt"))).toBe(true);
    await expect(made.apply("coder-2")).rejects.toThrow(/has not been taken/);
  });

  test("is taken before the worktree goes, with folders that nobody may write to", async () => {
    const made = await newIsolated(files);
    const path = await made.prepare("coder-1");
    await fill(path, { "locked/x.txt": "x\n" });
    await chmod(join(path, "locked"), 0o500);
    expect(await made.release("coder-1")).toMatchObject({ files: 1 });
    expect(existsSync(path)).toBe(false);
    expect(git(made.workspace, "worktree", "list").trim().split("\n")).toHaveLength(1);
    expect(await made.release("coder-1")).toMatchObject({ files: 1 });
  });

  test("of a repository with a submodule says that its folder is empty", async () => {
    const made = await newIsolated(files);
    const other = join(made.top, "other");
    await newRepository(other, { "x.txt": "x\n" });
    git(
      made.workspace,
      "-c",
      "protocol.file.allow=always",
      "submodule",
      "add",
      "--quiet",
      other,
      "sub",
    );
    commitAll(made.workspace);
    const path = await made.prepare("coder-1");
    expect(await readdir(join(path, "sub"))).toEqual([]);
    await writeFile(join(path, "sub/new.txt"), "lost?\n");
    expect((await made.release("coder-1"))?.kept).toMatch(
      /sub is a submodule, and there are files/,
    );
    expect(existsSync(join(path, "sub/new.txt"))).toBe(true);
  });
});

describe("a scope", () => {
  test("refuses writes beside it, and its diff leaves out what commands changed beside it", async () => {
    const made = await newIsolated({ ...files, "docs/x.md": "x\n" });
    const path = await made.prepare("coder-1", { scopes: [["src", "docs/**/*.md"]] });
    await fill(path, {
      "src/b.txt": "in\n",
      "docs/x.md": "in\n",
      "a.txt": "out\n",
      "docs/y.txt": "out\n",
      "other/src/z.txt": "out\n",
      ".bosun/agents.md": "out\n",
    });
    const { diff } = await made.collect("coder-1", path);
    expect(diff).toMatchObject({
      files: 2,
      outside: [".bosun/agents.md", "a.txt", "docs/y.txt", "other/src/z.txt"],
    });
    expect(await made.apply("coder-1")).toMatchObject({ paths: ["docs/x.md", "src/b.txt"] });
    expect(await readFile(join(made.workspace, "a.txt"), "utf8")).toBe(files["a.txt"]);
    const beside = await readFile(join(made.dir, "artifacts/root-1/coder-1.outside.diff"), "utf8");
    expect(beside).toContain("a/a.txt");
    expect(beside).not.toContain("src/b.txt");
  });
});

async function changed(text: string) {
  const made = await newIsolated(files);
  const path = await made.prepare("coder-1");
  await writeFile(join(path, "a.txt"), text);
  await made.release("coder-1");
  return made;
}

/** As a kill leaves it: one file done, one half written, one gone, the rest untouched. */
async function breakOff(made: Awaited<ReturnType<typeof newIsolated>>): Promise<void> {
  const file = join(made.dir, "worktrees", "coder-1.json");
  const kept = join(made.dir, "worktrees", "coder-1.applying");
  const record = JSON.parse(await readFile(file, "utf8")) as object;
  // The trees are what a real apply puts on record: it is made once, then undone by hand.
  await made.apply("coder-1");
  const raw = git(made.workspace, "diff", "--raw", "--no-renames", "--abbrev=40", "-z");
  await mkdir(kept, { recursive: true });
  const sides = [];
  const parts = raw.split("\0");
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [from = "", to = "", fromId = ""] = (parts[at] ?? "").slice(1).split(" ");
    const name = parts[at + 1] ?? "";
    const after = await readFile(join(made.workspace, name));
    const toId = git(made.workspace, "hash-object", name).trim();
    await writeFile(join(kept, toId), after);
    await writeFile(join(kept, fromId), git(made.workspace, "cat-file", "blob", fromId));
    sides.push({ path: name, from: { mode: from, id: fromId }, to: { mode: to, id: toId } });
  }
  const newId = git(made.workspace, "hash-object", "new.txt").trim();
  await writeFile(join(kept, newId), "new file\n");
  const absent = { mode: "000000", id: "0".repeat(40) };
  sides.push({ path: "new.txt", from: absent, to: { mode: "100644", id: newId } });
  await writeFile(join(kept, "sides.json"), JSON.stringify(sides));
  await writeFile(file, JSON.stringify({ ...record, applying: { before: "x", after: "y" } }));
  await writeFile(join(made.workspace, "new.txt"), "new fi");
  await rm(join(made.workspace, "src/b.txt"));
}

describe("applying", () => {
  test("twice is recognised, also when it was applied by hand", async () => {
    const made = await changed("one\nTWO\nthree\n");
    expect(await made.apply("coder-1")).toMatchObject({ outcome: "applied" });
    expect(await made.apply("coder-1")).toMatchObject({ outcome: "already" });
    git(made.workspace, "checkout", "--quiet", "a.txt");
    expect(await made.apply("coder-1")).toMatchObject({ outcome: "applied" });
    const other = await changed("one\nTWO\nthree\n");
    await writeFile(join(other.workspace, "a.txt"), "one\nTWO\nthree\n");
    expect(await other.apply("coder-1")).toMatchObject({ outcome: "already" });
  });

  test("onto files that are not committed is refused by their names", async () => {
    const made = await changed("one\nTWO\nthree\n");
    await writeFile(join(made.workspace, "a.txt"), "mine\n");
    await writeFile(join(made.workspace, "src/b.txt"), "mine too, not touched\n");
    const refused = await made.apply("coder-1");
    expect(refused).toMatchObject({ outcome: "refused", paths: ["a.txt"] });
    expect(refused.text).toMatch(/not committed. Commit or stash/);
    expect(await readFile(join(made.workspace, "a.txt"), "utf8")).toBe("mine\n");
  });

  test("of two tasks that changed the same line: the first applies, the second names file and hunk", async () => {
    const made = await newIsolated({ ...files, "z.txt": "z\n" });
    for (const [taskId, word] of [
      ["coder-1", "FIRST"],
      ["coder-2", "SECOND"],
    ] as const) {
      const path = await made.prepare(taskId);
      await writeFile(join(path, "a.txt"), `one\n${word}\nthree\n`);
      await writeFile(join(path, "z.txt"), `${word}\n`);
      await writeFile(join(path, `${taskId}.txt`), "new\n");
      await made.release(taskId);
    }
    expect(await made.apply("coder-1")).toMatchObject({ outcome: "applied" });
    expect(await made.apply("coder-2")).toMatchObject({
      outcome: "refused",
      paths: ["a.txt", "z.txt"],
    });
    commitAll(made.workspace);
    const before = await snapshot(made.workspace);
    const collided = await made.apply("coder-2");
    expect(collided).toMatchObject({
      outcome: "refused",
      paths: ["a.txt, hunk at line 1", "z.txt, hunk at line 1"],
      text: expect.stringContaining("nothing was changed"),
    });
    expect(await snapshot(made.workspace)).toEqual(before);
    expect(git(made.workspace, "status", "--porcelain")).toBe("");
  });

  test("merges with lines that have changed elsewhere in the same file", async () => {
    const lines = Array.from({ length: 30 }, (_, at) => `line ${at}`);
    const made = await newIsolated({ "a.txt": `${lines.join("\n")}\n` });
    const path = await made.prepare("coder-1");
    await writeFile(join(path, "a.txt"), `${lines.with(20, "theirs").join("\n")}\n`);
    await made.release("coder-1");
    await writeFile(join(made.workspace, "a.txt"), `${lines.with(18, "ours").join("\n")}\n`);
    commitAll(made.workspace);
    expect(await made.apply("coder-1")).toMatchObject({ outcome: "merged" });
    const merged = await readFile(join(made.workspace, "a.txt"), "utf8");
    expect(merged).toBe(`${lines.with(20, "theirs").with(18, "ours").join("\n")}\n`);
    expect(git(made.workspace, "diff", "--cached")).toBe("");
  });

  test("that was killed in the middle is taken back before it begins again", async () => {
    const made = await newIsolated(files);
    const path = await made.prepare("coder-1");
    await fill(path, { "a.txt": "one\nTWO\nthree\n", "src/b.txt": "B\n", "new.txt": "new file\n" });
    await made.release("coder-1");
    await breakOff(made);
    expect(await made.apply("coder-1")).toMatchObject({ outcome: "applied" });
    expect(await readFile(join(made.workspace, "new.txt"), "utf8")).toBe("new file\n");
    expect(await readFile(join(made.workspace, "src/b.txt"), "utf8")).toBe("B\n");
  });

  test("that was killed in the middle leaves alone what a person wrote since", async () => {
    const made = await newIsolated(files);
    const path = await made.prepare("coder-1");
    await fill(path, { "a.txt": "one\nTWO\nthree\n", "new.txt": "new file\n" });
    await made.release("coder-1");
    await breakOff(made);
    await writeFile(join(made.workspace, "a.txt"), "a person's own\n");
    expect(await made.apply("coder-1")).toMatchObject({
      outcome: "refused",
      text: expect.stringContaining("broken off in the middle"),
      paths: ["a.txt"],
    });
    expect(await readFile(join(made.workspace, "a.txt"), "utf8")).toBe("a person's own\n");
  });

  test("at the same time from two workers of a host is done by one, and the other says so", async () => {
    const made = await newIsolated(files);
    const path = await made.prepare("coder-1");
    await fill(path, { "a.txt": "one\nTWO\nthree\n", "new.txt": "new file\n" });
    await made.release("coder-1");
    const slow = await newSlowGit();
    slow.delay("apply --whitespace=nowarn");
    const script = fileURLToPath(new URL("apply-elsewhere.ts", import.meta.url));
    const args = ["--import", "tsx", script, made.dir, "coder-1", slow.path];
    const elsewhere = promisify(execFile)(process.execPath, args);
    while (!slow.hasBegun()) await sleep(50);
    expect(await made.apply("coder-1")).toMatchObject({ outcome: "already" });
    expect(JSON.parse((await elsewhere).stdout)).toMatchObject({ outcome: "applied" });
    expect(await readFile(join(made.workspace, "new.txt"), "utf8")).toBe("new file\n");
  });

  test("a diff that was changed since it was taken is refused", async () => {
    const made = await changed("one\nTWO\nthree\n");
    await writeFile(join(made.dir, "artifacts/root-1/coder-1.diff"), "evil");
    await expect(made.apply("coder-1")).rejects.toThrow(/not as it was taken/);
  });

  test("writes through no link of the workspace", async () => {
    const made = await newIsolated({ ...files, "dir/x.txt": "x\n" });
    const path = await made.prepare("coder-1");
    await writeFile(join(path, "dir/x.txt"), "changed\n");
    await made.release("coder-1");
    const outside = join(made.top, "outside");
    await fill(outside, { "x.txt": "x\n" });
    await rm(join(made.workspace, "dir"), { recursive: true });
    await symlink(outside, join(made.workspace, "dir"));
    commitAll(made.workspace);
    expect(await made.apply("coder-1")).toMatchObject({ outcome: "refused" });
    expect(await readFile(join(outside, "x.txt"), "utf8")).toBe("x\n");
  });
});

describe("stale reads", () => {
  test("are files that others changed after the task had read them, not those it changed itself", async () => {
    const made = await newIsolated({ ...files, "c.txt": "c\n", "d.txt": "d\n", "e.txt": "e\n" });
    const here = made.workspace;
    const call = (name: "read_file" | "edit_file" | "run_command", given: object) =>
      made.tool("coder-1", here, name, given);
    for (const path of ["a.txt", "src/b.txt", "c.txt", "d.txt", "e.txt"])
      await call("read_file", { path });
    await call("edit_file", { path: "c.txt", old_text: "c", new_text: "own" });
    await call("run_command", { command: "echo own > d.txt" });
    await writeFile(join(here, "a.txt"), "other\n");
    await rm(join(here, "src/b.txt"));
    await writeFile(join(here, "e.txt"), "e\n");
    expect(await made.collect("coder-1", here)).toEqual({ stale: ["a.txt", "src/b.txt"] });
    expect(await made.collect("nobody-1", here)).toEqual({});
  });

  test("of a worktree are those that are no longer in the workspace as they were read", async () => {
    const made = await newIsolated(files);
    const path = await made.prepare("coder-1");
    await made.tool("coder-1", path, "read_file", { path: "a.txt" });
    await made.tool("coder-1", path, "read_file", { path: "src/b.txt" });
    await made.tool("coder-1", path, "write_file", { path: "src/b.txt", content: "own\n" });
    await writeFile(join(made.workspace, "a.txt"), "other\n");
    commitAll(made.workspace);
    expect(await made.collect("coder-1", path)).toMatchObject({ stale: ["a.txt"] });
  });

  test("are listed up to 20, then counted", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 25 }, (_, at) => [`f${at + 10}.txt`, "x\n"]),
    );
    const made = await newIsolated(many);
    for (const path of Object.keys(many)) {
      await made.tool("coder-1", made.workspace, "read_file", { path });
      await writeFile(join(made.workspace, path), "y\n");
    }
    const { stale } = await made.collect("coder-1", made.workspace);
    expect(stale).toHaveLength(21);
    expect(stale?.at(-1)).toBe("+5 more");
  });
});
