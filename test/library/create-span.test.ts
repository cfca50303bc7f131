import { expect, test } from "vitest";
import { createSpan, createSpanId, createTraceId, SpanKind, SpanStatus } from "../../src/index.ts";

const clock = { nowMillis: () => 1_700_000_000_123 };
const traceId = "0123456789abcdef0123456789abcdef";
const minimum = { traceId, serviceName: "web", operationName: "GET /", durationMs: 1.5, clock };

test("trace ids are 32 hex digits, span ids 16, and no two are equal even at one instant", () => {
  const traceIds = new Set(Array.from({ length: 1_000 }, () => createTraceId(clock)));
  expect(traceIds.size).toBe(1_000);
  expect([...traceIds].every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  const spanIds = new Set(Array.from({ length: 1_000 }, () => createSpanId()));
  expect(spanIds.size).toBe(1_000);
  expect([...spanIds].every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
});

test("a span starts now and ends after its duration, with the defaults of a plain span", () => {
  const span = createSpan(minimum);
  expect(span).toMatchObject({
    traceId,
    parentSpanId: undefined,
    name: "GET /",
    operationName: "GET /",
    serviceName: "web",
    kind: "INTERNAL",
    status: "UNSET",
    startTime: "2023-11-14T22:13:20.123000000Z",
    endTime: "2023-11-14T22:13:20.124500000Z",
    startTimeUnixNano: 1_700_000_000_123_000_000n,
    endTimeUnixNano: 1_700_000_000_124_500_000n,
    durationMs: 1.5,
    attributes: {},
    tags: {},
    events: [],
    links: [],
    resource: { attributes: { "service.name": "web" } },
  });
  expect(span.spanId).toMatch(/^[0-9a-f]{16}$/);
});

test("everything given is in the span", () => {
  const span = createSpan({
    ...minimum,
    spanId: "00000000000000AA",
    parentSpanId: "00000000000000bb",
    kind: SpanKind.CLIENT,
    status: SpanStatus.ERROR,
    statusMessage: "no",
    attributes: { "db.system": "postgresql", rows: 3n },
    tags: { team: "a" },
    events: [{ name: "retry" }, { name: "late", timeUnixNano: 5n, attributes: { n: 1 } }],
    links: [{ traceId, spanId: "00000000000000cc" }],
    startTime: 1_000n,
  });
  expect(span).toMatchObject({
    spanId: "00000000000000aa",
    parentSpanId: "00000000000000bb",
    kind: "CLIENT",
    status: "ERROR",
    statusMessage: "no",
    attributes: { "db.system": "postgresql", rows: 3n },
    tags: { team: "a" },
    startTimeUnixNano: 1_000n,
    endTimeUnixNano: 1_501_000n,
  });
  expect(span.events).toEqual([
    { name: "retry", timeUnixNano: 1_000n, attributes: {}, droppedAttributesCount: 0 },
    { name: "late", timeUnixNano: 5n, attributes: { n: 1 }, droppedAttributesCount: 0 },
  ]);
  expect(span.links[0]).toMatchObject({ traceId, spanId: "00000000000000cc", flags: 0 });
});

test("a start may be ISO text, a Date or nanoseconds", () => {
  const starts = ["2023-11-14T22:13:20.000000001Z", new Date(1_700_000_000_000), 7n];
  expect(starts.map((startTime) => createSpan({ ...minimum, startTime }).startTimeUnixNano)).toEqual([
    1_700_000_000_000_000_001n,
    1_700_000_000_000_000_000n,
    7n,
  ]);
});

test.each([
  [{ traceId: "abc" }, 'traceId: expected 32 hex digits, not all zero, got "abc"'],
  [{ traceId: "0".repeat(32) }, "traceId: expected 32 hex digits, not all zero"],
  [{ spanId: "xyz" }, "spanId: expected 16 hex digits"],
  [{ parentSpanId: "" }, "parentSpanId: expected 16 hex digits"],
  [{ durationMs: -1 }, 'durationMs: expected a number of milliseconds, 0 or more, got "-1"'],
  [{ durationMs: Number.NaN }, "durationMs: expected a number"],
  [{ startTime: "yesterday" }, "startTime: expected ISO 8601"],
  [{ startTime: new Date(Number.NaN) }, "startTime: expected ISO 8601"],
  [{ startTime: -1n }, "startTime: expected ISO 8601"],
  [{ kind: "server" as never }, "kind: expected one of UNSPECIFIED, INTERNAL, SERVER"],
  [{ status: "toString" as never }, "status: expected one of UNSET, OK, ERROR"],
  [{ links: [{ traceId, spanId: "1" }] }, "links.spanId: expected 16 hex digits"],
])("%o is refused with a message that says how to mend it", (wrong, message) => {
  expect(() => createSpan({ ...minimum, ...wrong })).toThrow(message);
  expect(() => createSpan({ ...minimum, ...wrong })).toThrow(
    expect.objectContaining({ code: "invalid_argument" }),
  );
});
