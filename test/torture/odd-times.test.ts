/**
 * Spans that come hours late, out of order, twice, that end before they start, at zero or in the far future, and a
 * clock that steps back: over seals and restarts, killed or clean, every answer is that of a plain list of the spans.
 */

import { expect, test, vi } from "vitest";
import type { Random } from "../../bench/random.ts";
import { createRandom } from "../../bench/random.ts";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import type { TraceQuery } from "../../src/filter/trace-query.ts";
import { makeSpan } from "../../src/model/make-span.ts";
import type { Span } from "../../src/model/span.ts";
import { searchAll, spansOf } from "../contract/trace-store-handle.ts";
import { compareAnswers } from "../contract/trace-store-properties.ts";
import { naiveTraces, spanText } from "../helpers/naive-store.ts";
import { diskError, RecordingFileLayer } from "../helpers/recording-file-layer.ts";
import type { Parts } from "../helpers/server-parts.ts";
import { startParts } from "../helpers/server-parts.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { buildSpan, traceIdOf } from "../helpers/trace-builder.ts";
import { roundsOf, SEED, sizeOf, timeLimitMillis } from "./scale.ts";

const ROUNDS = roundsOf({ short: 2, long: 20 });
const STEPS = sizeOf({ short: 24, long: 60 });
const HOUR_MILLIS = 3_600_000;
const SEAL_AGE_MILLIS = 5 * 60_000;
const DAY_MILLIS = 24 * HOUR_MILLIS;
const MAX_NANOS = 2n ** 64n - 1n;
const YEAR_NANOS = 365n * 24n * 3_600n * 1_000_000_000n;
const SERVICES = ["shop", "cart", "bank"];
const EXACTLY: TraceQuery[] = SERVICES.map((serviceName) => ({ serviceName }));

/** A clock that goes where the test wants it, also back. */
class SteppingClock {
  millis = 1_700_000_000_000;
  nowMillis = (): number => this.millis;
  get nanos(): bigint {
    return BigInt(this.millis) * 1_000_000n;
  }
}

/** Start and end as careless senders make them. */
function oddTimes(random: Random, now: bigint): readonly [bigint, bigint] {
  const hour = 3_600_000_000_000n;
  const late = now - BigInt(1 + random.below(72)) * hour;
  return random.pick<readonly [bigint, bigint]>([
    [now, now + 5_000_000n],
    [now + BigInt(random.below(1_000)), now + 1_000_000n],
    [late, late + 7_000_000n],
    [now, now - hour],
    [now, now],
    [0n, 0n],
    [0n, now],
    [now, 0n],
    [now + 500n * YEAR_NANOS, now + 500n * YEAR_NANOS + 1n],
    [MAX_NANOS, MAX_NANOS],
    [MAX_NANOS, 0n],
    [0n, MAX_NANOS],
  ]);
}

/** One server's life after another on one folder, and every span that was acknowledged. */
class Walk {
  readonly #random: Random;
  readonly #clock = new SteppingClock();
  readonly #requests: (readonly Span[])[] = [];
  #folder = temporaryFolder();
  #disk: RecordingFileLayer | undefined;
  #parts: Parts | undefined;
  #spans = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  async run(): Promise<void> {
    await this.#start();
    for (let step = 0; step < STEPS; step++) {
      await this.#step();
      this.#parts?.tick();
      if (step % 6 === 5) await this.#compare();
    }
    await this.#restart();
    await this.#compare();
    await this.#parts?.stop();
  }

  get spans(): number {
    return this.#requests.flat().length;
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const again = random.pick([[], ...this.#requests]);
    const steps: readonly (() => Promise<void> | void)[] = [
      () => this.#send(this.#newSpans()),
      () => this.#send(this.#newSpans()),
      () => this.#send(this.#newSpans()),
      // The same request again, as exporters do when an answer was lost; then a part of it, mixed with new spans.
      () => this.#send(again),
      () => this.#send([...again.filter(() => random.below(2) === 0), ...this.#newSpans()]),
      () => this.#parts!.store.flush(),
      () => this.#moveClock(random.below(10) * HOUR_MILLIS),
      () => this.#moveClock(-random.below(30) * HOUR_MILLIS),
      () => this.#restart(),
    ];
    await random.pick(steps)();
  }

  /** In any order, so that children come before their parents and traces go on after they were sealed. */
  #newSpans(): Span[] {
    const random = this.#random;
    return Array.from({ length: 1 + random.below(5) }, () => {
      const [start, end] = oddTimes(random, this.#clock.nanos);
      const number = this.#spans++;
      const service = random.pick(SERVICES);
      return makeSpan({
        traceId: traceIdOf(`trace ${random.below(12)}`),
        spanId: (number + 1).toString(16).padStart(16, "0"),
        parentSpanId: (1 + random.below(50)).toString(16).padStart(16, "0"),
        name: `step ${number % 5}`,
        kind: "SERVER",
        status: number % 7 === 0 ? "ERROR" : "UNSET",
        startTimeUnixNano: start,
        endTimeUnixNano: end,
        attributes: { number: BigInt(number) },
        resource: { attributes: { "service.name": service }, droppedAttributesCount: 0, schemaUrl: "" },
      });
    });
  }

  async #send(spans: readonly Span[]): Promise<void> {
    if (spans.length === 0) return;
    const { acceptedSpans } = await this.#parts!.pipeline.submit({
      payload: encodeSpans(spans),
      transport: "otlp_grpc",
    });
    expect(acceptedSpans).toBe(spans.length);
    this.#requests.push(spans);
  }

  #moveClock(millis: number): void {
    this.#clock.millis += millis;
  }

  async #start(): Promise<void> {
    this.#disk = new RecordingFileLayer(this.#folder);
    this.#parts = await startParts(this.#folder, { clock: this.#clock, files: this.#disk });
  }

  /** After a clean stop, which seals, or on what a killed process leaves, which does not. */
  async #restart(): Promise<void> {
    const killed = temporaryFolder();
    this.#disk?.crashTo(killed, () => true);
    await this.#parts?.stop();
    if (this.#random.below(2) === 0) this.#folder = killed;
    await this.#start();
  }

  async #compare(): Promise<void> {
    const { store } = this.#parts!;
    const now = this.#clock.nanos;
    const ranges = [
      { startTimeUnixNano: now - 24n * 3_600_000_000_000n },
      { endTimeUnixNano: now },
      { startTimeUnixNano: 1n, endTimeUnixNano: now + YEAR_NANOS },
      { minDurationNanos: 1n },
    ];
    const sent = this.#requests.flat();
    await compareAnswers({ store }, sent, [{}, ...EXACTLY, ...ranges], 5);
    for (const { summary, spans } of naiveTraces(sent)) {
      const found = await spansOf(store, summary.traceId);
      expect(found.map(spanText).sort()).toEqual(spans.map(spanText).sort());
    }
  }
}

test("spans with any times, in any order, sent twice, by a clock that steps, are answered as a plain list of them", {
  timeout: timeLimitMillis(30),
}, async ({ annotate }) => {
  await annotate(`seed ${SEED}, ${ROUNDS} rounds of ${STEPS} steps`);
  for (let round = 0; round < ROUNDS; round++) {
    const walk = new Walk(createRandom(SEED + round));
    await walk.run().catch((error: Error) => {
      throw new Error(`round ${round} (seed ${SEED + round}): ${error.message}`, { cause: error });
    });
    await annotate(`round ${round}: ${walk.spans} spans`);
  }
});

async function send(parts: Parts, ...spans: readonly Span[]): Promise<void> {
  await parts.pipeline.submit({ payload: encodeSpans(spans), transport: "otlp_grpc" });
}

test("a span that comes hours late joins its trace, though that was sealed, and counts once when sent again", async () => {
  const folder = temporaryFolder();
  const clock = new SteppingClock();
  const early = buildSpan("checkout", { id: "root", service: "shop", kind: "SERVER", at: [0, 100] });
  const late = buildSpan("checkout", { id: "late", parent: "root", service: "shop", at: [10, 20] });
  let parts = await startParts(folder, { clock });
  await send(parts, early);
  await parts.store.flush();
  clock.millis += 5 * HOUR_MILLIS;
  await send(parts, late);
  await send(parts, early);
  await send(parts, late, early);
  for (let life = 0; life < 2; life++) {
    expect(await spansOf(parts.store, early.traceId)).toEqual([early, late]);
    expect((await searchAll(parts.store, {})).map(({ spanCount }) => spanCount)).toEqual([2]);
    const statistics = await parts.store.serviceStatistics({});
    expect(statistics.map(({ serviceName, spanCount }) => [serviceName, spanCount])).toEqual([["shop", 2]]);
    await parts.stop();
    parts = await startParts(folder, { clock });
  }
  await parts.stop();
});

test("age counts from arrival: old spans that come now stay their term, whatever the clock does back", async () => {
  const folder = temporaryFolder();
  const clock = new SteppingClock();
  const store = { retentionAgeMillis: 7 * DAY_MILLIS };
  const monthOld = buildSpan("old", { id: "old", at: [-30 * DAY_MILLIS, -30 * DAY_MILLIS + 1] });
  const now = buildSpan("now", { id: "now", at: [0, 1] });
  let parts = await startParts(folder, { clock, store });
  await send(parts, monthOld);
  await parts.store.flush();
  clock.millis -= 2 * DAY_MILLIS;
  await send(parts, now);
  await parts.store.flush();
  const listed = async (): Promise<string[]> =>
    (await searchAll(parts.store, {})).map(({ traceId }) => traceId);
  const restart = async (): Promise<void> => {
    await parts.stop();
    parts = await startParts(folder, { clock, store });
  };
  await restart();
  expect(await listed()).toEqual([now.traceId, monthOld.traceId]);
  clock.millis += 8 * DAY_MILLIS;
  await restart();
  // "now" came two days before "old", by this clock.
  expect(await listed()).toEqual([monthOld.traceId]);
  clock.millis += 2 * DAY_MILLIS;
  await restart();
  expect(await listed()).toEqual([]);
  await parts.stop();
});

test("a clock that steps back does not prolong a pause after a full disk, nor the wait for a seal", async () => {
  const folder = temporaryFolder();
  const clock = new SteppingClock();
  const disk = new RecordingFileLayer(folder);
  const parts = await startParts(folder, { clock, files: disk, store: { sealAgeMillis: SEAL_AGE_MILLIS } });
  const sealedThrough = (position: number): Promise<void> =>
    vi.waitFor(() => expect(parts.store.coveredPosition()).toBe(position), { timeout: 10_000 });
  await send(parts, buildSpan("one", { id: "one", at: [0, 1] }));
  let hasFailed = false;
  disk.hook = ({ kind, bytes }) => {
    hasFailed ||= kind === "datasync";
    if (hasFailed && (kind === "datasync" || (kind === "write" && bytes > 0))) throw diskError("ENOSPC");
    return undefined;
  };
  // The first loses its file; the second finds that there is no other one, and so begins the pause.
  const refused = buildSpan("refused", { id: "refused", at: [0, 1] });
  for (let count = 0; count < 2; count++) {
    await expect(send(parts, refused)).rejects.toMatchObject({ code: "unavailable" });
  }
  await expect(parts.store.flush()).rejects.toMatchObject({ code: "unavailable" });
  disk.hook = () => undefined;
  await expect(send(parts, refused)).rejects.toMatchObject({ code: "unavailable" });
  clock.millis -= 2 * DAY_MILLIS;
  await send(parts, buildSpan("two", { id: "two", at: [0, 1] }));
  clock.millis += SEAL_AGE_MILLIS;
  parts.tick();
  await sealedThrough(1);
  clock.millis += 2 * DAY_MILLIS;
  await send(parts, buildSpan("three", { id: "three", at: [0, 1] }));
  clock.millis -= 2 * DAY_MILLIS;
  parts.tick();
  await sealedThrough(2);
  expect((await searchAll(parts.store, {})).map(({ traceId }) => traceId).sort()).toEqual(
    ["one", "two", "three"].map(traceIdOf).sort(),
  );
  await parts.stop();
});
