/** A store as the composition root sees it: the five ports and a lifecycle. */

import type { AttributeCatalogue } from "./attribute-catalogue.ts";
import type { Catalogue } from "./catalogue.ts";
import type { SpanWriter } from "./span-writer.ts";
import type { TraceReader } from "./trace-reader.ts";
import type { TraceStatistics } from "./trace-statistics.ts";

/** Gauges and counters of a store, read when somebody scrapes; names are `tracagg_store_<key>`. */
export type StoreGauges = Readonly<Record<string, number>>;

/** One store: writer, reader, catalogues and statistics over the same spans. */
export interface TraceStore extends SpanWriter, TraceReader, Catalogue, AttributeCatalogue, TraceStatistics {
  /** Opens files, finishes what a crash interrupted. Rejects with `failed_precondition` or `data_corrupt`. */
  start(): Promise<void>;
  /** Seals what is sealable and lets go of everything. Idempotent. */
  stop(): Promise<void>;
  /** True while the store holds more than it may: refuse new spans, retryably, before they are logged. */
  isOverloaded(): boolean;
  gauges(): StoreGauges;
}
