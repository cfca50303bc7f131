import { createConfig, lintFromString } from "@redocly/openapi-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OpenApiDocument } from "../../src/api/openapi/document.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, startApi } from "./api-fixture.ts";
import { schemaFaults } from "./schema-check.ts";

let api: ApiServer;
let document: OpenApiDocument;
beforeAll(async () => {
  api = await startApi();
  document = (await api.get("/openapi.json")) as OpenApiDocument;
});
afterAll(() => api.stop());

const TRACE = `/api/v1/traces/${CHECKOUT_ID}`;

/** Requests that between them use every endpoint and every format. */
const REQUESTS: readonly (readonly [path: string, request: string])[] = [
  ["/api/v1/traces", "/api/v1/traces?service=payment&attribute=ratio=0.5&pageSize=5&start=-1h&end=now"],
  ["/api/v1/traces/{traceId}", TRACE],
  ["/api/v1/traces/{traceId}", `${TRACE}?format=otlp`],
  ["/api/v1/traces/{traceId}", `${TRACE}?format=jaeger`],
  ["/api/v1/traces/{traceId}", `${TRACE}?format=zipkin`],
  ["/api/v1/traces/{traceId}/critical-path", `${TRACE}/critical-path`],
  ["/api/v1/traces/{traceId}/bottlenecks", `${TRACE}/bottlenecks?thresholdMs=1`],
  ["/api/v1/traces/{traceId}/findings", `${TRACE}/findings`],
  ["/api/v1/traces/{traceId}/what-if", `${TRACE}/what-if?service=payment&operation=Charge&percent=30`],
  ["/api/v1/traces/{traceId}/clock-skew", `${TRACE}/clock-skew?maxOffsetMs=1000`],
  ["/api/v1/statistics/what-if", "/api/v1/statistics/what-if?service=payment&hasErrors=true"],
  ["/api/v1/traces/{traceId}/compare", `${TRACE}/compare?with=${CHECKOUT_ID}`],
  ["/api/v1/compare", "/api/v1/compare?select=errors"],
  ["/api/v1/query", `/api/v1/query?step=30&since=2m&q=${encodeURIComponent("{ } | rate() by(name)")}`],
  ["/api/v1/services", "/api/v1/services"],
  ["/api/v1/operations", "/api/v1/operations?service=gateway"],
  ["/api/v1/attributes", "/api/v1/attributes?level=span&q=%7B%20status%20%3D%20error%20%26%26&prefix=http"],
  ["/api/v1/attributes/values", "/api/v1/attributes/values?key=http.response.status_code"],
  ["/api/v1/complete", "/api/v1/complete?q=%7B%20status%20%3D&position=10"],
  ["/api/v1/statistics/services", "/api/v1/statistics/services"],
  ["/api/v1/statistics/performance", "/api/v1/statistics/performance"],
  ["/api/v1/profile", "/api/v1/profile?maxNodes=2"],
  ["/api/v1/profile", "/api/v1/profile?format=speedscope"],
  ["/api/v1/profile/slow", "/api/v1/profile/slow"],
  ["/api/v1/bottlenecks", "/api/v1/bottlenecks?rank=total"],
  ["/api/v1/bottlenecks/events", "/api/v1/bottlenecks/events?since=0"],
  ["/api/v1/dependencies", "/api/v1/dependencies"],
  ["/api/v1/dependencies", "/api/v1/dependencies?format=graph"],
  ["/api/v1/graph", "/api/v1/graph?level=operation&focus=payment&hops=2&start=-1h"],
  ["/api/v1/topology", "/api/v1/topology?level=host&callerLevel=zone&focus=payment&hops=2&start=-1h"],
  ["/api/v1/topology", "/api/v1/topology"],
  ["/api/v1/red", "/api/v1/red?groupBy=kind&service=payment"],
  ["/api/v1/red/series", "/api/v1/red/series?start=-5m&stepSeconds=60&kind=SERVER"],
  ["/api/v1/status", "/api/v1/status"],
  ["/api/v1/exporters", "/api/v1/exporters"],
  ["/healthz", "/healthz"],
  ["/readyz", "/readyz"],
];

/** The schema the document gives for an answer. */
function schemaOf(path: string, status: number, contentType: string): Record<string, unknown> {
  const schema = document.paths[path]?.get.responses[status]?.content[contentType]?.schema;
  if (schema === undefined) throw new Error(`${path} has no ${status} of ${contentType} in the document`);
  return schema;
}

const faultsOf = (value: unknown, schema: Record<string, unknown>) =>
  schemaFaults(value, schema, document.components.schemas);

describe("/openapi.json", () => {
  it("passes the recommended rules without an error or a warning", async () => {
    const config = await createConfig({ extends: ["recommended"] });
    const problems = await lintFromString({
      source: JSON.stringify(document),
      absoluteRef: "openapi.json",
      config,
    });
    expect(problems.map(({ ruleId, message, severity }) => ({ ruleId, message, severity }))).toEqual([]);
  });

  it("describes no endpoint that these tests do not ask", () => {
    const asked = new Set([...REQUESTS.map(([path]) => path), "/metrics"]);
    expect(new Set(Object.keys(document.paths))).toEqual(asked);
  });

  it.each(REQUESTS)("describes what %s answers to %s", async (path, request) => {
    expect(faultsOf(await api.get(request), schemaOf(path, 200, "application/json"))).toEqual([]);
  });

  it.each(REQUESTS)("describes how %s refuses an unknown parameter (%s)", async (path, request) => {
    const response = await api.fetch(`${request}${request.includes("?") ? "&" : "?"}nonsense=1`);
    expect(response.status).toBe(400);
    expect(faultsOf(await response.json(), schemaOf(path, 400, "application/problem+json"))).toEqual([]);
  });

  it("names every parameter that an endpoint reads, and no other", async () => {
    const names = (path: string) =>
      document.paths[path]?.get.parameters.filter((each) => each.in === "query").map((each) => each.name);
    for (const [path, request] of REQUESTS) {
      const base = request.replace(/\?.*/, "");
      const problem = (await (await api.fetch(`${base}?zzzzzzzzzz=1`)).json()) as { detail: string };
      const list = names(path)?.join(", ");
      const expected = list === "" ? "none is expected here" : `expected ${list}`;
      expect(problem.detail).toBe(`unknown query parameter "zzzzzzzzzz": ${expected}`);
    }
  });

  it("notices a member too many or too few in an answer", () => {
    const schema = { $ref: "#/components/schemas/ServiceList" };
    expect(faultsOf({ services: ["a"], nextPageToken: "", more: 1 }, schema)).toEqual([
      "$: more is not in the schema",
    ]);
    expect(faultsOf({ services: [1] }, schema)).toEqual([
      "$: nextPageToken is missing",
      "$.services[0]: expected string, got number",
    ]);
  });
});
