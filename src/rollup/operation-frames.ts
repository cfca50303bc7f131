/** Frames of call paths by the numbers that statistics give operations. */

import { FrameTable, OVERFLOW_FRAME, UNTRACED_FRAME } from "../analysis/profile/frame-table.ts";
import type { Operations } from "../window/operations.ts";

/** OTLP knows kinds 0 to 5. */
const KINDS = 6;
/** Codes below are those of special frames, whose numbers they are. */
const FIRST_CODE = OVERFLOW_FRAME + 1;
const INITIAL_CODES = 1_024;

/**
 * Frames of spans in the window. A frame's number is of this process; its code, made of the operation's number and the
 * kind, is what is stored.
 */
export class OperationFrames {
  /** Bounded where operations get their numbers. */
  readonly table: FrameTable = new FrameTable({ maxFrames: Number.POSITIVE_INFINITY });
  readonly #operations: Operations;
  /** By code, 0 where none was asked for: that of untraced time is no operation's. */
  #frames: Int32Array = new Int32Array(INITIAL_CODES);
  readonly #codes: number[] = [UNTRACED_FRAME, OVERFLOW_FRAME];

  constructor(operations: Operations) {
    this.#operations = operations;
  }

  /** The frame of spans of an operation and a kind; kinds that OTLP does not know count as 0. */
  frameOf(operation: number, kind: number): number {
    return this.frameOfCode(FIRST_CODE + operation * KINDS + (kind < KINDS ? kind : 0));
  }

  /** The frame of a code. */
  frameOfCode(code: number): number {
    if (code < FIRST_CODE) return code;
    const known = code < this.#frames.length ? (this.#frames[code] as number) : 0;
    return known === 0 ? this.#add(code) : known;
  }

  /** The code of a frame. */
  codeOf(frame: number): number {
    return this.#codes[frame] as number;
  }

  #add(code: number): number {
    const kind = (code - FIRST_CODE) % KINDS;
    const operation = (code - FIRST_CODE - kind) / KINDS;
    const { table } = this;
    const frame = table.numberOf(this.#operations.service(operation), this.#operations.name(operation), kind);
    if (code >= this.#frames.length) {
      const grown = new Int32Array(code * 2);
      grown.set(this.#frames);
      this.#frames = grown;
    }
    this.#frames[code] = frame;
    this.#codes[frame] = code;
    return frame;
  }
}
