// The key of the model, as said or from its file.
import { type ModelEnvironment, SettingsError } from "./environment.ts";

/** `readText` reads a file of this machine, or throws. Throws `SettingsError`. */
export function toApiKey(
  { apiKey, apiKeyFile }: ModelEnvironment,
  readText: (path: string) => string,
): string | undefined {
  if (apiKeyFile === undefined) return apiKey;
  const key = readKeyFile(apiKeyFile, readText);
  // A header cannot hold more than one line.
  if (/^\S+$/.test(key)) return key;
  throw new SettingsError(
    `${apiKeyFile}, which ANTHROPIC_API_KEY_FILE names, ${key === "" ? "is empty" : "holds more than a key"}. Write the key into it, and nothing else.`,
  );
}

function readKeyFile(path: string, readText: (path: string) => string): string {
  try {
    return readText(path).trim();
  } catch (error) {
    throw new SettingsError(
      `The key cannot be read from ${path}, which ANTHROPIC_API_KEY_FILE names: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}
