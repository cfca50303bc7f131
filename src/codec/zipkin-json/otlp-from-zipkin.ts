/** What Zipkin's senders report, as the OTLP request that is logged and stored. */

import { encodeParts } from "../otlp-protobuf/encode-request.ts";
import { readingsFromZipkinProtobuf } from "../zipkin-protobuf/decode.ts";
import { readingsFromJsonBytes } from "./decode.ts";
import { ZipkinSpanMapping } from "./span-from-reading.ts";

/** Forms of a report, as Zipkin calls them. */
export type ZipkinForm = "JSON_V1" | "JSON_V2" | "PROTO3";

/** A report in OTLP's form. */
export interface TranscodedReport {
  /** `ExportTraceServiceRequest`. */
  readonly payload: Uint8Array;
  readonly spanCount: number;
}

/**
 * Reads a report and writes it as OTLP protobuf; one bad span refuses all.
 *
 * @throws TracAggError `invalid_argument` with Zipkin's message
 *
 * @example
 * const { payload } = otlpFromZipkin(body, "JSON_V2");
 */
export function otlpFromZipkin(bytes: Uint8Array, form: ZipkinForm): TranscodedReport {
  const readings = form === "PROTO3" ? readingsFromZipkinProtobuf(bytes) : readingsFromJsonBytes(bytes, form);
  const mapping = new ZipkinSpanMapping();
  const payload = encodeParts(readings.map((reading) => mapping.partsOf(reading)));
  return { payload, spanCount: readings.length };
}
