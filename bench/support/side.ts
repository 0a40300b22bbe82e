// The same acts, measured on Bosun and on the bare program.

/** A conversation with a supervisor, and what the tasks it starts leave. */
export interface Talk {
  readonly id: string;
  say(text: string): Promise<void>;
  /** Workflows of the tasks it has started. */
  tasks(): Promise<readonly string[]>;
  end(): Promise<void>;
}

export interface Side {
  /** The process of its worker. */
  readonly pid: number;
  open(): Promise<Talk>;
  cost(workflowId: string): Promise<Cost>;
}

/** What a workflow's history takes. */
export interface Cost {
  readonly events: number;
  readonly bytes: number;
}

export interface Sides {
  readonly bare: Side;
  readonly bosun: Side;
}

/** The same figure of each side. */
export interface Pair {
  readonly bare: number;
  readonly bosun: number;
}

export async function openBoth({
  bare,
  bosun,
}: Sides): Promise<Readonly<Record<keyof Sides, Talk>>> {
  return { bare: await bare.open(), bosun: await bosun.open() };
}

/** One after the other, so that they never share the machine. */
export async function onBoth(
  { bare, bosun }: Sides,
  measure: (side: Side, name: keyof Sides) => Promise<number>,
): Promise<Pair> {
  return { bare: await measure(bare, "bare"), bosun: await measure(bosun, "bosun") };
}
