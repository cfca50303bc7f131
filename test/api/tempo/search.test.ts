import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSpan, spanIdOf, traceIdOf } from "../../helpers/trace-builder.ts";
import type { ApiServer } from "../api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, startApi, workerSpan } from "../api-fixture.ts";
import { readMessage } from "./tempo-messages.ts";

/** A trace whose root never came, and whose id begins with zeros. */
const LONE = {
  ...buildSpan("lone", { id: "leaf", parent: "absent", service: "stray", at: [9_000, 9_000.5] }),
  traceId: "0000000000000000000000000000abcd",
};

let api: ApiServer;
beforeAll(async () => {
  api = await startApi([checkoutSpans(), [1, 2, 3, 4, 5].map(workerSpan), [LONE]]);
});
afterAll(() => api.stop());

interface ListedTrace {
  readonly traceID: string;
  readonly spanSets: readonly { readonly spans?: readonly object[]; readonly matched: number }[];
}

async function search(parameters: Record<string, string>): Promise<readonly ListedTrace[]> {
  const answer = (await api.get(`/tempo/api/search?${new URLSearchParams(parameters).toString()}`)) as {
    readonly traces: readonly ListedTrace[];
  };
  return answer.traces;
}

async function idsFound(parameters: Record<string, string>): Promise<readonly string[]> {
  return (await search(parameters)).map(({ traceID }) => traceID);
}

async function refusal(parameters: Record<string, string>): Promise<readonly [number, string]> {
  const answer = await api.fetch(`/tempo/api/search?${new URLSearchParams(parameters).toString()}`);
  expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  return [answer.status, await answer.text()];
}

describe("GET /api/search", () => {
  it("answers in protobuf's JSON form: 64-bit numbers as texts, what is zero left out", async () => {
    const q =
      '{ span.http.response.status_code = 500 && duration > 50ms } | select(status, kind, span."card.number")';
    const spanSet = {
      spans: [
        {
          spanID: spanIdOf("charge"),
          name: "Charge",
          startTimeUnixNano: "1700000000020000000",
          durationNanos: "60000000",
          attributes: [
            { key: "http.response.status_code", value: { intValue: "500" } },
            { key: "status", value: { stringValue: "error" } },
            { key: "kind", value: { stringValue: "server" } },
            { key: "card.number", value: { intValue: "9007199254740993" } },
          ],
        },
      ],
      matched: 1,
    };
    expect(await api.get(`/tempo/api/search?${new URLSearchParams({ q }).toString()}`)).toEqual({
      traces: [
        {
          traceID: CHECKOUT_ID,
          rootServiceName: "gateway",
          rootTraceName: "GET /checkout",
          startTimeUnixNano: "1700000000000000000",
          durationMs: 100,
          spanSet,
          spanSets: [spanSet],
          serviceStats: { gateway: { spanCount: 2 }, payment: { spanCount: 1, errorCount: 1 } },
        },
      ],
      metrics: { inspectedTraces: 1, completedJobs: 1, totalJobs: 1, inspectedSpans: "3" },
    });
  });

  it("answers in protobuf where Accept asks for it", async () => {
    const q = encodeURIComponent('{ resource.service.name = "payment" } | count() = 1');
    const answer = await api.fetch(`/tempo/api/search?q=${q}`, {
      headers: { accept: "application/protobuf" },
    });
    expect(answer.headers.get("content-type")).toBe("application/protobuf");
    const spanSet = {
      spans: [
        {
          spanID: spanIdOf("charge"),
          name: "Charge",
          startTimeUnixNano: "1700000000020000000",
          durationNanos: "60000000",
          attributes: [{ key: "service.name", value: { stringValue: "payment" } }],
        },
      ],
      matched: 1,
      attributes: [{ key: "count()", value: { intValue: "1" } }],
    };
    expect(readMessage("SearchResponse", new Uint8Array(await answer.arrayBuffer()))).toEqual({
      traces: [
        {
          traceID: CHECKOUT_ID,
          rootServiceName: "gateway",
          rootTraceName: "GET /checkout",
          startTimeUnixNano: "1700000000000000000",
          durationMs: 100,
          spanSet,
          spanSets: [spanSet],
          serviceStats: {
            gateway: { spanCount: 2, errorCount: 0 },
            payment: { spanCount: 1, errorCount: 1 },
          },
        },
      ],
      metrics: { inspectedTraces: 1, completedJobs: 1, totalJobs: 1, inspectedSpans: "3" },
    });
  });

  it("strips zeros in front of a trace id, pads the span id, and says when the root is missing", async () => {
    const [found] = await search({ q: '{ resource.service.name = "stray" }' });
    expect(found).toEqual({
      traceID: "abcd",
      rootServiceName: "<root span not yet received>",
      startTimeUnixNano: "1700000009000000000",
      spanSet: expect.anything(),
      spanSets: [
        {
          spans: [
            {
              spanID: spanIdOf("leaf"),
              name: "leaf",
              startTimeUnixNano: "1700000009000000000",
              durationNanos: "500000",
              attributes: [{ key: "service.name", value: { stringValue: "stray" } }],
            },
          ],
          matched: 1,
        },
      ],
      serviceStats: { stray: { spanCount: 1 } },
    });
    expect(spanIdOf("leaf")).toHaveLength(16);
  });

  it("answers an empty list when nothing matches", async () => {
    expect(await api.get(`/tempo/api/search?q=${encodeURIComponent("{ name = `no` }")}`)).toEqual({
      traces: [],
      metrics: expect.objectContaining({ completedJobs: 1 }),
    });
  });

  it("searches by tags as substrings, whatever the case, all on one span", async () => {
    expect(await idsFound({ tags: "service.name=PAY url.query=A=" })).toEqual([CHECKOUT_ID]);
    expect(await idsFound({ tags: 'service.name="way" http.response.status_code=500' })).toEqual([]);
    expect(await idsFound({ tags: "http.response.status_code=500" })).toEqual([CHECKOUT_ID]);
    expect(await idsFound({ tags: "url.query=a.b" })).toEqual([]);
    expect(await idsFound({ tags: "error=true" })).toEqual([CHECKOUT_ID]);
    expect(await idsFound({ tags: "root.name=checkout status.code=error name=Charge" })).toEqual([
      CHECKOUT_ID,
    ]);
  });

  it("bounds the duration of the trace in Go's form", async () => {
    expect(await idsFound({ minDuration: "50ms" })).toEqual([CHECKOUT_ID]);
    expect(
      await idsFound({ tags: "service.name=worker", minDuration: "0.0035s", maxDuration: "4ms" }),
    ).toEqual([traceIdOf("job-4").replace(/^0+/, "")]);
  });

  it("takes unknown parameters as tags when q, tags, start and end are all absent", async () => {
    expect(await idsFound({ "service.name": "payment", limit: "5" })).toEqual([CHECKOUT_ID]);
    expect(await idsFound({ "service.name": "payment", start: "1700000008", end: "1700000010" })).toEqual([
      "abcd",
    ]);
    expect(await idsFound({ "service.name": "payment", q: '{ resource.service.name = "stray" }' })).toEqual([
      "abcd",
    ]);
  });

  it("holds to start and end in seconds, newest first, and gives 20 unless told otherwise", async () => {
    const all = await idsFound({});
    expect(all).toHaveLength(7);
    expect(all[0]).toBe("abcd");
    expect(await idsFound({ q: "{ }", start: "1700000003", end: "1700000005" })).toEqual(
      [4, 3].map((number) => traceIdOf(`job-${number}`).replace(/^0+/, "")),
    );
    expect(await idsFound({ q: "{ }", limit: "2" })).toHaveLength(2);
  });

  it("shows three spans of a spanset unless told otherwise, and all of them for 0", async () => {
    const shown = async (spss: Record<string, string>) =>
      (await search({ q: "{ kind != internal }", ...spss }))[0]?.spanSets[0]?.spans?.length;
    expect(await shown({ spss: "1" })).toBe(1);
    expect(await shown({})).toBe(3);
    expect(await shown({ spss: "0" })).toBe(3);
  });

  it.each([
    [{ q: "{ duration >> 3 }" }, /^line 1, column 14: expected .+\n$|^line 1, column 1\d: /],
    [{ q: "{ } | rate()" }, /^q: expected a query for traces/],
    [{ q: "{ }", limit: "0" }, /^invalid limit: /],
    [{ q: "{ }", limit: "262145" }, /^invalid limit: /],
    [{ q: "{ }", limit: "ten" }, /^invalid limit: /],
    [{ q: "{ }", spss: "101" }, /^invalid spss: /],
    [{ q: "{ }", tags: "a=b" }, /^can't specify tags and q in the same query\n$/],
    [{ tags: "a=b", minDuration: "5" }, /^invalid minDuration: /],
    [{ tags: 'a="b' }, /^invalid tags: .+ position 1, /],
    [{ q: "{ }", start: "5" }, /^please provide positive values for http parameters start and end\n$/],
    [
      { q: "{ }", start: "7", end: "7" },
      /^http parameter start must be before end\. received start=7 end=7\n$/,
    ],
  ])("refuses %j in plain text", async (parameters, message) => {
    const [status, text] = await refusal(parameters as Record<string, string>);
    expect(status).toBe(400);
    expect(text).toMatch(message);
  });
});
