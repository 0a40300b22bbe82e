// Content by its SHA-256, in hex.
import { createHash } from "node:crypto";

export function toHash(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
