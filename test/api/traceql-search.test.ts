import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FoundTraceListJson } from "../../src/api/traceql-contract.ts";
import { spanIdOf, traceIdOf } from "../helpers/trace-builder.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, checkoutSpans, startApi, workerSpan } from "./api-fixture.ts";

let api: ApiServer;
beforeAll(async () => {
  api = await startApi([checkoutSpans(), [1, 2, 3, 4, 5].map(workerSpan)]);
});
afterAll(() => api.stop());

async function search(q: string, more: Record<string, string> = {}): Promise<FoundTraceListJson> {
  const parameters = new URLSearchParams({ q, ...more });
  return (await api.get(`/api/v1/traces?${parameters.toString()}`)) as FoundTraceListJson;
}

async function refusal(
  q: string,
  more: Record<string, string> = {},
): Promise<{ status: number; detail: string }> {
  const answer = await api.fetch(`/api/v1/traces?${new URLSearchParams({ q, ...more }).toString()}`);
  const { detail } = (await answer.json()) as { detail: string };
  return { status: answer.status, detail };
}

const idsOf = (list: FoundTraceListJson): string[] => list.traces.map((trace) => trace.traceId);
const jobs = (...numbers: number[]): string[] => numbers.map((number) => traceIdOf(`job-${number}`));

describe("search in TraceQL", () => {
  it.each([
    ['{ resource.service.name = "payment" }', [CHECKOUT_ID]],
    ["{ span.http.response.status_code >= 500 && status = error }", [CHECKOUT_ID]],
    ['{ resource.service.name = "gateway" } >> { resource.service.name = "payment" }', [CHECKOUT_ID]],
    ['{ resource.service.name = "payment" } >> { resource.service.name = "gateway" }', []],
    ['{ event:name =~ "exc.*" } && { kind = client }', [CHECKOUT_ID]],
    ["{ trace:duration >= 4ms }", [...jobs(5, 4), CHECKOUT_ID]],
    ["{ } | count() > 2", [CHECKOUT_ID]],
    ['{ resource.service.name = "worker" } | orderBy(duration, asc)', jobs(1, 2, 3, 4, 5)],
    ["{ selfTime > 40ms }", [CHECKOUT_ID]],
  ])("finds by %s", async (q, ids) => {
    expect(idsOf(await search(q))).toEqual(ids);
  });

  it("tells which spans match, with what was asked of them and what was selected", async () => {
    const q =
      '{ span.http.response.status_code = 500 && duration > 50ms } | select(status, span."card.number", span.list)';
    const { traces } = await search(q);
    expect(traces).toHaveLength(1);
    expect(traces[0]).toMatchObject({ traceId: CHECKOUT_ID, spanCount: 3, spansetCount: 1 });
    expect(traces[0]?.spansets).toEqual([
      {
        matched: 1,
        fields: [],
        spans: [
          {
            spanId: spanIdOf("charge"),
            name: "Charge",
            serviceName: "payment",
            startTimeUnixNano: "1700000000020000000",
            durationNanos: "60000000",
            fields: [
              { name: "span.http.response.status_code", type: "int", value: 500 },
              { name: "span:duration", type: "duration", value: "60000000" },
              { name: "span:status", type: "status", value: "error" },
              { name: "span.card.number", type: "int", value: "9007199254740993" },
              { name: "span.list", type: "list", value: [true, "x"] },
            ],
          },
        ],
      },
    ]);
  });

  it("tells what spans were grouped by and what was made of each group", async () => {
    const { traces } = await search("{ } | by(resource.service.name) | count() = 2");
    expect(traces[0]?.spansets.map(({ matched, fields }) => ({ matched, fields }))).toEqual([
      {
        matched: 2,
        fields: [
          { name: "by(resource.service.name)", type: "string", value: "gateway" },
          { name: "count()", type: "int", value: 2 },
        ],
      },
    ]);
  });

  it("shows as many spans of a spanset as were asked for, and counts them all", async () => {
    const shown = async (spansShown: string) =>
      (await search("{ kind != internal }", { spansShown })).traces[0];
    expect((await shown("2"))?.spansets[0]).toMatchObject({ matched: 3, spans: [{}, {}] });
    expect((await shown("0"))?.spansets[0]).toMatchObject({ matched: 3, spans: [] });
  });

  it("goes on page by page where the last one ended", async () => {
    const q = '{ resource.service.name = "worker" }';
    const first = await search(q, { pageSize: "2" });
    const second = await search(q, { pageSize: "2", pageToken: first.nextPageToken });
    const third = await search(q, { pageSize: "2", pageToken: second.nextPageToken });
    expect([first, second, third].map(idsOf)).toEqual([jobs(5, 4), jobs(3, 2), jobs(1)]);
    expect(third.nextPageToken).toBe("");
  });

  it("ends a full page where it is full, and the last one empty when nothing is left", async () => {
    const full = await search('{ resource.service.name = "worker" }', { pageSize: "5" });
    expect(full.explanation).toMatchObject({ tracesExamined: 5, tracesMatched: 5 });
    const empty = await search('{ resource.service.name = "worker" }', {
      pageSize: "5",
      pageToken: full.nextPageToken,
    });
    expect([idsOf(empty), empty.nextPageToken]).toEqual([[], ""]);
  });

  it("gives the first of all that match when an order is asked for, however small the page", async () => {
    const list = await search('{ resource.service.name = "worker" } | orderBy(duration, asc)', {
      pageSize: "2",
    });
    expect(idsOf(list)).toEqual(jobs(1, 2));
    expect(list.nextPageToken).toBe("");
  });

  it("holds to the range asked for", async () => {
    const list = await search("{ }", { start: "1700000003", end: "1700000005" });
    expect(idsOf(list)).toEqual(jobs(4, 3));
    expect(list.range).toEqual({
      startTimeUnixNano: "1700000003000000000",
      endTimeUnixNano: "1700000005000000000",
    });
  });

  it("warns of what is legal and probably not meant, and answers what the query says", async () => {
    const { traces, warnings } = await search("{ duration > 50 }", { pageSize: "1" });
    expect(traces).toHaveLength(1);
    expect(warnings).toEqual([
      {
        rule: "plain-number-of-nanoseconds",
        start: 13,
        end: 15,
        message: "a plain number is nanoseconds here, write `50ms` for milliseconds",
      },
    ]);
    expect((await search("{ duration > 50ns }", { pageSize: "1" })).warnings).toEqual([]);
  });

  it("leaves out spans that lack the attribute a value is to differ from, as the warning says", async () => {
    const { traces, warnings } = await search('{ span.url.query != "x" }');
    expect(traces.map(({ spansets }) => spansets[0]?.matched)).toEqual([1]);
    expect(warnings.map(({ rule }) => rule)).toEqual(["absent-attribute"]);
  });

  it("says what the store looked for and how much the rest of the query was run over", async () => {
    const { explanation } = await search(
      '{ resource.service.name = "worker" && duration > 3ms && name != "job 5" }',
    );
    expect(explanation).toEqual({
      candidates: { service: "worker", minDurationNanos: "3000001" },
      conditions: 'some span (service = "worker" and duration >= 3000001)',
      tracesExamined: 2,
      spansExamined: 2,
      tracesMatched: 1,
      store: {
        segmentsPassedOver: 0,
        segmentsByColumns: 0,
        segmentsByRows: 0,
        tracesByColumns: 0,
        segmentsBySums: 0,
        spansBySums: 0,
      },
    });
  });

  it.each([
    ["{ duration > }", {}, /line 1, column 14/],
    ['{ service.name = "a" }', {}, /resource\.service\.name/],
    ["{ } | rate()", {}, /expected a query for traces/],
    ["{ 1 / 0 = 1 }", {}, /line 1, column 3: expected a divisor other than 0/],
    ["{ }", { service: "a" }, /expected no other condition/],
    ["{ }", { spansShown: "101" }, /spansShown/],
    ["{ } | orderBy(duration)", { pageToken: "AAAA" }, /one page/],
  ])("refuses %s with what to mend", async (q, more, text) => {
    const { status, detail } = await refusal(q, more);
    expect(status).toBe(400);
    expect(detail).toMatch(text);
  });
});
