/** Sums over traces, fed trace by trace: what every store answers statistics with. */

import type { DependencyLink } from "../analysis/dependency-links.ts";
import { dependencyLinks, mergeDependencyLinks } from "../analysis/dependency-links.ts";
import { HeldPart } from "../base/held-bytes.ts";
import { MAX_SPANS_AT_ONCE } from "../base/limits.ts";
import type { Steps } from "../base/time-slice.ts";
import { bytesOfRows } from "../batch/row-bytes.ts";
import { nameOf, serviceNameOf } from "../batch/row-names.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { lazySpan } from "../batch/span-from-row.ts";
import type { ServiceStatistics, StatisticsRange } from "./trace-statistics.ts";

const STATUS_ERROR = 2;
/** Rows added between two chances for others to run. */
const ROWS_PER_STEP = 2_048;
/** Span names listed for one service; more would not be read by anybody, and names with ids in them have no end. */
const MAX_OPERATIONS_PER_SERVICE = 1_000;

interface ServiceSum {
  readonly serviceName: string;
  spanCount: number;
  errorCount: number;
  totalDurationNanos: bigint;
  readonly operations: Set<string>;
  operationsTruncated: boolean;
}

/** Adds up spans, errors, durations and span names by service. */
export class ServiceSums {
  readonly #onlyService: string | undefined;
  readonly #sums = new Map<string, ServiceSum>();

  /** @param onlyService the one service to sum; all when undefined. */
  constructor(onlyService?: string) {
    this.#onlyService = onlyService;
  }

  /** Adds the distinct rows of one trace. Work that can be done in slices. */
  *addTrace(rows: readonly SpanRow[]): Steps<void> {
    for (const [index, row] of rows.entries()) {
      this.#addRow(row);
      if (index % ROWS_PER_STEP === ROWS_PER_STEP - 1) yield ROWS_PER_STEP;
    }
  }

  /**
   * Adds a sum made elsewhere (in a database, say). `operations` may hold any number of names; `truncated` says that
   * there are more.
   */
  addSum(sum: ServiceStatistics): void {
    if (this.#onlyService !== undefined && sum.serviceName !== this.#onlyService) return;
    const total = this.#sumOf(sum.serviceName);
    total.spanCount += sum.spanCount;
    total.errorCount += sum.errorCount;
    total.totalDurationNanos += sum.totalDurationNanos;
    total.operationsTruncated ||= sum.operationsTruncated;
    for (const operation of sum.operations) addOperation(total, operation);
  }

  /** The sums by service name. */
  result(): ServiceStatistics[] {
    return [...this.#sums.values()]
      .map((sum) => ({ ...sum, operations: [...sum.operations].sort() }))
      .sort((left, right) => (left.serviceName < right.serviceName ? -1 : 1));
  }

  #addRow(row: SpanRow): void {
    const serviceName = serviceNameOf(row);
    if (this.#onlyService !== undefined && serviceName !== this.#onlyService) return;
    const sum = this.#sumOf(serviceName);
    const start = row.batch.startTimesUnixNano[row.row] as bigint;
    const end = row.batch.endTimesUnixNano[row.row] as bigint;
    sum.spanCount++;
    if (row.batch.statusCodes[row.row] === STATUS_ERROR) sum.errorCount++;
    if (end > start) sum.totalDurationNanos += end - start;
    addOperation(sum, nameOf(row));
  }

  #sumOf(serviceName: string): ServiceSum {
    let sum = this.#sums.get(serviceName);
    if (sum === undefined) {
      sum = {
        serviceName,
        spanCount: 0,
        errorCount: 0,
        totalDurationNanos: 0n,
        operations: new Set(),
        operationsTruncated: false,
      };
      this.#sums.set(serviceName, sum);
    }
    return sum;
  }
}

function addOperation(sum: ServiceSum, operation: string): void {
  if (sum.operations.has(operation)) return;
  if (sum.operations.size < MAX_OPERATIONS_PER_SERVICE) sum.operations.add(operation);
  else sum.operationsTruncated = true;
}

/** Lists of links kept before they are summed up. */
const MAX_PENDING_LISTS = 1_024;

/**
 * Finds the dependency links of the distinct rows of one trace somewhere else than on the event loop; rejects with
 * `cancelled` when the signal aborts.
 */
export type LinksElsewhere = (
  rows: readonly SpanRow[],
  signal?: AbortSignal,
) => Promise<readonly DependencyLink[]>;

/** Adds up dependency links by caller, callee and type. */
export class DependencySums {
  readonly #linksElsewhere: LinksElsewhere | undefined;
  #lists: (readonly DependencyLink[])[] = [];

  /** @param linksElsewhere takes traces of more than `MAX_SPANS_AT_ONCE` spans; absent: they are looked at here. */
  constructor(linksElsewhere?: LinksElsewhere) {
    this.#linksElsewhere = linksElsewhere;
  }

  /** Adds the links of one trace, given as its distinct rows. */
  async addTrace(rows: readonly SpanRow[], { signal, held }: StatisticsRange = {}): Promise<void> {
    if (rows.length <= MAX_SPANS_AT_ONCE || this.#linksElsewhere === undefined) {
      this.addLinks(dependencyLinks(rows.map(lazySpan)));
      return;
    }
    const copy = new HeldPart(held);
    copy.add(bytesOfRows(rows));
    try {
      this.addLinks(await this.#linksElsewhere(rows, signal));
    } finally {
      copy.release();
    }
  }

  /** Adds links found elsewhere. */
  addLinks(links: readonly DependencyLink[]): void {
    this.#lists.push(links);
    if (this.#lists.length >= MAX_PENDING_LISTS) this.#lists = [this.result()];
  }

  /** The sums by caller, callee, type. */
  result(): DependencyLink[] {
    return mergeDependencyLinks(this.#lists);
  }
}
