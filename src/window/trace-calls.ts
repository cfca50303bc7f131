/** The calls of complete traces, worked out once for every shape of trace. */

import type { CallFacts, SpanTimes, WritableCallFacts } from "../analysis/call-facts.ts";
import { measureCall, NO_TRIES, noFacts, triesBySender } from "../analysis/call-facts.ts";
import type { DependencySpan, TraceCall } from "../analysis/dependency-links.ts";
import { traceCalls } from "../analysis/dependency-links.ts";
import type { SpanForest } from "../analysis/span-forest.ts";
import { spanForest } from "../analysis/span-forest.ts";
import { callEndsOf } from "../analysis/topology/call-ends.ts";
import { entrySpanOf, measureEntry } from "../analysis/trace-entry.ts";
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

/** Told of a call; the object is written over for the next one. */
export type CallListener = (call: CompleteCall) => void;

/** A {@link CompleteCall} to be written over. */
interface WritableCall {
  edge: number;
  callCount: number;
  errorCount: number;
  readonly facts: WritableCallFacts;
  row: number;
  fromPlace: number;
  toPlace: number;
}

/** What is the same of a call in all traces of a shape. */
interface CallShape {
  readonly call: TraceCall;
  /** Calls that its sender made. */
  readonly tries: readonly TraceCall[];
  readonly edge: number;
  /** Index of the span that it is counted at. */
  readonly at: number;
  /** Indexes of the spans at both ends, -1 for ends that send none. */
  readonly from: number;
  readonly to: number;
}

/** What is the same for all traces of a shape. */
interface Structure {
  readonly calls: readonly CallShape[];
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
  /** The call at hand; written over by the next one. */
  readonly #call: WritableCall = {
    edge: 0,
    callCount: 0,
    errorCount: 0,
    facts: noFacts(),
    row: 0,
    fromPlace: NO_PLACE,
    toPlace: NO_PLACE,
  };
  /** Of the trace at hand; written over by the next one. */
  #times: SpanTimes = emptyTimes(MAX_SHAPE_SPANS);

  constructor(spans: SpanRows, table: TraceTable, operations: Operations, edges: Edges) {
    this.#spans = spans;
    this.#table = table;
    this.#operations = operations;
    this.#edges = edges;
  }

  /** Tells of the calls of a trace, its entry at last, given its rows by start and span id. */
  tell(sorted: Int32Array, trace: number, listener: CallListener): void {
    if (!this.#describe(sorted)) {
      const forest = spanForest(this.#objects(sorted, trace));
      const ordered = Int32Array.from(forest.spans, ({ row }) => row);
      this.#tellTimed(this.#structureOf(forest), ordered, listener);
      return;
    }
    const known = this.#shapes.find();
    const structure = known ?? this.#shapes.keep(this.#structureOf(spanForest(this.#objects(sorted, trace))));
    this.#tellTimed(structure, sorted, listener);
  }

  #structureOf(forest: SpanForest<DependencySpan>): Structure {
    const calls = traceCalls(forest);
    const entries = entrySpans(forest);
    const nameOf = (index: number): string =>
      index === -1 ? "" : (forest.spans[index] as DependencySpan).name;
    const entry = entrySpanOf(forest);
    const { serviceName, name } = forest.spans[entry] as DependencySpan;
    const entryEdge = this.#edges.idOf({
      fromService: ENTRY_NODE,
      toService: serviceName,
      type: "entry",
      fromOperation: "",
      toOperation: name,
    });
    const tries = triesBySender(calls);
    const shapes = calls.map((call): CallShape => {
      const edge = this.#edges.idOf(edgeOf(call, entries, nameOf));
      const at = call.sender !== -1 ? call.sender : call.callee !== -1 ? call.callee : call.caller;
      return { call, tries: tries.get(call.sender) ?? NO_TRIES, edge, at, ...callEndsOf(call, forest) };
    });
    return { calls: shapes, entry, entryEdge };
  }

  #tellTimed({ calls, entry, entryEdge }: Structure, ordered: Int32Array, listener: CallListener): void {
    const { places } = this.#spans.columns;
    const times = this.#timesOf(ordered);
    const told = this.#call;
    for (const { call, tries, edge, at, from, to } of calls) {
      measureCall(call, tries, times, told.facts);
      told.edge = edge;
      told.callCount = call.callCount;
      told.errorCount = call.errorCount;
      told.row = ordered[at] as number;
      told.fromPlace = from === -1 ? NO_PLACE : (places[ordered[from] as number] as number);
      told.toPlace = to === -1 ? NO_PLACE : (places[ordered[to] as number] as number);
      listener(told);
    }
    measureEntry(times, entry, told.facts);
    told.edge = entryEdge;
    told.callCount = 1;
    told.errorCount = told.facts.isServerError ? 1 : 0;
    told.row = ordered[entry] as number;
    told.fromPlace = NO_PLACE;
    told.toPlace = places[told.row] as number;
    listener(told);
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
