/** The exporter port: somewhere spans go besides the store. */

import type { SpanRow } from "../batch/span-batch.ts";

/** Spans that go out together: those of some consecutive records of the log, or of a part of one. */
export interface ExportBatch {
  readonly spanCount: number;
  /** About the length of {@link ExportBatch.payload}. */
  readonly bytes: number;
  /** The spans as an `ExportTraceServiceRequest`, byte for byte as they came. */
  payload(): Uint8Array;
  /** The same request in the gzip form that it came in, where it came so; {@link ExportBatch.payload} else. */
  readonly gzipPayload: Uint8Array | undefined;
  /** The spans decoded; the same rows whenever they are asked for. */
  rows(): readonly SpanRow[];
}

/** How a delivery ended. */
export type Delivery =
  /** The destination has the spans, but for those it refused for good. */
  | { readonly outcome: "taken"; readonly refusedSpans: number; readonly reason: string }
  /** Nothing may be assumed there; the same batch may be taken later. */
  | { readonly outcome: "again"; readonly reason: string; readonly retryAfterMillis?: number }
  /** The destination will not take this batch, however often it comes. */
  | { readonly outcome: "refused"; readonly reason: string };

/** The delivery that went well. */
export const TAKEN: Delivery = Object.freeze({ outcome: "taken", refusedSpans: 0, reason: "" });

/**
 * Delivers spans to one destination.
 *
 * `deliver` is called with one batch after the other, never twice at a time. A rejection means the same as the outcome
 * `again`. After a crash the batches since the last remembered position come again too: delivery is at least once.
 */
export interface Exporter {
  /** @param signal - aborts when the process cannot wait any longer; the batch then counts as not delivered */
  deliver(batch: ExportBatch, signal: AbortSignal): Promise<Delivery>;
  /** Lets go of files and connections. Idempotent. */
  stop(): Promise<void>;
}
