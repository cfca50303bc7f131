/** Page tokens: where the next page starts, bound to the search that made them. */

import { createHash } from "node:crypto";
import { bytesFromHex, hexFromBytes } from "../base/bytes.ts";
import { TracAggError } from "../base/errors.ts";
import type { TraceKey } from "../store/trace-reader.ts";
import type { TimeRange } from "./trace-filter.ts";

/** What a token says. */
export interface PagePosition {
  /** The last trace of the page before. */
  readonly after: TraceKey;
  /** The range as the first page understood it, so that relative times do not move from page to page. */
  readonly range: TimeRange;
}

const VERSION = 1;
const HASH_BYTES = 8;
const HAS_START = 1;
const HAS_END = 2;
/** Version, flags, hash, trace start, trace id, range start, range end. */
const TOKEN_BYTES = 2 + HASH_BYTES + 8 + 16 + 8 + 8;

/** An opaque token (base64url) for the page after `position` of the search for `filter`. */
export function encodePageToken(filter: object, position: PagePosition): string {
  const bytes = Buffer.alloc(TOKEN_BYTES);
  const { startTimeUnixNano, endTimeUnixNano } = position.range;
  bytes[0] = VERSION;
  bytes[1] =
    (startTimeUnixNano === undefined ? 0 : HAS_START) | (endTimeUnixNano === undefined ? 0 : HAS_END);
  bytes.set(filterHash(filter), 2);
  bytes.writeBigUInt64BE(position.after.startTimeUnixNano, 10);
  bytes.set(bytesFromHex(position.after.traceId) as Uint8Array, 18);
  bytes.writeBigUInt64BE(startTimeUnixNano ?? 0n, 34);
  bytes.writeBigUInt64BE(endTimeUnixNano ?? 0n, 42);
  return bytes.toString("base64url");
}

/**
 * Reads a token back.
 *
 * @throws TracAggError `invalid_argument` when it is none of ours or belongs to another search.
 */
export function decodePageToken(filter: object, token: string): PagePosition {
  const bytes = Buffer.from(token, "base64url");
  if (bytes.length !== TOKEN_BYTES || bytes[0] !== VERSION || bytes.toString("base64url") !== token) {
    throw refused("expected a nextPageToken of an earlier answer, unchanged");
  }
  if (!bytes.subarray(2, 2 + HASH_BYTES).equals(filterHash(filter))) {
    throw refused(
      "belongs to another search; keep every other parameter but pageSize as it was, or leave it out",
    );
  }
  const flags = bytes[1] as number;
  return {
    after: { startTimeUnixNano: bytes.readBigUInt64BE(10), traceId: hexFromBytes(bytes, 18, 34) },
    range: {
      ...(flags & HAS_START ? { startTimeUnixNano: bytes.readBigUInt64BE(34) } : {}),
      ...(flags & HAS_END ? { endTimeUnixNano: bytes.readBigUInt64BE(42) } : {}),
    },
  };
}

function refused(reason: string): TracAggError {
  return new TracAggError("invalid_argument", `pageToken: ${reason}`, { field: "pageToken" });
}

/** The same conditions in any order of members give the same hash. */
function filterHash(filter: object): Buffer {
  const members = Object.entries(filter as Record<string, unknown>).filter(
    ([, value]) => value !== undefined,
  );
  members.sort(([left], [right]) => (left < right ? -1 : 1));
  const text = JSON.stringify(members, (_key, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
  return createHash("sha256").update(text).digest().subarray(0, HASH_BYTES);
}
