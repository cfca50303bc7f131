/** One file of the log that holds (or is about to hold) records, as the running process knows it. */

import { join } from "node:path";

const FILE_NAME = /^(\d{8,15})\.log$/;
/** Distance in bytes between two entries of the sparse index, so that a reader starts near its position. */
const INDEX_STRIDE_BYTES = 256 * 1024;

/** `00000042.log` for 42. */
export function logFileName(fileNumber: number): string {
  return `${String(fileNumber).padStart(8, "0")}.log`;
}

/** 42 for `00000042.log`; undefined for any other name. */
export function logFileNumber(name: string): number | undefined {
  const match = FILE_NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** A data file: where it is, which positions it holds, and a sparse index from position to offset. */
export class LogFile {
  readonly number: number;
  readonly path: string;
  readonly firstPosition: number;
  /** Position after its last durable record. */
  nextPosition: number;
  /** Durable bytes of it, or its whole length when it has not been walked yet. */
  endOffset: number;
  /** Bytes it takes on the disk. */
  sizeBytes: number;
  /** A sync of it failed: what its pages hold is unknown, so it is deleted, never used again. */
  tainted = false;
  /** It went back to the pool or was deleted: whoever still reads it stops. */
  retired = false;
  readonly #positions: number[] = [];
  readonly #offsets: number[] = [];

  constructor(directory: string, number: number, firstPosition: number, sizeBytes: number) {
    this.number = number;
    this.path = join(directory, logFileName(number));
    this.firstPosition = firstPosition;
    this.nextPosition = firstPosition;
    this.endOffset = sizeBytes;
    this.sizeBytes = sizeBytes;
  }

  /** Remembers where a record is, when the last remembered one is far enough away. */
  note(position: number, offset: number): void {
    const last = this.#offsets.at(-1);
    if (last !== undefined && offset - last < INDEX_STRIDE_BYTES) return;
    this.#positions.push(position);
    this.#offsets.push(offset);
  }

  /** Place of the nearest known record at or before `position`. */
  nearest(position: number): { readonly position: number; readonly offset: number } | undefined {
    for (let index = this.#positions.length - 1; index >= 0; index--) {
      const known = this.#positions[index] as number;
      if (known <= position) return { position: known, offset: this.#offsets[index] as number };
    }
    return undefined;
  }
}
