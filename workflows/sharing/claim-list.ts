// Pieces of work and who owns them, as plain state.
import type { Claim, ClaimAnswer, ClaimInput, Owned } from "../../protocol/claims.ts";

/** A claim against what is owned. What ended owners had is free before it is looked at. */
export function takeClaim(
  claims: readonly Claim[],
  { key, taskId, ended }: ClaimInput,
  most: number,
  at: string,
): { readonly claims: readonly Claim[]; readonly answer: ClaimAnswer } {
  const kept = claims.filter((claim) => claim.taskId === taskId || !ended.includes(claim.taskId));
  const found = kept.find((claim) => claim.key === key);
  if (found) return { claims: kept, answer: toAnswer(found, taskId) };
  if (kept.length >= most) {
    const owners = [...new Set(kept.map((claim) => claim.taskId))];
    return { claims: kept, answer: { status: "full", most, owners } };
  }
  const claim: Claim = { key, taskId, at };
  return { claims: [...kept, claim], answer: { status: "yours", at, known: false } };
}

function toAnswer({ taskId, at }: Claim, asker: string): ClaimAnswer {
  if (taskId === asker) return { status: "yours", at, known: true };
  return { status: "taken", at, taskId };
}

/** What a task owned is free. */
export function releaseClaims(claims: readonly Claim[], taskId: string): readonly Claim[] {
  return claims.some((claim) => claim.taskId === taskId)
    ? claims.filter((claim) => claim.taskId !== taskId)
    : claims;
}

const shownClaims = 5;

export function toOwned(keys: readonly string[]): Owned {
  return { count: keys.length, newest: keys.slice(-shownClaims) };
}
