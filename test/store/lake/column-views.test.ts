/** Traces in view out of columns of a segment. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { conditionsOf } from "../../../src/filter/conditions/conditions-of.ts";
import { compilePipeline } from "../../../src/filter/evaluator/pipeline.ts";
import { attributeKey } from "../../../src/filter/evaluator/trace-view.ts";
import type { Pipeline } from "../../../src/filter/query-model.ts";
import { createLakeStore } from "../../../src/store/lake/lake-store.ts";
import { newViewTally } from "../../../src/store/trace-reader.ts";
import { parseQuery } from "../../../src/traceql/parse-query.ts";
import { BatchFeed } from "../../helpers/otlp-fixture.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { buildSpan } from "../../helpers/trace-builder.ts";

/** Longer than what the database keeps inside a string's own cell. */
const LONG = "a text of more than twelve bytes";

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let round = 0; round < 3; round++) collect();
}

it("keeps the memory of a page while its traces are looked at, whatever is collected meanwhile", async () => {
  const store = createLakeStore({ dataDir: temporaryFolder() });
  await store.start();
  const spans = Array.from({ length: 6_000 }, (_, index) =>
    buildSpan(`t${index}`, {
      id: "root",
      service: `${LONG} ${index % 7}`,
      at: [index, index + 1],
      attributes: { text: `${LONG} ${index % 11}`, number: BigInt(index) },
    }),
  );
  new BatchFeed(store).append(...spans);
  await store.flush();
  const pipeline = parseQuery("{ span.text != nil && span.number >= 0 }").expression as Pipeline;
  const tally = newViewTally();
  const scan = store.scanViews(
    {},
    { needs: compilePipeline(pipeline), where: conditionsOf(pipeline), tally, limit: 6_000 },
  );
  let seen = 0;
  for await (const { view } of scan) {
    const index = spans.length - 1 - seen++;
    if (index % 1_000 === 0) {
      collectGarbage();
      // Memory that was given back is written over.
      await store.search({}, { limit: 1_000 });
    }
    expect([view.serviceName(0), view.spanAttribute(0, attributeKey("text"))]).toEqual([
      `${LONG} ${index % 7}`,
      `${LONG} ${index % 11}`,
    ]);
    expect(view.spanAttribute(0, attributeKey("number"))).toBe(BigInt(index));
  }
  expect([seen, tally.tracesByColumns]).toEqual([6_000, 6_000]);
  await store.stop();
});
