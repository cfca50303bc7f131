/** What Jaeger's UI asks api_v3 for, parameter by parameter, and what it refuses to read. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSpan, traceIdOf } from "../../helpers/trace-builder.ts";
import { CHECKOUT_ID } from "../api-fixture.ts";
import { sampleSpans } from "./v3-sample.ts";
import type { JaegerServer } from "./v3-servers.ts";
import { startJaeger } from "./v3-servers.ts";

let server: JaegerServer;
beforeAll(async () => {
  const shared = (kind: "CLIENT" | "SERVER", at: readonly [number, number], service: string) =>
    buildSpan("zipkin", { id: "shared", parent: "top", kind, at, service });
  server = await startJaeger([
    ...sampleSpans(),
    buildSpan("zipkin", { id: "top", at: [2_000, 2_100], service: "web" }),
    shared("CLIENT", [2_010, 2_090], "web"),
    {
      ...shared("SERVER", [2_020, 2_080], "app"),
      attributes: { "zipkin.shared": true },
    },
  ]);
});
afterAll(() => server.stop());

type Members = Readonly<Record<string, unknown>>;

function expectText(value: unknown): void {
  expect(typeof value).toBe("string");
}

function expectCount(value: unknown): void {
  expect(value === undefined || (Number.isSafeInteger(value) && (value as number) > 0)).toBe(true);
}

/** As the UI's schema has it: an id of 32 hex digits, decimal texts, counts that are whole or missing. */
function expectSummary(summary: Members): void {
  expect(summary["traceId"]).toMatch(/^[0-9a-f]{32}$/);
  expect(summary["minStartTimeUnixNano"]).toMatch(/^\d+$/);
  expect(summary["maxEndTimeUnixNano"]).toMatch(/^\d+$/);
  for (const name of ["rootServiceName", "rootOperationName"]) {
    if (summary[name] !== undefined) expectText(summary[name]);
  }
  for (const name of ["spanCount", "errorSpanCount", "orphanSpanCount"]) expectCount(summary[name]);
  for (const service of summary["services"] as readonly Members[]) {
    expectText(service["name"]);
    expectCount(service["spanCount"]);
    expectCount(service["errorSpanCount"]);
  }
}

describe("what Jaeger's UI asks", () => {
  it("for its search form: services, then operations of one", async () => {
    const { services } = (await server.get("/api/v3/services")) as { readonly services: readonly unknown[] };
    for (const service of services) expectText(service);
    const { operations } = (await server.get("/api/v3/operations?service=gateway")) as {
      readonly operations: readonly Members[];
    };
    for (const { name, spanKind } of operations) {
      expectText(name);
      expectText(spanKind);
    }
    expect(operations).toHaveLength(2);
  });

  it("for a list of results: summaries by service, operation, tags, durations, range and number", async () => {
    const query = new URLSearchParams({
      "query.serviceName": "payment",
      "query.operationName": "Charge",
      "query.attributes": '{"http.response.status_code":"500","error":"true"}',
      "query.startTimeMin": "2023-11-14T21:13:20.000000Z",
      "query.startTimeMax": "2023-11-14T23:13:20.000000Z",
      "query.durationMin": "10ms",
      "query.durationMax": "1.5s",
      "query.searchDepth": "20",
    });
    const answer = (await server.get(`/api/v3/trace-summaries?${query}`)) as {
      readonly summaries: readonly Members[];
    };
    expect(answer.summaries.map(({ traceId }) => traceId)).toEqual([CHECKOUT_ID]);
    for (const summary of answer.summaries) expectSummary(summary);
  });

  it("for results of all services, of which some have no root and one shares ids as Zipkin does", async () => {
    const query = new URLSearchParams({
      "query.startTimeMin": "2023-11-14T21:13:20Z",
      "query.startTimeMax": "2023-11-14T23:13:20Z",
      "query.searchDepth": "1500",
    });
    const { summaries } = (await server.get(`/api/v3/trace-summaries?${query}`)) as {
      readonly summaries: readonly Members[];
    };
    expect(summaries).toHaveLength(3);
    for (const summary of summaries) expectSummary(summary);
    expect(summaries.find(({ traceId }) => traceId === traceIdOf("zipkin"))).toMatchObject({
      rootServiceName: "web",
      spanCount: 3,
      services: [
        { name: "app", spanCount: 1 },
        { name: "web", spanCount: 2 },
      ],
    });
  });

  it("for a trace that Zipkin's spans share an id in: each span has one of its own", async () => {
    const { result } = (await server.get(`/api/v3/traces/${traceIdOf("zipkin")}`)) as {
      readonly result: {
        readonly resourceSpans: readonly {
          readonly scopeSpans: readonly { readonly spans: readonly Members[] }[];
        }[];
      };
    };
    const spans = result.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((each) => each.spans));
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(3);
    const client = spans.find(({ kind }) => kind === 3);
    expect(spans.find(({ kind }) => kind === 2)?.["parentSpanId"]).toBe(client?.["spanId"]);
  });
});
