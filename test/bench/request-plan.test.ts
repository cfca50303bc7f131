import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { corpusTemplates } from "../../bench/corpus.ts";
import { createRequestBodies } from "../../bench/load/request-bodies.ts";
import type { RequestPlan } from "../../bench/load/request-plan.ts";
import { planRequests, sampleTraceIds } from "../../bench/load/request-plan.ts";
import { templateFromPayload } from "../../bench/payload-template.ts";
import { traceIdOf } from "../../src/batch/row-ids.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";

const templates = corpusTemplates();
const passSpans = templates.reduce((sum, { spanCount }) => sum + spanCount, 0);

function bodiesOf(plan: RequestPlan, isGzip = false, maxAheadBytes?: number) {
  const ahead = maxAheadBytes === undefined ? {} : { maxAheadBytes };
  return createRequestBodies(plan, { isGzip, nowMillis: () => 1_800_000_000_000, ...ahead });
}

function traceIdsOf(payload: Uint8Array): string[] {
  const { batch } = new OtlpRequestDecoder().decode(payload);
  return Array.from({ length: batch.rowCount }, (_, row) => traceIdOf({ batch, row }));
}

describe("a plan", () => {
  it("ends with the request that reaches the number of spans", () => {
    const plan = planRequests(templates, { spans: 10_000_000, seed: 1 });
    const last = plan.at(plan.requests - 1).template.spanCount;
    expect(plan.spans).toBeGreaterThanOrEqual(10_000_000);
    expect(plan.spans - last).toBeLessThan(10_000_000);
  });

  it("counts the requests, spans and bytes that it gives", () => {
    const plan = planRequests(templates, { spans: passSpans + 100, seed: 1 });
    const given = Array.from({ length: plan.requests }, (_, index) => plan.at(index).template);
    expect(plan.spans).toBe(given.reduce((sum, { spanCount }) => sum + spanCount, 0));
    expect(plan.bytes).toBe(given.reduce((sum, { bytes }) => sum + bytes.length, 0));
  });

  it("keeps traces together within a pass and apart between passes and seeds", () => {
    const plan = planRequests(templates, { spans: passSpans * 3, seed: 5 });
    const masks = Array.from({ length: plan.requests }, (_, index) =>
      Buffer.from(plan.at(index).mask).toString("hex"),
    );
    const others = planRequests(templates, { spans: passSpans, seed: 6 });
    expect(new Set(masks).size).toBe(3);
    expect(new Set(masks.slice(0, templates.length)).size).toBe(1);
    expect(masks).not.toContain(Buffer.from(others.at(0).mask).toString("hex"));
  });

  it("gives the same request whatever was asked before", () => {
    const plan = planRequests(templates, { spans: passSpans * 3, seed: 5 });
    const first = plan.at(0).mask;
    const far = plan.at(2 * templates.length).mask;
    expect(far).not.toEqual(first);
    expect(plan.at(0).mask).toEqual(first);
  });

  it("refuses a corpus without spans", () => {
    expect(() => planRequests([templateFromPayload(new Uint8Array())], { spans: 1, seed: 1 })).toThrow(
      "the corpus has no spans",
    );
  });

  it("names trace ids that its bodies have", () => {
    const plan = planRequests(templates, { spans: passSpans * 2, seed: 5 });
    const bodies = bodiesOf(plan);
    const sent = new Set<string>();
    for (let index = 0; index < plan.requests; index++) {
      for (const id of traceIdsOf(bodies.bodyAt(index).bytes)) sent.add(id);
    }
    const ids = sampleTraceIds(plan, 20);
    expect(ids).toHaveLength(20);
    expect(ids.filter((id) => !sent.has(id))).toEqual([]);
  });
});

describe("bodies", () => {
  const plan = planRequests(templates, { spans: 200, seed: 5 });

  it("end at the time they are made", () => {
    const { bytes } = bodiesOf(plan).bodyAt(0);
    expect(templateFromPayload(bytes).lastTimeUnixNano).toBe(1_800_000_000_000_000_000n);
  });

  it.each([
    ["all", undefined],
    ["one", 1],
  ])("are the same spans compressed, with %s of them made ahead", (_, maxAheadBytes) => {
    const plain = bodiesOf(plan);
    const compressed = bodiesOf(plan, true, maxAheadBytes);
    for (let index = 0; index < plan.requests; index++) {
      const { bytes, isGzip } = compressed.bodyAt(index);
      expect(isGzip).toBe(true);
      expect(traceIdsOf(gunzipSync(bytes))).toEqual(traceIdsOf(plain.bodyAt(index).bytes));
    }
  });
});
