// An id from elsewhere, as a safe file name.
import { toHash } from "./to-hash.ts";

/** Ids of models and workflows. What is none of the usual shape is hashed, and a dot keeps the two apart. */
export function toFileName(id: string): string {
  if (/^[A-Za-z0-9_-]{1,100}$/.test(id)) return id;
  return `sha256.${toHash(id).slice(0, 40)}`;
}
