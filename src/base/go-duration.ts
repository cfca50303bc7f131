/** Lengths of time as Go writes and reads them: Tempo and Jaeger, and who asks them, do. */

const NANOS_PER_SECOND = 1_000_000_000n;

/** A length of time as Go prints it: `1h2m3.5s`, `1.5ms`, `0s`. */
export function goDurationText(nanos: bigint): string {
  if (nanos < 0n) return `-${goDurationText(-nanos)}`;
  if (nanos === 0n) return "0s";
  if (nanos < 1_000n) return `${nanos}ns`;
  if (nanos < 1_000_000n) return `${decimal(nanos, 3)}µs`;
  if (nanos < NANOS_PER_SECOND) return `${decimal(nanos, 6)}ms`;
  const seconds = `${decimal(nanos % (60n * NANOS_PER_SECOND), 9)}s`;
  const minutes = nanos / (60n * NANOS_PER_SECOND);
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, "0");
  const fraction = digits.slice(-places).replace(/0+$/, "");
  return fraction === "" ? digits.slice(0, -places) : `${digits.slice(0, -places)}.${fraction}`;
}

const GO_DURATION = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const GO_PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const NANOS_OF: Readonly<Record<string, number>> = Object.freeze({
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
});

/** A length of time as Go writes it (`1h30m`, `1.5s`), in nanoseconds; undefined when it is none, or too long. */
export function nanosFromGoDuration(text: string): bigint | undefined {
  if (text === "0") return 0n;
  if (!GO_DURATION.test(text)) return undefined;
  let nanos = 0n;
  for (const [, amount = "", unit = ""] of text.matchAll(GO_PART)) {
    const [whole = "", fraction = ""] = amount.split(".");
    const unitNanos = BigInt(NANOS_OF[unit] as number);
    nanos += BigInt(whole || "0") * unitNanos;
    if (fraction !== "") nanos += (BigInt(fraction) * unitNanos) / 10n ** BigInt(fraction.length);
  }
  if (nanos >= 2n ** 63n) return undefined;
  return text.startsWith("-") ? -nanos : nanos;
}
