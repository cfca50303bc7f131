/** The recorded requests, where a checkout has them beside it. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = process.env["TRACAGG_CORPUS"] ?? join("..", "shared", "corpus", "otel-demo");

/** Why corpus tests are skipped; undefined when they can run. */
export const corpusMissing: string | undefined = existsSync(FOLDER)
  ? undefined
  : `no recording at ${FOLDER}; set TRACAGG_CORPUS to a folder of recorded requests`;

/** The requests in recorded order. */
export function corpusRequests(): Uint8Array[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".bin"));
  names.sort((left, right) => Number.parseInt(left, 10) - Number.parseInt(right, 10));
  return names.map((name) => new Uint8Array(readFileSync(join(FOLDER, name))));
}
