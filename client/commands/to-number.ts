// A count that was given as an option.
import { InvalidArgumentError } from "commander";

export function toNumber(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("It is a number from 1 on.");
  return Number(text);
}
