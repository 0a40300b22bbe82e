// Why a tool refused, in words a model can act on.

/** Becomes an error outcome. Nothing has been changed when it is thrown. */
export class ToolProblem extends Error {
  override readonly name = "ToolProblem";
}

const words: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: (path) => `There is no ${path}. list_files shows what there is.`,
  ENOTDIR: (path) => `A part of ${path} is a file, not a folder. list_files shows what there is.`,
  EEXIST: (path) => `A part of ${path} is a file, not a folder. Choose another path.`,
  EISDIR: (path) => `${path} is a folder. Name a file in it.`,
  EACCES: (path) => `${path} may not be touched: permission denied. ${instead}`,
  EPERM: (path) => `${path} may not be touched: not permitted. ${instead}`,
  EROFS: (path) => `${path} lies on a read-only file system. Write under artifacts/ instead.`,
  ELOOP: (path) => `${path} is a link, or links that lead in a circle. Name a real path.`,
  ENAMETOOLONG: (path) => `${path} is too long for a file name. Choose a shorter one.`,
  ENOSPC: (path) =>
    `The disk is full, ${path} was not written. Tell the person: only they can help.`,
  EDQUOT: (path) => `The disk quota is used up, ${path} was not written. Tell the person.`,
};
const instead = "If you meant to write, write under artifacts/. Otherwise go on without it.";

/** The words for a refusal of the file system, or undefined for any other error. */
export function toWords(error: unknown, path: string): string | undefined {
  if (error instanceof ToolProblem) return error.message;
  const code = toCode(error);
  if (code === undefined) return undefined;
  return words[code]?.(path) ?? `${path} could not be used: the system said ${code}.`;
}

/** The code of a failed system call. */
export function toCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
