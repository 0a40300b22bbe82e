// The tour and the example, as a person runs them.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { nodeArguments } from "../../client/installation/clone.ts";
import { newPlace } from "../launcher/place.ts";
import { openWorld } from "../support/world.ts";
import { expectDocumented } from "./documented-json.ts";

it("the tour of an empty folder comes to its end, and leaves nothing running", async () => {
  const place = newPlace("tour");
  const workspace = join(place.folder, "empty");
  mkdirSync(workspace);
  const tour = place.bosun(["demo", "--workspace", "empty", "--json"]);
  const code = await tour.ended;
  expect({ code, err: tour.err() }).toMatchObject({ code: 0 });

  const outcome = JSON.parse(tour.out()) as {
    supervisor: { id: string };
    report: { path: string };
    tasks: { status: string; receipts: object[] }[];
    urls: Record<string, string>;
    missing: string[];
  };
  expectDocumented("demo", outcome);
  expect(outcome.missing).toEqual([]);
  expect(readFileSync(outcome.report.path, "utf8")).toContain("scripted model, not Claude");
  expect(outcome.tasks.map(({ status }) => status).toSorted()).toEqual([
    "cancelled",
    "completed",
    "completed",
    "completed",
    "completed",
  ]);
  expect(outcome.tasks.flatMap(({ receipts }) => receipts)).toHaveLength(1);
  expect(Object.keys(outcome.urls)).toHaveLength(6);
  expect(tour.err()).toMatch(/^Model: scripted model, not Claude\./);
  expect(tour.err()).not.toContain("\u001B");

  const { dir } = place.installation();
  expect(existsSync(join(dir, "run.json"))).toBe(false);
}, 180_000);

it("the example program checks itself", async () => {
  const world = await openWorld();
  try {
    writeFileSync(join(world.workspace, "b.txt"), "b\n");
    const child = spawn(process.execPath, nodeArguments("test/client/example.ts"), {
      cwd: world.workspace,
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...world.env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const out: string[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk.toString()));
    const code = await new Promise((resolve) => {
      child.once("close", resolve);
    });
    expect(code).toBe(0);
    expect(out.join("")).toMatch(/researcher-\w+: \w+\nStructure: 2 files/);
  } finally {
    await world.close();
  }
}, 180_000);
