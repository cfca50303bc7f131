/** `/api/v2/dependencies`: Zipkin's links of what is stored. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Span } from "../../../src/model/span.ts";
import { buildSpan } from "../../helpers/trace-builder.ts";
import type { ZipkinServer } from "./zipkin-servers.ts";
import { NOW_MILLIS, ZIPKIN_SERVERS } from "./zipkin-servers.ts";

const SHOP: readonly Span[] = [
  buildSpan("shop", { id: "order", service: "Shop", kind: "SERVER", at: [0, 100] }),
  buildSpan("shop", {
    id: "charge",
    parent: "order",
    service: "Shop",
    kind: "CLIENT",
    at: [10, 40],
    attributes: { "peer.service": "Bank" },
  }),
  buildSpan("shop", { id: "book", parent: "charge", service: "bank", kind: "SERVER", at: [15, 35] }),
  buildSpan("shop", {
    id: "store",
    parent: "book",
    service: "bank",
    kind: "CLIENT",
    at: [16, 20],
    attributes: { "server.address": "10.0.0.7" },
  }),
  buildSpan("shop", {
    id: "audit",
    parent: "book",
    service: "bank",
    kind: "CLIENT",
    at: [21, 25],
    attributes: { "server.address": "audit.local" },
    status: "ERROR",
  }),
];
/** One trace, of which one half has the id of 128 bits and the other half that of 64. */
const HALVES: readonly Span[] = [
  buildSpan("halves", { id: "front", service: "front", kind: "CLIENT", at: [1_000, 1_010] }),
  buildSpan("halves", { id: "back", parent: "front", service: "back", kind: "SERVER", at: [1_001, 1_009] }),
].map((span, index) =>
  index === 0 ? span : { ...span, traceId: `${"0".repeat(16)}${span.traceId.slice(16)}` },
);

let server: ZipkinServer;

describe.each(ZIPKIN_SERVERS)("over %s", (_name, start) => {
  beforeAll(async () => {
    server = await start([SHOP.slice(0, 3), HALVES.slice(0, 1), SHOP.slice(3), HALVES.slice(1)]);
  });
  afterAll(() => server.stop());

  it("gives links by name, addresses left out, errors only where there are some, in Zipkin's order", async () => {
    expect(await server.told(`dependencies?endTs=${NOW_MILLIS}`)).toEqual([
      200,
      '[{"parent":"bank","child":"audit.local","callCount":1,"errorCount":1},' +
        '{"parent":"front","child":"back","callCount":1},' +
        '{"parent":"shop","child":"bank","callCount":1}]',
    ]);
  });

  it("looks back as far as it is asked to", async () => {
    expect(await server.told(`dependencies?endTs=${NOW_MILLIS}&lookback=1000`)).toEqual([200, "[]"]);
    expect(await server.told(`dependencies?endTs=${NOW_MILLIS - 60_000}&lookback=1000`)).toEqual([
      200,
      '[{"parent":"bank","child":"audit.local","callCount":1,"errorCount":1},' +
        '{"parent":"shop","child":"bank","callCount":1}]',
    ]);
  });
});
