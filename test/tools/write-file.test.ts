// write_file and edit_file change a file whole or not at all.
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toWords } from "../../activities/tool-problem.ts";
import { newBench } from "./bench.ts";

const files = {
  "a.txt": "one\ntwo\none\n",
  "crlf.txt": "one\r\ntwo\r\nthree\r\n",
  "image.png": Buffer.from([0x89, 0x50, 0, 1]),
  "latin.txt": Buffer.from([0x63, 0xe9, 0x0a]),
  "src/b.ts": "const price = 1;\n",
};

describe("write_file", () => {
  test.each([
    [{ path: "new.txt", content: "a\nb\n" }, "wrote new.txt: 2 lines, 4 bytes (created)"],
    [{ path: "d/e/f.txt", content: "é" }, "wrote d/e/f.txt: 1 lines, 2 bytes (created)"],
    [{ path: "a.txt", content: "" }, "wrote a.txt: 0 lines, 0 bytes (replaced)"],
    [{ path: "./src/../a.txt", content: "x\n" }, "wrote a.txt: 1 lines, 2 bytes (replaced)"],
    [{ path: "latin.txt", content: "c" }, "wrote latin.txt: 1 lines, 1 bytes (replaced)"],
  ])("%j", async (input, expected) => {
    const bench = await newBench(files);
    expect(await bench.call("write_file", input)).toEqual({
      text: expected,
      isError: false,
      artifacts: [],
    });
    expect(await bench.content(input.path)).toBe(input.content);
    expect((await readdir(bench.workspace)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test.each([
    [{ path: "image.png", content: "x" }, "is a binary file"],
    [{ path: "src", content: "x" }, "src is a folder"],
    [{ path: "src/", content: "x" }, "src is a folder"],
    [{ path: ".", content: "x" }, ". is a folder"],
    [{ path: "artifacts", content: "x" }, "artifacts is a folder"],
    [{ path: "a.txt/b", content: "x" }, "is a file, not a folder"],
    [{ path: "n.txt", content: "a\0b" }, "NUL"],
    [{ path: "x".repeat(256), content: "x" }, "too long"],
    [{ path: ".git/hooks/pre-commit", content: "x" }, "private"],
    [{ path: "n.txt" }, "arguments are wrong: content"],
  ])("%j is refused with a remedy", async (input, why) => {
    const bench = await newBench(files);
    expect(await bench.refused("write_file", input)).toContain(why);
    expect((await readdir(bench.workspace)).toSorted()).toEqual(
      ["a.txt", "crlf.txt", "image.png", "latin.txt", "src"].toSorted(),
    );
  });
});

test("a read-only workspace is left alone, artifacts can be written still", async () => {
  const bench = await newBench(files);
  const workspace = { host: "here", path: bench.workspace, writable: false, git: false };
  const write = { path: "a.txt", content: "x" };
  const refusal = await bench.call("write_file", write, { workspace });
  expect(refusal).toMatchObject({ isError: true });
  expect(refusal.text).toContain("read-only. Write under artifacts/ instead");
  expect(await bench.content("a.txt")).toBe("one\ntwo\none\n");
  const edit = { path: "a.txt", old_text: "two", new_text: "2" };
  expect(await bench.call("edit_file", edit, { workspace })).toMatchObject({ isError: true });
  const report = { path: "artifacts/r.md", content: "# R\n" };
  const outcome = await bench.call("write_file", report, { workspace });
  expect(outcome).toMatchObject({ isError: false, artifacts: ["artifacts/r.md"] });
});

test("a file keeps its mode", async () => {
  const bench = await newBench(files);
  await chmod(join(bench.workspace, "a.txt"), 0o754);
  await bench.text("write_file", { path: "a.txt", content: "one\n" });
  await bench.text("edit_file", { path: "a.txt", old_text: "one", new_text: "1" });
  expect((await stat(join(bench.workspace, "a.txt"))).mode & 0o7777).toBe(0o754);
});

test("a write that fails leaves the old file and nothing else", async () => {
  const bench = await newBench();
  // A folder with content cannot be replaced by the last step, the rename.
  await mkdir(join(bench.artifacts, "r.md"), { recursive: true });
  await writeFile(join(bench.artifacts, "r.md/x"), "");
  const refusal = await bench.refused("write_file", { path: "artifacts/r.md", content: "x" });
  expect(refusal).toContain("is a folder");
  expect(await readdir(bench.artifacts)).toEqual(["r.md"]);
});

test.each([
  ["ENOSPC", "The disk is full"],
  ["EDQUOT", "quota"],
  ["EROFS", "Write under artifacts/ instead"],
  ["EACCES", "permission denied"],
  ["EIO", "the system said EIO"],
])("%s is put into words", (code, words) => {
  const error = Object.assign(new Error("failed"), { code, syscall: "write" });
  expect(toWords(error, "a.txt")).toContain(words);
  expect(toWords(error, "a.txt")).toContain("a.txt");
});

describe("edit_file", () => {
  test.each([
    [{ path: "a.txt", old_text: "two", new_text: "2" }, "one\n2\none\n", 1],
    [{ path: "a.txt", old_text: "one", new_text: "1", replace_all: true }, "1\ntwo\n1\n", 2],
    [{ path: "a.txt", old_text: "two\n", new_text: "" }, "one\none\n", 1],
    [{ path: "src/b.ts", old_text: "price", new_text: "$&$1$$" }, "const $&$1$$ = 1;\n", 1],
    [{ path: "crlf.txt", old_text: "one\ntwo", new_text: "1\n2" }, "1\r\n2\r\nthree\r\n", 1],
    [{ path: "crlf.txt", old_text: "three", new_text: "3" }, "one\r\ntwo\r\n3\r\n", 1],
  ])("%j", async (input, content, count) => {
    const bench = await newBench(files);
    const text = await bench.text("edit_file", input);
    expect(text).toBe(`edited ${input.path}: ${count} replacements`);
    expect(await bench.content(input.path)).toBe(content);
  });

  test("an artifact that was edited is named as one", async () => {
    const bench = await newBench();
    await bench.text("write_file", { path: "artifacts/r.md", content: "# R\n" });
    const edit = { path: "artifacts/r.md", old_text: "R", new_text: "S" };
    expect((await bench.call("edit_file", edit)).artifacts).toEqual(["artifacts/r.md"]);
    expect(await readFile(join(bench.artifacts, "r.md"), "utf8")).toBe("# S\n");
  });

  test.each([
    [{ path: "a.txt", old_text: "three", new_text: "3" }, "was not found in a.txt. Read the file"],
    [
      { path: "a.txt", old_text: "two\nthree", new_text: "" },
      "Its first line looks like line 2, the rest differs",
    ],
    [{ path: "a.txt", old_text: "one", new_text: "1" }, "occurs 2 times in a.txt"],
    [{ path: "a.txt", old_text: "one", new_text: "one" }, "are the same"],
    [{ path: "none.txt", old_text: "a", new_text: "b" }, "There is no none.txt"],
    [{ path: "image.png", old_text: "P", new_text: "b" }, "is a binary file"],
    [{ path: "latin.txt", old_text: "c", new_text: "d" }, "is not UTF-8"],
    [{ path: "src", old_text: "a", new_text: "b" }, "is a folder"],
    [{ path: "a.txt", old_text: "", new_text: "b" }, "arguments are wrong: old_text"],
  ])("%j is refused with a remedy, and changes nothing", async (input, why) => {
    const bench = await newBench(files);
    expect(await bench.refused("edit_file", input)).toContain(why);
    expect(await bench.content("a.txt")).toBe("one\ntwo\none\n");
    expect(await readFile(join(bench.workspace, "latin.txt"))).toEqual(files["latin.txt"]);
  });
});
