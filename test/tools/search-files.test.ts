// search_files finds lines, in time linear in the text.
import { symlink, truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { inActivity, newBench, newEnvironment } from "./bench.ts";

const tree = {
  "src/a.ts": "// TODO one\nconst a = 1\n// todo two\n",
  "src/b.md": "TODO three\r\nend TODO\r\n",
  "build/out.js": "TODO ignored\n",
  ".gitignore": "build\n",
  ".git/x": "TODO private\n",
  "image.png": Buffer.from("TODO\0binary\n"),
  "empty.txt": "",
};

test.each([
  [
    { pattern: "TODO" },
    "3 matches in 2 files, 4 files searched\nsrc/a.ts:1: // TODO one\nsrc/b.md:1: TODO three\nsrc/b.md:2: end TODO",
  ],
  [{ pattern: "(?i)todo two" }, "1 matches in 1 files, 4 files searched\nsrc/a.ts:3: // todo two"],
  [{ pattern: "TODO$" }, "1 matches in 1 files, 4 files searched\nsrc/b.md:2: end TODO"],
  [
    { pattern: "TODO", glob: "*.md" },
    "2 matches in 1 files, 1 files searched\nsrc/b.md:1: TODO three\nsrc/b.md:2: end TODO",
  ],
  [
    { pattern: "TODO", glob: "!**/*.md" },
    "1 matches in 1 files, 3 files searched\nsrc/a.ts:1: // TODO one",
  ],
  [
    { pattern: "TODO", path: "src/a.ts" },
    "1 matches in 1 files, 1 files searched\nsrc/a.ts:1: // TODO one",
  ],
  [
    { pattern: "TODO", path: "build/out.js" },
    "1 matches in 1 files, 1 files searched\nbuild/out.js:1: TODO ignored",
  ],
  [{ pattern: "nowhere" }, "0 matches in 0 files, 4 files searched"],
  [{ pattern: "x", path: "artifacts" }, "0 matches in 0 files, 0 files searched"],
])("%j", async (input, expected) => {
  const bench = await newBench(tree);
  expect(await bench.text("search_files", input)).toBe(expected);
});

test("200 matches are shown, all are counted", async () => {
  const bench = await newBench({ "a.txt": "hit\n".repeat(205), "b.txt": "hit\nmiss\n" });
  const lines = (await bench.text("search_files", { pattern: "hit" })).split("\n");
  expect(lines[0]).toBe("206 matches in 2 files, 2 files searched");
  expect(lines).toHaveLength(202);
  expect(lines.at(-1)).toBe("[6 more matches: narrow pattern, path or glob]");
});

test("a long line is shown around its match", async () => {
  const bench = await newBench({ "a.txt": `${"x".repeat(5_000)}needle${"y".repeat(5_000)}\n` });
  const text = await bench.text("search_files", { pattern: "needle" });
  expect(text).toMatch(/\na\.txt:1: …x{100}needley{194}… \[4806 more characters\]$/);
});

test("files above 2 MB are left out, and that is said", async () => {
  const bench = await newBench({ "big.txt": "needle", "a.txt": "needle" });
  await truncate(join(bench.workspace, "big.txt"), 2_000_001);
  expect(await bench.text("search_files", { pattern: "needle" })).toBe(
    "1 matches in 1 files, 1 files searched\na.txt:1: needle\n[1 files above 2000000 bytes were left out]",
  );
  const named = await bench.refused("search_files", { pattern: "needle", path: "big.txt" });
  expect(named).toContain("too big");
});

test("nothing behind a link is searched", async () => {
  const bench = await newBench({ "a.txt": "needle" });
  await symlink("/etc", join(bench.workspace, "etc"));
  await symlink("/etc/passwd", join(bench.workspace, "passwd"));
  expect(await bench.text("search_files", { pattern: "root|needle" })).toMatch(/^1 matches/);
});

test.each([
  [{ pattern: "(" }, "is no RE2 expression: error parsing regexp: missing closing )"],
  [{ pattern: "a(?=b)" }, "no look-arounds"],
  [{ pattern: String.raw`(a)\1` }, "no back-references"],
  [{ pattern: ".{1000}".repeat(60) }, "repeats too much"],
  [{ pattern: "" }, "arguments are wrong: pattern"],
  [{ pattern: "a", path: "none.ts" }, "There is no none.ts"],
  [{ pattern: "a", path: "image.png" }, "is a binary file"],
  [{ pattern: "a", glob: "{" }, "is not a glob"],
])("%j is refused with a remedy", async (input, why) => {
  const bench = await newBench(tree);
  expect(await bench.refused("search_files", input)).toContain(why);
});

test("a pattern that would keep a backtracking matcher busy for ever comes to an end", async () => {
  const bench = await newBench({ "a.txt": `${"a".repeat(100_000)}\n` });
  const text = await bench.text("search_files", { pattern: "^(a+)+c|(a|aa)*b" });
  expect(text).toMatch(/^0 matches in 0 files, 1 files searched/);
});

test("a search that takes too long answers with what it has", async () => {
  const bench = await newBench({ "a.txt": "x\n", "b.txt": "x\n" });
  let clock = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (clock += 20_000));
  const text = await bench.text("search_files", { pattern: "x" });
  vi.restoreAllMocks();
  expect(text).toContain("[stopped after 60 s: narrow path or glob]");
});

test("a cancelled search stops", async () => {
  const bench = await newBench({ "a.txt": "line of text\n".repeat(150_000) });
  const environment = newEnvironment();
  const input = bench.input("search_files", { pattern: "zzz$" });
  const running = inActivity(bench.runTool, input, environment);
  setTimeout(() => environment.cancel(), 5);
  await expect(running).rejects.toThrow("CANCELLED");
});
