import fc from "fast-check";
import { expect, test } from "vitest";
import { BatchQueue } from "../../src/batch/batch-queue.ts";
import type { CommittedBatch } from "../../src/batch/committed-batch.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

const BATCHES: readonly CommittedBatch[] = [0, 1, 2, 3].map((spans) => ({
  batch: batchOf(Array.from({ length: spans }, (_, at) => buildSpan("t", { id: `${at}`, at: [0, 1] }))),
  position: spans,
  arrivalUnixMillis: 0,
}));

test("batches come out in the order they went in, and what waits is counted, whatever the mix", () => {
  const stepArbitrary = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...BATCHES) },
    { weight: 4, arbitrary: fc.constant("shift" as const) },
    { weight: 1, arbitrary: fc.constant("clear" as const) },
  );
  fc.assert(
    fc.property(fc.array(stepArbitrary, { maxLength: 200 }), (steps) => {
      const queue = new BatchQueue();
      const model: CommittedBatch[] = [];
      for (const step of steps) {
        if (step === "shift") expect(queue.shift()).toBe(model.shift());
        else if (step === "clear") {
          queue.clear();
          model.length = 0;
        } else {
          queue.push(step);
          model.push(step);
        }
        expect([queue.spanCount, queue.byteCount, queue.isEmpty]).toEqual([
          model.reduce((sum, { batch }) => sum + batch.rowCount, 0),
          model.reduce((sum, { batch }) => sum + batch.payload.length, 0),
          model.length === 0,
        ]);
      }
    }),
  );
});
