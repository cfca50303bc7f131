/** Small JSON files that carry their own checksum: a wrong byte makes one unreadable instead of wrong. */

import { crc32 } from "node:zlib";
import { TracAggError } from "../base/errors.ts";

/** Name of the last member. Its form is the same in all versions of a file, so that any reader can check any of them. */
const CHECKSUM_KEY = "crc32";

/** Spaces of each level; none writes everything in one line. */
export type Indent = 0 | 2;

/** The file's text: the members, then the CRC-32 of the text without it. */
export function formatCheckedJson(members: Readonly<Record<string, unknown>>, indent: Indent = 0): string {
  const checksum = crc32(textOf(members, indent));
  return textOf({ ...members, [CHECKSUM_KEY]: checksum }, indent);
}

/**
 * The members of a file written by {@link formatCheckedJson}, without the checksum.
 *
 * @param isOldForm - Says whether a file without a checksum was written before there was one.
 * @throws TracAggError `data_corrupt` when the text is no JSON object or differs in any byte from what was written.
 */
export function parseCheckedJson(
  text: string,
  isOldForm: (members: Readonly<Record<string, unknown>>) => boolean,
  indent: Indent = 0,
): Record<string, unknown> {
  const value = parseObject(text);
  if (!Object.hasOwn(value, CHECKSUM_KEY)) {
    if (isOldForm(value)) return value;
    throw new TracAggError("data_corrupt", "the checksum is missing");
  }
  const { [CHECKSUM_KEY]: _, ...members } = value;
  if (text !== formatCheckedJson(members, indent)) {
    throw new TracAggError("data_corrupt", "the checksum does not match");
  }
  return members;
}

function textOf(members: Readonly<Record<string, unknown>>, indent: Indent): string {
  return `${JSON.stringify(members, null, indent)}\n`;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Falls through to the one message for both.
  }
  throw new TracAggError("data_corrupt", "expected a JSON object");
}
