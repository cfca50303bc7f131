/** Long work in slices, so that requests of others are served in between. */

import { TracAggError } from "./errors.ts";
import { LoopTurns } from "./loop-turns.ts";

/** How long work may hold the event loop before it lets others run. */
const SLICE_MILLIS = 8;
/** Looking at the clock costs about as much as looking at a span, so it is done once in so many steps. */
const STEPS_BETWEEN_LOOKS = 32;

/** All long work of the process goes on one slice after the other, however many queries run. */
const TURNS = new LoopTurns();

/** Work that may be interrupted: yields how much it did since the last yield (in spans or so), returns its result. */
export type Steps<Result> = Generator<number, Result, void>;

/** Does work without a pause: for threads of their own, and for what is known to be short. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/**
 * Does work in slices; what is over before its first yield is returned as it is, without a promise.
 *
 * @throws TracAggError `cancelled` when the signal of the slice was aborted meanwhile.
 *
 * @example
 * const rows = await inSlices(distinctRowsInSteps(all), slice);
 */
export function inSlices<Result>(steps: Steps<Result>, slice: TimeSlice): Result | Promise<Result> {
  const step = steps.next();
  return step.done === true ? step.value : restInSlices(steps, step.value, slice);
}

async function restInSlices<Result>(steps: Steps<Result>, done: number, slice: TimeSlice): Promise<Result> {
  if (slice.isOver(done)) await slice.rest();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (slice.isOver(step.value)) await slice.rest();
  }
}

/**
 * Paces a loop: ask {@link isOver} at each step, and when it says yes, await {@link rest}.
 *
 * @example
 * for (const trace of traces) {
 *   if (slice.isOver()) await slice.rest();
 * }
 */
export class TimeSlice {
  readonly #signal: AbortSignal | undefined;
  #steps = 0;
  #endsAt: number = performance.now() + SLICE_MILLIS;

  /** @throws TracAggError `cancelled` when the signal is aborted already. */
  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    throwIfAborted(signal);
  }

  /** True when it is time to let others run. `steps`: how much was done since the last call, in spans or so. */
  isOver(steps = 1): boolean {
    this.#steps += steps;
    if (this.#steps < STEPS_BETWEEN_LOOKS) return false;
    this.#steps = 0;
    return performance.now() >= this.#endsAt;
  }

  /**
   * Lets pending events of the process run, and slices of others that wait longer, then starts a new slice.
   *
   * @throws TracAggError `cancelled` when the signal was aborted meanwhile.
   */
  async rest(): Promise<void> {
    await TURNS.next();
    throwIfAborted(this.#signal);
    this.#endsAt = performance.now() + SLICE_MILLIS;
  }
}

/** Ends work nobody waits for. @throws TracAggError `cancelled` when the signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new TracAggError("cancelled", "the query was cancelled before its answer was ready", {
      cause: signal.reason,
    });
  }
}
