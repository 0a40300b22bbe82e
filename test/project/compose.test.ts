// The compose file and what it mounts, held against the code.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { needsScriptedModel } from "../../client/installation/scripted-model.ts";
import {
  dynamicConfig,
  retentionDays,
  searchAttributes,
} from "../../client/installation/server-tuning.ts";
import { parseEnvironment, roles } from "../../protocol/environment.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly networks: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly restart: string;
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly deploy: { readonly resources: { readonly limits: Readonly<Record<string, unknown>> } };
}

const compose = parse(read("docker-compose.yml"), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
};
const services = Object.entries(compose.services);
const oneShots = ["schema", "namespace"];
const commands = ["bosun"];
const workers = services.filter(([, { command }]) => command?.join(" ") === "bosun worker");
const servers = services.filter(([name]) => ![...oneShots, ...commands].includes(name));

test.each(services)("%s has a pinned version and limits of memory and processors", (_, service) => {
  expect(service.image).toMatch(/:\d+\.\d+(\.\d+)?(-[\w.-]+)?$/);
  expect(service.deploy.resources.limits).toMatchObject({
    cpus: expect.stringMatching(/^\d/),
    memory: expect.stringMatching(/^\d+[mg]$/),
  });
});

test.each(servers)("%s is started again, and says whether it is well", (_, service) => {
  expect(service.restart).toBe("unless-stopped");
  expect(service.healthcheck?.test?.[0]).toBe("CMD");
});

test.each(oneShots)("%s runs once, and others wait for its success", (name) => {
  expect(compose.services[name]?.restart).toBe("on-failure:5");
  const waiting = services.filter(
    ([, { depends_on }]) => depends_on?.[name]?.condition === "service_completed_successfully",
  );
  expect(waiting.length).toBeGreaterThan(0);
});

test("what is waited for is there, and can become what is waited for", () => {
  const waits = services.flatMap(([, { depends_on = {} }]) => Object.entries(depends_on));
  expect(waits.length).toBeGreaterThan(services.length - 2);
  for (const [name, { condition }] of waits) {
    const expected = oneShots.includes(name) ? "service_completed_successfully" : "service_healthy";
    expect([name, condition]).toEqual([name, expected]);
    expect(servers.map(([server]) => server).concat(oneShots)).toContain(name);
  }
});

test("every port is bound to the loopback of the machine", () => {
  const ports = services.flatMap(([, service]) => service.ports ?? []);
  expect(ports).toEqual(["127.0.0.1:7233:7233", "127.0.0.1:8233:8080"]);
});

test("every volume is named or a path of this repository, and each declared one is used", () => {
  const mounted = services.flatMap(([, { volumes = [] }]) => volumes);
  const sources = mounted.map((volume) =>
    volume.replace(/^\$\{\w+:-(\w+)\}/, "$1").replace(/:\/.*$/, ""),
  );
  const paths = sources.filter((source) => source.startsWith("./"));
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  const named = sources.filter((source) => !paths.includes(source));
  expect(new Set(named)).toEqual(new Set(Object.keys(compose.volumes)));
});

describe("secrets", () => {
  test("the key of the model is with the models worker alone", () => {
    const holders = services.filter(([, service]) =>
      JSON.stringify(service).toLowerCase().includes("anthropic"),
    );
    expect(holders.map(([name]) => name)).toEqual(["models"]);
  });

  test("each is a file that git and the image leave out, and no variable holds one", () => {
    const variables = services.flatMap(([, { environment }]) => Object.keys(environment ?? {}));
    expect(variables.filter((name) => /KEY$|PASSWORD$|TOKEN$|SECRET$/.test(name))).toEqual([]);
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`./secrets/${name}`);
    }
    expect(read(".gitignore").split("\n")).toContain("secrets/");
    const [first, ...kept] = read(".dockerignore").trim().split("\n").slice(1);
    expect(first).toBe("*");
    expect(kept.filter((line) => !line.startsWith("!"))).toEqual([]);
    expect(kept).not.toContain("!secrets");
  });

  test("a service is given those that its environment names", () => {
    for (const [name, { environment = {}, secrets = [] }] of services) {
      const named = Object.values(environment)
        .filter((value) => value.startsWith("/run/secrets/"))
        .map((value) => value.slice("/run/secrets/".length));
      expect([name, named]).toEqual([name, secrets]);
    }
  });

  test("nobody but the server and its schema reaches the database", () => {
    const near = services.filter(([, { networks }]) => networks.includes("database"));
    expect(near.map(([name]) => name)).toEqual(["postgres", "schema", "temporal"]);
    expect(compose.networks["database"]?.internal).toBe(true);
  });
});

describe("workers", () => {
  test("each role has one, which is named after it", () => {
    const served = workers.map(([name, { environment }]) => [name, environment?.["BOSUN_ROLES"]]);
    expect(served).toEqual(roles.map((role) => [role, role]));
  });

  test("their settings are accepted, and none would start a scripted model", () => {
    const installations = [...workers, ["bosun", compose.services["bosun"]] as const].map(
      ([name, service]) => {
        const environment = service?.environment ?? {};
        expect([name, needsScriptedModel(environment)]).toEqual([name, false]);
        const { installation, host } = parseEnvironment(environment);
        return `${installation}@${host}`;
      },
    );
    expect(new Set(installations)).toEqual(new Set(["compose@compose"]));
  });

  test("they are given longer to stop than they give their work", () => {
    for (const [, { stop_grace_period }] of workers) {
      const seconds = Number(/^(\d+)s$/.exec(stop_grace_period ?? "")?.[1]);
      expect(seconds * 1_000).toBeGreaterThan(parseEnvironment({}).graceMs + 5_000);
    }
  });

  test("their image has the version of the package, and every folder that is run", () => {
    const { version } = JSON.parse(read("package.json")) as { version: string };
    for (const [, { image, build }] of [...workers, ["bosun", compose.services["bosun"]!] as const])
      expect({ image, build }).toEqual({ image: `bosun:${version}`, build: "." });
    expect(read("Dockerfile")).toMatch(/^FROM node:\d+\.\d+\.\d+-bookworm-slim$/m);
    const kept = read(".dockerignore").split("\n");
    const run = readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map((entry) => entry.name)
      .filter(
        (name) => !["bench", "deploy", "docs", "node_modules", "test", "secrets"].includes(name),
      );
    expect(run.length).toBeGreaterThan(7);
    expect(run.filter((name) => !kept.includes(`!${name}`))).toEqual([]);
  });
});

describe("the server", () => {
  test("has the version that Bosun is measured with, and so have its tools", () => {
    expect(compose.services["temporal"]?.image).toBe("temporalio/server:1.29.1");
    for (const name of oneShots)
      expect(compose.services[name]?.image).toMatch(/^temporalio\/admin-tools:1\.29\.1-/);
  });

  test("is tuned as the embedded one", () => {
    const file = parse(read("deploy/temporal/dynamic-config.yaml")) as Record<
      string,
      readonly { readonly value: unknown }[]
    >;
    const tuned = Object.entries(file).map(([key, values]) => [
      key,
      values.map((one) => one.value),
    ]);
    expect(tuned).toEqual(Object.entries(dynamicConfig).map(([key, value]) => [key, [value]]));
  });

  test("binds all of its parts to itself, unless the environment says otherwise of its door", () => {
    const { services: parts } = parse(read("deploy/temporal/server.yaml")) as {
      readonly services: Readonly<Record<string, { readonly rpc: { readonly bindOnIP: string } }>>;
    };
    const binds = Object.entries(parts).map(([name, { rpc }]) => [name, rpc.bindOnIP]);
    expect(Object.fromEntries(binds)).toEqual({
      frontend: '{{ default "127.0.0.1" (env "BIND_ON_IP") }}',
      history: "127.0.0.1",
      matching: "127.0.0.1",
      worker: "127.0.0.1",
    });
  });

  test("asks PostgreSQL for no more connections than it has by default", () => {
    const { persistence, services: parts } = parse(read("deploy/temporal/server.yaml")) as {
      readonly persistence: {
        readonly datastores: Readonly<Record<string, { readonly sql: { maxConns: number } }>>;
      };
      readonly services: object;
    };
    const each = Object.values(persistence.datastores).map(({ sql }) => sql.maxConns);
    const all = Object.keys(parts).length * each.reduce((sum, one) => sum + one, 0);
    // 100, of which three are kept for superusers.
    expect([all > 0, all <= 97]).toEqual([true, true]);
  });

  test("keeps what has ended as long as the embedded one, with the same search attributes", () => {
    const script = read("deploy/temporal/set-up-namespace.sh");
    const retention = `${retentionDays * 24}h`;
    expect(script).toContain(`RETENTION:-${retention}`);
    expect(compose.services["namespace"]?.environment?.["RETENTION"]).toBe(retention);
    const named = [...script.matchAll(/--name (\w+) --type (\w+)/g)].map(([, ...pair]) => pair);
    expect(Object.fromEntries(named)).toEqual(searchAttributes);
  });

  test.each(readdirSync(join(root, "deploy/temporal")).filter((name) => name.endsWith(".sh")))(
    "%s is mounted where it is called, and a shell can read it",
    (script) => {
      const callers = services.filter(
        ([, { entrypoint, volumes }]) =>
          entrypoint?.includes(`/bosun/${script}`) &&
          volumes?.includes("./deploy/temporal:/bosun:ro"),
      );
      expect(callers).toHaveLength(1);
      const { status, stderr } = spawnSync("sh", ["-n", join(root, "deploy/temporal", script)]);
      expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: "" });
    },
  );
});
