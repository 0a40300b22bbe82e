// Git's count of changed lines, file by file.
import type { DiffStatLine } from "../../protocol/isolation.ts";

/** The output of `--numstat -z`. A renamed file goes by its new name. */
export function parseNumstat(out: Buffer): readonly DiffStatLine[] {
  const parts = out.toString().split("\0");
  const lines: DiffStatLine[] = [];
  for (let at = 0; at < parts.length; at += 1) {
    const [added = "", removed = "", path = ""] = (parts[at] ?? "").split("\t");
    if (removed === "") continue;
    const renamed = path === "";
    const name = renamed ? (parts[at + 2] ?? "") : path;
    lines.push({ path: name, insertions: toCount(added), deletions: toCount(removed) });
    if (renamed) at += 2;
  }
  return lines;
}

/** Git counts no lines of a binary file. */
function toCount(text: string): number | null {
  return text === "-" ? null : Number(text);
}
