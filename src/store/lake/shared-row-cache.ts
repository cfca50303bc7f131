/** Stored rows of traces that lie in several places: such traces are read whole by every search and sum. */

import type { SpanRow } from "../../batch/span-batch.ts";
import type { TracePlace } from "./split-file.ts";

/** Rows kept, some 700 bytes each with their batch. */
const MAX_ROWS = 50_000;
/** A trace larger than this is read again each time rather than push all others out. */
const MAX_ROWS_PER_TRACE = 5_000;

interface CachedRows {
  readonly segments: string;
  readonly rows: readonly SpanRow[];
}

/** The rows used last. An entry counts only for the same segments; segments never change under their name. */
export class SharedRowCache {
  readonly #entries = new Map<string, CachedRows>();
  #rowCount = 0;

  /** The stored rows of a trace in exactly these places; undefined when they are not kept. */
  get(traceId: string, places: readonly TracePlace[]): readonly SpanRow[] | undefined {
    const entry = this.#entries.get(traceId);
    if (entry === undefined || entry.segments !== segmentsOf(places)) return undefined;
    // Last used last: the first of the map is the one to forget.
    this.#entries.delete(traceId);
    this.#entries.set(traceId, entry);
    return entry.rows;
  }

  /** Keeps the stored rows of a trace. */
  set(traceId: string, places: readonly TracePlace[], rows: readonly SpanRow[]): void {
    if (rows.length > MAX_ROWS_PER_TRACE) return;
    this.#forget(traceId);
    this.#entries.set(traceId, { segments: segmentsOf(places), rows });
    this.#rowCount += rows.length;
    while (this.#rowCount > MAX_ROWS) this.#forget(this.#entries.keys().next().value!);
  }

  #forget(traceId: string): void {
    this.#rowCount -= this.#entries.get(traceId)?.rows.length ?? 0;
    this.#entries.delete(traceId);
  }
}

function segmentsOf(places: readonly TracePlace[]): string {
  return places.map(({ segment }) => segment).join("/");
}
