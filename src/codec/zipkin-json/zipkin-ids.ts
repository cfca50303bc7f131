/** Ids as Zipkin reads them: lower-case hex, shorter ones padded on the left. */

const LOWER_HEX = /^[0-9a-f]+$/;
const ONLY_ZEROS = /^0+$/;

/**
 * A trace id of 16 or 32 digits; one of 32 whose upper half is zero is cut to 16.
 *
 * @throws whatever `fault` makes of Zipkin's message
 */
export function normalTraceId(text: string, fault: (message: string) => Error): string {
  if (text.length === 0) throw fault("traceId is empty");
  if (text.length > 32) throw fault("traceId.length > 32");
  assertHex(text, fault);
  if (ONLY_ZEROS.test(text)) throw fault("traceId is all zeros");
  if (text.length === 32) return text.startsWith("0000000000000000") ? text.slice(16) : text;
  return text.padStart(text.length > 16 ? 32 : 16, "0");
}

/** A span id of 16 digits. No id is all zeros, also not a short one, which no other format could carry. */
export function normalSpanId(text: string, fault: (message: string) => Error): string {
  if (text.length === 0) throw fault("id is empty");
  if (text.length > 16) throw fault("id.length > 16");
  assertHex(text, fault);
  if (ONLY_ZEROS.test(text)) throw fault("id is all zeros");
  return text.padStart(16, "0");
}

/** A parent id of 16 digits; all zeros are none. */
export function normalParentId(text: string, fault: (message: string) => Error): string | undefined {
  if (text.length === 0) throw fault("parentId is empty");
  if (text.length > 16) throw fault("parentId.length > 16");
  assertHex(text, fault);
  return ONLY_ZEROS.test(text) ? undefined : text.padStart(16, "0");
}

function assertHex(text: string, fault: (message: string) => Error): void {
  if (!LOWER_HEX.test(text)) throw fault(`${text} should be lower-hex encoded with no prefix`);
}
