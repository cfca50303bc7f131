/** Minutes of checkouts that spend their time in one call or another, for tests of what changes over time. */

import type { Span } from "../../src/model/span.ts";
import { LiveStatistics } from "../../src/rollup/live-statistics.ts";
import { BatchFeed } from "./otlp-fixture.ts";
import { BUILDER_START_UNIX_NANO, buildSpan } from "./trace-builder.ts";

/** Start of the first minute, in milliseconds since the epoch: the builder's, up to a whole minute. */
export const FIRST_MINUTE_UNIX_MILLIS: number =
  Math.ceil(Number(BUILDER_START_UNIX_NANO / 1_000_000n) / 60_000) * 60_000;

/** Minute 0 after the builder's start. */
const OFFSET_MILLIS = FIRST_MINUTE_UNIX_MILLIS - Number(BUILDER_START_UNIX_NANO / 1_000_000n);

/** 100 ms a checkout: 30 of its own, then a call to `slow` that takes so much of it, then a call to `log`. */
export function checkout(name: string, atMillis: number, slow: string, slowMillis: number): Span[] {
  const at = OFFSET_MILLIS + atMillis;
  const middle = at + 30 + slowMillis;
  return [
    buildSpan(name, { id: "root", service: "shop", name: "checkout", kind: "SERVER", at: [at, at + 100] }),
    buildSpan(name, {
      id: "slow",
      parent: "root",
      service: slow,
      name: "work",
      kind: "SERVER",
      at: [at + 30, middle],
    }),
    buildSpan(name, { id: "log", parent: "root", service: "log", name: "write", at: [middle, at + 100] }),
  ];
}

/** Statistics whose time is told minute by minute. */
export class MinuteTraffic {
  readonly live: LiveStatistics;
  readonly feed: BatchFeed;
  #minute: number;

  /** @param firstMinute number of the first minute: some were before a restart */
  constructor(live: LiveStatistics = new LiveStatistics(), firstMinute = 0) {
    this.live = live;
    this.#minute = firstMinute;
    this.feed = new BatchFeed({ append: (committed) => live.append(committed, this.#nowMillis) });
  }

  /** Twenty checkouts in the next minute; then time goes on to when that minute has been looked at. */
  minute(slow: string, slowMillis: number, traces = 20): void {
    const startMillis = this.#minute * 60_000;
    this.feed.arrivalUnixMillis = FIRST_MINUTE_UNIX_MILLIS + startMillis;
    for (let number = 0; number < traces; number++) {
      this.feed.append(...checkout(`m${this.#minute} t${number}`, startMillis + number, slow, slowMillis));
    }
    this.#minute++;
    while (
      this.live.tick(this.#nowMillis + 45_000, FIRST_MINUTE_UNIX_MILLIS / 1_000 + this.#minute * 60 + 30)
    ) {
      // More traces are due.
    }
  }

  /** Of the window's clock, which has its own zero. */
  get #nowMillis(): number {
    return this.#minute * 60_000;
  }
}
