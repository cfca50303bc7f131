/** Traces of a few spans with a few names, so that any two of them often have something in common. */

import fc from "fast-check";
import type { Span } from "../../src/model/span.ts";
import { buildSpan } from "./trace-builder.ts";

/** A span by numbers: `up` picks its parent among the spans before it. */
export interface SmallSpan {
  readonly up: number;
  readonly name: string;
  readonly kind: Span["kind"];
  readonly isError: boolean;
  readonly start: number;
  readonly duration: number;
}

const smallSpan: fc.Arbitrary<SmallSpan> = fc.record({
  up: fc.nat(11),
  name: fc.constantFrom("get", "get", "get", "put 17", "put 18"),
  kind: fc.constantFrom("INTERNAL", "INTERNAL", "CLIENT"),
  isError: fc.constantFrom(false, false, false, true),
  start: fc.nat(12),
  duration: fc.nat(12),
});

/** A root of 0 to 12 ms and up to `most` spans below it. */
export function smallTrace(most: number): fc.Arbitrary<readonly SmallSpan[]> {
  return fc.array(smallSpan, { maxLength: most });
}

/** How a trace is told apart from another of the same spans. */
export interface Guise {
  /** Prefix of the names of ids. */
  readonly ids?: string;
  readonly shiftMillis?: number;
}

/** The spans of a small trace, parents first. */
export function smallSpans(
  drafts: readonly SmallSpan[],
  { ids = "", shiftMillis = 0 }: Guise = {},
): readonly Span[] {
  const root = buildSpan("small", {
    id: `${ids}0`,
    name: "root",
    kind: "SERVER",
    at: [shiftMillis, shiftMillis + 12],
  });
  const below = drafts.map(({ up, name, kind, isError, start, duration }, index) =>
    buildSpan("small", {
      id: `${ids}${index + 1}`,
      parent: `${ids}${up % (index + 1)}`,
      name,
      kind,
      status: isError ? "ERROR" : "UNSET",
      at: [shiftMillis + start, shiftMillis + start + duration],
    }),
  );
  return [root, ...below];
}

/** The list in an order that the keys decide. */
export function shuffled<Element>(list: readonly Element[], keys: readonly number[]): readonly Element[] {
  return list
    .map((element, index) => ({ element, key: keys[index % keys.length] as number, index }))
    .sort((left, right) => left.key - right.key || right.index - left.index)
    .map(({ element }) => element);
}
