// The first set, by name.
import type { Row } from "../support/row.ts";
import { beats } from "./beats.ts";
import { end } from "./end.ts";
import { fanOut } from "./fan-out.ts";
import { memory } from "./memory.ts";
import { message } from "./message.ts";
import { rate } from "./rate.ts";
import { turn } from "./turn.ts";

/** In the order of their lines. */
export const rows: ReadonlyMap<string, Row> = new Map([
  ["message", message],
  ["end", end],
  ["fan-out", fanOut],
  ["rate", rate],
  ["turn", turn],
  ["memory", memory],
  ["beats", beats],
]);
