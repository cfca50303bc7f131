import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSpan, spanIdOf, traceIdOf } from "../../helpers/trace-builder.ts";
import type { ApiServer } from "../api-fixture.ts";
import { startApi } from "../api-fixture.ts";

/** shop 0-`end` ms > db, which ends 10 ms earlier. */
function order(name: string, end: number) {
  return [
    buildSpan(name, { id: `${name}-root`, service: "shop", name: "order", kind: "SERVER", at: [0, end] }),
    buildSpan(name, {
      id: `${name}-db`,
      parent: `${name}-root`,
      service: "db",
      name: "select",
      at: [10, end - 10],
    }),
  ];
}

const SLOW = [
  ...order("slow", 60),
  buildSpan("slow", {
    id: "mail",
    parent: "slow-root",
    service: "mail",
    name: "send",
    at: [52, 58],
    status: "ERROR",
  }),
];
/** Enough call paths for a patch of more than 64 KiB. */
const WIDE = Array.from({ length: 400 }, (_, at) =>
  buildSpan("wide", {
    id: `wide-${at}`,
    ...(at === 0 ? {} : { parent: "wide-0" }),
    service: "shop",
    name: at === 0 ? "order" : `step ${String.fromCharCode(97 + (at % 26), 97 + Math.floor(at / 26))}`,
    at: [at, at + 1],
  }),
);

let api: ApiServer;
beforeAll(async () => {
  api = await startApi([order("usual", 40), SLOW, WIDE]);
});
afterAll(() => api.stop());

async function diff(body: unknown): Promise<readonly [number, unknown]> {
  const answer = await api.fetch("/tempo/api/v2/traces/diff", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return [answer.status, answer.status === 200 ? JSON.parse(text) : text];
}

const side = (name: string) => ({ traceId: traceIdOf(name), start: 1_699_999_000, end: 1_700_001_000 });
const figures = (
  spans: number,
  errors: number,
  [duration, self, critical]: readonly [number, number, number],
) => ({
  spans,
  errors,
  durationNanos: String(duration * 1e6),
  selfNanos: String(self * 1e6),
  criticalPathNanos: String(critical * 1e6),
});
const ROOT = { service: "shop", operation: "order", kind: "SERVER" };

describe("POST /api/v2/traces/diff", () => {
  it("gives a patch: what each call path was in the base and is in the other", async () => {
    expect(await diff({ base: side("usual"), compare: side("slow"), format: "trace-patch-v0" })).toEqual([
      200,
      {
        format: "trace-patch-v0",
        base: { traceId: traceIdOf("usual"), durationNanos: "40000000" },
        compare: { traceId: traceIdOf("slow"), durationNanos: "60000000" },
        deltaNanos: "20000000",
        operations: [
          {
            op: "replace",
            path: [ROOT, { service: "db", operation: "select", kind: "INTERNAL" }],
            base: figures(1, 0, [20, 20, 20]),
            compare: figures(1, 0, [40, 40, 40]),
            mostChanged: {
              baseSpanId: spanIdOf("usual-db"),
              compareSpanId: spanIdOf("slow-db"),
              deltaNanos: "20000000",
            },
          },
          {
            op: "replace",
            path: [ROOT],
            base: figures(1, 0, [40, 20, 20]),
            compare: figures(1, 0, [60, 14, 14]),
            mostChanged: {
              baseSpanId: spanIdOf("usual-root"),
              compareSpanId: spanIdOf("slow-root"),
              deltaNanos: "20000000",
            },
          },
          {
            op: "add",
            path: [ROOT, { service: "mail", operation: "send", kind: "INTERNAL" }],
            compare: figures(1, 1, [6, 6, 6]),
          },
        ],
        unchangedPaths: 0,
      },
    ]);
  });

  it("gives a summary, and with -composed the patch inside it while it is small", async () => {
    const [, summary] = await diff({
      base: side("usual"),
      compare: side("slow"),
      format: "trace-summary-v0-native",
    });
    expect(summary).toMatchObject({
      format: "trace-summary-v0-native",
      base: { traceId: traceIdOf("usual"), durationNanos: "40000000", spans: 2, errors: 0 },
      compare: { traceId: traceIdOf("slow"), durationNanos: "60000000", spans: 3, errors: 1 },
      delta: { durationNanos: "20000000", spans: 1, errors: 1 },
      servicesAdded: ["mail"],
      servicesRemoved: [],
      paths: { added: 1, removed: 0, moreOften: 0, lessOften: 0, changedTimes: 2, unchanged: 0, leftOut: 0 },
    });
    expect(summary).not.toHaveProperty("patch");
    const [, patch] = await diff({ base: side("usual"), compare: side("slow"), format: "trace-patch-v0" });
    const [, composed] = await diff({
      base: side("usual"),
      compare: side("slow"),
      format: "trace-summary-v0-composed",
    });
    expect(composed).toMatchObject({ format: "trace-summary-v0-composed", patch, servicesAdded: ["mail"] });
  });

  it("leaves a patch of more than 64 KiB out of the composed summary", async () => {
    const [status, composed] = await diff({
      base: side("usual"),
      compare: side("wide"),
      format: "trace-summary-v0-composed",
    });
    expect(status).toBe(200);
    expect(composed).not.toHaveProperty("patch");
    expect((composed as { patchBytes: number }).patchBytes).toBeGreaterThan(64 * 1024);
  });

  it.each([
    ["no json", 400, /^invalid body: /],
    [{ base: side("usual") }, 400, /^invalid compare: /],
    [{ base: { traceId: "typical" }, compare: side("usual") }, 400, /^invalid trace id: /],
    [{ base: side("usual"), compare: side("slow"), format: "words" }, 400, /^invalid format: /],
    [{ base: side("usual"), compare: side("absent") }, 404, /^no trace /],
  ])("refuses %j", async (body, status, text) => {
    const [got, said] = await diff(body);
    expect(got).toBe(status);
    expect(said).toMatch(text);
  });
});
