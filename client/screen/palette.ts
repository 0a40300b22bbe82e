// Colours, by what they say.
import pc from "picocolors";
import type { TaskStatus } from "../../protocol/task.ts";

type Paint = (text: string) => string;

export interface Palette {
  readonly strong: Paint;
  readonly faint: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly wait: Paint;
  readonly busy: Paint;
}

export function toPalette(color: boolean): Palette {
  const { bold, dim, green, red, yellow, cyan } = pc.createColors(color);
  return { strong: bold, faint: dim, good: green, bad: red, wait: yellow, busy: cyan };
}

const looks = {
  queued: ["○", "faint"],
  running: ["●", "busy"],
  waiting: ["◌", "wait"],
  completed: ["✓", "good"],
  failed: ["✗", "bad"],
  cancelled: ["–", "faint"],
} as const satisfies Record<TaskStatus, readonly [string, keyof Palette]>;

export function toMark(status: TaskStatus, palette: Palette): string {
  const [mark, paint] = looks[status];
  return palette[paint](mark);
}

export function paintStatus(status: TaskStatus, text: string, palette: Palette): string {
  return palette[looks[status][1]](text);
}
