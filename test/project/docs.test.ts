// What the documentation says, held against what is there.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Context } from "../../client/commands/context.ts";
import { buildProgram } from "../../client/program.ts";
import { toVariable } from "../../protocol/environment.ts";
import { type Limits, limitDefaults } from "../../protocol/settings.ts";
import { newPlace } from "../launcher/place.ts";
import { openWorld } from "../support/world.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const blocks = (text: string, language: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(
    ([, code]) => code ?? "",
  );

const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].concat(
  readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path}`),
);

test.each(pages)("every link of %s leads somewhere", (page) => {
  const links = linksOf(page).filter((link) => !existsSync(join(root, dirname(page), link)));
  expect(links).toEqual([]);
});

test.each(pages)("every heading that a link of %s names is there", (page) => {
  const links = [...read(page).matchAll(/\]\(([^)#:]*)#([^)]+)\)/g)];
  const missing = links.filter(([, path = "", heading = ""]) => {
    const target = path === "" ? page : join(dirname(page), path);
    return !headingsOf(target).includes(heading);
  });
  expect(missing.map(([link]) => link)).toEqual([]);
});

/** As GitHub makes them the targets of links. */
function headingsOf(page: string): readonly string[] {
  const headings = [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading ?? "");
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

/** Links and pictures of a page within this repository, as it writes them. */
function linksOf(page: string): readonly string[] {
  const text = read(page);
  return [...text.matchAll(/\]\(([^)#]+)[^)]*\)/g), ...text.matchAll(/ src(?:set)?="([^"]+)"/g)]
    .map(([, link]) => link ?? "")
    .filter((link) => !link.startsWith("http"));
}

test("README names every page, and each folder of pages has its list", () => {
  const linked = ["README.md", ...pages.filter((page) => page.endsWith("/README.md"))].flatMap(
    (list) => linksOf(list).map((link) => join(dirname(list), link)),
  );
  expect(pages.filter((page) => page !== "README.md" && !linked.includes(page))).toEqual([]);
});

test.each(pages)("every command that %s names is there, with its options", (page) => {
  const { commands } = buildProgram({ columns: () => 80 } as Context);
  const options = new Map(
    commands.map((command) => [
      command.name(),
      ["--help", "--json", ...command.options.map(({ long }) => long ?? "")],
    ]),
  );
  const text = read(page);
  const typed = [
    ...[...text.matchAll(/`(?:\.\/bin\/)?bosun ([a-z][^`]*)`/g)].map(([, line]) => line ?? ""),
    ...[...text.matchAll(/^(?:\.\/bin\/)?bosun ([a-z].*)$/gm)].map(([, line]) => line ?? ""),
  ];
  const wrong = typed.filter((line) => {
    const [name = "", ...rest] = line.replaceAll(/"[^"]*"|'[^']*'/g, "").split(/[\s·]+/);
    const known = options.get(name);
    return !known || rest.some((word) => word.startsWith("--") && !known.includes(word));
  });
  expect(wrong).toEqual([]);
});

test("the picture of the README is small, fetches nothing, names no machine, and says the same in both themes", () => {
  const [light = "", dark = ""] = ["light", "dark"].map((theme) =>
    read(`docs/pictures/tour-${theme}.svg`),
  );
  for (const picture of [light, dark]) {
    expect(Buffer.byteLength(picture)).toBeLessThan(60_000);
    expect(picture.replace("http://www.w3.org/2000/svg", "")).not.toMatch(
      /https?:|url\(|href|@import/,
    );
    expect(picture).not.toMatch(/\/(tmp|home|root|Users)\//);
  }
  expect(words(light).length).toBeGreaterThan(20);
  expect(words(dark)).toEqual(words(light));
});

const words = (picture: string): readonly string[] =>
  [...picture.matchAll(/>([^<]+)<\/text>/g)].map(([, text]) => text ?? "");

test("the program of the README runs", async () => {
  const world = await openWorld();
  const file = fileURLToPath(new URL("./readme-program.ts", import.meta.url));
  try {
    const [program] = blocks(read("README.md"), "ts");
    writeFileSync(file, `// The program of the README.\n${program ?? ""}`);
    const place = newPlace("program");
    const run = place.fixture("../project/readme-program.ts", [], world.env);
    expect({ code: await run.ended, err: run.err() }).toEqual({ code: 0, err: "" });
    expect(run.out()).toMatch(/Started Structure: researcher-/);
  } finally {
    rmSync(file, { force: true });
    await world.close();
  }
}, 180_000);

test("the configuration page names every limit with its default", () => {
  const rows = new Map(
    [...read("docs/configuration.md").matchAll(/^\| `(BOSUN_\w+)` \| (\d+) \|/gm)].map(
      ([, name, value]) => [name, Number(value)],
    ),
  );
  const names = Object.keys(limitDefaults) as (keyof Limits)[];
  for (const name of names)
    expect([name, rows.get(toVariable(name))]).toEqual([name, limitDefaults[name]]);
});

test("the page on upgrades names every mark that guards a decision of running workflows", () => {
  const marks = workflowFiles().flatMap((text) =>
    [...text.matchAll(/\bpatched\((?:"([^"]+)"|(\w+))\)/g)].map(
      ([, id, name]) => id ?? new RegExp(`const ${name} = "([^"]+)"`).exec(text)?.[1],
    ),
  );
  const page = readFileSync(join(root, "docs/upgrades.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id);
  expect(new Set(rows)).toEqual(new Set(marks));
});

function workflowFiles(): readonly string[] {
  const folder = join(root, "workflows");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(folder, file), "utf8"));
}

test("every test that the page on durability names is there", () => {
  const named = read("docs/durability.md")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
    .map((line) => line.split("|")[4]?.trim() ?? "")
    .filter((name) => name !== "" && name !== "test");
  expect(named.length).toBeGreaterThan(15);
  const there = testFiles().flatMap((file) => [...read(file).matchAll(texts)].map(toPattern));
  expect(named.filter((name) => !there.some((title) => title.test(name)))).toEqual([]);
});

/** Every text long enough to be the name of a test. */
const texts = /"((?:[^"\\\n]|\\.){20,})"/g;

function testFiles(): readonly string[] {
  return readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => `test/${path}`);
}

/** A table of tests has `%s` where each row's value stands. */
function toPattern([, title = ""]: RegExpMatchArray): RegExp {
  const escaped = title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll("%s", ".+")}$`);
}

test("the lock file names the packages of every platform, and no address", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as {
    packages: Record<string, { optionalDependencies?: Record<string, string>; resolved?: string }>;
  };
  const missing = Object.values(packages)
    .flatMap((one) => Object.keys(one.optionalDependencies ?? {}))
    .filter((name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)));
  expect(missing).toEqual([]);
  expect(Object.values(packages).filter((one) => one.resolved)).toEqual([]);
});

describe("the commands of the README", () => {
  const shell = blocks(read("README.md"), "sh").flatMap((block) => block.trim().split("\n"));

  test("npm test is the test script, and every command there is answers --help", async () => {
    expect(shell).toContain("npm test");
    expect(JSON.parse(read("package.json"))).toMatchObject({
      scripts: { test: "node scripts/test.mjs" },
    });
    const place = newPlace("help");
    const help = place.shell("./bin/bosun --help");
    expect(await help.ended).toBe(0);
    const named = [...read("README.md").matchAll(/`bosun ([a-z]+)/g)].map(([, name]) => name ?? "");
    expect(named.length).toBeGreaterThan(8);
    for (const name of named) expect(help.out()).toContain(`\n  ${name}`);
  });

  test("npm start without a terminal ends with the report and leaves nothing running", async () => {
    expect(shell).toContain("npm start");
    const place = newPlace("start");
    const env = { BOSUN_DIR: join(place.folder, ".bosun") };
    const start = place.shell("npm start </dev/null", env);
    expect({ code: await start.ended, err: start.err() }).toMatchObject({ code: 0 });
    const output = start.out() + start.err();
    expect(output).toMatch(/scripted model, not Claude/);
    const report = /^ {2}(\/.*report\.md)$/m.exec(output)?.[1] ?? "";
    expect(readFileSync(report, "utf8")).toContain("scripted model, not Claude");
    expect(existsSync(join(place.folder, ".bosun", "run.json"))).toBe(false);
  }, 180_000);

  test("the commands of daily use run in their order", async () => {
    const place = newPlace("daily");
    const daily = shell.filter((line) => line.startsWith("./bin/bosun"));
    expect(daily.length).toBeGreaterThan(3);
    for (const line of daily) {
      const command = place.shell(`${line} </dev/null`);
      const code = await command.ended;
      expect({ line, code, err: command.err() }).toMatchObject({ line, code: 0 });
    }
  }, 180_000);
});
