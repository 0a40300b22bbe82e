// What a person who asks wrongly is told, without a server.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import stringWidth from "string-width";
import { afterAll, describe, expect, it } from "vitest";
import { buildProgram } from "../../client/program.ts";
import type { Context } from "../../client/commands/context.ts";
import { runBosun } from "./terminal.ts";

const cwd = mkdtempSync(join(tmpdir(), "bosun-arguments-"));
writeFileSync(join(cwd, "file.txt"), "not a folder");
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const place = { env: { BOSUN_DIR: join(cwd, "none") }, cwd };

const table: readonly (readonly [readonly string[], number, RegExp])[] = [
  [["tsks"], 2, /Unknown command 'tsks'\n.*tasks/],
  [["tasks", "--wach"], 2, /Unknown option '--wach'\n.*--watch/],
  [
    ["send", "one"],
    2,
    /Missing required argument 'message'\nSee how it is used with: bosun send --help/,
  ],
  [["check", "one", "--detail", "all"], 2, /Allowed choices are status, digest, turns, full/],
  [["demo", "--timeout", "soon"], 2, /Give seconds, as a number/],
  [["send", "one", ""], 2, /The message is empty/],
  [["send", "one", "x".repeat(100_001)], 2, /has 100001 bytes, at most 100000 are taken/],
  [["start", "--workspace", "nowhere"], 2, /There is no folder .*nowhere/],
  [["start", "--workspace", "file.txt"], 2, /is a file/],
  [["tasks"], 1, /Bosun is not running here\. Start it with: bosun up/],
  [["send", "one", "hello"], 1, /Bosun is not running here/],
  [["cancel", "one"], 1, /Bosun is not running here/],
  [["inbox"], 1, /Bosun is not running here/],
  [["approve"], 2, /Missing required argument 'id'\nSee how it is used with: bosun approve --help/],
  [
    ["approve", "one", "--edit", "{path: 7}"],
    2,
    /--edit gives is not JSON: .*\nGive all arguments/,
  ],
  [["approve", "one", "--edit", '["a"]'], 2, /--edit gives is no JSON object/],
  [["approve", "one", "--edit", "-"], 2, /--edit gives is not JSON/],
  [["deny", "one", "--reason", "x".repeat(1_001)], 2, /The reason has 1001 bytes, at most 1000/],
  [["answer", "one"], 2, /Missing required argument 'text'/],
  [["answer", "one", ""], 2, /The answer is empty/],
  [["answer", "one", "x".repeat(16_001)], 2, /The answer has 16001 bytes, at most 16000/],
];

describe("asked wrongly", () => {
  it.each(table)("bosun %j exits %i", async (args, code, words) => {
    const ran = await runBosun(args, place);
    expect(ran).toMatchObject({ code, out: "" });
    expect(ran.err).toMatch(words);
  });

  it.each(table)("bosun %j says it in three lines at most, without a stack", async (args) => {
    const { err } = await runBosun(args, place);
    expect(err.trim().split("\n").length).toBeLessThanOrEqual(3);
    expect(err).not.toMatch(/^ {4}at /m);
  });

  it("a message too long on standard input is refused before it is sent", async () => {
    const ran = await runBosun(["send", "one", "-"], { ...place, input: "x".repeat(200_000) });
    expect(ran).toMatchObject({ code: 2, out: "" });
  });
});

describe("help", () => {
  const { commands } = buildProgram({ columns: () => 80 } as Context);
  const names = commands.map((command) => command.name()).filter((name) => name !== "help");

  it("is what bosun alone prints", async () => {
    const ran = await runBosun([], place);
    expect(ran.code).toBe(0);
    for (const name of names) expect(ran.out).toContain(`  ${name} `);
  });

  it.each(names)("bosun %s --help exits 0 and names --json", async (name) => {
    const ran = await runBosun([name, "--help"], place);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain("--json");
  });

  it.each(names)("bosun %s --help shows how it is typed", async (name) => {
    const { out } = await runBosun([name, "--help"], place);
    expect(out).toMatch(new RegExp(`^Examples?:\\n( {2}.*\\n)*? {2}.*bosun ${name}\\b`, "m"));
  });

  it.each(["", ...names])("bosun %s --help has no line wider than the screen", async (name) => {
    for (const columns of [40, 80, 200]) {
      const { out } = await runBosun([name, "--help"].filter(Boolean), { ...place, columns });
      const widest = Math.max(...out.split("\n").map((line) => stringWidth(line)));
      expect(widest).toBeLessThanOrEqual(columns);
    }
  });

  it("keeps what goes on below a command or option in its column, at every width", async () => {
    for (const name of ["", ...names]) {
      for (const columns of [80, 97, 100, 120, 200]) {
        const { out } = await runBosun([name, "--help"].filter(Boolean), { ...place, columns });
        const terms = out.slice(0, out.indexOf("\nExample"));
        // Every line of two spaces begins a term: its meaning follows after two more at least.
        for (const line of terms.match(/^ {2}\S.*$/gm) ?? []) expect(line).toMatch(/\S {2,}\S/);
      }
    }
  });
});
