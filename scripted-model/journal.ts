// Every request as it came, and what became of it.

export interface Outcome {
  readonly status: number;
  readonly stopReason?: string;
  readonly messageId?: string;
  readonly fault?: string;
  readonly error?: string;
  /** The client was handed everything. */
  readonly completed: boolean;
}

interface Entry {
  readonly n: number;
  readonly model: string | null;
  readonly raw: string;
  readonly startedAt: string;
  endedAt: string | null;
  outcome: Outcome;
}

const underWay: Outcome = { status: 0, completed: false };

/** Whole transcripts are kept, so the journal is capped by bytes, not entries. */
const maxBytes = 64 * 1024 * 1024;

export class Journal {
  #entries: Entry[] = [];
  #bytes = 0;
  #last = 0;
  #dropped = 0;

  /** Returns what to call, once, when the response is over. */
  begin(raw: string): (outcome: Outcome) => void {
    const entry: Entry = {
      n: ++this.#last,
      model: modelOf(raw),
      raw,
      startedAt: now(),
      endedAt: null,
      outcome: underWay,
    };
    this.#entries.push(entry);
    this.#bytes += raw.length;
    while (this.#bytes > maxBytes && this.#entries.length > 1) {
      this.#bytes -= this.#entries.shift()?.raw.length ?? 0;
      this.#dropped += 1;
    }
    return (outcome) => {
      entry.outcome = outcome;
      entry.endedAt = now();
    };
  }

  read(after: number, match: string): Record<string, unknown> {
    const escaped = JSON.stringify(match).slice(1, -1);
    const found = this.#entries.filter(
      ({ n, raw }) => n > after && (raw.includes(match) || raw.includes(escaped)),
    );
    return { entries: found.map(toJson), last: this.#last, dropped: this.#dropped };
  }

  clear(): void {
    this.#entries = [];
    this.#bytes = 0;
    this.#dropped = 0;
  }
}

const now = () => new Date().toISOString();

function modelOf(raw: string): string | null {
  const body = toValue(raw) as { model?: unknown } | null;
  return typeof body?.model === "string" ? body.model : null;
}

function toJson({ raw, ...entry }: Entry): Record<string, unknown> {
  return { ...entry, request: toValue(raw) };
}

/** What is no JSON is shown as it came. */
function toValue(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}
