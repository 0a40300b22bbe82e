// read_file shows a page, with where the next one begins.
import { execFileSync } from "node:child_process";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readAll } from "./page.ts";
import { newBench } from "./bench.ts";

const numbered = (count: number) =>
  Array.from({ length: count }, (_, at) => `line ${at + 1}\n`).join("");

test.each([
  ["a\nb\n", {}, "f.txt: lines 1-2 of 2, 4 bytes\n1\ta\n2\tb"],
  ["a\nb", {}, "f.txt: lines 1-2 of 2, 3 bytes\n1\ta\n2\tb"],
  ["a\r\nb\r\n", {}, "f.txt: lines 1-2 of 2, 6 bytes\n1\ta\n2\tb"],
  ["", {}, "f.txt: empty, 0 bytes"],
  ["\n", {}, "f.txt: lines 1-1 of 1, 1 bytes\n1\t"],
  ["a\n\nb\n", { offset: 2 }, "f.txt: lines 2-3 of 3, 5 bytes\n2\t\n3\tb"],
  ["a\nb\nc\n", { limit: 1 }, "f.txt: lines 1-1 of 3, 6 bytes\n1\ta\n[2 more lines: offset=2]"],
  [
    "a\nb\nc\n",
    { offset: 2, limit: 1 },
    "f.txt: lines 2-2 of 3, 6 bytes\n2\tb\n[1 more lines: offset=3]",
  ],
])("%j with %j", async (content, input, expected) => {
  const bench = await newBench({ "f.txt": content });
  expect(await bench.text("read_file", { path: "f.txt", ...input })).toBe(expected);
});

test("400 lines are a page, unless told otherwise", async () => {
  const bench = await newBench({ "f.txt": numbered(1_000) });
  const first = await bench.text("read_file", { path: "f.txt" });
  expect(first).toMatch(/^f\.txt: lines 1-400 of 1000, \d+ bytes\n1\tline 1\n/);
  expect(first).toMatch(/\n400\tline 400\n\[600 more lines: offset=401\]$/);
  const all = await bench.text("read_file", { path: "f.txt", limit: 1_000 });
  expect(all).toMatch(/\n1000\tline 1000$/);
});

test("pages follow one another to the end, and none is cut by the output cap", async () => {
  const bench = await newBench({ "f.txt": `${"é".repeat(100)}\n`.repeat(300) });
  const { lines, pages } = await readAll(bench, "f.txt");
  expect(lines).toBe(300);
  expect(pages).toBeGreaterThan(3);
});

test("a very long line is cut, never within a character", async () => {
  const bench = await newBench({ "f.txt": `${"x".repeat(1_999)}😀${"y".repeat(5_000)}\nnext\n` });
  const text = await bench.text("read_file", { path: "f.txt" });
  expect(text).toContain(`${"x".repeat(10)}… [5002 more characters]\n2\tnext`);
  expect(Buffer.from(text).toString()).toBe(text);
});

test("what is not UTF-8 is shown with a mark", async () => {
  const bench = await newBench({ "f.txt": Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]) });
  const text = await bench.text("read_file", { path: "f.txt" });
  expect(text).toContain("1\tcaf\uFFFD\n[not all of it is UTF-8");
});

test("an ignored file is read by its path", async () => {
  const bench = await newBench({ ".gitignore": ".env\n", ".env": "A=1\n" });
  expect(await bench.text("read_file", { path: ".env" })).toContain("1\tA=1");
});

test.each([
  [{ path: "srk/a.ts" }, "There is no srk/a.ts. list_files shows"],
  [{ path: "src/a.tsx" }, "There is no src/a.tsx. Near it: src/a.ts."],
  [{ path: "src/A.TS" }, "Near it: src/a.ts."],
  [{ path: "src" }, "src is a folder. Use list_files"],
  [{ path: "." }, ". is a folder. Use list_files"],
  [{ path: "src/a.ts/b" }, "is a file, not a folder"],
  [{ path: "image.png" }, "is a binary file of 6 bytes"],
  [{ path: "src/a.ts", offset: 9 }, "src/a.ts has 1 lines, so none at offset 9"],
  [{ path: "x".repeat(300) }, "too long for a file name"],
  [{ path: "pipe" }, "no regular file"],
  [{ path: "huge.txt" }, "is too big: 10000001 bytes"],
  [{ path: "src/a.ts", offset: 0 }, "arguments are wrong: offset"],
  [{ path: "src/a.ts", lines: 3 }, "arguments are wrong"],
  [{}, "arguments are wrong: path"],
  ["src/a.ts", "arguments are wrong"],
])("%j is refused with a remedy", async (input, why) => {
  const bench = await newBench({
    "src/a.ts": "a\n",
    "image.png": Buffer.from([0x89, 0x50, 0, 1, 2, 3]),
    "huge.txt": "x",
  });
  await truncate(join(bench.workspace, "huge.txt"), 10_000_001);
  execFileSync("mkfifo", [join(bench.workspace, "pipe")]);
  expect(await bench.refused("read_file", input)).toContain(why);
});

test.skipIf(process.getuid?.() === 0)("a file without permission is refused", async () => {
  const bench = await newBench({ "f.txt": "x" });
  execFileSync("chmod", ["000", join(bench.workspace, "f.txt")]);
  expect(await bench.refused("read_file", { path: "f.txt" })).toContain("permission denied");
});
