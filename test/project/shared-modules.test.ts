// What workflows share is frozen, and holds nothing that changes.
import { AsyncLocalStorage } from "node:async_hooks";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { beforeAll, describe, expect, inject, test } from "vitest";
import type { z } from "zod";

const folder = fileURLToPath(new URL("../../protocol", import.meta.url));
const files = readdirSync(folder, { encoding: "utf8", recursive: true }).filter((name) =>
  name.endsWith(".ts"),
);

describe("a module of protocol/", () => {
  const modules = new Map<string, object>();
  beforeAll(async () => {
    for (const file of files) modules.set(file, (await import(join(folder, file))) as object);
  });

  test("exports only data and functions: no schema, no map, nothing that changes when it is used", () => {
    const found = [...modules].flatMap(([file, exports]) =>
      Object.entries(exports).flatMap(([name, value]) => changing(value, `${file}: ${name}`)),
    );
    expect(found).toEqual([]);
    // It looks at something, and would see a schema.
    expect(modules.size).toBeGreaterThan(30);
    expect(changing({ input: { _zod: {} } }, "x")).toEqual(["x.input"]);
    // Zod writes to a pattern that it tries.
    expect(changing({ pattern: /x/ }, "x")).toEqual(["x.pattern"]);
  });

  test("keeps nothing from one use to the next", () => {
    const state =
      /^(?:export )?let |^(?:export )?const \w+(?:: [^=]+)? = (?:new WeakMap|\[\];|\{\};)/m;
    const found = files.filter((file) => state.test(readFileSync(join(folder, file), "utf8")));
    expect(found).toEqual([]);
    expect(state.test("const seen: Record<string, number> = {};")).toBe(true);
  });

  test("reads with every shape after it was frozen", () => {
    for (const exports of modules.values()) freeze(exports);
    const shapes = [...modules.values()].flatMap((exports) =>
      Object.entries(exports).filter(([name]) => /(?:Shape|Input|Ids)$/.test(name)),
    ) as [string, unknown][];
    const read = shapes.filter((entry): entry is [string, () => z.ZodType] => isShape(entry[1]));
    for (const [, shape] of read) {
      expect(() => shape().safeParse({ id: 1, type: "budget" })).not.toThrow();
    }
    expect(read.length).toBeGreaterThan(30);
  });
});

test("a workflow evaluates its own modules and shares all others", () => {
  const { shared, own } = modulesOf(inject("bundle"));
  console.log(`a workflow evaluates ${own.length} modules itself and shares ${shared.length}`);
  expect(own.filter((id) => !id.startsWith("./workflows/"))).toEqual([]);
  expect(own.length).toBeGreaterThan(50);
  expect(shared).toContain("./protocol/messages.ts");
});

function isShape(value: unknown): value is () => z.ZodType {
  return typeof value === "function" && value.length === 0 && !value.toString().startsWith("class");
}

/** Where a value holds what the freeze would break. It does not reach what functions close over. */
function changing(value: unknown, path: string): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  const kind = Object.getPrototypeOf(value) as unknown;
  const isPlain = kind === Object.prototype || kind === null || Array.isArray(value);
  if (!isPlain || "_zod" in value) return [path];
  return Object.entries(value).flatMap(([name, inner]) => changing(inner, `${path}.${name}`));
}

/** As the worker freezes what is shared. */
function freeze(value: unknown): void {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
  if (Object.isFrozen(value)) return;
  if (typeof value === "object") {
    for (const key of Reflect.ownKeys(value)) freeze((value as Record<PropertyKey, unknown>)[key]);
  }
  // The exports of a module in Node cannot be frozen, and need not be.
  if (Object.prototype.toString.call(value) !== "[object Module]") Object.freeze(value);
}

/** Loads a bundle as a worker does: what is preloaded is shared, the rest is each workflow's own. */
function modulesOf(code: string): {
  readonly shared: readonly string[];
  readonly own: readonly string[];
} {
  const shared = new Map<string, unknown>();
  const own = new Map<string, unknown>();
  let cache = shared;
  const modules = new Proxy(
    {},
    {
      get: (_, id: string) => shared.get(id) ?? cache.get(id),
      set: (_, id: string, value) => Boolean(cache.set(id, value)),
    },
  );
  const context = vm.createContext({
    __webpack_module_cache__: modules,
    AsyncLocalStorage,
    TextEncoder,
    TextDecoder,
    URL,
    URLSearchParams,
    AbortController,
    console,
  });
  vm.runInContext(code, context);
  vm.runInContext("__TEMPORAL__.preloadModules()", context);
  cache = own;
  vm.runInContext("__TEMPORAL__.importWorkflows()", context);
  return { shared: [...shared.keys()], own: [...own.keys()] };
}
