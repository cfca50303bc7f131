import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ERROR_TABLE } from "../../src/base/errors.ts";
import type { ApiServer } from "./api-fixture.ts";
import { CHECKOUT_ID, startApi, workerSpan } from "./api-fixture.ts";

let api: ApiServer;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const TIMES =
  "an RFC 3339 time (2026-01-31T12:00:00Z), an epoch time in s, ms, us or ns, now, or a time back from now such as -1h (units s m h d)";
const MILLIS = "a number of milliseconds from 0, at most six digits after the point (12.5)";
const FILTER =
  "service, operation, rootService, rootOperation, minDurationMs, maxDurationMs, hasErrors, attribute, start, end";
const NO_ATTRIBUTES = {
  attributeKeys: () => Promise.resolve({ keys: [], isWhole: true }),
  attributeValues: () => Promise.resolve({ values: [], isWhole: true }),
};
const TEXT = "a text, or no such parameter at all";

describe("a refused request", () => {
  it.each([
    ["traces?service=", "service", `service: expected ${TEXT}, got ""`],
    ["traces?operation=", "operation", `operation: expected ${TEXT}, got ""`],
    ["traces?rootService=", "rootService", `rootService: expected ${TEXT}, got ""`],
    ["traces?rootOperation=", "rootOperation", `rootOperation: expected ${TEXT}, got ""`],
    ["traces?minDurationMs=fast", "minDurationMs", `minDurationMs: expected ${MILLIS}, got "fast"`],
    ["traces?maxDurationMs=-1", "maxDurationMs", `maxDurationMs: expected ${MILLIS}, got "-1"`],
    [
      "traces?minDurationMs=5&maxDurationMs=4.5",
      "maxDurationMs",
      "maxDurationMs: expected at least minDurationMs (5), got 4.5",
    ],
    ["traces?hasErrors=yes", "hasErrors", 'hasErrors: expected true or false, got "yes"'],
    [
      "traces?attribute=novalue",
      "attribute",
      'attribute: expected key=value (http.response.status_code=500), got "novalue"',
    ],
    [
      "traces?attribute==1",
      "attribute",
      'attribute: expected key=value (http.response.status_code=500), got "=1"',
    ],
    ["traces?start=yesterday", "start", `start: expected ${TIMES}, got "yesterday"`],
    ["traces?end=-1y", "end", `end: expected ${TIMES}, got "-1y"`],
    ["traces?start=now&end=-1h", "end", 'end: expected a time after start "now", got "-1h"'],
    ["traces?pageSize=0", "pageSize", 'pageSize: expected a whole number from 1 to 1000, got "0"'],
    ["traces?pageSize=1001", "pageSize", 'pageSize: expected a whole number from 1 to 1000, got "1001"'],
    ["traces?pageSize=2.5", "pageSize", 'pageSize: expected a whole number from 1 to 1000, got "2.5"'],
    [
      "traces?pageToken=abc",
      "pageToken",
      "pageToken: expected a nextPageToken of an earlier answer, unchanged",
    ],
    ["traces?service=a&service=b", "service", "service: expected once, got 2 times"],
    [
      "traces?min_duration=5",
      "min_duration",
      `unknown query parameter "min_duration": expected q, spansShown, ${FILTER}, pageSize, pageToken; did you mean "minDurationMs"?`,
    ],
    [
      "traces?xyzzyplugh=1",
      "xyzzyplugh",
      `unknown query parameter "xyzzyplugh": expected q, spansShown, ${FILTER}, pageSize, pageToken`,
    ],
    [
      "traces?constructor=1",
      "constructor",
      expect.stringContaining('unknown query parameter "constructor": expected'),
    ],
    ["services?limit=5", "limit", 'unknown query parameter "limit": none is expected here'],
    [
      "attributes?level=spn",
      "level",
      'level: expected one of span, resource, event, link, instrumentation, intrinsic (did you mean "span"?), got "spn"',
    ],
    ["attributes?limit=0", "limit", 'limit: expected a whole number from 1 to 10000, got "0"'],
    ["attributes?start=now&end=-1h", "end", 'end: expected a time after start "now", got "-1h"'],
    ["attributes/values", "key", "key: is required; add ?key=..."],
    [
      "attributes/values?level=intrinsic&key=span:colour",
      "key",
      expect.stringContaining("key: expected one of trace:duration, "),
    ],
    ["complete?position=-1", "position", 'position: expected a whole number from 0 to 1000000, got "-1"'],
    ["complete?limit=1001", "limit", 'limit: expected a whole number from 1 to 1000, got "1001"'],
    ["operations", "service", "service: is required; add ?service=..."],
    [
      `traces/${CHECKOUT_ID}?format=zipkn`,
      "format",
      'format: expected one of tracagg, otlp, jaeger, zipkin (did you mean "zipkin"?), got "zipkn"',
    ],
    [
      "traces/xyz",
      "traceId",
      'traceId: expected 32 hex digits, not all zero (or 16, for a 64-bit id), got "xyz"',
    ],
    [
      `traces/${"0".repeat(32)}/critical-path`,
      "traceId",
      `traceId: expected 32 hex digits, not all zero (or 16, for a 64-bit id), got "${"0".repeat(32)}"`,
    ],
    [
      `traces/${CHECKOUT_ID}/bottlenecks?thresholdMs=x`,
      "thresholdMs",
      `thresholdMs: expected ${MILLIS}, got "x"`,
    ],
    ["dependencies?format=dot", "format", 'format: expected one of list, graph, got "dot"'],
    [
      "statistics/performance?pageSize=5",
      "pageSize",
      `unknown query parameter "pageSize": expected ${FILTER}`,
    ],
    ["statistics/services?end=x", "end", `end: expected ${TIMES}, got "x"`],
  ])("says of %s what is wrong with %s", async (path, field, detail) => {
    const response = await api.fetch(`/api/v1/${path}`);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect([response.status, await response.json()]).toEqual([
      400,
      {
        type: "urn:tracagg:error:invalid_argument",
        title: ERROR_TABLE.invalid_argument.meaning,
        status: 400,
        code: "invalid_argument",
        detail,
        field,
        instance: `/api/v1/${path.replace(/\?.*/, "")}`,
      },
    ]);
  });

  it("names no field when there are simply too many parameters", async () => {
    const response = await api.fetch(`/api/v1/traces?${"attribute=a=1&".repeat(201)}`);
    expect(await response.json()).toMatchObject({
      status: 400,
      detail: "expected at most 200 query parameters, got 201",
    });
  });

  it("refuses a page token of another search", async () => {
    const two = await startApi([[1, 2].map(workerSpan)]);
    const { nextPageToken } = (await two.get("/api/v1/traces?pageSize=1")) as { nextPageToken: string };
    const response = await two.fetch(`/api/v1/traces?service=worker&pageToken=${nextPageToken}`);
    expect(await response.json()).toMatchObject({ code: "invalid_argument", field: "pageToken" });
    await two.stop();
  });

  it.each(["", "/critical-path", "/bottlenecks", "?format=otlp"])(
    "is 404 for an unknown trace id (%s)",
    async (rest) => {
      const response = await api.fetch(`/api/v1/traces/${"a".repeat(32)}${rest}`);
      expect([response.status, await response.json()]).toMatchObject([
        404,
        {
          code: "not_found",
          field: "traceId",
          detail: `no trace ${"a".repeat(32)} is stored; it may not have arrived yet, or retention has removed it`,
        },
      ]);
    },
  );

  it("is 413 for a trace with more spans than one answer may hold", async () => {
    const limited = await startApi(undefined, { limits: { maxSpansPerAnswer: 2 } });
    const response = await limited.fetch(`/api/v1/traces/${CHECKOUT_ID}`);
    expect([response.status, await response.json()]).toMatchObject([
      413,
      { code: "too_large", detail: `trace ${CHECKOUT_ID} has 3 spans; one answer holds at most 2` },
    ]);
    await limited.stop();
  });

  it.each(["/api/v2/traces", "/api/v1", "/api/v1/nothing", "/favicon.ico", "/API/v1/services"])(
    "is 404 for the unknown path %s",
    async (path) => {
      const response = await api.fetch(path);
      expect([response.status, await response.json()]).toMatchObject([
        404,
        { code: "not_found", detail: `there is no ${path} here; /openapi.json lists what there is` },
      ]);
    },
  );

  it.each(["/api/v1/traces", "/healthz", "/openapi.json", "/"])(
    "is 405 with Allow for another method on %s",
    async (path) => {
      const response = await api.fetch(path, { method: "POST" });
      expect(response.headers.get("allow")).toBe("GET, HEAD, OPTIONS");
      expect([response.status, await response.json()]).toMatchObject([
        405,
        { code: "method_not_allowed", detail: `${path}: expected GET, HEAD, OPTIONS, got POST` },
      ]);
    },
  );

  it("is 400 for a path that is no valid percent-encoding", async () => {
    const response = await api.fetch("/api/v1/traces/%E0%A4%A");
    expect([response.status, await response.json()]).toMatchObject([400, { code: "invalid_argument" }]);
  });

  it("shows nothing of the cause of a fault, and logs it", async () => {
    const broken = await startApi(undefined, {
      catalogue: {
        services: () => Promise.reject(new Error("cannot open /secret/path")),
        operations: () => Promise.resolve([]),
        ...NO_ATTRIBUTES,
      },
    });
    const response = await broken.fetch("/api/v1/services");
    const body = await response.text();
    expect(response.status).toBe(500);
    expect(body).not.toContain("secret");
    expect(JSON.parse(body)).toMatchObject({
      code: "internal",
      detail: "something went wrong inside TracAgg; the server's log has the cause",
    });
    expect(broken.logged).toMatchObject([
      {
        message: "request failed",
        fields: { path: "/api/v1/services", code: "internal", message: "cannot open /secret/path" },
      },
    ]);
    await broken.stop();
  });

  it("is 503 with Retry-After when too many queries run and wait", async () => {
    const busy = await startApi(undefined, {
      limits: { maxRunning: 1, maxWaiting: 0, timeLimitMillis: 60_000 },
      catalogue: {
        services: () => new Promise(() => {}),
        operations: () => Promise.resolve([]),
        ...NO_ATTRIBUTES,
      },
    });
    const first = busy.fetch("/api/v1/services").catch(() => "cut");
    const refused = await untilStatus(busy, "/api/v1/operations?service=a", 503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await refused.json()).toMatchObject({ code: "overloaded", status: 503 });
    await busy.stop();
    expect(await first).toBe("cut");
  });

  it("is 504 when the time is up", async () => {
    const slow = await startApi(undefined, {
      limits: { timeLimitMillis: 5 },
      catalogue: {
        services: () => new Promise(() => {}),
        operations: () => Promise.resolve([]),
        ...NO_ATTRIBUTES,
      },
    });
    const response = await slow.fetch("/api/v1/services");
    expect([response.status, await response.json()]).toMatchObject([504, { code: "deadline_exceeded" }]);
    await slow.stop();
  });
});

describe("a server bound to loopback", () => {
  it.each([
    ["localhost", 200],
    ["127.0.0.1:16686", 200],
    ["[::1]:16686", 200],
    ["shop.localhost:16686", 200],
    ["LOCALHOST", 200],
    ["proxy.internal", 200],
    ["evil.example", 400],
    ["127.0.0.1.evil.example", 400],
    ["localhost.evil.example:16686", 400],
  ])("answers Host %s with %i", async (host, status) => {
    const guarded = await startApi(undefined, { loopbackHosts: ["proxy.internal"] });
    expect(await statusWithHost(guarded.port, host)).toBe(status);
    await guarded.stop();
  });

  it("is open to any Host when bound elsewhere", async () => {
    expect(await statusWithHost(api.port, "tracagg.example")).toBe(200);
  });
});

/** Asks again until the other request has taken its place; the test's time limit ends a wait in vain. */
async function untilStatus(server: ApiServer, path: string, status: number): Promise<Response> {
  for (;;) {
    const response = await server.fetch(path);
    if (response.status === status) return response;
  }
}

/** `fetch` does not let the Host header be set. */
function statusWithHost(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", path: "/healthz", headers: { host } }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode));
    });
    sent.once("error", reject);
    sent.end();
  });
}
