/** Whether something is more frequent in one set of traces than in another, or only seems to be. */

/** How often something comes in two sets of traces. */
export interface TwoCounts {
  readonly selectionCount: number;
  readonly selectionSize: number;
  readonly baselineCount: number;
  readonly baselineSize: number;
}

/** Shares of the two sets: 0 for an empty one. */
export function sharesOf(counts: TwoCounts): {
  readonly selectionShare: number;
  readonly baselineShare: number;
} {
  const { selectionCount, selectionSize, baselineCount, baselineSize } = counts;
  return {
    selectionShare: selectionSize === 0 ? 0 : selectionCount / selectionSize,
    baselineShare: baselineSize === 0 ? 0 : baselineCount / baselineSize,
  };
}

/** The two-proportion z with pooled variance: positive when it is more frequent in the selection; 0 when undefined. */
export function twoProportionZ(counts: TwoCounts): number {
  const { selectionCount, selectionSize, baselineCount, baselineSize } = counts;
  const pooled = (selectionCount + baselineCount) / (selectionSize + baselineSize);
  const variance = pooled * (1 - pooled) * (1 / selectionSize + 1 / baselineSize);
  if (!(variance > 0) || !Number.isFinite(variance)) return 0;
  const { selectionShare, baselineShare } = sharesOf(counts);
  return (selectionShare - baselineShare) / Math.sqrt(variance);
}

/**
 * The chance of a difference as large as this one when there is none: the larger of what z says and of twice the exact
 * tail (hypergeometric). z alone is too sure of itself where few traces have the thing, as is the rule for attributes
 * of many values and small selections.
 */
export function differenceChance(counts: TwoCounts, factorials: LogFactorials): number {
  return Math.max(normalChance(twoProportionZ(counts)), exactChance(counts, factorials));
}

/** The chance that a normal value lies as far from 0 as `z` on either side: 1 for 0, 0.0455 for 2. */
export function normalChance(z: number): number {
  const size = Math.abs(z);
  if (!Number.isFinite(size)) return 0;
  return size < SERIES_BELOW ? 1 - centralMass(size) : tailMass(size);
}

const SERIES_BELOW = 2;
const FRACTION_TERMS = 80;

/** The mass between -z and z, by the series of the error function; its terms fall fast where z is small. */
function centralMass(z: number): number {
  let term = z;
  let sum = z;
  for (let odd = 3; Math.abs(term) > sum * Number.EPSILON; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return 2 * sum * density(z);
}

/** The mass outside -z and z, by Laplace's continued fraction, which keeps its digits however small it gets. */
function tailMass(z: number): number {
  let fraction = z;
  for (let term = FRACTION_TERMS; term > 0; term--) fraction = z + term / fraction;
  return (2 * density(z)) / fraction;
}

function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** Logarithms of the factorials up to a number, made once for all tests of a comparison: 8 bytes each. */
export class LogFactorials {
  readonly #values: Float64Array;

  constructor(most: number) {
    this.#values = new Float64Array(most + 1);
    for (let number = 2; number <= most; number++) {
      this.#values[number] = (this.#values[number - 1] as number) + Math.log(number);
    }
  }

  /** Of how many subsets of a size there are, the logarithm. */
  logChoose(whole: number, part: number): number {
    const values = this.#values;
    return (values[whole] as number) - (values[part] as number) - (values[whole - part] as number);
  }
}

/**
 * Twice the chance that so many or more (fewer, when it is rarer in the selection) of the traces that have the thing
 * fall into the selection when the selection is drawn at random.
 *
 * @param factorials up to the size of both sets together.
 */
export function exactChance(counts: TwoCounts, factorials: LogFactorials): number {
  const { selectionCount, selectionSize, baselineCount, baselineSize } = counts;
  const whole = selectionSize + baselineSize;
  const having = selectionCount + baselineCount;
  if (selectionSize === 0 || baselineSize === 0) return 1;
  const isMore = selectionCount * whole >= having * selectionSize;
  // The chance of fewer in the selection is the chance of more in the baseline.
  const [count, size] = isMore ? [selectionCount, selectionSize] : [baselineCount, baselineSize];
  const logFirst =
    factorials.logChoose(having, count) +
    factorials.logChoose(whole - having, size - count) -
    factorials.logChoose(whole, size);
  let ratio = 1;
  let sum = 1;
  for (let at = count; at < Math.min(having, size) && ratio > sum * Number.EPSILON; at++) {
    ratio *= ((having - at) * (size - at)) / ((at + 1) * (whole - having - size + at + 1));
    sum += ratio;
  }
  return Math.min(1, 2 * Math.exp(logFirst) * sum);
}
