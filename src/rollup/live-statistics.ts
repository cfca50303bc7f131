/** Statistics as spans arrive: the window, the calls of complete traces, and the sums by time. */

import { hexFromBytes } from "../base/bytes.ts";
import type { CommittedBatch } from "../batch/committed-batch.ts";
import type { SpanBatch } from "../batch/span-batch.ts";
import { Edges } from "../window/edges.ts";
import { Operations } from "../window/operations.ts";
import { sortedRows } from "../window/row-order.ts";
import type { CompleteCall } from "../window/trace-calls.ts";
import { CompleteCalls } from "../window/trace-calls.ts";
import type { TraceNews, WindowOptions } from "../window/trace-window.ts";
import { TraceWindow } from "../window/trace-window.ts";
import { secondsAt } from "../window/window-rows.ts";
import type { EdgeCell, SpanCell } from "./cells.ts";
import { isSlower } from "./cells.ts";
import type { LiveProfilesOptions } from "./live-profiles.ts";
import { LiveProfiles } from "./live-profiles.ts";
import { RecentPositions } from "./recent-positions.ts";
import { Rollups } from "./rollups.ts";
import { RunningTotals } from "./running-totals.ts";
import { spanSeries } from "./series.ts";
import { Targets } from "./targets.ts";
import type { TopologyOptions } from "./topology-sums.ts";
import { TopologySums } from "./topology-sums.ts";

/** A span may claim to start this long after it came; beyond that it counts as if it started then. */
export const MAX_AHEAD_SECONDS = 3_600;
/** Spans of the traces looked at in one go, some milliseconds of work: many traces due at once hold nobody up. */
const SPANS_PER_TICK = 2_000;

/** Bounds of the statistics. */
export interface LiveStatisticsOptions extends WindowOptions, TopologyOptions, LiveProfilesOptions {
  readonly maxOperations?: number;
  readonly maxEdges?: number;
  /** Bytes of the windows of time at rest. */
  readonly maxRollupBytes?: number;
}

/**
 * Every span counts once, when it arrives; copies of it do not. Calls count when their trace is complete, and are
 * counted anew when a span comes late.
 */
export class LiveStatistics {
  readonly operations: Operations;
  readonly edges: Edges;
  readonly window: TraceWindow;
  readonly rollups: Rollups;
  /** The calls again, by where their ends run. */
  readonly topology: TopologySums;
  readonly profiles: LiveProfiles;
  /** Everything since the process started, as counters have it. */
  readonly totals: RunningTotals = new RunningTotals();
  readonly targets: Targets = new Targets();
  readonly #calls: CompleteCalls;
  #lastPosition = -1;
  readonly #recent: RecentPositions;
  #isCounting = true;

  constructor(options: LiveStatisticsOptions = {}) {
    this.operations = new Operations(options.maxOperations);
    this.edges = new Edges(options.maxEdges);
    this.#recent = new RecentPositions(options.keepMillis);
    this.rollups = new Rollups(
      options.maxRollupBytes === undefined ? {} : { maxBytes: options.maxRollupBytes },
    );
    this.window = new TraceWindow(
      this.operations,
      (rows, trace, news) => this.#hear(sortedRows(rows, this.window.spans.columns), trace, news),
      options,
    );
    this.topology = new TopologySums(this.window.spans.places, this.edges, options);
    this.profiles = new LiveProfiles(this.operations, this.window, options);
    this.#calls = new CompleteCalls(this.window.spans, this.window.table, this.operations, this.edges);
  }

  /**
   * Log position from which spans would be read again after a restart, so that copies of those that came last are known
   * as such: of some 50,000 spans, none of them longer here than complete traces are kept; undefined without any.
   */
  recentPosition(nowMillis: number): number | undefined {
    return this.#recent.firstPosition(nowMillis);
  }

  /** Log position of the last batch that was appended; -1 for none. */
  get lastPosition(): number {
    return this.#lastPosition;
  }

  /** Takes a batch in whose spans were counted before a restart, so that their traces can go on. */
  appendCounted(committed: CommittedBatch, nowMillis: number): void {
    this.#lastPosition = committed.position;
    this.#recent.note(committed, nowMillis);
    // Traces that reach a bound while they are put together again were told of before.
    this.#isCounting = false;
    try {
      this.window.append(committed, nowMillis, () => {});
    } finally {
      this.#isCounting = true;
    }
  }

  /**
   * Counts the spans of a batch.
   *
   * @param nowMillis - of a clock that never goes back
   */
  append(committed: CommittedBatch, nowMillis: number): void {
    const { batch, arrivalUnixMillis } = committed;
    this.#lastPosition = committed.position;
    this.#recent.note(committed, nowMillis);
    const latestSeconds = arrivalUnixMillis / 1_000 + MAX_AHEAD_SECONDS;
    this.observe(arrivalUnixMillis / 1_000);
    this.targets.note(batch, arrivalUnixMillis / 1_000);
    this.window.append(committed, nowMillis, (row, kept) => {
      const { columns } = this.window.spans;
      const series = spanSeries(
        columns.operations[kept] as number,
        columns.kinds[kept] as number,
        batch.statusCodes[row] as number,
      );
      const seconds = Math.min(secondsAt(columns.starts, kept), latestSeconds);
      for (const window of this.rollups.windowsAt(seconds))
        this.#addSpan(window.spanCell(series), batch, row, kept);
      this.#addSpan(this.totals.spanCell(series), batch, row, kept);
      this.totals.addBytes(series, columns.lengths[kept] as number);
    });
  }

  /** Says that it is at least so late. */
  observe(nowUnixSeconds: number): void {
    this.rollups.observe(nowUnixSeconds);
    this.topology.rollups.observe(nowUnixSeconds);
  }

  /**
   * Completes traces that are due and lets windows age. To be called a few times a second.
   *
   * @returns true when more traces are due than were looked at: call again soon
   */
  tick(nowMillis: number, nowUnixSeconds: number): boolean {
    const isMore = this.window.tick(nowMillis, SPANS_PER_TICK);
    if (isMore) return true;
    this.rollups.tick(nowUnixSeconds);
    this.topology.tick(nowUnixSeconds, this.window.spans.columns.places);
    this.profiles.tick(this.rollups.nowSeconds);
    this.targets.tick(nowUnixSeconds);
    return false;
  }

  #addSpan(cell: SpanCell, { traceIds, spanIds }: SpanBatch, row: number, kept: number): void {
    const { columns, weights } = this.window.spans;
    const durationNanos = columns.durations[kept] as number;
    cell.durations.add(durationNanos, weights.get(kept) ?? 1);
    if (!isSlower(durationNanos, cell.exemplar)) return;
    cell.exemplar = {
      traceId: hexFromBytes(traceIds, row * 16, row * 16 + 16),
      spanId: hexFromBytes(spanIds, row * 8, row * 8 + 8),
      durationNanos,
    };
  }

  #hear(rows: Int32Array, trace: number, news: TraceNews): void {
    const latestSeconds = this.window.arrivalUnixMillis(trace) / 1_000 + MAX_AHEAD_SECONDS;
    if (this.#isCounting) this.#countCalls(rows, trace, { news, latestSeconds });
    this.profiles.tell(rows, { trace, news, latestSeconds }, this.#isCounting);
  }

  #countCalls(
    rows: Int32Array,
    trace: number,
    { news, latestSeconds }: { readonly news: TraceNews; readonly latestSeconds: number },
  ): void {
    const { starts } = this.window.spans.columns;
    const sign = news === "retract" ? -1 : 1;
    this.#calls.tell(rows, trace, (call) => {
      const seconds = Math.min(secondsAt(starts, call.row), latestSeconds);
      for (const window of this.rollups.windowsAt(seconds)) {
        this.#addCall(window.edgeCell(call.edge), call, trace, sign);
      }
      for (const cell of this.topology.cellsOf(call, seconds)) this.#addCall(cell, call, trace, sign);
      // Counters must not fall: what late spans change stays out of them.
      if (news === "complete") this.#addCall(this.totals.edgeCell(call.edge), call, trace, 1);
    });
  }

  #addCall(cell: EdgeCell, call: CompleteCall, trace: number, sign: 1 | -1): void {
    const weight = this.window.spans.weights.get(call.row) ?? 1;
    cell.add(call, weight, sign);
    if (sign === -1) return;
    const { columns } = this.window.spans;
    const durationNanos = columns.durations[call.row] as number;
    if (!isSlower(durationNanos, cell.exemplar)) return;
    cell.exemplar = {
      traceId: this.window.table.hex(trace),
      spanId: columns.spanIdHex(call.row),
      durationNanos,
    };
  }
}
