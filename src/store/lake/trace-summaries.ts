/** Summary and links of every trace of a seal, as columns, and the tables they go to. */

import type { DuckDBConnection } from "@duckdb/node-api";
import { isAllZero } from "../../base/bytes.ts";
import { utf8FromText } from "../../base/utf8.ts";
import { WordList } from "../../batch/word-list.ts";
import { ColumnAppender } from "./column-appender.ts";
import { LinkMemo } from "./link-memo.ts";
import type { LinkShapes } from "./link-shapes.ts";
import type { RowAttributes } from "./row-attributes.ts";
import type { SealRows } from "./seal-rows.ts";
import { LINK_TYPES, linksTable, tracesTable } from "./segment-format.ts";
import { textFiller } from "./span-fill.ts";
import type { TraceGroups } from "./trace-groups.ts";

const STATUS_ERROR = 2;

/** One summary a group, group g describing the trace with the g-th id. */
export interface TraceSummaries {
  /** Two words a trace, low first. */
  readonly startWords: Uint32Array;
  readonly endWords: Uint32Array;
  readonly errorCounts: Uint32Array;
  /** Root service and operation: numbers of `services` and `names` of the rows, each with one more for "no root". */
  readonly rootServices: Uint32Array;
  readonly rootNames: Uint32Array;
  /** Number of the text in {@link TraceSummaries.shareTexts}. */
  readonly shareIds: Uint32Array;
  /** JSON lists of [service, spans, errors]. */
  readonly shareTexts: readonly string[];
  /** Place of each trace in `traces.parquet`: newest first, then by id, descending. */
  readonly traceRows: Uint32Array;
  /** Links of each trace. */
  readonly links: ReturnType<LinkMemo["linksOf"]>[];
}

/** Works out every summary; the same answers as `rowSummary` and `dependencyLinks` give for each trace. */
export function summariseTraces(
  rows: SealRows,
  groups: TraceGroups,
  attributes: RowAttributes,
  shapes: LinkShapes,
): TraceSummaries {
  const { traceCount, starts, order } = groups;
  const summaries = new SummaryColumns(rows, traceCount);
  const memo = new LinkMemo(rows, attributes, shapes);
  const links: ReturnType<LinkMemo["linksOf"]>[] = [];
  for (let group = 0; group < traceCount; group++) {
    const trace = order.subarray(starts[group]!, starts[group + 1]!);
    summaries.add(group, trace);
    links.push(memo.linksOf(trace));
  }
  return { ...summaries.columns(), traceRows: newestFirst(summaries.startWords), links };
}

class SummaryColumns {
  readonly startWords: Uint32Array;
  readonly #endWords: Uint32Array;
  readonly #errorCounts: Uint32Array;
  readonly #rootServices: Uint32Array;
  readonly #rootNames: Uint32Array;
  readonly #shareIds: Uint32Array;
  readonly #shareTexts = new WordList();
  readonly #rows: SealRows;
  /** Spans and errors by service of the trace at hand, and which services it has. */
  readonly #spanCounts: Uint32Array;
  readonly #errorsOf: Uint32Array;
  readonly #touched: number[] = [];
  /** Place of each service in the order of their names. */
  readonly #serviceRanks: Uint32Array;
  readonly #serviceTexts: readonly string[];

  constructor(rows: SealRows, traceCount: number) {
    this.#rows = rows;
    this.startWords = new Uint32Array(new BigUint64Array(traceCount).buffer);
    this.#endWords = new Uint32Array(traceCount * 2);
    this.#errorCounts = new Uint32Array(traceCount);
    this.#rootServices = new Uint32Array(traceCount).fill(rows.services.length);
    this.#rootNames = new Uint32Array(traceCount).fill(rows.names.length);
    this.#shareIds = new Uint32Array(traceCount);
    this.#spanCounts = new Uint32Array(rows.services.length);
    this.#errorsOf = new Uint32Array(rows.services.length);
    this.#serviceRanks = ranksOf(rows.services);
    this.#serviceTexts = rows.services.map((name) => JSON.stringify(name));
  }

  /** @param trace distinct rows by start, then span id. */
  add(group: number, trace: Uint32Array): void {
    const { startWords, endWords, statusCodes, parentSpanIds, originIds, serviceIds, nameIds } = this.#rows;
    const first = trace[0]! * 2;
    let endLow = startWords[first]!;
    let endHigh = startWords[first + 1]!;
    this.startWords[group * 2] = endLow;
    this.startWords[group * 2 + 1] = endHigh;
    let hasRoot = false;
    for (let at = 0; at < trace.length; at++) {
      const row = trace[at]!;
      const low = endWords[row * 2]!;
      const high = endWords[row * 2 + 1]!;
      if (high > endHigh || (high === endHigh && low > endLow)) {
        endLow = low;
        endHigh = high;
      }
      const service = serviceIds[originIds[row]!]!;
      this.#count(group, service, statusCodes[row] === STATUS_ERROR);
      if (hasRoot || !isAllZero(parentSpanIds, row * 8, row * 8 + 8)) continue;
      hasRoot = true;
      this.#rootServices[group] = service;
      this.#rootNames[group] = nameIds[row]!;
    }
    this.#endWords[group * 2] = endLow;
    this.#endWords[group * 2 + 1] = endHigh;
    this.#shareIds[group] = this.#shareTexts.idOf(this.#sharesText());
  }

  columns(): Omit<TraceSummaries, "traceRows" | "links"> {
    return {
      startWords: this.startWords,
      endWords: this.#endWords,
      errorCounts: this.#errorCounts,
      rootServices: this.#rootServices,
      rootNames: this.#rootNames,
      shareIds: this.#shareIds,
      shareTexts: this.#shareTexts.texts,
    };
  }

  #count(group: number, service: number, isError: boolean): void {
    if (this.#spanCounts[service] === 0) this.#touched.push(service);
    this.#spanCounts[service]!++;
    if (!isError) return;
    this.#errorsOf[service]!++;
    this.#errorCounts[group]!++;
  }

  #sharesText(): string {
    const ranks = this.#serviceRanks;
    if (this.#touched.length > 1) this.#touched.sort((left, right) => ranks[left]! - ranks[right]!);
    let text = "[";
    for (const service of this.#touched) {
      if (text.length > 1) text += ",";
      text += `[${this.#serviceTexts[service]},${this.#spanCounts[service]},${this.#errorsOf[service]}]`;
      this.#spanCounts[service] = 0;
      this.#errorsOf[service] = 0;
    }
    this.#touched.length = 0;
    return `${text}]`;
  }
}

function ranksOf(texts: readonly string[]): Uint32Array {
  const order = texts.map((_, index) => index);
  order.sort((left, right) => (texts[left]! < texts[right]! ? -1 : 1));
  const ranks = new Uint32Array(texts.length);
  for (const [rank, index] of order.entries()) ranks[index] = rank;
  return ranks;
}

/** Groups are in the order of their ids, so of equal starts the later group has the greater id. */
function newestFirst(startWords: Uint32Array): Uint32Array {
  const order = new Uint32Array(startWords.length / 2);
  for (let group = 0; group < order.length; group++) order[group] = group;
  order.sort(
    (left, right) =>
      startWords[right * 2 + 1]! - startWords[left * 2 + 1]! ||
      startWords[right * 2]! - startWords[left * 2]! ||
      right - left,
  );
  const rows = new Uint32Array(order.length);
  for (let row = 0; row < order.length; row++) rows[order[row]!] = row;
  return rows;
}

/** Creates and fills the tables of traces and of links. */
export async function fillTraceTables(
  connection: DuckDBConnection,
  rows: SealRows,
  groups: TraceGroups,
  summaries: TraceSummaries,
): Promise<void> {
  const groupOfRow = new Uint32Array(groups.traceCount);
  for (let group = 0; group < groups.traceCount; group++) groupOfRow[summaries.traceRows[group]!] = group;
  await fillTraces(connection, rows, groups, { summaries, groupOfRow });
  await fillLinks(connection, summaries, groupOfRow);
}

/** Numbers of the columns of `tracesTable`. */
const TraceColumn = {
  ID: 0,
  START: 1,
  END: 2,
  DURATION: 3,
  SPANS: 4,
  ERRORS: 5,
  ROOT_SERVICE: 6,
  ROOT_NAME: 7,
  SERVICES: 8,
} as const;

interface OrderedSummaries {
  readonly summaries: TraceSummaries;
  readonly groupOfRow: Uint32Array;
}

async function fillTraces(
  connection: DuckDBConnection,
  rows: SealRows,
  { traceIds, starts }: TraceGroups,
  { summaries, groupOfRow }: OrderedSummaries,
): Promise<void> {
  const services = withNone(rows.services);
  const names = withNone(rows.names);
  const traces = await ColumnAppender.create(connection, tracesTable(names.distinct, services.distinct));
  const { startWords, endWords } = summaries;
  const shares = summaries.shareTexts.map(utf8FromText);
  const rowWriter = new TraceRowWriter(traces);
  const setService = textFiller(traces, TraceColumn.ROOT_SERVICE, services.distinct, (group) =>
    services.idOf(summaries.rootServices[group]!),
  );
  const setName = textFiller(traces, TraceColumn.ROOT_NAME, names.distinct, (group) =>
    names.idOf(summaries.rootNames[group]!),
  );
  for (const group of groupOfRow) {
    const cell = traces.rowInChunk;
    traces.setBytes(TraceColumn.ID, traceIds, group * 16, group * 16 + 16);
    rowWriter.times(cell, startWords, endWords, group * 2);
    traces.setNumber(TraceColumn.SPANS, starts[group + 1]! - starts[group]!);
    traces.setNumber(TraceColumn.ERRORS, summaries.errorCounts[group]!);
    setService(cell, group);
    setName(cell, group);
    traces.setBytes(TraceColumn.SERVICES, shares[summaries.shareIds[group]!]!);
    traces.endRow();
  }
  traces.close();
}

class TraceRowWriter {
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #durations: Uint32Array;

  constructor(traces: ColumnAppender) {
    this.#starts = traces.numbers(TraceColumn.START).data as Uint32Array;
    this.#ends = traces.numbers(TraceColumn.END).data as Uint32Array;
    this.#durations = traces.numbers(TraceColumn.DURATION).data as Uint32Array;
  }

  /** A trace never ends before it starts. */
  times(cell: number, startWords: Uint32Array, endWords: Uint32Array, at: number): void {
    const startLow = startWords[at]!;
    const endLow = endWords[at]!;
    this.#starts[cell * 2] = startLow;
    this.#starts[cell * 2 + 1] = startWords[at + 1]!;
    this.#ends[cell * 2] = endLow;
    this.#ends[cell * 2 + 1] = endWords[at + 1]!;
    this.#durations[cell * 2] = endLow - startLow;
    this.#durations[cell * 2 + 1] = endWords[at + 1]! - startWords[at + 1]! - (endLow < startLow ? 1 : 0);
  }
}

/** Texts with "" for "none" behind them, each text once. */
function withNone(texts: readonly string[]): {
  readonly distinct: readonly string[];
  idOf(id: number): number;
} {
  const empty = texts.indexOf("");
  if (empty === -1) return { distinct: [...texts, ""], idOf: (id) => id };
  return { distinct: texts, idOf: (id) => (id === texts.length ? empty : id) };
}

async function fillLinks(
  connection: DuckDBConnection,
  { links }: TraceSummaries,
  groupOfRow: Uint32Array,
): Promise<void> {
  const nodes = new WordList();
  for (const ofTrace of new Set(links)) {
    for (const { fromService, toService } of ofTrace) {
      nodes.idOf(fromService);
      nodes.idOf(toService);
    }
  }
  const table = await ColumnAppender.create(connection, linksTable(nodes.texts));
  let from = "";
  let to = "";
  const setFrom = textFiller(table, 1, nodes.texts, () => nodes.idOf(from));
  const setTo = textFiller(table, 2, nodes.texts, () => nodes.idOf(to));
  for (let traceRow = 0; traceRow < groupOfRow.length; traceRow++) {
    for (const link of links[groupOfRow[traceRow]!]!) {
      from = link.fromService;
      to = link.toService;
      const cell = table.rowInChunk;
      table.setNumber(0, traceRow);
      setFrom(cell, 0);
      setTo(cell, 0);
      table.setNumber(3, LINK_TYPES.indexOf(link.type));
      table.setNumber(4, link.callCount);
      table.setNumber(5, link.errorCount);
      table.endRow();
    }
  }
  table.close();
}
