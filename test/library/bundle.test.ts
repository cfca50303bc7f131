import { fileURLToPath } from "node:url";
import { createContext, Script } from "node:vm";
import { build } from "vite";
import { beforeAll, expect, test } from "vitest";

const ENTRY = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
let bundle = "";

beforeAll(async () => {
  const result = await build({
    configFile: false,
    logLevel: "silent",
    build: { write: false, minify: true, lib: { entry: ENTRY, formats: ["iife"], name: "tracagg" } },
  });
  const outputs = Array.isArray(result) ? result : [result];
  bundle = outputs
    .flatMap((each) => ("output" in each ? each.output : []))
    .map((file) => (file.type === "chunk" ? file.code : ""))
    .join("");
});

/** Runs an expression after the bundle, in a world with what browsers have and nothing of Node. */
function inBrowser(expression: string): unknown {
  const context = createContext({ crypto: globalThis.crypto, TextDecoder, TextEncoder });
  new Script(bundle).runInContext(context);
  return new Script(expression).runInContext(context);
}

test("the library bundles for the browser without anything of Node", () => {
  expect(bundle).toContain("createTraceId");
  expect(bundle).not.toMatch(/["'`]node:|__vite-browser-external|\brequire\(|\bprocess\./);
});

test("the bundle makes ids and traces", () => {
  expect(inBrowser("tracagg.createTraceId()")).toMatch(/^[0-9a-f]{32}$/);
  expect(
    inBrowser(`{
      const traceId = tracagg.createTraceId();
      const aggregator = new tracagg.TraceAggregator();
      aggregator.ingestSpan(tracagg.createSpan({ traceId, serviceName: "web", operationName: "x", durationMs: 7 }));
      tracagg.criticalPath(aggregator.completeTrace(traceId)).byOperation[0].share;
    }`),
  ).toBe(1);
});

test("the bundle compares traces and sets of them", () => {
  expect(
    inBrowser(`{
      const traceOf = (durationMs) => {
        const traceId = tracagg.createTraceId();
        const span = tracagg.createSpan({ traceId, serviceName: "web", operationName: "x", durationMs });
        return { traceId, spans: [span] };
      };
      const cohort = new tracagg.Cohort();
      for (const durationMs of [1, 2, 3, 40]) tracagg.addTrace(cohort, traceOf(durationMs));
      const { selectionSize } = tracagg.compareCohorts(cohort, tracagg.slowTraces(cohort, 0.25));
      const { deltaNanos } = tracagg.traceDiff(traceOf(7), traceOf(9));
      [selectionSize, String(deltaNanos), tracagg.traceShape(traceOf(1)).set.length].join();
    }`),
  ).toBe("1,2000000,32");
});
