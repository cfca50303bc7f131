/** A hot set frozen at one moment, for readers that take their time. */

import { bytesFromHex, hexFromBytes } from "../base/bytes.ts";
import type { HeldBytes } from "../base/held-bytes.ts";
import type { Steps } from "../base/time-slice.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import type { HotBlockView } from "./hot-block.ts";
import type { TraceIdWords } from "./trace-index.ts";
import { wordsOfTraceId } from "./trace-index.ts";

/** A trace of a {@link HotView}, with what is known without looking at its spans. */
export interface HotTraceRef {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Earliest start of the spans that are hot. */
  readonly startTimeUnixNano: bigint;
  /** Latest end of the spans that are hot; may lie before the start when a sender's clock went back. */
  readonly endTimeUnixNano: bigint;
  /** True when a hot span has status ERROR. */
  readonly hasError: boolean;
  /** The hot rows, newest arrival first, equal spans as often as they came. */
  rows(held?: HeldBytes): Steps<SpanRow[]>;
}

/** Reads of a hot set as it was when the view was made. */
export class HotView {
  /** Newest first. */
  readonly #blocks: readonly HotBlockView[];

  /** @param blocks newest first */
  constructor(blocks: readonly HotBlockView[]) {
    this.#blocks = blocks;
  }

  /** True when a span of the trace is here. */
  has(traceId: string | Uint8Array): boolean {
    const bytes = typeof traceId === "string" ? bytesFromHex(traceId) : traceId;
    if (bytes?.length !== 16) return false;
    const words = wordsOfTraceId(bytes);
    return this.#blocks.some((block) => block.find(words, 0) >= 0);
  }

  /** Rows of a trace, newest arrival first, equal spans as often as they came; empty when the id is unknown. */
  *rowsOf(traceId: string | Uint8Array, held?: HeldBytes): Steps<SpanRow[]> {
    const bytes = typeof traceId === "string" ? bytesFromHex(traceId) : traceId;
    return bytes?.length === 16 ? yield* this.rowsAt(wordsOfTraceId(bytes), 0, held) : [];
  }

  /** Earliest start of the hot spans of a trace; undefined when none is here. */
  startOf(traceId: string): bigint | undefined {
    const bytes = bytesFromHex(traceId);
    if (bytes?.length !== 16) return undefined;
    const words = wordsOfTraceId(bytes);
    let earliest: bigint | undefined;
    for (const block of this.#blocks) {
      const trace = block.find(words, 0);
      const start = trace < 0 ? undefined : block.columns.start(trace);
      if (start !== undefined && (earliest === undefined || start < earliest)) earliest = start;
    }
    return earliest;
  }

  /** Distinct traces, those of the newest block first. Each trace is yielded once, with all its hot spans. */
  *traces(): Generator<HotTraceRef, void> {
    for (const [place, block] of this.#blocks.entries()) {
      const words = block.traceIdWords;
      for (let trace = 0; trace < block.traceCount; trace++) {
        if (!this.#isIn(place, words, trace * 4)) yield this.#traceRef(place, trace);
      }
    }
  }

  /** Ids of the distinct traces: 32 lower-case hex digits each. */
  *traceIds(): Generator<string, void> {
    for (const trace of this.traces()) yield trace.traceId;
  }

  /** Rows of the trace whose id is at `words[at, at + 4)`. */
  *rowsAt(words: TraceIdWords, at: number, held?: HeldBytes): Steps<SpanRow[]> {
    const rows: SpanRow[] = [];
    for (const block of this.#blocks) {
      const trace = block.find(words, at);
      if (trace >= 0) yield* block.collectRows(trace, rows, held);
    }
    return rows;
  }

  /** True when one of the first `count` blocks has the trace: then it was yielded with that block. */
  #isIn(count: number, words: TraceIdWords, at: number): boolean {
    for (let place = 0; place < count; place++) {
      if ((this.#blocks[place] as HotBlockView).find(words, at) >= 0) return true;
    }
    return false;
  }

  #traceRef(place: number, trace: number): HotTraceRef {
    const block = this.#blocks[place] as HotBlockView;
    let startTimeUnixNano = block.columns.start(trace);
    let endTimeUnixNano = block.columns.end(trace);
    let hasError = block.columns.hasError(trace);
    for (let older = place + 1; older < this.#blocks.length; older++) {
      const other = this.#blocks[older] as HotBlockView;
      const number = other.find(block.traceIdWords, trace * 4);
      if (number < 0) continue;
      const start = other.columns.start(number);
      const end = other.columns.end(number);
      if (start < startTimeUnixNano) startTimeUnixNano = start;
      if (end > endTimeUnixNano) endTimeUnixNano = end;
      hasError ||= other.columns.hasError(number);
    }
    return new ViewTraceRef(this, block.traceIdWords, trace * 4, {
      startTimeUnixNano,
      endTimeUnixNano,
      hasError,
    });
  }
}

interface TraceExtent {
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly hasError: boolean;
}

/** Makes id text and rows only for the traces somebody looks at. */
class ViewTraceRef implements HotTraceRef {
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly hasError: boolean;
  readonly #view: HotView;
  readonly #words: TraceIdWords;
  readonly #at: number;

  constructor(view: HotView, words: TraceIdWords, at: number, extent: TraceExtent) {
    this.#view = view;
    this.#words = words;
    this.#at = at;
    this.startTimeUnixNano = extent.startTimeUnixNano;
    this.endTimeUnixNano = extent.endTimeUnixNano;
    this.hasError = extent.hasError;
  }

  get traceId(): string {
    const start = this.#words.byteOffset + this.#at * 4;
    return hexFromBytes(new Uint8Array(this.#words.buffer, start, 16));
  }

  rows(held?: HeldBytes): Steps<SpanRow[]> {
    return this.#view.rowsAt(this.#words, this.#at, held);
  }
}
