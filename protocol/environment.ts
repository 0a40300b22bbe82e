// The environment, as checked settings.
import { z } from "zod";
import { type PriceTable, priceTableShape, toModelId } from "./models.ts";
import { toPriceTable } from "./prices.ts";
import { limitCeilings, type Limits, limitDefaults, type Settings } from "./settings.ts";

export const roles = ["workflows", "models", "tools"] as const;
export type Role = (typeof roles)[number];

const sandboxModes = ["auto", "off", "required"] as const;

export type Env = Readonly<Record<string, string | undefined>>;

export interface Environment {
  /** Where state lies, when said. */
  readonly dir?: string;
  readonly installation?: string;
  readonly host?: string;
  /** Address of the Web UI of a server that is not ours. */
  readonly webUi?: string;
  /** None where the workers run elsewhere. */
  readonly roles: readonly Role[];
  readonly slots: {
    readonly now: number;
    readonly models: number;
    readonly probes: number;
    readonly tools: number;
  };
  /** Milliseconds a stopping worker gives to work in flight. */
  readonly graceMs: number;
  /** The version that the workflow worker serves as. Without one it serves every workflow there is. */
  readonly deployment?: { readonly name: string; readonly buildId: string };
  readonly commands: CommandEnvironment;
  readonly model: ModelEnvironment;
  readonly supervisorModel: string;
  readonly taskModel: string;
  readonly limits: Limits;
  /** Prices that are set, beside those that are known. */
  readonly prices: PriceTable;
}

export interface ModelEnvironment {
  readonly apiKey?: string;
  /** A file that holds the key instead. Read by `toApiKey`. */
  readonly apiKeyFile?: string;
  readonly authToken?: string;
  readonly baseUrl?: string;
  /** `scripted`, or the host name of the API. */
  readonly backend: string;
  /** Milliseconds without a byte before a stream counts as stalled. */
  readonly stallMs: number;
  /** Milliseconds until the response headers. */
  readonly headersMs: number;
}

/** How commands of a model are run on this host. */
export interface CommandEnvironment {
  /** `auto` uses bubblewrap where it runs, `required` runs nothing without it, `off` does not use it. */
  readonly sandbox: (typeof sandboxModes)[number];
  /** What a command sees of the environment: nothing that is Bosun's or looks like a secret. */
  readonly env: Readonly<Record<string, string>>;
}

/** A setting that cannot be used. The message names it and says what to do. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** `maxOpen` is set by `BOSUN_MAX_OPEN`. */
export function toVariable(limit: keyof Limits): string {
  return `BOSUN_${limit.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

const whole = (fallback: number, min = 1, max = Number.MAX_SAFE_INTEGER) =>
  z.coerce.number().int().min(min).max(max, `${max} is the most`).default(fallback);
const words = z.string().trim().min(1).optional();

/** An empty variable counts as unset. */
function readVariables<Shape extends z.ZodRawShape>(env: Env, shape: Shape) {
  const given = Object.fromEntries(
    Object.keys(shape).map((name) => [name, env[name]?.trim() || undefined]),
  );
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = String(issue?.path[0]);
  throw new SettingsError(
    `${name} is set to "${env[name]}", which cannot be used: ${issue?.message}. Change or unset it.`,
  );
}

/** The word for a place that brings no worker along. */
const noRoles = "none";

function parseRoles(text: string | undefined): readonly Role[] {
  if (text === noRoles) return [];
  const given = (text ?? roles.join(","))
    .split(",")
    .map((role) => role.trim())
    .filter(Boolean);
  const unknown = given.find((role) => !roles.includes(role as Role));
  if (unknown !== undefined || given.length === 0) {
    throw new SettingsError(
      `BOSUN_ROLES names "${unknown ?? ""}". Use one or more of ${roles.join(", ")}, separated by commas, or ${noRoles}.`,
    );
  }
  return given as Role[];
}

function parseModel(env: Env): ModelEnvironment {
  const read = readVariables(env, {
    ANTHROPIC_API_KEY: words,
    ANTHROPIC_API_KEY_FILE: words,
    ANTHROPIC_AUTH_TOKEN: words,
    ANTHROPIC_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
    BOSUN_BACKEND: words,
    BOSUN_MODEL_STALL_MS: whole(90_000),
    BOSUN_MODEL_HEADERS_MS: whole(60_000),
  });
  const { ANTHROPIC_API_KEY: apiKey, ANTHROPIC_API_KEY_FILE: apiKeyFile } = read;
  if (apiKey && apiKeyFile) {
    throw new SettingsError(
      "ANTHROPIC_API_KEY and ANTHROPIC_API_KEY_FILE are both set. Unset one of them.",
    );
  }
  const baseUrl = read.ANTHROPIC_BASE_URL;
  return {
    ...(apiKey && { apiKey }),
    ...(apiKeyFile && { apiKeyFile }),
    ...(read.ANTHROPIC_AUTH_TOKEN && { authToken: read.ANTHROPIC_AUTH_TOKEN }),
    ...(baseUrl && { baseUrl }),
    backend: read.BOSUN_BACKEND ?? (baseUrl ? new URL(baseUrl).host : "api.anthropic.com"),
    stallMs: read.BOSUN_MODEL_STALL_MS,
    headersMs: read.BOSUN_MODEL_HEADERS_MS,
  };
}

function parseLimits(env: Env): Limits {
  const shape: Record<string, z.ZodType<number>> = {};
  const names = Object.keys(limitDefaults) as (keyof Limits)[];
  for (const name of names) {
    const least = limitDefaults[name] === 0 ? 0 : 1;
    shape[toVariable(name)] = whole(limitDefaults[name], least, limitCeilings[name]);
  }
  const read = readVariables(env, shape);
  return Object.fromEntries(names.map((name) => [name, read[toVariable(name)]])) as Limits;
}

/** JSON by model: `{"claude-opus-5-5":{"input":4,"output":20}}`, US dollars per million tokens. */
function parsePrices(env: Env): PriceTable {
  const text = env["BOSUN_PRICES"]?.trim();
  if (!text) return {};
  const read = z.string().transform(toJson).pipe(priceTableShape()).safeParse(text);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const at = issue?.path.length ? ` (${issue.path.join(".")})` : "";
  throw new SettingsError(
    `BOSUN_PRICES cannot be used${at}: ${issue?.message}. Set it to JSON such as {"claude-opus-5-5":{"input":4,"output":20}}, in US dollars per million tokens.`,
  );
}

function toJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue("it is no JSON");
    return z.NEVER;
  }
}

const versionName = z
  .string()
  .regex(/^[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,99}$/, "use letters, digits, ., _, + and -, at most 100")
  .optional();

function parseDeployment(env: Env): Environment["deployment"] {
  const read = readVariables(env, { BOSUN_DEPLOYMENT: versionName, BOSUN_BUILD_ID: versionName });
  const { BOSUN_DEPLOYMENT: name, BOSUN_BUILD_ID: buildId } = read;
  if (name && buildId) return { name, buildId };
  if (!name && !buildId) return undefined;
  const [given, missing] = name
    ? ["BOSUN_DEPLOYMENT", "BOSUN_BUILD_ID"]
    : ["BOSUN_BUILD_ID", "BOSUN_DEPLOYMENT"];
  throw new SettingsError(
    `${given} is set and ${missing} is not. Set both to serve as one version, or neither.`,
  );
}

/** Every variable Bosun reads, checked. Throws `SettingsError`. Temporal's own variables are read by its library. */
export function parseEnvironment(env: Env): Environment {
  const read = readVariables(env, {
    BOSUN_DIR: words,
    BOSUN_INSTALLATION: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,40}$/, "use letters, digits and -, at most 40")
      .optional(),
    BOSUN_HOST: z
      .string()
      .regex(/^[A-Za-z0-9.-]{1,60}$/, "use letters, digits, . and -, at most 60")
      .optional(),
    BOSUN_WEB_UI: z.url({ protocol: /^https?$/ }).optional(),
    BOSUN_ROLES: words,
    BOSUN_NOW_SLOTS: whole(8),
    BOSUN_MODEL_SLOTS: whole(20),
    BOSUN_PROBE_SLOTS: whole(2),
    BOSUN_TOOL_SLOTS: whole(10),
    BOSUN_GRACE_MS: whole(30_000, 0),
    BOSUN_SANDBOX: z.enum(sandboxModes).default("auto"),
    BOSUN_SUPERVISOR_MODEL: words,
    BOSUN_TASK_MODEL: words,
  });
  const deployment = parseDeployment(env);
  return {
    ...(deployment && { deployment }),
    ...(read.BOSUN_DIR && { dir: read.BOSUN_DIR }),
    ...(read.BOSUN_INSTALLATION && { installation: read.BOSUN_INSTALLATION }),
    ...(read.BOSUN_HOST && { host: read.BOSUN_HOST }),
    ...(read.BOSUN_WEB_UI && { webUi: read.BOSUN_WEB_UI.replace(/\/+$/, "") }),
    roles: parseRoles(read.BOSUN_ROLES),
    slots: {
      now: read.BOSUN_NOW_SLOTS,
      models: read.BOSUN_MODEL_SLOTS,
      probes: read.BOSUN_PROBE_SLOTS,
      tools: read.BOSUN_TOOL_SLOTS,
    },
    graceMs: read.BOSUN_GRACE_MS,
    commands: { sandbox: read.BOSUN_SANDBOX, env: toCommandEnv(env) },
    model: parseModel(env),
    supervisorModel: toModelId(read.BOSUN_SUPERVISOR_MODEL ?? "opus"),
    taskModel: toModelId(read.BOSUN_TASK_MODEL ?? "haiku"),
    limits: parseLimits(env),
    prices: parsePrices(env),
  };
}

const secretName =
  /^(TEMPORAL|BOSUN|ANTHROPIC)_|(^|_)(API_?KEY|KEY|KEY_ID|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|AUTH_SOCK)(_|$)|(PASSWORD|_PWD)$/i;

function toCommandEnv(env: Env): Readonly<Record<string, string>> {
  const kept = Object.entries(env).filter(([name]) => !secretName.test(name));
  return Object.fromEntries(
    kept.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** What a starter puts into an agent's input. */
export function toSettings(
  environment: Environment,
  server: { installation: string; searchAttributes: boolean },
): Settings {
  return {
    ...server,
    backend: environment.model.backend,
    supervisorModel: environment.supervisorModel,
    taskModel: environment.taskModel,
    limits: environment.limits,
    prices: toPriceTable(environment.model.backend, environment.prices),
  };
}
