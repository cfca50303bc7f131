/** What `/api/v1/status` tells. */

import type { StatusJson } from "./api/contract.ts";
import type { Clock } from "./base/clock.ts";
import type { TracAggConfig } from "./config/config.ts";
import type { IngestFacts } from "./ingest/ingest-facts.ts";
import { isoFromUnixNano } from "./model/time.ts";
import type { TraceStore } from "./store/trace-store.ts";
import { VERSION } from "./version.ts";

/** Where a server listens, as seen from the same machine. */
export type ServerAddresses = StatusJson["addresses"];

/** What the status is made of. */
export interface StatusParts {
  readonly config: TracAggConfig;
  readonly clock: Clock;
  readonly startedUnixMillis: number;
  readonly facts: IngestFacts;
  readonly store: TraceStore;
  readonly addresses: ServerAddresses;
}

/** The status now. */
export function serverStatus(parts: StatusParts): StatusJson {
  const { config, clock, facts, store, addresses } = parts;
  const { lastError } = facts;
  const isMemory = config.store.type === "memory";
  const gauges = store.gauges();
  const maxBytes = isMemory ? config.store.memory.maxBytes : config.retention.bytes;
  return {
    version: VERSION,
    uptimeSeconds: (clock.nowMillis() - parts.startedUnixMillis) / 1_000,
    receivedSpans: facts.receivedSpans,
    refusedSpans: facts.refusedSpans,
    lastIngestError:
      lastError === undefined
        ? null
        : {
            time: isoFromUnixNano(BigInt(lastError.atUnixMillis) * 1_000_000n),
            message: lastError.message,
            fix: lastError.fix,
          },
    addresses,
    storage: {
      store: config.store.type,
      bytes: gauges["segment_bytes"] ?? gauges["hot_bytes"] ?? 0,
      maxBytes: maxBytes > 0 ? maxBytes : null,
      maxAgeSeconds: config.retention.ageMillis > 0 ? config.retention.ageMillis / 1_000 : null,
    },
  };
}
