/** Whole numbers from their decimal text, exact however many digits they have. */

/** A 64-bit number has 20 digits; more than this is refused unread, since reading takes time quadratic in length. */
const MAX_LENGTH = 64;
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/;

/** The number `text` stands for (`12`, `-3`, `1.5e3`); undefined when it is no number or has a fraction. */
export function exactInteger(text: string): bigint | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole, fraction = "", exponent = "0"] = match;
  if (fraction === "" && exponent === "0") return BigInt(text);
  const significant = `${whole}${fraction}`.replace(/^0+(?=\d)/, "");
  const trimmed = significant.replace(/0+$/, "");
  if (trimmed === "") return 0n;
  const power = Number(exponent) - fraction.length + (significant.length - trimmed.length);
  if (power < 0 || power > MAX_LENGTH) return undefined;
  return BigInt(`${sign}${trimmed}${"0".repeat(power)}`);
}
