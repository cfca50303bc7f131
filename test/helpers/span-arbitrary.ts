/** Random traces of a few services that call, send and ask each other, as tests of statistics need them. */

import fc from "fast-check";
import type { Attributes } from "../../src/model/attribute-value.ts";
import type { Span } from "../../src/model/span.ts";
import type { SpanKind } from "../../src/model/span-kind.ts";
import { buildSpan } from "./trace-builder.ts";

const KINDS: readonly SpanKind[] = [
  "INTERNAL",
  "SERVER",
  "CLIENT",
  "CLIENT",
  "SERVER",
  "PRODUCER",
  "CONSUMER",
  "UNSPECIFIED",
];
const ATTRIBUTES: readonly Attributes[] = [
  {},
  {},
  { "db.system": "redis", "db.name": "3" },
  { "db.system.name": "postgresql", "db.namespace": "shop" },
  { "messaging.system": "kafka", "messaging.destination.name": "orders" },
  { "peer.service": "bank", "http.method": "GET" },
];

/** Where spans come from: some of a known instance, some of a host or zone only, some of nowhere. */
const PLACES: readonly Attributes[] = [
  {},
  { "host.name": "vm-1" },
  { "cloud.region": "eu" },
  { "service.instance.id": "one", "k8s.node.name": "node-1", "cloud.availability_zone": "eu-1a" },
  { "service.instance.id": "two", "k8s.node.name": "node-1", "cloud.availability_zone": "eu-1a" },
  {
    "k8s.pod.name": "pod-3",
    "k8s.node.name": "node-2",
    "k8s.cluster.name": "prod",
    "service.namespace": "s",
  },
];

const spanWords = fc.record({
  /** Which of the spans before it is the parent; past them a parent that never comes, 0 for a root. */
  parent: fc.nat(9),
  service: fc.constantFrom("shop", "cart", "pay"),
  name: fc.constantFrom("a", "b", "c"),
  kind: fc.constantFrom(...KINDS),
  start: fc.integer({ min: 0, max: 30_000 }),
  length: fc.integer({ min: -5, max: 200 }),
  isError: fc.boolean(),
  attributes: fc.constantFrom(...ATTRIBUTES),
  resourceAttributes: fc.constantFrom(...PLACES),
  linked: fc.option(fc.nat(9), { freq: 5 }),
});

/** The spans of one trace. */
export function traceArbitrary(maxSpans = 10): fc.Arbitrary<Span[]> {
  return fc
    .tuple(fc.nat(1_000_000), fc.array(spanWords, { minLength: 1, maxLength: maxSpans }))
    .map(([number, spans]) =>
      spans.map(({ parent, start, length, isError, linked, ...words }, index) =>
        buildSpan(`trace ${number}`, {
          ...words,
          id: `span ${index}`,
          at: [start, start + length],
          status: isError ? "ERROR" : "UNSET",
          ...(parent === 0 || parent - 1 === index ? {} : { parent: `span ${parent - 1}` }),
          ...(linked === null ? {} : { links: [`span ${linked}`] }),
        }),
      ),
    );
}
