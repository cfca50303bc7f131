/** The calls of complete traces, worked out once for every shape of trace. */

import type { CallFacts, SpanTimes, TriesBySender } from "../analysis/call-facts.ts";
import { callFacts, triesBySender } from "../analysis/call-facts.ts";
import type { DependencySpan, TraceCall } from "../analysis/dependency-links.ts";
import { traceCalls } from "../analysis/dependency-links.ts";
import type { SpanForest } from "../analysis/span-forest.ts";
import { spanForest } from "../analysis/span-forest.ts";
import type { CallEnds } from "../analysis/topology/call-ends.ts";
import { callEndsOf } from "../analysis/topology/call-ends.ts";
import { entryCallOf, entrySpanOf } from "../analysis/trace-entry.ts";
import { WordMemo } from "../base/word-memo.ts";
import { spanKindFromNumber } from "../model/span-kind.ts";
import type { EdgeKey, Edges } from "./edges.ts";
import { ENTRY_NODE } from "./edges.ts";
import type { Operations } from "./operations.ts";
import { NO_PLACE } from "./places.ts";
import type { SpanRows } from "./span-rows.ts";
import type { TraceTable } from "./trace-table.ts";
import { RowFlag } from "./window-rows.ts";

/** Larger traces are worked out one by one: their shapes hardly repeat. */
const MAX_SHAPE_SPANS = 64;
/** Words of all shapes kept: 8 MiB. */
const MAX_SHAPE_WORDS = 2 * 1024 * 1024;

/** A call of a complete trace. */
export interface CompleteCall {
  /** Number in {@link Edges}. */
  readonly edge: number;
  /** More than one only for messages whose senders are in other traces. */
  readonly callCount: number;
  readonly errorCount: number;
  readonly facts: CallFacts;
  /** Row of the span that the call is counted at: the sender, or else the callee. */
  readonly row: number;
  /** Numbers of the places of both ends, {@link NO_PLACE} of those that send no spans. */
  readonly fromPlace: number;
  readonly toPlace: number;
}

/** What is the same for all traces of a shape. */
interface Structure {
  readonly calls: readonly TraceCall[];
  readonly tries: TriesBySender;
  /** Edge of each call. */
  readonly edges: readonly number[];
  /** Spans at both ends of each call. */
  readonly ends: readonly CallEnds[];
  readonly entryEdge: number;
  /** The span that the trace came in with: its root, or the earliest without a parent. */
  readonly entry: number;
}

/**
 * Calls of traces in the window. Which calls there are depends on who is whose parent, on service, operation, kind and
 * error of each span and on the far ends named: traces that agree in it share the answer, only times differ.
 */
export class CompleteCalls {
  readonly #spans: SpanRows;
  readonly #table: TraceTable;
  readonly #operations: Operations;
  readonly #edges: Edges;
  readonly #shapes: WordMemo<Structure> = new WordMemo(MAX_SHAPE_WORDS);
  /** Of the trace at hand; written over by the next one. */
  #times: SpanTimes = emptyTimes(MAX_SHAPE_SPANS);

  constructor(spans: SpanRows, table: TraceTable, operations: Operations, edges: Edges) {
    this.#spans = spans;
    this.#table = table;
    this.#operations = operations;
    this.#edges = edges;
  }

  /** The calls of a trace, its entry among them, given its rows by start and span id. */
  of(sorted: Int32Array, trace: number): readonly CompleteCall[] {
    if (!this.#describe(sorted)) {
      const forest = spanForest(this.#objects(sorted, trace));
      const ordered = Int32Array.from(forest.spans, ({ row }) => row);
      return this.#timed(this.#structureOf(forest), ordered);
    }
    const known = this.#shapes.find();
    const structure = known ?? this.#shapes.keep(this.#structureOf(spanForest(this.#objects(sorted, trace))));
    return this.#timed(structure, sorted);
  }

  #structureOf(forest: SpanForest<DependencySpan>): Structure {
    const calls = traceCalls(forest);
    const entries = entrySpans(forest);
    const nameOf = (index: number): string =>
      index === -1 ? "" : (forest.spans[index] as DependencySpan).name;
    const edges = calls.map((call) => this.#edges.idOf(edgeOf(call, entries, nameOf)));
    const entry = entrySpanOf(forest);
    const { serviceName, name } = forest.spans[entry] as DependencySpan;
    const entryEdge = this.#edges.idOf({
      fromService: ENTRY_NODE,
      toService: serviceName,
      type: "entry",
      fromOperation: "",
      toOperation: name,
    });
    const ends = calls.map((call) => callEndsOf(call, forest));
    return { calls, tries: triesBySender(calls), edges, ends, entry, entryEdge };
  }

  #timed({ calls, tries, edges, ends, entry, entryEdge }: Structure, ordered: Int32Array): CompleteCall[] {
    const { places } = this.#spans.columns;
    const times = this.#timesOf(ordered);
    const facts = callFacts(calls, times, tries);
    const placeOf = (index: number): number =>
      index === -1 ? NO_PLACE : (places[ordered[index] as number] as number);
    const complete = calls.map(({ sender, callee, caller, callCount, errorCount }, index): CompleteCall => {
      const place = sender !== -1 ? sender : callee !== -1 ? callee : caller;
      const { from, to } = ends[index] as CallEnds;
      return {
        edge: edges[index] as number,
        callCount,
        errorCount,
        facts: facts[index] as CallFacts,
        row: ordered[place] as number,
        fromPlace: placeOf(from),
        toPlace: placeOf(to),
      };
    });
    const { callCount, errorCount, facts: entryFacts } = entryCallOf(times, entry);
    const row = ordered[entry] as number;
    const ofEntry = { edge: entryEdge, row, fromPlace: NO_PLACE, toPlace: placeOf(entry) };
    complete.push({ ...ofEntry, callCount, errorCount, facts: entryFacts });
    return complete;
  }

  #timesOf(ordered: Int32Array): SpanTimes {
    const { starts, durations, flags } = this.#spans.columns;
    const first = ordered[0] as number;
    const low = starts[first * 2] as number;
    const high = starts[first * 2 + 1] as number;
    if (ordered.length > this.#times.isError.length) this.#times = emptyTimes(ordered.length * 2);
    const { startNanos, durationNanos, isError } = this.#times;
    for (let at = 0; at < ordered.length; at++) {
      const row = ordered[at] as number;
      startNanos[at] =
        ((starts[row * 2 + 1] as number) - high) * 2 ** 32 + ((starts[row * 2] as number) - low);
      durationNanos[at] = durations[row] as number;
      isError[at] = (flags[row] as number) & RowFlag.ERROR;
    }
    return this.#times;
  }

  /** Writes the shape of a trace; false when it has none that could be compared. */
  #describe(sorted: Int32Array): boolean {
    if (sorted.length > MAX_SHAPE_SPANS) return false;
    const { operations, kinds, flags, farEnds } = this.#spans.columns;
    this.#shapes.begin();
    for (let at = 0; at < sorted.length; at++) {
      const row = sorted[at] as number;
      const parent = this.#parentOf(sorted, at);
      const flag = flags[row] as number;
      if (parent < 0 || (flag & RowFlag.HAS_LINKS) !== 0) return false;
      this.#shapes.push(operations[row] as number);
      this.#shapes.push((parent << 16) | ((kinds[row] as number) << 8) | (flag & RowFlag.ERROR));
      this.#shapes.push(farEnds[row] as number);
    }
    return true;
  }

  /** Place of the parent in the trace plus two; 1 when it is missing, 0 for a root; -1 when span ids repeat. */
  #parentOf(sorted: Int32Array, at: number): number {
    const { spanIds, parentIds } = this.#spans.columns;
    const row = sorted[at] as number;
    const idLow = spanIds[row * 2] as number;
    const idHigh = spanIds[row * 2 + 1] as number;
    const parentLow = parentIds[row * 2] as number;
    const parentHigh = parentIds[row * 2 + 1] as number;
    let parent = parentLow === 0 && parentHigh === 0 ? 0 : 1;
    for (let other = 0; other < sorted.length; other++) {
      const low = spanIds[(sorted[other] as number) * 2] as number;
      const high = spanIds[(sorted[other] as number) * 2 + 1] as number;
      if (other < at && low === idLow && high === idHigh) return -1;
      if (parent === 1 && low === parentLow && high === parentHigh) parent = other + 2;
    }
    return parent;
  }

  /** Spans as the analysis asks for them. */
  #objects(rows: Int32Array, trace: number): (DependencySpan & { readonly row: number })[] {
    const { columns, farEnds, links } = this.#spans;
    const traceId = this.#table.hex(trace);
    return Array.from(rows, (row) => {
      const start =
        (BigInt(columns.starts[row * 2 + 1] as number) << 32n) | BigInt(columns.starts[row * 2] as number);
      const operation = columns.operations[row] as number;
      return {
        row,
        traceId,
        spanId: columns.spanIdHex(row),
        parentSpanId: columns.parentIdHex(row),
        kind: spanKindFromNumber(columns.kinds[row] as number),
        name: this.#operations.name(operation),
        serviceName: this.#operations.service(operation),
        status: ((columns.flags[row] as number) & RowFlag.ERROR) === 0 ? "UNSET" : "ERROR",
        startTimeUnixNano: start,
        endTimeUnixNano: start + BigInt(columns.durations[row] as number),
        attributes: farEnds.attributes(columns.farEnds[row] as number),
        links: links.get(row) ?? [],
      };
    });
  }
}

function edgeOf(call: TraceCall, entries: Int32Array, nameOf: (index: number) => string): EdgeKey {
  const { fromService, toService, type, caller, callee, sender } = call;
  const isTaken = type === "messaging" && callee !== -1;
  const isSent = type === "messaging" && callee === -1;
  return {
    fromService,
    toService,
    type,
    fromOperation: isTaken || caller === -1 ? "" : nameOf(entries[caller] as number),
    toOperation: isSent ? "" : nameOf(callee === -1 ? sender : callee),
  };
}

/** For each span the one that its service's part of the trace began with: what the service was busy with. */
function entrySpans({ spans, parents, parentsFirst }: SpanForest<DependencySpan>): Int32Array {
  const entries = new Int32Array(spans.length);
  for (const index of parentsFirst) {
    const span = spans[index] as DependencySpan;
    const parent = parents[index] as number;
    const isEntry =
      parent === -1 ||
      span.kind === "SERVER" ||
      span.kind === "CONSUMER" ||
      (spans[parent] as DependencySpan).serviceName !== span.serviceName;
    entries[index] = isEntry ? index : (entries[parent] as number);
  }
  return entries;
}

function emptyTimes(spans: number): SpanTimes {
  return {
    startNanos: new Float64Array(spans),
    durationNanos: new Float64Array(spans),
    isError: new Uint8Array(spans),
  };
}
