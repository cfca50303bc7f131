import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { spanIdOf } from "../../helpers/trace-builder.ts";
import { CHECKOUT_ID } from "../api-fixture.ts";
import { ALL_TIMES, LONE_ID, queryOf, sampleSpans } from "./v3-sample.ts";
import type { JaegerServer } from "./v3-servers.ts";
import { JAEGER_SERVERS, startJaeger } from "./v3-servers.ts";

interface TracesAnswer {
  readonly result: {
    readonly resourceSpans: readonly {
      readonly scopeSpans: readonly { readonly spans: readonly { readonly traceId: string }[] }[];
    }[];
  };
}

function spansIn({ result }: TracesAnswer): readonly { readonly traceId: string }[] {
  return result.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

/** Ids that a search finds over both of its endpoints, the newest first. */
async function found(server: JaegerServer, parameters: Readonly<Record<string, string>>): Promise<string[]> {
  const query = queryOf(parameters);
  const { summaries } = (await server.get(`/api/v3/trace-summaries?${query}`)) as {
    readonly summaries: readonly { readonly traceId: string }[];
  };
  const ids = summaries.map(({ traceId }) => traceId);
  const answer = await server.fetch(`/api/v3/traces?${query}`);
  expect(answer.status).toBe(ids.length === 0 ? 404 : 200);
  if (ids.length > 0) {
    const traces = spansIn((await answer.json()) as TracesAnswer).map(({ traceId }) => traceId);
    expect([...new Set(traces)]).toEqual(ids);
  }
  return ids;
}

async function refusal(server: JaegerServer, path: string): Promise<readonly [number, string]> {
  const answer = await server.fetch(path);
  expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  const text = await answer.text();
  expect(text.endsWith("}\n")).toBe(true);
  const { error, ...rest } = JSON.parse(text) as {
    readonly error: { readonly httpCode: number; readonly message: string };
  };
  expect([rest, Object.keys(error), error.httpCode]).toEqual([{}, ["httpCode", "message"], answer.status]);
  return [answer.status, error.message];
}

const NOTHING_FOUND = [404, "No traces found"] as const;

for (const [name, start] of JAEGER_SERVERS) {
  describe(`api_v3 over HTTP, spans in ${name}`, () => {
    let server: JaegerServer;
    beforeAll(async () => {
      server = await start(sampleSpans());
    });
    afterAll(() => server.stop());

    it("gives a trace as OTLP JSON in a result, ids as 32 and 16 hex digits, those of 64 bits padded", async () => {
      const checkout = (await server.get(`/api/v3/traces/${CHECKOUT_ID}`)) as TracesAnswer;
      expect(spansIn(checkout)).toHaveLength(3);
      expect(spansIn(checkout)).toContainEqual(
        expect.objectContaining({
          traceId: CHECKOUT_ID,
          spanId: spanIdOf("charge"),
          parentSpanId: spanIdOf("call"),
          name: "Charge",
          kind: 2,
          startTimeUnixNano: "1700000000020000000",
          endTimeUnixNano: "1700000000080000000",
          status: { message: "declined", code: 2 },
        }),
      );
      expect(spansIn((await server.get("/api/v3/traces/abcd")) as TracesAnswer)).toEqual([
        expect.objectContaining({ traceId: LONE_ID, spanId: spanIdOf("leaf") }),
      ]);
    });

    it.each([
      ["hex in capitals", CHECKOUT_ID.toUpperCase()],
      ["base64", Buffer.from(CHECKOUT_ID, "hex").toString("base64")],
      ["base64 without padding", Buffer.from(CHECKOUT_ID, "hex").toString("base64").slice(0, 22)],
      ["base64 for URLs", Buffer.from(CHECKOUT_ID, "hex").toString("base64url")],
    ])("takes a trace id as %s", async (_form, id) => {
      const answer = await server.get(`/api/v3/traces/${encodeURIComponent(id)}`);
      expect(spansIn(answer as TracesAnswer)).toHaveLength(3);
    });

    it("says 404 in its envelope for a trace that is not there, and for a search that finds none", async () => {
      expect(await refusal(server, "/api/v3/traces/1234")).toEqual(NOTHING_FOUND);
      const query = queryOf({ ...ALL_TIMES, "query.serviceName": "nobody" });
      expect(await refusal(server, `/api/v3/traces?${query}`)).toEqual(NOTHING_FOUND);
      expect(await server.get(`/api/v3/trace-summaries?${query}`)).toEqual({ summaries: [] });
    });

    it("summarises traces: root, times as decimal texts, counts, services by name, what is zero left out", async () => {
      expect(await server.get(`/api/v3/trace-summaries?${queryOf(ALL_TIMES)}`)).toEqual({
        summaries: [
          {
            traceId: LONE_ID,
            minStartTimeUnixNano: "1700000009000000000",
            maxEndTimeUnixNano: "1700000009000500000",
            spanCount: 1,
            orphanSpanCount: 1,
            services: [{ name: "stray", spanCount: 1 }],
          },
          {
            traceId: CHECKOUT_ID,
            rootServiceName: "gateway",
            rootOperationName: "GET /checkout",
            minStartTimeUnixNano: "1700000000000000000",
            maxEndTimeUnixNano: "1700000000100000000",
            spanCount: 3,
            errorSpanCount: 1,
            services: [
              { name: "gateway", spanCount: 2 },
              { name: "payment", spanCount: 1, errorSpanCount: 1 },
            ],
          },
        ],
      });
    });

    it.each<readonly [string, Readonly<Record<string, string>>, readonly string[]]>([
      ["the service", { "query.serviceName": "payment" }, [CHECKOUT_ID]],
      ["the service, older name", { "query.service_name": "stray" }, [LONE_ID]],
      ["the operation", { "query.operationName": "charge" }, [CHECKOUT_ID]],
      ["the operation, older name", { "query.operation_name": "leaf" }, [LONE_ID]],
      ["both on one span", { "query.serviceName": "payment", "query.operationName": "charge" }, []],
      ["the shortest duration", { "query.durationMin": "100ms" }, [CHECKOUT_ID]],
      ["the shortest duration, older name", { "query.duration_min": "0.1s1ns" }, []],
      ["the longest duration", { "query.durationMax": "500us" }, [LONE_ID]],
      ["the longest duration, older name", { "query.duration_max": "499us" }, []],
      ["a number", { "query.searchDepth": "1" }, [LONE_ID]],
      ["a number, older name", { "query.search_depth": "1" }, [LONE_ID]],
      ["a number, oldest name", { "query.num_traces": "1" }, [LONE_ID]],
      ["raw traces", { "query.rawTraces": "true" }, [LONE_ID, CHECKOUT_ID]],
      ["an attribute of the span", { "query.attributes": '{"url.query":"a=b"}' }, [CHECKOUT_ID]],
      [
        "an attribute that is a number",
        { "query.attributes": '{"card.number":"9007199254740993"}' },
        [CHECKOUT_ID],
      ],
      ["an element of an attribute", { "query.attributes": '{"list":"x"}' }, [CHECKOUT_ID]],
      ["an attribute of the resource", { "query.attributes": '{"region":"eu"}' }, [LONE_ID]],
      ["attributes of two spans", { "query.attributes": '{"region":"eu","url.query":"a=b"}' }, []],
      ["no attribute of an event", { "query.attributes": '{"exception.type":"Declined"}' }, []],
      ["an error", { "query.attributes": '{"error":"true"}' }, [CHECKOUT_ID]],
      ["no error", { "query.attributes": '{"error":"false"}', "query.serviceName": "payment" }, []],
      ["a kind", { "query.attributes": '{"span.kind":"client"}' }, [CHECKOUT_ID]],
      ["a code of status", { "query.attributes": '{"otel.status_code":"ERROR"}' }, [CHECKOUT_ID]],
      ["a description", { "query.attributes": '{"otel.status_description":"declined"}' }, [CHECKOUT_ID]],
    ])("searches by %s", async (_what, parameters, expected) => {
      expect(await found(server, { ...ALL_TIMES, ...parameters })).toEqual(expected);
    });

    it.each([
      ["from the start of a span on", "2023-11-14T22:13:29Z", "2023-11-14T22:14:00Z", [LONE_ID]],
      ["not at its end", "2023-11-14T22:13:20.02Z", "2023-11-14T22:13:29Z", [CHECKOUT_ID]],
      ["to the nanosecond", "2023-11-14T22:13:20.020000001Z", "2023-11-14T22:13:29Z", []],
      ["in another zone", "2023-11-14T23:13:20+01:00", "2023-11-14T23:13:20.000000001+01:00", [CHECKOUT_ID]],
    ])("finds traces with a span that starts in the range: %s", async (_what, from, to, expected) => {
      const range = { "query.startTimeMin": from, "query.startTimeMax": to };
      expect(await found(server, range)).toEqual(expected);
      const older = { "query.start_time_min": from, "query.start_time_max": to };
      expect(await found(server, older)).toEqual(expected);
    });

    it("searches by a structured filter", async () => {
      const filter = {
        op: "some",
        args: [
          { nested: { level: "event" } },
          {
            call: {
              op: "and",
              args: [
                {
                  call: {
                    op: "eq",
                    args: [{ field: { name: "name", level: "event" } }, { scalar: { value: "exception" } }],
                  },
                },
                {
                  call: {
                    op: "gte",
                    args: [
                      { field: { name: "timeSinceStart", level: "event" } },
                      { scalar: { value: "30ms" } },
                    ],
                  },
                },
              ],
            },
          },
        ],
      };
      expect(await found(server, { ...ALL_TIMES, "query.filter": JSON.stringify(filter) })).toEqual([
        CHECKOUT_ID,
      ]);
    });

    it("lists services, and operations with their kinds, internal where none is known", async () => {
      expect(await server.get("/api/v3/services")).toEqual({ services: ["gateway", "payment", "stray"] });
      expect(await server.get("/api/v3/operations?service=gateway")).toEqual({
        operations: [
          { name: "GET /checkout", spanKind: "server" },
          { name: "charge", spanKind: "client" },
        ],
      });
      const clients = { operations: [{ name: "charge", spanKind: "client" }] };
      expect(await server.get("/api/v3/operations?service=gateway&spanKind=client")).toEqual(clients);
      expect(await server.get("/api/v3/operations?service=gateway&span_kind=client")).toEqual(clients);
      const internal = { operations: [{ name: "leaf", spanKind: "internal" }] };
      expect(await server.get("/api/v3/operations?service=stray")).toEqual(internal);
      expect(await server.get("/api/v3/operations?service=nobody")).toEqual({ operations: [] });
    });

    it("gives who calls whom, counts as decimal texts", async () => {
      const range = { startTime: "2023-11-14T22:13:20Z", endTime: "2023-11-14T22:14:00Z" };
      const expected = { dependencies: [{ parent: "gateway", child: "payment", callCount: "1" }] };
      expect(await server.get(`/api/v3/dependencies?${queryOf(range)}`)).toEqual(expected);
      const before = { start_time: "2023-11-14T22:13:19Z", end_time: "2023-11-14T22:13:20Z" };
      expect(await server.get(`/api/v3/dependencies?${queryOf(before)}`)).toEqual({ dependencies: [] });
    });
  });
}

describe("refusals of api_v3 over HTTP", () => {
  let server: JaegerServer;
  beforeAll(async () => {
    server = await startJaeger(sampleSpans());
  });
  afterAll(() => server.stop());

  it.each([
    ["/api/v3/traces/xyz", "malformed parameter trace_id: "],
    ["/api/v3/traces/0", "malformed parameter trace_id: "],
    [`/api/v3/traces/${"1".repeat(33)}`, "malformed parameter trace_id: "],
    ["/api/v3/traces/1?startTime=abc", "malformed parameter startTime: "],
    ["/api/v3/traces/1?start_time=abc", "malformed parameter start_time: "],
    ["/api/v3/traces/1?endTime=abc", "malformed parameter endTime: "],
    ["/api/v3/traces/1?end_time=abc", "malformed parameter end_time: "],
    ["/api/v3/traces/1?rawTraces=maybe", "malformed parameter rawTraces: "],
    ["/api/v3/traces/1?raw_traces=maybe", "malformed parameter raw_traces: "],
  ])("names the parameter that is malformed: %s", async (path, start) => {
    const [status, message] = await refusal(server, path);
    expect([status, message.slice(0, start.length)]).toEqual([400, start]);
  });

  it.each<readonly [Readonly<Record<string, string>>, string]>([
    [{ "query.durationMin": "5" }, "malformed parameter query.durationMin: "],
    [{ "query.duration_min": "five" }, "malformed parameter query.duration_min: "],
    [{ "query.durationMax": "1x" }, "malformed parameter query.durationMax: "],
    [{ "query.searchDepth": "-1" }, "malformed parameter query.searchDepth: "],
    [{ "query.searchDepth": "10001" }, "malformed parameter query.searchDepth: "],
    [{ "query.num_traces": "many" }, "malformed parameter query.num_traces: "],
    [{ "query.rawTraces": "maybe" }, "malformed parameter query.rawTraces: "],
    [{ "query.startTimeMin": "yesterday" }, "malformed parameter query.startTimeMin: "],
    [{ "query.startTimeMax": "1700000000" }, "malformed parameter query.startTimeMax: "],
    [{ "query.attributes": "a=b" }, "malformed parameter query.attributes: "],
    [{ "query.attributes": '{"a":1}' }, "malformed parameter query.attributes: "],
    [{ "query.attributes": '["a"]' }, "malformed parameter query.attributes: "],
    [{ "query.filter": "{" }, "malformed parameter query.filter: "],
    [{ "query.filter": '{"op":"is"}' }, "malformed parameter query.filter: filter.op: "],
    [{ "query.startTimeMin": "" }, "query.startTimeMin and query.startTimeMax are required"],
    [
      { "query.startTimeMin": "2023-11-14T22:14:00Z" },
      "query.startTimeMin must be before query.startTimeMax",
    ],
  ])("refuses a search by %o", async (parameters, start) => {
    for (const path of ["traces", "trace-summaries"]) {
      const query = queryOf({ ...ALL_TIMES, ...parameters });
      const [status, message] = await refusal(server, `/api/v3/${path}?${query}`);
      expect([status, message.slice(0, start.length)]).toEqual([400, start]);
    }
  });

  it.each([
    { "query.serviceName": "gateway" },
    { "query.operation_name": "charge" },
    { "query.attributes": '{"a":"b"}' },
    { "query.durationMin": "1s" },
    { "query.duration_max": "1s" },
  ])("refuses a filter beside %o", async (parameters) => {
    const filter = '{"op":"exists","args":[{"attr":{"key":"a"}}]}';
    const query = queryOf({ ...ALL_TIMES, "query.filter": filter, ...parameters });
    expect(await refusal(server, `/api/v3/traces?${query}`)).toEqual([
      400,
      "filter cannot be given together with serviceName, operationName, attributes, durationMin or durationMax",
    ]);
  });

  it("refuses dependencies without a range, or of one that ends before it starts", async () => {
    expect(await refusal(server, "/api/v3/dependencies")).toEqual([
      400,
      "startTime and endTime are required",
    ]);
    const turned = { startTime: "2023-11-14T22:13:21Z", endTime: "2023-11-14T22:13:20Z" };
    expect(await refusal(server, `/api/v3/dependencies?${queryOf(turned)}`)).toEqual([
      400,
      "startTime must be before endTime",
    ]);
  });

  it("refuses an answer of more spans than one may hold, and asks for fewer traces", async () => {
    const small = await startJaeger(sampleSpans(), { maxSpansPerAnswer: 3 });
    try {
      const [status, message] = await refusal(small, `/api/v3/traces?${queryOf(ALL_TIMES)}`);
      expect([status, message]).toEqual([
        413,
        "the first 2 traces have 4 spans; one answer holds at most 3; ask for fewer traces",
      ]);
    } finally {
      await small.stop();
    }
  });
});
