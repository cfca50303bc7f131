/** Bytes and lengths of time as people write them. */

const BYTES_BY_UNIT: Readonly<Record<string, number>> = Object.freeze({
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 1024,
  MIB: 1024 ** 2,
  GIB: 1024 ** 3,
  TIB: 1024 ** 4,
});

const MILLIS_BY_UNIT: Readonly<Record<string, number>> = Object.freeze({
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
});

/**
 * Bytes of `10GiB`, `1.5 MB` or `4096` (units B, KB, MB, GB, TB and KiB, MiB, GiB, TiB in any case); undefined when
 * the text is none, or no whole number of bytes.
 */
export function bytesFromText(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?([kmgt]i?b|b)?$/i.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (BYTES_BY_UNIT[(match[2] ?? "B").toUpperCase()] as number);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Milliseconds of `75s`, `7d`, `1h30m` or `250ms`; undefined when the text is none, or not whole milliseconds. */
export function millisFromText(text: string): number | undefined {
  if (!/^(?:\d{1,12}(?:\.\d{1,6})?(?:ms|[smhd]))+$/.test(text)) return undefined;
  let millis = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|[smhd])/g)) {
    millis += Number(amount) * (MILLIS_BY_UNIT[unit as string] as number);
  }
  return Number.isSafeInteger(millis) ? millis : undefined;
}

/** The shortest exact text of a number of bytes in binary units: `10GiB`. */
export function textFromBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let amount = bytes;
  while (amount !== 0 && amount % 1024 === 0 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${amount}${units[unit]}`;
}

/** The exact text of a number of milliseconds: `7d`, `1h30m`, `250ms`. */
export function textFromMillis(millis: number): string {
  let text = "";
  let rest = millis;
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const size = MILLIS_BY_UNIT[unit] as number;
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text === "" ? "0s" : text;
}
