/** What the journal counts. */

import type { Counter, Metrics } from "../base/metrics.ts";

/** Counters of one journal. */
export interface JournalCounters {
  readonly records: Counter;
  readonly bytes: Counter;
  readonly syncs: Counter;
  readonly refused: Counter;
  readonly failures: Counter;
  readonly damaged: Counter;
  readonly holdsLost: Counter;
}

/** Registers the counters of a journal. */
export function journalCounters(metrics: Metrics): JournalCounters {
  return {
    records: metrics.counter({ name: "tracagg_log_records_total", help: "Records made durable." }),
    bytes: metrics.counter({ name: "tracagg_log_bytes_total", help: "Payload bytes made durable." }),
    syncs: metrics.counter({ name: "tracagg_log_syncs_total", help: "Groups of records made durable." }),
    refused: metrics.counter({
      name: "tracagg_log_refused_records_total",
      help: "Records the log did not take, by reason.",
      labelNames: ["reason"],
    }),
    failures: metrics.counter({
      name: "tracagg_log_disk_failures_total",
      help: "Writes and syncs the disk refused.",
      labelNames: ["step"],
    }),
    damaged: metrics.counter({
      name: "tracagg_log_damaged_records_total",
      help: "Records found damaged or missing and set aside.",
    }),
    holdsLost: metrics.counter({
      name: "tracagg_log_reader_holds_lost_total",
      help: "Times a reader fell too far behind and records it had not read were let go.",
      labelNames: ["reader"],
    }),
  };
}
