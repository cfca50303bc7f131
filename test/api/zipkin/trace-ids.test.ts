/** Ids of 64 and of 128 bits, and what `api.zipkin.strictTraceId` makes of them. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Span } from "../../../src/model/span.ts";
import { buildSpan } from "../../helpers/trace-builder.ts";
import type { ZipkinServer } from "./zipkin-servers.ts";
import { ZIPKIN_SERVERS } from "./zipkin-servers.ts";

const LOW = "463ac35c9f6413ad";
const LONG = `48485a3953bb6124${LOW}`;

/** The caller traces with 128 bits, the older service behind it with 64. */
const SPANS: readonly Span[] = [
  { ...buildSpan("ids", { id: "new", service: "new", at: [0, 10] }), traceId: LONG },
  {
    ...buildSpan("ids", { id: "old", parent: "new", service: "old", at: [2, 8] }),
    traceId: LOW.padStart(32, "0"),
  },
];

let server: ZipkinServer;

async function spansOf(path: string): Promise<readonly string[]> {
  const lists = (await server.get(path)) as { readonly traceId: string }[] | { readonly traceId: string }[][];
  return lists.flat().map(({ traceId }) => traceId);
}

describe.each(ZIPKIN_SERVERS)("over %s", (_name, start) => {
  describe("by the whole id", () => {
    beforeAll(async () => {
      server = await start(SPANS.map((span) => [span]));
    });
    afterAll(() => server.stop());

    it("tells a 128-bit id from the 64-bit one it ends in", async () => {
      expect(await spansOf(`trace/${LONG}`)).toEqual([LONG]);
      expect(await spansOf(`trace/${LOW}`)).toEqual([LOW]);
      expect(await spansOf(`trace/${LOW.padStart(32, "0")}`)).toEqual([LOW]);
      expect(await server.told(`trace/1${LOW}`)).toEqual([404, `0000000000000001${LOW} not found`]);
      expect(await spansOf("traces?serviceName=new")).toEqual([LONG]);
      expect(await spansOf(`traceMany?traceIds=${LONG},${LOW}`)).toEqual([LONG, LOW]);
    });
  });

  describe("by the lower 64 bits", () => {
    beforeAll(async () => {
      server = await start(
        SPANS.map((span) => [span]),
        { settings: { strictTraceId: false } },
      );
    });
    afterAll(() => server.stop());

    it("takes spans of both for one trace, whichever is asked for", async () => {
      for (const id of [LONG, LOW, `1${LOW}`]) {
        expect((await spansOf(`trace/${id}`)).toSorted()).toEqual([LOW, LONG].toSorted());
      }
      expect((await spansOf("traces")).toSorted()).toEqual([LOW, LONG].toSorted());
      expect((await spansOf(`traceMany?traceIds=${LONG},${LOW}`)).toSorted()).toEqual([LOW, LONG].toSorted());
      expect(await server.told("trace/abcd")).toEqual([404, "000000000000abcd not found"]);
    });
  });
});
