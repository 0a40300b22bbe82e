// list_files shows what there is, less what is ignored.
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toPathTest } from "../../activities/tools/glob.ts";
import { newBench } from "./bench.ts";

const tree = {
  "README.md": "# Read me\n",
  ".hidden": "h",
  "src/a.ts": "12345",
  "src/b/c.test.ts": "123",
  "docs/guide.md": "g",
  ".gitignore": "*.log\n/build/\n!keep.log\n",
  "src/.gitignore": "generated\n",
  "src/generated/x.ts": "x",
  "build/out.js": "o",
  "noise.log": "n",
  "keep.log": "k",
  ".git/config": "c",
  ".bosun/id": "i",
  "src/.bosun-0123456789ab.tmp": "left behind by a kill",
};

async function paths(input: unknown): Promise<string[]> {
  const bench = await newBench(tree);
  const [, ...lines] = (await bench.text("list_files", input)).split("\n");
  return lines.map((line) => line.split("\t")[0] ?? "");
}

test("the whole workspace, sorted, with sizes and their sum", async () => {
  const bench = await newBench(tree);
  expect(await bench.text("list_files", {})).toBe(
    [
      "8 files, 55 bytes under .",
      ".gitignore\t24",
      ".hidden\t1",
      "README.md\t10",
      "docs/guide.md\t1",
      "keep.log\t1",
      "src/.gitignore\t10",
      "src/a.ts\t5",
      "src/b/c.test.ts\t3",
    ].join("\n"),
  );
});

test.each([
  [{ path: "src" }, ["src/.gitignore", "src/a.ts", "src/b/c.test.ts"]],
  [{ path: "src/" }, ["src/.gitignore", "src/a.ts", "src/b/c.test.ts"]],
  [{ path: "./src/b" }, ["src/b/c.test.ts"]],
  [{ path: "src", pattern: "b/**" }, ["src/b/c.test.ts"]],
  [{ pattern: "**/*.ts" }, ["src/a.ts", "src/b/c.test.ts"]],
  [{ pattern: "*.ts" }, ["src/a.ts", "src/b/c.test.ts"]],
  [{ pattern: "src/*.ts" }, ["src/a.ts"]],
  [{ pattern: "*.{md,log}" }, ["README.md", "docs/guide.md", "keep.log"]],
  [
    { pattern: "!**/*.ts" },
    [".gitignore", ".hidden", "README.md", "docs/guide.md", "keep.log", "src/.gitignore"],
  ],
  [{ pattern: "none" }, []],
])("%j names what matches", async (input, expected) => {
  expect(await paths(input)).toEqual(expected);
});

test("an ignored folder says that it is not empty", async () => {
  const bench = await newBench({ ...tree, ".git/HEAD": "ref: refs/heads/main\n" });
  const text = await bench.text("list_files", { path: "build" });
  expect(text).toMatch(/^0 files, 0 bytes under build\n\[what is here is ignored/);
});

test("artifacts that are not there yet are none, without complaint", async () => {
  const bench = await newBench();
  const text = await bench.text("list_files", { path: "artifacts" });
  expect(text).toBe("0 files, 0 bytes under artifacts");
});

test("artifacts are listed although Bosun's state ignores itself in git", async () => {
  const bench = await newBench({ ".git/HEAD": "x", ".bosun/.gitignore": "*\n" });
  const own = await newBench({}, { dir: join(bench.workspace, ".bosun") });
  await own.text("write_file", { path: "artifacts/a.md", content: "a" });
  expect(await own.text("list_files", { path: "artifacts" })).toContain("artifacts/a.md\t1");
});

test("above 500 files the rest is counted", async () => {
  const many = Array.from({ length: 503 }, (_, at) => [`f/${String(at).padStart(4, "0")}`, "ab"]);
  const bench = await newBench(Object.fromEntries(many) as Record<string, string>);
  const lines = (await bench.text("list_files", { pattern: "f/0*" })).split("\n");
  expect(lines[0]).toBe("503 files, 1006 bytes under .");
  expect(lines.at(-1)).toBe("[3 more files: narrow path or pattern]");
});

test("links are not listed, nor is anything behind them", async () => {
  const bench = await newBench({ "a.txt": "a", "d/b.txt": "b" });
  await symlink("a.txt", join(bench.workspace, "link.txt"));
  await symlink("d", join(bench.workspace, "folder"));
  await mkdir(join(bench.workspace, "empty"));
  expect(await bench.text("list_files", {})).toBe("2 files, 2 bytes under .\na.txt\t1\nd/b.txt\t1");
});

test.each([
  [{ path: "READMEE.md" }, "There is no READMEE.md. Near it: README.md."],
  [{ path: "README.md" }, "is a file of 10 bytes. Use read_file."],
  [{ path: "README.md/x" }, "is a file, not a folder"],
  [{ pattern: "../**" }, "cannot lead out"],
  [{ pattern: "src/{a,b" }, "a { has no }"],
  [{ pattern: "src/a}" }, "a } has no {"],
  [{ pattern: "[z-a]" }, "is not a glob that can be used"],
  [{ pattern: "!" }, "use 1 to 300 characters"],
  [{ pattern: "x".repeat(400) }, "use 1 to 300 characters"],
  [{ folder: "src" }, "arguments are wrong"],
])("%j is refused with a remedy", async (input, why) => {
  const bench = await newBench(tree);
  expect(await bench.refused("list_files", input)).toContain(why);
});

describe("a glob", () => {
  test.each([
    ["**", "a/b.ts", true],
    ["**/*", "b.ts", true],
    ["src/**/*.ts", "src/b.ts", true],
    ["src/**/*.ts", "src/x/y/b.ts", true],
    ["src/**/*.ts", "lib/src/b.ts", false],
    ["src", "src/x/y.ts", true],
    ["src/", "src/x", true],
    ["src/", "src", false],
    ["/a.ts", "a.ts", true],
    ["/a.ts", "x/a.ts", false],
    ["./a.ts", "a.ts", true],
    ["a?.ts", "ab.ts", true],
    ["a?.ts", "a/.ts", false],
    ["[ab].ts", "b.ts", true],
    ["[!ab].ts", "b.ts", false],
    ["[!ab].ts", "c.ts", true],
    ["{a,b/{c,d}}.ts", "b/d.ts", true],
    ["a,b", "a,b", true],
    ["a.ts", "axts", false],
    ["(a|b)+$", "a", false],
    ["\\*", "*", true],
    ["\\*", "x", false],
    ["[a", "[a", true],
    ["é*", "élan", true],
    ["!*.md", "a.md", false],
    ["!*.md", "a.ts", true],
    ["!node_modules", "x/node_modules/y/z.js", false],
  ])("%j on %j is %j", (glob, path, expected) => {
    expect(toPathTest(glob)(path)).toBe(expected);
  });

  test("comes to an end on what would keep a backtracking matcher busy for ever", () => {
    const matches = toPathTest(`${"*a".repeat(60)}b`);
    expect(matches("a".repeat(4_000))).toBe(false);
  });
});
