// Which folder may import which: the layer table as code.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, inject, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Imports of ours, by folder. `workers` reaches workflows by path only, `bin` and `scripts` nothing of ours. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  "scripted-model": [],
  activities: ["protocol"],
  workflows: ["protocol"],
  client: ["protocol"],
  workers: ["activities", "protocol"],
  bin: ["scripts"],
  scripts: [],
};

/** Every file has a caption, apart from programs that a shebang begins. */
const sourceFile = /\.(ts|mjs|js)$/;

function filesOf(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && (sourceFile.test(entry.name) || folder === "bin"))
    .map((entry) => join(entry.parentPath, entry.name));
}

const specifier = /(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g;

function importsOf(file: string): readonly string[] {
  return [...readFileSync(file, "utf8").matchAll(specifier)].map((match) =>
    relative(root, join(dirname(file), match[1] ?? "")),
  );
}

test.each(Object.entries(allowed))("%s imports only what its row allows", (folder, others) => {
  const files = filesOf(folder);
  expect(files.length).toBeGreaterThan(0);
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((path) => ![folder, ...others].includes(path.split(sep)[0] ?? ""))
      .map((path) => `${relative(root, file)} imports ${path}`),
  );
  expect(wrong).toEqual([]);
});

test("every source file begins with its caption", () => {
  const bare = Object.keys(allowed)
    .flatMap(filesOf)
    .filter((file) => sourceFile.test(file))
    .filter((file) => {
      const first = readFileSync(file, "utf8")
        .split("\n")
        .find((line) => !line.startsWith("#!"));
      return !/^\/\/ \S.{3,}\.( .*)?$/.test(first ?? "");
    })
    .map((file) => relative(root, file));
  expect(bare).toEqual([]);
});

test("the workflow bundle holds no Anthropic SDK and stays below 3 MiB", () => {
  const bundle = inject("bundle");
  expect(bundle).not.toContain("x-stainless");
  expect(Buffer.byteLength(bundle.replace(/^\/\/# sourceMappingURL=.*$/m, ""))).toBeLessThan(
    3 * 1024 * 1024,
  );
});
