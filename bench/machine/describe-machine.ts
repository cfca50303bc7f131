/** What was measured on, in one line. */

import { cpus, release, totalmem, type } from "node:os";

const GIB = 2 ** 30;

/** Cores, memory, kernel, Node. */
export function describeMachine(): string {
  const memoryGib = Math.round(totalmem() / GIB);
  const model = cpus()[0]?.model.trim() ?? "unknown CPU";
  return `${cpus().length} x ${model}, ${memoryGib} GiB, ${type()} ${release()}, Node ${process.version}`;
}
