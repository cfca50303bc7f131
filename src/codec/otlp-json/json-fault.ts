/** What is wrong with a JSON request, and where. */

import { TracAggError } from "../../base/errors.ts";

/** Thrown while reading; every message on the way out puts its field in front of the path. */
export class JsonFault extends Error {
  readonly offset: number;
  readonly path: (string | number)[] = [];

  constructor(offset: number, reason: string) {
    super(reason);
    this.name = "JsonFault";
    this.offset = offset;
  }

  /** The error a sender sees. */
  toError(totalBytes: number): TracAggError {
    const path = this.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
    const field = path === "" ? "request" : path.slice(1);
    return new TracAggError(
      "invalid_argument",
      `${field} at byte ${this.offset} of ${totalBytes} (JSON): ${this.message}`,
      { field },
    );
  }
}

/** Runs `read`; a fault in it gets `part` put in front of its path. */
export function inField(part: string | number, read: () => void): void {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof JsonFault) thrown.path.unshift(part);
    throw thrown;
  }
}
