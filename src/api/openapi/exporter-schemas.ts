/** Schemas of `/api/v1/exporters`. */

import type { JsonSchema } from "../query-parameters.ts";
import {
  AMOUNT,
  COUNT,
  described,
  ISO_TIME,
  listOf,
  objectOf,
  orNull,
  ref,
  TEXT,
  wordOf,
} from "./schema-parts.ts";

/** Named schemas of exporters. */
export function exporterSchemas(): Record<string, JsonSchema> {
  return {
    ExporterList: objectOf({ exporters: listOf(ref("Exporter")) }),
    Exporter: described(
      objectOf({
        name: TEXT,
        protocol: TEXT,
        target: described(TEXT, "URL or path."),
        filter: described(TEXT, "TraceQL; empty when all spans are sent."),
        state: described(wordOf("idle", "sending", "retrying"), "retrying: the last try failed."),
        sentSpans: COUNT,
        refusedSpans: described(COUNT, "Refused one by one by a destination that took the rest."),
        droppedSpans: described(
          objectOf({ refused: COUNT, behind: COUNT }),
          "Given up: in batches that the destination will not take, or too far behind.",
        ),
        filteredSpans: described(COUNT, "Kept back by the filter."),
        lostRecords: described(
          objectOf({ released: COUNT, unreadable: COUNT }),
          "Records that could not be read: the log had let go of them, or they are no OTLP.",
        ),
        retries: described(COUNT, "Deliveries that failed and were tried again."),
        lag: described(
          objectOf({ records: COUNT, bytes: COUNT, seconds: AMOUNT }),
          "What the ingest log holds for it; seconds since the oldest came.",
        ),
        lastError: orNull(objectOf({ time: ISO_TIME, message: TEXT })),
        lastSuccessTime: orNull(ISO_TIME),
      }),
      "One exporter; counts are since the server started.",
    ),
  };
}
