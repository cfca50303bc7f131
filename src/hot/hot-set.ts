/** The hot set: recent batches as they were decoded, searchable at once. */

import { bytesFromHex } from "../base/bytes.ts";
import type { HeldBytes } from "../base/held-bytes.ts";
import type { Steps } from "../base/time-slice.ts";
import type { CommittedBatch } from "../batch/committed-batch.ts";
import type { SpanRow } from "../batch/span-batch.ts";
import { HotBlock } from "./hot-block.ts";
import { HotView } from "./hot-view.ts";
import { wordsOfTraceId } from "./trace-index.ts";

/** Sizes of the blocks a hot set is made of. */
export interface HotSetOptions {
  /** Spans after which a block is closed. Default 131,072: an index of a few MiB, built without a pause. */
  readonly maxBlockRows?: number;
  /** Bytes after which a block is closed. Default 32 MiB: an eighth of the usual cap of a whole store. */
  readonly maxBlockBytes?: number;
}

/** What left the hot set. */
export interface Dropped {
  readonly batches: number;
  /** Spans, copies included. */
  readonly rows: number;
}

/**
 * Recent batches in blocks. A block has an index of its own, so that forgetting old spans means forgetting whole
 * blocks: no index is ever rebuilt for more than the rest of one block.
 *
 * A store that seals calls {@link closeBlock}, seals the batches of {@link closedBlocks}, and when they are safe calls
 * {@link dropThrough} with the last position of what it sealed.
 */
export class HotSet {
  readonly #maxBlockRows: number;
  readonly #maxBlockBytes: number;
  readonly #seed: number = (Math.random() * 0x1_0000_0000) | 0;
  /** Oldest first. */
  #closed: HotBlock[] = [];
  #closedBytes = 0;
  #closedRows = 0;
  #open: HotBlock | undefined;
  #lastPosition = -1;

  constructor(options: HotSetOptions = {}) {
    this.#maxBlockRows = options.maxBlockRows ?? 131_072;
    this.#maxBlockBytes = options.maxBlockBytes ?? 32 * 1024 * 1024;
  }

  /** Takes a batch in; positions must ascend. Every later read finds its spans. The batch is kept, not copied. */
  append(committed: CommittedBatch): void {
    this.#open ??= new HotBlock(this.#seed);
    this.#open.append(committed);
    this.#lastPosition = committed.position;
    if (this.#open.rowCount >= this.#maxBlockRows || this.#open.byteSize >= this.#maxBlockBytes) {
      this.closeBlock();
    }
  }

  /** Closes the block that is being filled; the next batch starts a new one. Does nothing when it is empty. */
  closeBlock(): void {
    if (this.#open === undefined) return;
    this.#open.close();
    this.#keepClosed([...this.#closed, this.#open]);
    this.#open = undefined;
  }

  /** The blocks that no longer change, oldest first: what a seal takes. */
  closedBlocks(): readonly HotBlock[] {
    return this.#closed;
  }

  /** All blocks, oldest first; the last one may still be filling. */
  blocks(): readonly HotBlock[] {
    return this.#open === undefined ? this.#closed : [...this.#closed, this.#open];
  }

  /**
   * Forgets all batches up to and including a log position. Blocks that end there go as a whole; the rest of a block
   * that goes on behind it is indexed anew.
   */
  dropThrough(position: number): Dropped {
    let batches = 0;
    let rows = 0;
    const kept: HotBlock[] = [];
    for (const block of this.blocks()) {
      const rest = block.lastPosition <= position ? undefined : this.#restOf(block, position);
      batches += block.batches.length - (rest?.batches.length ?? 0);
      rows += block.rowCount - (rest?.rowCount ?? 0);
      if (rest === undefined) {
        if (block === this.#open) this.#open = undefined;
      } else if (block === this.#open) {
        this.#open = rest;
      } else {
        rest.close();
        kept.push(rest);
      }
    }
    this.#keepClosed(kept);
    return { batches, rows };
  }

  /** Spans held, copies included. */
  get rowCount(): number {
    return this.#closedRows + (this.#open?.rowCount ?? 0);
  }

  /** Bytes of payloads, columns and indexes. */
  get byteSize(): number {
    return this.#closedBytes + (this.#open?.byteSize ?? 0);
  }

  /** Arrival of the oldest batch, undefined when there is none. */
  get oldestArrivalUnixMillis(): number | undefined {
    const blocks = this.blocks();
    if (blocks.length === 0) return undefined;
    return Math.min(...blocks.map((block) => block.oldestArrivalUnixMillis));
  }

  /** Position of the last batch ever appended; -1 before the first. Dropping does not change it. */
  get lastPosition(): number {
    return this.#lastPosition;
  }

  /** True when a span of the trace is here. `traceId`: 32 hex digits or 16 bytes. */
  has(traceId: string | Uint8Array): boolean {
    const words = wordsFrom(traceId);
    return words !== undefined && this.blocks().some((block) => block.has(words));
  }

  /**
   * Rows of a trace, newest arrival first, equal spans as often as they came; empty when the id is unknown.
   * `traceId`: 32 hex digits or 16 bytes. Which rows these are is settled when this returns.
   */
  rowsOf(traceId: string | Uint8Array, held?: HeldBytes): Steps<SpanRow[]> {
    const rows: SpanRow[] = [];
    const words = wordsFrom(traceId);
    const blocks = words === undefined ? [] : this.blocks().toReversed();
    return allOf(
      blocks.map((block) => block.collectRowsOf(words as Uint32Array, rows, held)),
      rows,
    );
  }

  /** The hot set as it is now: later appends and drops do not change what a view answers. */
  view(): HotView {
    return new HotView(
      this.blocks()
        .toReversed()
        .map((block) => block.view()),
    );
  }

  #keepClosed(blocks: HotBlock[]): void {
    this.#closed = blocks;
    this.#closedRows = blocks.reduce((sum, block) => sum + block.rowCount, 0);
    this.#closedBytes = blocks.reduce((sum, block) => sum + block.byteSize, 0);
  }

  #restOf(block: HotBlock, position: number): HotBlock {
    if (block.firstPosition > position) return block;
    const rest = new HotBlock(this.#seed);
    for (const committed of block.batches) if (committed.position > position) rest.append(committed);
    return rest;
  }
}

function* allOf(parts: readonly Steps<void>[], rows: SpanRow[]): Steps<SpanRow[]> {
  for (const part of parts) yield* part;
  return rows;
}

function wordsFrom(traceId: string | Uint8Array): Uint32Array | undefined {
  const bytes = typeof traceId === "string" ? bytesFromHex(traceId) : traceId;
  return bytes?.length === 16 ? wordsOfTraceId(bytes) : undefined;
}
