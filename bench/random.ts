/** Seeded random numbers, so that a corpus is the same bytes on every machine. */

/** Numbers in [0, 1), the same for the same seed. */
export interface Random {
  next(): number;
  /** A whole number from 0 up to but not including `bound`. */
  below(bound: number): number;
  pick<T>(choices: readonly T[]): T;
  /** `digits` lower-case hex digits. */
  hex(digits: number): string;
}

/** mulberry32: 32 bits of state, good enough to shape a corpus. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    next,
    below,
    pick: (choices) => choices[below(choices.length)] as (typeof choices)[number],
    hex: (digits) => Array.from({ length: digits }, () => below(16).toString(16)).join(""),
  };
}
