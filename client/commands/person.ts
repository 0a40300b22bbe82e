// Who decides, for the record.
import { userInfo } from "node:os";

/** The login name. Where there is none, as in some containers, just a person. */
export function toPerson(): string {
  try {
    return userInfo().username.slice(0, 200) || "person";
  } catch {
    return "person";
  }
}
