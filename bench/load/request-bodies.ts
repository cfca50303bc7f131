/** Bodies of requests, made while sending; gzip, which costs most, ahead of it as far as memory allows. */

import { gzipSync } from "node:zlib";
import { patchedPayload } from "../payload-template.ts";
import type { Body } from "../senders.ts";
import type { RequestPlan } from "./request-plan.ts";

const NANOS_PER_MILLI = 1_000_000n;
/** Fastest level: senders of telemetry choose it for the same reason. */
const GZIP_LEVEL = 1;
/** About seven million spans of a shop; what is more is compressed while sending and shows in the generator's CPU. */
const DEFAULT_MAX_AHEAD_BYTES = 512 * 2 ** 20;

/** Gives the body of a planned request. */
export interface RequestBodies {
  bodyAt(index: number): Body;
}

/** What makes the bodies of a plan. */
export interface RequestBodiesOptions {
  readonly isGzip: boolean;
  readonly nowMillis: () => number;
  /** Most bytes of compressed bodies made ahead. Default 512 MiB. */
  readonly maxAheadBytes?: number;
}

/** Spans of every body end at the moment it is made. */
export function createRequestBodies(plan: RequestPlan, options: RequestBodiesOptions): RequestBodies {
  const patched = (index: number, endMillis: number): Uint8Array => {
    const { template, mask } = plan.at(index);
    return patchedPayload(template, mask, BigInt(endMillis) * NANOS_PER_MILLI - template.lastTimeUnixNano);
  };
  if (!options.isGzip) {
    return { bodyAt: (index) => ({ bytes: patched(index, options.nowMillis()), isGzip: false }) };
  }
  const compressed = (index: number, endMillis: number) =>
    gzipSync(patched(index, endMillis), { level: GZIP_LEVEL });
  const ahead: (Uint8Array | undefined)[] = [];
  const startMillis = options.nowMillis();
  let bytesLeft = options.maxAheadBytes ?? DEFAULT_MAX_AHEAD_BYTES;
  while (ahead.length < plan.requests && bytesLeft > 0) {
    // As when bodies are made while sending, times move on from request to request.
    const body = compressed(ahead.length, startMillis + ahead.length);
    bytesLeft -= body.length;
    ahead.push(body);
  }
  return {
    bodyAt: (index) => {
      const bytes = ahead[index] ?? compressed(index, options.nowMillis());
      // Sent once, so memory shrinks as the run goes on.
      ahead[index] = undefined;
      return { bytes, isGzip: true };
    },
  };
}
