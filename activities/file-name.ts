// An id from elsewhere, as a safe file name.
import { createHash } from "node:crypto";

/** Ids of models and workflows. What is none of the usual shape is hashed, and a dot keeps the two apart. */
export function toFileName(id: string): string {
  if (/^[A-Za-z0-9_-]{1,100}$/.test(id)) return id;
  return `sha256.${createHash("sha256").update(id).digest("hex").slice(0, 40)}`;
}
