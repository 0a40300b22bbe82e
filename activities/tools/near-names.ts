// What a missing path may have meant.
import { readdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { isPrivate, type Place } from "./jail.ts";
import { ToolProblem } from "../tool-problem.ts";

export async function toMissing(place: Place): Promise<ToolProblem> {
  const near = await findNear(place);
  const folder = dirname(place.shown);
  const hint =
    near.length > 0
      ? `Near it: ${near.map((name) => (folder === "." ? name : `${folder}/${name}`)).join(", ")}.`
      : "list_files shows what there is.";
  return new ToolProblem(`There is no ${place.shown}. ${hint}`);
}

async function findNear({ real }: Place): Promise<string[]> {
  const names = await readdir(dirname(real)).catch(() => []);
  const wanted = basename(real).toLowerCase();
  return names
    .filter((name) => !isPrivate(name))
    .map((name) => ({ name, score: score(wanted, name.toLowerCase()) }))
    .filter((entry) => entry.score > 0.5)
    .toSorted((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map((entry) => entry.name);
}

/** From 0 to 1: how many pairs of neighbouring letters two names share. */
function score(a: string, b: string): number {
  const pairs = new Set(toPairs(a));
  const others = toPairs(b);
  const shared = others.filter((pair) => pairs.has(pair)).length;
  return (2 * shared) / (pairs.size + others.length || 1);
}

function toPairs(name: string): string[] {
  const framed = ` ${name} `;
  return Array.from({ length: framed.length - 1 }, (_, at) => framed.slice(at, at + 2));
}
