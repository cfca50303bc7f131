/** Numbers for what a call path is made of: service, operation and kind. */

import { compareValues } from "../../base/compare.ts";
import type { SpanKind } from "../../model/span-kind.ts";
import { SPAN_KIND_BY_NUMBER } from "../../model/span-kind.ts";
import type { FrameNumbers } from "../../model/trace-columns.ts";

/**
 * What a frame stands for.
 *
 * - `operation`: spans of one operation of one service.
 * - `untraced`: time that no stored span covers: a missing parent, or what lies between several roots.
 * - `overflow`: everything beyond a limit on distinct names or call paths.
 */
export type FrameRole = "operation" | "untraced" | "overflow";

/** One step of a call path. */
export interface ProfileFrame {
  readonly role: FrameRole;
  /** "" unless the role is `operation`. */
  readonly service: string;
  /** `(untraced)` or `(other)` unless the role is `operation`. */
  readonly operation: string;
  readonly kind: SpanKind;
}

/** Number of the frame of untraced time in every table. */
export const UNTRACED_FRAME = 0;
/** Number of the frame of what is beyond a limit in every table. */
export const OVERFLOW_FRAME = 1;

const KINDS = SPAN_KIND_BY_NUMBER.length;
/** Names of real systems are some thousand; random ones would be without end. */
const DEFAULT_MAX_FRAMES = 65_536;

const SPECIAL_FRAMES: readonly ProfileFrame[] = Object.freeze([
  Object.freeze({ role: "untraced", service: "", operation: "(untraced)", kind: "UNSPECIFIED" }),
  Object.freeze({ role: "overflow", service: "", operation: "(other)", kind: "UNSPECIFIED" }),
]);

/** Bounds of a {@link FrameTable}. */
export interface FrameTableOptions {
  /** Most frames told apart; further ones are the overflow frame. Default 65,536. */
  readonly maxFrames?: number;
}

/** Gives numbers to frames; nothing is taken out, and profiles that share a table merge without looking names up. */
export class FrameTable implements FrameNumbers {
  readonly #frames: ProfileFrame[] = [...SPECIAL_FRAMES];
  /** Number by kind, 0 where there is none yet: the first frames are special. */
  readonly #numbers: Map<string, Map<string, Int32Array>> = new Map();
  readonly #maxFrames: number;

  constructor({ maxFrames = DEFAULT_MAX_FRAMES }: FrameTableOptions = {}) {
    this.#maxFrames = maxFrames;
  }

  /** Frames so far, special ones included. */
  get size(): number {
    return this.#frames.length;
  }

  /** The number of a frame; a frame never seen gets the next one, or that of `(other)` when the table is full. */
  numberOf(service: string, operation: string, kind: number): number {
    const known = this.#numbers.get(service)?.get(operation);
    const at = kind < KINDS ? kind : 0;
    const number = known === undefined ? 0 : (known[at] as number);
    return number === 0 ? this.#add(service, operation, at) : number;
  }

  /** The number here of a frame of another table. */
  numberOfFrame({ role, service, operation, kind }: ProfileFrame): number {
    if (role === "untraced") return UNTRACED_FRAME;
    if (role === "overflow") return OVERFLOW_FRAME;
    return this.numberOf(service, operation, SPAN_KIND_BY_NUMBER.indexOf(kind));
  }

  /** The frame of a number this table gave. */
  frame(number: number): ProfileFrame {
    return this.#frames[number] as ProfileFrame;
  }

  #add(service: string, operation: string, kind: number): number {
    if (this.#frames.length >= this.#maxFrames) return OVERFLOW_FRAME;
    let byOperation = this.#numbers.get(service);
    if (byOperation === undefined) {
      byOperation = new Map();
      this.#numbers.set(service, byOperation);
    }
    let byKind = byOperation.get(operation);
    if (byKind === undefined) {
      byKind = new Int32Array(KINDS);
      byOperation.set(operation, byKind);
    }
    const number = this.#frames.length;
    byKind[kind] = number;
    this.#frames.push({ role: "operation", service, operation, kind: SPAN_KIND_BY_NUMBER[kind] as SpanKind });
    return number;
  }
}

/** By role, service, operation, kind: an order that does not depend on numbers. */
export function compareFrames(left: ProfileFrame, right: ProfileFrame): number {
  return (
    compareValues(left.role, right.role) ||
    compareValues(left.service, right.service) ||
    compareValues(left.operation, right.operation) ||
    compareValues(left.kind, right.kind)
  );
}

/** A text that is equal for equal frames of any tables, and only for them. */
export function frameKey({ role, service, operation, kind }: ProfileFrame): string {
  return `${role}\0${service}\0${operation}\0${kind}`;
}

/** A frame as one line of text for profile viewers: `service: operation`, with the kind where it tells sides apart. */
export function frameLabel({ role, service, operation, kind }: ProfileFrame): string {
  if (role !== "operation") return operation;
  const side = kind === "INTERNAL" || kind === "UNSPECIFIED" ? "" : ` [${kind.toLowerCase()}]`;
  return `${service}: ${operation}${side}`;
}
