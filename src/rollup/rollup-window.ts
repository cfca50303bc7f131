/** All series of one window of time: cells while it changes, bytes while it rests. */

import { ByteReader, ByteWriter } from "../base/varint-bytes.ts";
import type { CellSums, EdgeCell, SpanCell } from "./cells.ts";
import { Cells } from "./cells.ts";

const EMPTY = new Uint8Array(0);

/** One window. */
export class RollupWindow {
  /** Seconds since the epoch. */
  readonly startSeconds: number;
  /** True when it changed since whoever stores windows set it to false. */
  isDirty = false;
  /** True when its content is in the longer window around it, where windows are folded into longer ones. */
  isFolded = false;
  #live: Cells | undefined;
  #bytes: Uint8Array = EMPTY;

  constructor(startSeconds: number, bytes: Uint8Array = EMPTY) {
    this.startSeconds = startSeconds;
    this.#bytes = bytes;
  }

  /** Bytes at rest; 0 while it changes. */
  get restingBytes(): number {
    return this.#live === undefined ? this.#bytes.length : 0;
  }

  /** True while cells are held as objects. */
  get isLive(): boolean {
    return this.#live !== undefined;
  }

  /** The cell of a series, to be added to. */
  spanCell(series: number): SpanCell {
    this.isDirty = true;
    return this.#thawed().spanCell(series);
  }

  /** The cell of an edge, to be added to. */
  edgeCell(edge: number): EdgeCell {
    this.isDirty = true;
    return this.#thawed().edgeCell(edge);
  }

  /** Adds every cell that is wanted to its sum. */
  addTo(sums: CellSums): void {
    if (this.#live === undefined) {
      addBytesTo(this.#bytes, sums);
      return;
    }
    for (const [series, cell] of this.#live.spans) sums.spanCell(series)?.merge(cell);
    for (const [edge, cell] of this.#live.edges) sums.edgeCell(edge)?.merge(cell);
  }

  /** Its content as bytes that a new window can be made of. */
  toBytes(): Uint8Array {
    if (this.#live === undefined) return this.#bytes;
    const writer = new ByteWriter();
    const { spans, edges } = this.#live;
    writeCells(writer, spans);
    writeCells(
      writer,
      [...edges].filter(([, cell]) => !cell.isEmpty),
    );
    return writer.finish();
  }

  /** Keeps bytes in place of cells: a tenth of the memory, until the next change. */
  rest(): void {
    this.#bytes = this.toBytes();
    this.#live = undefined;
  }

  #thawed(): Cells {
    if (this.#live !== undefined) return this.#live;
    const live = new Cells();
    addBytesTo(this.#bytes, live);
    this.#live = live;
    this.#bytes = EMPTY;
    return live;
  }
}

function writeCells(writer: ByteWriter, cells: Iterable<readonly [number, SpanCell | EdgeCell]>): void {
  const all = [...cells];
  const own = new ByteWriter();
  writer.varint(all.length);
  for (const [id, cell] of all) {
    own.clear();
    cell.writeTo(own);
    writer.varint(id);
    writer.bytes(own.view());
  }
}

function addBytesTo(bytes: Uint8Array, sums: CellSums): void {
  if (bytes.length === 0) return;
  const reader = new ByteReader(bytes);
  for (let left = reader.varint(); left > 0; left--) addCell(reader, sums.spanCell(reader.varint()));
  for (let left = reader.varint(); left > 0; left--) addCell(reader, sums.edgeCell(reader.varint()));
}

function addCell(reader: ByteReader, sum: SpanCell | EdgeCell | undefined): void {
  if (sum === undefined) {
    reader.skipBytes();
    return;
  }
  // The length of the cell is for those who pass over it.
  reader.varint();
  sum.mergeFrom(reader);
}
