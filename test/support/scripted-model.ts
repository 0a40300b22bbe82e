// The scripted model of a test file, and its controls.
import { type ScriptedModel, startScriptedModel } from "../../scripted-model/server.ts";

export interface Rule {
  readonly when: Readonly<Record<string, string | number | boolean>>;
  readonly reply: {
    readonly text?: string;
    readonly textBytes?: number;
    readonly toolCalls?: readonly { readonly name: string; readonly input?: object }[];
    readonly stopReason?: string;
    readonly delayMs?: number;
    /** Held back until the test releases this word. */
    readonly until?: string;
    readonly content?: readonly object[];
  };
}

export interface JournalEntry {
  readonly n: number;
  readonly startedAt: string;
  readonly request: {
    readonly system: unknown;
    readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  };
  readonly outcome: { readonly status: number; readonly completed: boolean } & Record<
    string,
    unknown
  >;
}

export interface ModelControl {
  readonly url: string;
  script(name: string, rules: readonly Rule[]): Promise<void>;
  fault(fault: object): Promise<void>;
  /** Lets answers go that wait for this word, now and from now on. */
  release(word: string): Promise<void>;
  clearFaults(): Promise<void>;
  /** Requests whose text contains the mark, in order. */
  journal(mark: string): Promise<readonly JournalEntry[]>;
}

export function controlModel(url: string): ModelControl {
  const call = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${url}/control${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
  return {
    url,
    script: async (name, rules) => void (await call("POST", "/scripts", { name, rules })),
    fault: async (fault) => void (await call("POST", "/faults", fault)),
    release: async (word) => void (await call("POST", "/releases", { word })),
    clearFaults: async () => void (await call("DELETE", "/faults")),
    journal: async (mark) => {
      const answer = await call("GET", `/journal?match=${encodeURIComponent(mark)}`);
      return (answer as { entries: readonly JournalEntry[] }).entries;
    },
  };
}

let users = 0;
let running: Promise<ScriptedModel> | undefined;

/**
 * One for all worlds of a test file, so that its rules meet no other file's conversations. Whoever
 * borrows it last and gives it back stops it.
 */
export async function borrowModel(): Promise<ScriptedModel> {
  users += 1;
  running ??= startScriptedModel();
  const model = await running;
  return {
    url: model.url,
    async close() {
      users -= 1;
      if (users > 0) return;
      running = undefined;
      await model.close();
    },
  };
}
