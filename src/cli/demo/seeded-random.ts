/** Random numbers that a seed decides: the demo's shop is the same shop every time. */

/** A stream of random choices. */
export interface SeededRandom {
  /** From 0 to below 1. */
  next(): number;
  /** Whole number from `least` to `most`, both inclusive. */
  whole(least: number, most: number): number;
  /** One element of a list that is not empty. */
  pick<Element>(list: readonly Element[]): Element;
  /** True with a probability of 0 to 1. */
  chance(probability: number): boolean;
  /** Lower-case hex digits, never all zero. */
  hex(digits: number): string;
}

/** mulberry32 by Tommy Ettinger (public domain): 32 bits of state, good enough for a shop. */
export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    whole,
    pick: (list) => list[whole(0, list.length - 1)] as (typeof list)[number],
    chance: (probability) => next() < probability,
    hex: (digits) => {
      // The first digit from 1: an id of zeros is none.
      let text = whole(1, 15).toString(16);
      while (text.length < digits) text += whole(0, 15).toString(16);
      return text;
    },
  };
}
