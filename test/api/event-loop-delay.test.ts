import { expect, it } from "vitest";
import { EventLoopDelay } from "../../src/api/health/event-loop-delay.ts";
import { createPrometheusMetrics } from "../../src/api/health/prometheus-metrics.ts";

const HELD_MILLIS = 120;

/** Holds the event loop, then lets the timer that measures it fire. */
async function holdTheLoop(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 30));
  const until = performance.now() + HELD_MILLIS;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 30));
}

const longestOf = (delay: EventLoopDelay): number =>
  delay.quantiles().find(({ quantile }) => quantile === 1)!.seconds;

it("tells the longest delay to everybody who asks within a minute, and forgets it after two", async () => {
  let nowMillis = 0;
  const delay = new EventLoopDelay(() => nowMillis);
  await holdTheLoop();
  const heldSeconds = (HELD_MILLIS - 30) / 1_000;
  expect(longestOf(delay)).toBeGreaterThan(heldSeconds);
  expect(longestOf(delay)).toBeGreaterThan(heldSeconds);
  nowMillis = 60_000;
  expect(longestOf(delay)).toBeGreaterThan(heldSeconds);
  nowMillis = 120_000;
  // The window that follows began after the delay, and has seen next to nothing yet.
  expect(longestOf(delay)).toBeLessThan(heldSeconds);
});

it("is a metric by quantile", async () => {
  const text = await createPrometheusMetrics().render();
  const quantiles = [...text.matchAll(/^tracagg_event_loop_delay_seconds\{quantile="(\S+)"\} \S+$/gm)];
  expect(quantiles.map(([, quantile]) => quantile)).toEqual(["0.5", "0.99", "1"]);
});
