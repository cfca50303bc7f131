/** The traces that most cases of the store contract look at. Moments are milliseconds after the builder's start. */

import type { Span } from "../../src/model/span.ts";
import { withTimes } from "../helpers/otlp-fixture.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

function spans(traceName: string, ...sketches: readonly SpanSketch[]): Span[] {
  return sketches.map((sketch) => buildSpan(traceName, sketch));
}

/** A shop that calls a payment service, which fails. */
export const CHECKOUT: readonly Span[] = spans(
  "checkout",
  { id: "c1", service: "shop", name: "checkout", kind: "SERVER", at: [1_000, 1_100] },
  { id: "c2", parent: "c1", service: "shop", name: "POST /charge", kind: "CLIENT", at: [1_010, 1_090] },
  {
    id: "c3",
    parent: "c2",
    service: "pay",
    name: "charge",
    kind: "SERVER",
    at: [1_015, 1_085],
    status: "ERROR",
    attributes: {
      "http.response.status_code": 500n,
      "card.kind": "visa",
      "order.id": 9_007_199_254_740_993n,
      retried: true,
      amount: 12.5,
      ratio: 3,
      digits: "42.0",
      tags: ["gold", 7n],
      blob: new Uint8Array([0, 250, 255]),
      region: "own",
      nothing: null,
      details: { inner: "gold" },
    },
    resourceAttributes: { region: "eu-1", nothing: "something", "host.name": "pay-7", "host.cpus": 4n },
  },
);

/** The same without a failure, and slower. */
export const CHECKOUT_OK: readonly Span[] = spans(
  "checkout-ok",
  { id: "k1", service: "shop", name: "checkout", kind: "SERVER", at: [3_000, 3_250], status: "OK" },
  { id: "k2", parent: "k1", service: "shop", name: "POST /charge", kind: "CLIENT", at: [3_010, 3_200] },
  { id: "k3", parent: "k2", service: "pay", name: "charge", kind: "SERVER", at: [3_020, 3_190] },
);

/** Conditions that hold on the trace, each on another span. */
export const MIXED: readonly Span[] = spans(
  "mixed",
  { id: "m1", service: "shop", name: "browse", kind: "SERVER", at: [2_000, 2_050], attributes: { x: "1" } },
  { id: "m2", parent: "m1", service: "catalog", name: "list", at: [2_010, 2_040], attributes: { y: "2" } },
);

/** No root: the parent never came. */
export const ORPHAN: readonly Span[] = spans(
  "orphan",
  { id: "o2", parent: "o1", service: "mail", name: "send", kind: "CONSUMER", at: [5_000, 5_005] },
  { id: "o3", parent: "o2", service: "mail", name: "render", at: [5_001, 5_003] },
);

/** Two roots; the earlier one is the root. */
export const TWO_ROOTS: readonly Span[] = spans(
  "two-roots",
  { id: "r2", service: "cron", name: "second", at: [6_010, 6_020] },
  { id: "r1", service: "cron", name: "first", at: [6_000, 6_005] },
);

/** All times zero. */
export const ZERO: readonly Span[] = spans("zero", {
  id: "z1",
  service: "odd",
  name: "zero",
  at: [0, 0],
}).map((span) => withTimes(span, 0n, 0n));

/** Ends before it starts. */
export const BACKWARDS: readonly Span[] = spans("backwards", {
  id: "b1",
  service: "odd",
  name: "backwards",
  at: [7_000, 6_900],
});

/** Starts in the year 2540, after the middle of the unsigned 64-bit range. */
export const FUTURE: readonly Span[] = spans("future", {
  id: "f1",
  service: "odd",
  name: "future",
  at: [0, 1],
}).map((span) => withTimes(span, 18_000_000_000_000_000_001n, 18_000_000_000_000_000_002n));

/** Three traces that start at the same moment. */
export const TIES: readonly Span[] = ["tie-1", "tie-2", "tie-3"].flatMap((name) =>
  spans(name, { id: name, service: "tied", name: "tie", at: [4_000, 4_001] }),
);

/** The same span id twice with different content: both are kept. */
export const CONFLICT: readonly Span[] = spans(
  "conflict",
  { id: "x1", service: "shop", name: "first content", at: [8_000, 8_010] },
  { id: "x1", service: "shop", name: "second content", at: [8_001, 8_010] },
);

/** Every trace above; each distinct span once. */
export const ALL_SPANS: readonly Span[] = [
  ...CHECKOUT,
  ...CHECKOUT_OK,
  ...MIXED,
  ...ORPHAN,
  ...TWO_ROOTS,
  ...ZERO,
  ...BACKWARDS,
  ...FUTURE,
  ...TIES,
  ...CONFLICT,
];
