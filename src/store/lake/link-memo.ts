/** Dependency links of the traces of a seal, worked out once for every shape of trace. */

import type { DependencyLink } from "../../analysis/dependency-links.ts";
import { dependencyLinks } from "../../analysis/dependency-links.ts";
import { LINK_ATTRIBUTE_KEYS } from "../../analysis/peer-names.ts";
import { isAllZero } from "../../base/bytes.ts";
import type { WordMemo } from "../../base/word-memo.ts";
import { lazySpan } from "../../batch/span-from-row.ts";
import type { LinkShapes } from "./link-shapes.ts";
import type { RowAttributes } from "./row-attributes.ts";
import type { SealRows } from "./seal-rows.ts";

/** Larger traces are worked out one by one: their shapes hardly repeat. */
const MAX_SPANS = 64;
const CONSUMER = 5;
/** OTLP kinds whose attributes tell of the far end: CLIENT, PRODUCER, CONSUMER. */
const FIRST_TELLING_KIND = 3;
/** Of a pair: its key does not tell of a far end, or nobody asked yet; else its number and two. */
const NO_LINK_KEY = 0;
const NOT_ASKED = 1;

/**
 * Links depend on who is whose parent, on service, kind and error of each span, on the attributes that name far ends,
 * and on span links: two traces that agree in all of it have equal links. The first of each shape is asked of
 * `dependencyLinks`; traces with repeated span ids or with span links always are.
 */
export class LinkMemo {
  readonly #rows: SealRows;
  readonly #attributes: RowAttributes;
  readonly #known: LinkShapes;
  readonly #shapes: WordMemo<readonly DependencyLink[]>;
  /** Numbers of {@link SealRows.services}. */
  readonly #serviceNumbers: Uint32Array;
  readonly #pairNumbers: Uint32Array;

  /** @param known - what earlier seals worked out; takes in what this one does */
  constructor(rows: SealRows, attributes: RowAttributes, known: LinkShapes) {
    this.#rows = rows;
    this.#attributes = attributes;
    this.#known = known;
    this.#shapes = known.forSeal();
    this.#serviceNumbers = Uint32Array.from(rows.services, (service) => known.numberOf(service));
    const { pairs } = attributes;
    const keys = new Set(LINK_ATTRIBUTE_KEYS);
    const isLinkKey = Array.from({ length: pairs.keyCount }, (_, id) => keys.has(pairs.keyText(id)));
    this.#pairNumbers = Uint32Array.from({ length: pairs.count }, (_, pair) =>
      isLinkKey[pairs.keyIds[pair]!] ? NOT_ASKED : NO_LINK_KEY,
    );
  }

  /** Links of a trace, given its distinct rows by start, then span id. */
  linksOf(trace: Uint32Array): readonly DependencyLink[] {
    if (!this.#describe(trace)) return this.#workedOut(trace);
    return this.#shapes.find() ?? this.#shapes.keep(this.#workedOut(trace));
  }

  #workedOut(trace: Uint32Array): readonly DependencyLink[] {
    return dependencyLinks(Array.from(trace, (row) => lazySpan(this.#rows.spanRow(row))));
  }

  /** Writes the shape of a trace; false when the trace has none that could be compared. */
  #describe(trace: Uint32Array): boolean {
    if (trace.length > MAX_SPANS) return false;
    const { kinds, statusCodes, originIds, serviceIds } = this.#rows;
    this.#shapes.begin();
    const hasConsumer = trace.some((row) => kinds[row] === CONSUMER);
    for (let at = 0; at < trace.length; at++) {
      const row = trace[at]!;
      const parent = this.#parentOf(trace, at);
      if (parent < 0 || this.#attributes.hasLinks[row] === 1) return false;
      const isError = statusCodes[row] === 2 ? 1 : 0;
      this.#shapes.push(this.#serviceNumbers[serviceIds[originIds[row]!]!]!);
      this.#shapes.push((parent << 16) | (kinds[row]! << 8) | isError);
      if (hasConsumer || kinds[row]! >= FIRST_TELLING_KIND) this.#pushAttributes(row);
    }
    return true;
  }

  /** Place of the parent in the trace plus two; 1 when it is missing, 0 for a root; -1 when span ids repeat. */
  #parentOf(trace: Uint32Array, at: number): number {
    const { spanIds, parentSpanIds } = this.#rows;
    const row = trace[at]!;
    let parent = isAllZero(parentSpanIds, row * 8, row * 8 + 8) ? 0 : 1;
    for (let other = 0; other < trace.length; other++) {
      const otherRow = trace[other]!;
      if (other < at && isSame(spanIds, otherRow * 8, spanIds, row * 8)) return -1;
      if (parent === 1 && isSame(spanIds, otherRow * 8, parentSpanIds, row * 8)) parent = other + 2;
    }
    return parent;
  }

  #pushAttributes(row: number): void {
    const { starts, pairIds } = this.#attributes;
    const end = starts[row + 1]!;
    for (let at = starts[row]!; at < end; at++) {
      const number = this.#numberOf(pairIds[at]!);
      if (number !== NO_LINK_KEY) this.#shapes.push(number);
    }
    this.#shapes.push(0xffff_ffff);
  }

  #numberOf(pair: number): number {
    const known = this.#pairNumbers[pair]!;
    if (known !== NOT_ASKED) return known;
    const number = this.#known.numberOf(this.#attributes.pairs.bodyText(pair)) + 2;
    this.#pairNumbers[pair] = number;
    return number;
  }
}

function isSame(left: Uint8Array, leftStart: number, right: Uint8Array, rightStart: number): boolean {
  for (let index = 0; index < 8; index++)
    if (left[leftStart + index] !== right[rightStart + index]) return false;
  return true;
}
