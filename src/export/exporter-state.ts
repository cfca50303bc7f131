/** What is known of a running exporter: counted for `/metrics`, and told as it is now. */

import type { Clock } from "../base/clock.ts";
import type { Counter, Metrics } from "../base/metrics.ts";

/** Why spans were not sent. */
export type DropReason =
  /** The destination will not have them. */
  | "refused"
  /** The destination was away for longer than the limits of the exporter allow. */
  | "behind";

/** Why records were not read. */
export type LossReason =
  /** The log had to let go of them. */
  | "released"
  /** They are no OTLP. */
  | "unreadable";

/** A failure and when it was. */
export interface ExportFault {
  readonly atUnixMillis: number;
  readonly message: string;
}

/** An exporter as it is now; counts are since the start of the process. */
export interface ExporterFacts {
  readonly sentSpans: number;
  /** Refused one by one by the destination, which took the rest of their batch. */
  readonly refusedSpans: number;
  readonly droppedSpans: Readonly<Record<DropReason, number>>;
  /** Kept back by the filter. */
  readonly filteredSpans: number;
  readonly lostRecords: Readonly<Record<LossReason, number>>;
  /** Deliveries that are tried again. */
  readonly retries: number;
  /** True while the last try has failed. */
  readonly isFailing: boolean;
  readonly lastError: ExportFault | undefined;
  readonly lastSuccessUnixMillis: number | undefined;
}

interface Counters {
  readonly sent: Counter;
  readonly refused: Counter;
  readonly dropped: Counter;
  readonly filtered: Counter;
  readonly lost: Counter;
  readonly failures: Counter;
}

function countersOf(metrics: Metrics): Counters {
  const labelNames = ["exporter"];
  const withReason = ["exporter", "reason"];
  return {
    sent: metrics.counter({
      name: "tracagg_exported_spans_total",
      help: "Spans an exporter's destination has taken.",
      labelNames,
    }),
    refused: metrics.counter({
      name: "tracagg_export_refused_spans_total",
      help: "Spans a destination refused one by one while it took the rest of their batch.",
      labelNames,
    }),
    dropped: metrics.counter({
      name: "tracagg_export_dropped_spans_total",
      help: "Spans an exporter gave up: refused for good by the destination, or too far behind.",
      labelNames: withReason,
    }),
    filtered: metrics.counter({
      name: "tracagg_export_filtered_spans_total",
      help: "Spans an exporter's filter kept back.",
      labelNames,
    }),
    lost: metrics.counter({
      name: "tracagg_export_lost_records_total",
      help: "Records an exporter could not read: the log had let go of them, or they are no OTLP.",
      labelNames: withReason,
    }),
    failures: metrics.counter({
      name: "tracagg_export_failures_total",
      help: "Deliveries that failed; the same spans are tried again.",
      labelNames,
    }),
  };
}

/** Counts what happens to one exporter. */
export class ExporterState {
  readonly #labels: Readonly<Record<string, string>>;
  readonly #clock: Clock;
  readonly #counters: Counters;
  #sentSpans = 0;
  #refusedSpans = 0;
  #filteredSpans = 0;
  #retries = 0;
  readonly #droppedSpans: Record<DropReason, number> = { refused: 0, behind: 0 };
  readonly #lostRecords: Record<LossReason, number> = { released: 0, unreadable: 0 };
  #isFailing = false;
  #lastError: ExportFault | undefined;
  #lastSuccessUnixMillis: number | undefined;

  constructor(exporter: string, { clock, metrics }: { readonly clock: Clock; readonly metrics: Metrics }) {
    this.#labels = { exporter };
    this.#clock = clock;
    this.#counters = countersOf(metrics);
    // A series that is there from the start shows its first increase.
    for (const counter of [this.#counters.sent, this.#counters.failures]) counter.add(0, this.#labels);
  }

  taken(spans: number, refusedSpans: number): void {
    const sent = Math.max(0, spans - refusedSpans);
    this.#sentSpans += sent;
    this.#refusedSpans += refusedSpans;
    this.#counters.sent.add(sent, this.#labels);
    if (refusedSpans > 0) this.#counters.refused.add(refusedSpans, this.#labels);
    this.#isFailing = false;
    this.#lastSuccessUnixMillis = this.#clock.nowMillis();
  }

  /** @returns true when the try before went well, so that this one is worth a line of the log */
  failed(message: string): boolean {
    const isNew = !this.#isFailing;
    this.#isFailing = true;
    this.#retries++;
    this.#counters.failures.add(1, this.#labels);
    this.fault(message);
    return isNew;
  }

  /** Something went wrong that is not tried again. */
  fault(message: string): void {
    this.#lastError = { atUnixMillis: this.#clock.nowMillis(), message };
  }

  dropped(reason: DropReason, spans: number): void {
    this.#droppedSpans[reason] += spans;
    this.#counters.dropped.add(spans, { ...this.#labels, reason });
  }

  filtered(spans: number): void {
    this.#filteredSpans += spans;
    this.#counters.filtered.add(spans, this.#labels);
  }

  lost(reason: LossReason, records: number): void {
    this.#lostRecords[reason] += records;
    this.#counters.lost.add(records, { ...this.#labels, reason });
  }

  facts(): ExporterFacts {
    return {
      sentSpans: this.#sentSpans,
      refusedSpans: this.#refusedSpans,
      droppedSpans: { ...this.#droppedSpans },
      filteredSpans: this.#filteredSpans,
      lostRecords: { ...this.#lostRecords },
      retries: this.#retries,
      isFailing: this.#isFailing,
      lastError: this.#lastError,
      lastSuccessUnixMillis: this.#lastSuccessUnixMillis,
    };
  }
}
