/** The exporter port: somewhere spans go besides the store. */

import type { SpanRow } from "../batch/span-batch.ts";

/**
 * Delivers spans to one destination.
 *
 * `deliver` is called with the spans of some consecutive requests, never twice at a time, and resolves when the
 * destination has them safely; a rejection means none may be assumed there, and the same rows come again. After a
 * crash the rows since the last remembered position come again too: delivery is at least once.
 */
export interface Exporter {
  deliver(rows: readonly SpanRow[]): Promise<void>;
  /** Lets go of files and connections. Idempotent. */
  stop(): Promise<void>;
}
