import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSpan, spanIdOf, traceIdOf } from "../../helpers/trace-builder.ts";
import { CHECKOUT_ID } from "../api-fixture.ts";
import type { DependenciesMessage, OperationsMessage, SpanMessage, TracesMessage } from "./query-client.ts";
import { clientsOf, failureOf, messageOf, messagesOf, refusalOf } from "./query-client.ts";
import { LONE_ID, sampleSpans } from "./v3-sample.ts";
import type { JaegerServer } from "./v3-servers.ts";
import { JAEGER_SERVERS, startJaeger } from "./v3-servers.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const START_SECONDS = "1700000000";
const RANGE = { start_time_min: { seconds: START_SECONDS }, start_time_max: { seconds: "1700000040" } };
const DEPENDENCY_RANGE = { start_time: { seconds: START_SECONDS }, end_time: { seconds: "1700000040" } };

function spansOf(messages: readonly TracesMessage[]): readonly (readonly [string, string])[] {
  return messages.flatMap(({ resource_spans }) =>
    resource_spans.flatMap(({ scope_spans }) =>
      scope_spans.flatMap(({ spans }) =>
        spans.map((span) => [span.trace_id.toString("hex"), span.span_id.toString("hex")] as const),
      ),
    ),
  );
}

function tracesOf(messages: readonly TracesMessage[]): readonly string[] {
  return [...new Set(spansOf(messages).map(([traceId]) => traceId))];
}

function namesOf(messages: readonly { readonly spans: readonly SpanMessage[] }[]): readonly string[] {
  return messages.flatMap(({ spans }) =>
    spans.map(({ process, operation_name }) => `${process.service_name} ${operation_name}`),
  );
}

for (const [name, start] of JAEGER_SERVERS) {
  describe(`Jaeger's query services over gRPC, spans in ${name}`, () => {
    let server: JaegerServer;
    let clients: ReturnType<typeof clientsOf>;
    beforeAll(async () => {
      server = await start(sampleSpans());
      clients = clientsOf(server.host);
    });
    afterAll(async () => {
      clients.close();
      await server.stop();
    });

    it("streams a trace as OTLP, and as Jaeger's spans with their processes", async () => {
      const otlp = await messagesOf(clients.v3.GetTrace({ trace_id: CHECKOUT_ID }));
      expect(
        spansOf(otlp)
          .map(([, spanId]) => spanId)
          .sort(),
      ).toEqual(["root", "call", "charge"].map(spanIdOf).sort());
      const own = await messagesOf(clients.v2.GetTrace({ trace_id: bytes(CHECKOUT_ID) }));
      expect([...namesOf(own)].sort()).toEqual(["gateway GET /checkout", "gateway charge", "payment Charge"]);
      const short = await messagesOf(clients.v2.GetTrace({ trace_id: bytes(LONE_ID.slice(16)) }));
      expect(namesOf(short)).toEqual(["stray leaf"]);
    });

    it.each<readonly [object, readonly string[]]>([
      [{}, [LONE_ID, CHECKOUT_ID]],
      [{ service_name: "payment" }, [CHECKOUT_ID]],
      [{ operation_name: "leaf" }, [LONE_ID]],
      [{ service_name: "payment", operation_name: "charge" }, []],
      [{ duration_min: { nanos: 100_000_000 } }, [CHECKOUT_ID]],
      [{ duration_max: { nanos: 500_000 } }, [LONE_ID]],
      [{ search_depth: 1 }, [LONE_ID]],
      [{ start_time_min: { seconds: "1700000009" } }, [LONE_ID]],
      [{ start_time_max: { seconds: "1700000009" } }, [CHECKOUT_ID]],
    ])("searches by %j in both versions, and summarises the same traces", async (query, expected) => {
      const asked = { query: { ...RANGE, ...query } };
      expect(tracesOf(await messagesOf(clients.v3.FindTraces(asked)))).toEqual(expected);
      const summaries = await messagesOf(clients.v3.FindTraceSummaries(asked));
      const ids = summaries.flatMap((message) => message.summaries.map(({ trace_id }) => trace_id));
      expect(ids).toEqual(expected);
      const own = await messagesOf(clients.v2.FindTraces(asked));
      const ownIds = own.flatMap(({ spans }) => spans.map(({ trace_id }) => trace_id.toString("hex")));
      expect([...new Set(ownIds)]).toEqual(expected);
    });

    it("searches by attributes, by tags in the older version, and by a structured filter", async () => {
      const attributes = { "url.query": "a=b" };
      const v3 = await messagesOf(clients.v3.FindTraces({ query: { ...RANGE, attributes } }));
      expect(tracesOf(v3)).toEqual([CHECKOUT_ID]);
      const v2 = await messagesOf(clients.v2.FindTraces({ query: { tags: attributes } }));
      expect(namesOf(v2)).toHaveLength(3);
      const filter = {
        op: "in",
        args: [{ field: { level: "span", name: "kind" } }, { list: { values: ["unspecified", "consumer"] } }],
      };
      const filtered = await messagesOf(clients.v3.FindTraces({ query: { ...RANGE, filter } }));
      expect(tracesOf(filtered)).toEqual([LONE_ID]);
    });

    it("summarises a trace", async () => {
      const query = { ...RANGE, service_name: "payment" };
      expect(await messagesOf(clients.v3.FindTraceSummaries({ query }))).toEqual([
        {
          summaries: [
            {
              trace_id: CHECKOUT_ID,
              root_service_name: "gateway",
              root_operation_name: "GET /checkout",
              min_start_time_unix_nano: "1700000000000000000",
              max_end_time_unix_nano: "1700000000100000000",
              span_count: 3,
              error_span_count: 1,
              orphan_span_count: 0,
              services: [
                { name: "gateway", span_count: 2, error_span_count: 0 },
                { name: "payment", span_count: 1, error_span_count: 1 },
              ],
            },
          ],
        },
      ]);
    });

    it("lists services and operations; a kind that nobody gave is empty", async () => {
      for (const client of [clients.v2, clients.v3]) {
        const services = await messageOf((done) => client.GetServices({}, done));
        expect(services).toEqual({ services: ["gateway", "payment", "stray"] });
        const own = await messageOf<OperationsMessage>((done) =>
          client.GetOperations({ service: "stray" }, done),
        );
        expect(own.operations).toEqual([{ name: "leaf", span_kind: "" }]);
        const asked = { service: "gateway", span_kind: "client" };
        const clientsOnly = await messageOf<OperationsMessage>((done) => client.GetOperations(asked, done));
        expect(clientsOnly.operations).toEqual([{ name: "charge", span_kind: "client" }]);
      }
      const older = await messageOf<OperationsMessage>((done) =>
        clients.v2.GetOperations({ service: "gateway" }, done),
      );
      expect(older.operationNames).toEqual(["GET /checkout", "charge"]);
    });

    it("gives who calls whom", async () => {
      const v3 = await messageOf((done) => clients.v3.GetDependencies(DEPENDENCY_RANGE, done));
      expect(v3).toEqual({ dependencies: [{ parent: "gateway", child: "payment", call_count: "1" }] });
      const v2 = await messageOf<DependenciesMessage>((done) =>
        clients.v2.GetDependencies(DEPENDENCY_RANGE, done),
      );
      expect(v2.dependencies).toEqual([
        expect.objectContaining({ parent: "gateway", child: "payment", call_count: "1" }),
      ]);
    });
  });
}

describe("refusals of Jaeger's query services over gRPC", () => {
  let server: JaegerServer;
  let clients: ReturnType<typeof clientsOf>;
  beforeAll(async () => {
    server = await startJaeger(sampleSpans());
    clients = clientsOf(server.host);
  });
  afterAll(async () => {
    clients.close();
    await server.stop();
  });

  it("says NOT_FOUND of a trace that is not there, INVALID_ARGUMENT of an id that is none", async () => {
    expect(await failureOf(clients.v3.GetTrace({ trace_id: "12" }))).toEqual([
      status.NOT_FOUND,
      "trace not found",
    ]);
    expect(await failureOf(clients.v2.GetTrace({ trace_id: bytes(traceIdOf("no")) }))).toEqual([
      status.NOT_FOUND,
      "trace not found",
    ]);
    expect(await failureOf(clients.v3.GetTrace({ trace_id: "xyz" }))).toEqual([
      status.INVALID_ARGUMENT,
      'malformed trace ID: "xyz"',
    ]);
    expect((await failureOf(clients.v2.GetTrace({ trace_id: bytes("12") })))[0]).toBe(
      status.INVALID_ARGUMENT,
    );
  });

  it.each<readonly [object, string]>([
    [{}, "missing query"],
    [{ query: {} }, "start time min and max are required parameters"],
    [
      { query: { start_time_min: { seconds: "2" }, start_time_max: { seconds: "1" } } },
      "start_time_min must be before start_time_max",
    ],
    [{ query: { ...RANGE, search_depth: -1 } }, "search depth must be greater than 0"],
    [{ query: { ...RANGE, search_depth: 10_001 } }, "search depth must be at most 10000"],
    [{ query: { ...RANGE, filter: { op: "not" } } }, "filter.args: not takes one operand, got 0"],
    [
      { query: { ...RANGE, service_name: "a", filter: { op: "exists", args: [{ attr: { key: "a" } }] } } },
      "filter cannot be given together with serviceName, operationName, attributes, durationMin or durationMax",
    ],
  ])("says INVALID_ARGUMENT of a search by %j", async (request, message) => {
    const expected = [status.INVALID_ARGUMENT, message];
    expect(await failureOf(clients.v3.FindTraces(request))).toEqual(expected);
    expect(await failureOf(clients.v3.FindTraceSummaries(request))).toEqual(expected);
  });

  it("ends a search that finds nothing without a message", async () => {
    const query = { ...RANGE, service_name: "nobody" };
    expect(await messagesOf(clients.v3.FindTraces({ query }))).toEqual([]);
    expect(await messagesOf(clients.v2.FindTraces({ query }))).toEqual([]);
  });

  it("says that it archives nothing, after looking for the trace", async () => {
    const ask = (id: string) => refusalOf((done) => clients.v2.ArchiveTrace({ trace_id: bytes(id) }, done));
    expect(await ask(CHECKOUT_ID)).toEqual([status.UNIMPLEMENTED, "archive span storage was not configured"]);
    expect(await ask(traceIdOf("no"))).toEqual([status.NOT_FOUND, "trace not found"]);
  });

  it("refuses dependencies without a range", async () => {
    for (const client of [clients.v2, clients.v3]) {
      expect(await refusalOf((done) => client.GetDependencies({}, done))).toEqual([
        status.INVALID_ARGUMENT,
        "start_time and end_time are required",
      ]);
    }
  });

  it("refuses a filter that is nested too deep, however deep, and stays up", async () => {
    const nested = (depth: number): object => {
      let filter: object = { op: "exists", args: [{ attr: { key: "a" } }] };
      for (let at = 0; at < depth; at++) filter = { op: "not", args: [{ call: filter }] };
      return { query: { ...RANGE, filter } };
    };
    expect((await failureOf(clients.v3.FindTraces(nested(40))))[0]).toBe(status.INVALID_ARGUMENT);
    // Deeper than messages are read at all.
    expect((await failureOf(clients.v3.FindTraces(nested(400))))[0]).toBe(status.INTERNAL);
    expect(await messageOf((done) => clients.v3.GetServices({}, done))).toBeDefined();
  });
});

describe("long answers of Jaeger's query services", () => {
  const TRACES = 60;
  const SPANS = 200;
  let server: JaegerServer;
  let clients: ReturnType<typeof clientsOf>;
  beforeAll(async () => {
    const spans = Array.from({ length: TRACES * SPANS }, (_, at) =>
      buildSpan(`long-${at % TRACES}`, {
        id: `span-${at}`,
        service: "long",
        at: [at % TRACES, (at % TRACES) + 1],
        attributes: { text: "x".repeat(500) },
      }),
    );
    server = await startJaeger(spans);
    clients = clientsOf(server.host);
  });
  afterAll(async () => {
    clients.close();
    await server.stop();
  });

  it("come in messages far below what clients take, every span once, those of a trace together", async () => {
    const query = { ...RANGE, service_name: "long" };
    const messages = await messagesOf(clients.v2.FindTraces({ query }));
    const ids = messages.flatMap(({ spans }) => spans.map(({ trace_id }) => trace_id.toString("hex")));
    expect(ids).toHaveLength(TRACES * SPANS);
    const changes = ids.filter((id, at) => id !== ids[at - 1]);
    expect(changes).toEqual(Array.from({ length: TRACES }, (_, at) => traceIdOf(`long-${TRACES - 1 - at}`)));
    const otlp = await messagesOf(clients.v3.FindTraces({ query }));
    expect(new Set(spansOf(otlp).map(([, spanId]) => spanId)).size).toBe(TRACES * SPANS);
  });

  it("end with the call that was cancelled or whose deadline is over, and others are answered", async () => {
    const query = { ...RANGE, service_name: "long" };
    const cancelled = clients.v2.FindTraces({ query });
    const failed = failureOf(cancelled);
    cancelled.cancel();
    expect((await failed)[0]).toBe(status.CANCELLED);
    const late = clients.v3.FindTraces({ query }, { deadline: Date.now() - 1 });
    expect((await failureOf(late))[0]).toBe(status.DEADLINE_EXCEEDED);
    expect(await messageOf((done) => clients.v3.GetServices({}, done))).toEqual({ services: ["long"] });
  });

  it("wait for a reader that takes nothing", async () => {
    const call = clients.v2.FindTraces({ query: { ...RANGE, service_name: "long" } });
    const [first] = (await new Promise((resolve) => {
      call.once("data", (message) => {
        call.pause();
        resolve([message]);
      });
    })) as readonly { readonly spans: readonly SpanMessage[] }[];
    let count = first?.spans.length ?? 0;
    // Others go on while it stands still.
    expect(await messageOf((done) => clients.v2.GetServices({}, done))).toEqual({ services: ["long"] });
    for await (const message of call) count += (message as { spans: readonly object[] }).spans.length;
    expect(count).toBe(TRACES * SPANS);
  });
});
