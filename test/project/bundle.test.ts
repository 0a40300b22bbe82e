// The bundle that a worker keeps is that of its sources.
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BundleError, openBundle } from "../../workers/open-bundle.ts";

const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));
/** Files changed less than this ago may have changed while they were read. */
const settledMs = 2_100;

let folder: string;
let entry: string;
let state: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "bosun-bundle-"));
  entry = join(folder, "workflows", "index.ts");
  state = join(folder, "state");
  for (const part of ["workflows", "protocol"]) mkdirSync(join(folder, part));
  symlinkSync(modules, join(folder, "node_modules"));
  writeFileSync(join(folder, "protocol", "word.ts"), 'export const word = "first";\n');
  writeFileSync(
    entry,
    'import { word } from "../protocol/word.ts";\nexport const say = async () => word;\n',
  );
  await sleep(settledMs);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(): Promise<string> {
  const bundle = await openBundle(entry, state);
  return "codePath" in bundle ? bundle.codePath : "";
}
const kept = (): readonly string[] => readdirSync(join(state, "cache")).toSorted();

test("two workers that start at once get the same bundle, and the next one finds it", async () => {
  const [one, other] = await Promise.all([open(), open()]);
  expect(one).toBe(other);
  expect(readFileSync(one, "utf8")).toContain("first");
  expect(kept()).toHaveLength(2);
  // What is written anew is another file, also with the same content.
  const { ino } = statSync(one);
  expect(await open()).toBe(one);
  expect(statSync(one).ino).toBe(ino);
});

test("a byte that changes makes a new one, even under the old time", async () => {
  const before = await open();
  const file = join(folder, "protocol", "word.ts");
  writeFileSync(file, 'export const word = "other";\n');
  utimesSync(file, 0, 0);
  const after = await open();
  expect(after).not.toBe(before);
  expect(readFileSync(after, "utf8")).toContain("other");
  // It was made of a file that had just changed, so it is not taken for what is there now.
  writeFileSync(file, 'export const word = "third";\n');
  expect(readFileSync(await open(), "utf8")).toContain("third");
});

test("a bundle that is not whole is made again", async () => {
  await sleep(settledMs);
  const path = await open();
  appendFileSync(path, "x");
  expect(await open()).toBe(path);
  expect(readFileSync(path, "utf8").endsWith("x")).toBe(false);
});

test("what is wrong with the workflows is said in the bundler's words", async () => {
  writeFileSync(entry, 'import "node:fs";\nexport const say = async () => 1;\n');
  const fails = open();
  await expect(fails).rejects.toThrow(BundleError);
  await expect(fails).rejects.toThrow(/could not be bundled[^]*ERROR in node:fs/);
});

test("a folder that cannot be written only costs the time", async () => {
  writeFileSync(entry, "export const say = async () => 4_321;\n");
  const file = join(folder, "file");
  writeFileSync(file, "");
  const bundle = await openBundle(entry, file);
  expect("code" in bundle && bundle.code).toContain("4321");
});
