/** Zipkin v2 JSON over HTTP. */

import type { Clock } from "../src/base/clock.ts";
import { systemClock } from "../src/base/clock.ts";
import { spanFromRow } from "../src/batch/span-from-row.ts";
import { zipkinSpansFromSpans } from "../src/codec/zipkin-json/encode.ts";
import { deliveryFromHttp } from "../src/export/delivery-of-answer.ts";
import type { Exporter } from "../src/export/exporter.ts";
import type { PeerOptions } from "../src/export/http-post.ts";
import { createHttpPoster, gzipped } from "../src/export/http-post.ts";

const SPANS_PATH = "/api/v2/spans";

/**
 * Posts what Zipkin's JSON can hold. A base URL gets `/api/v2/spans` behind it, one with a path that ends so is taken
 * as it is.
 *
 * @example
 * const exporter = createZipkinHttpExporter({ url: new URL("http://zipkin:9411"), ...peer });
 */
export function createZipkinHttpExporter(options: PeerOptions, clock: Clock = systemClock): Exporter {
  const url = new URL(options.url);
  const base = url.pathname.replace(/\/+$/, "");
  url.pathname = base.endsWith(SPANS_PATH) ? base : `${base}${SPANS_PATH}`;
  const poster = createHttpPoster({ ...options, url });
  const isGzip = options.compression === "gzip";
  const headers = { "content-type": "application/json", ...(isGzip && { "content-encoding": "gzip" }) };
  return {
    deliver: async (batch, signal) => {
      const text = JSON.stringify(zipkinSpansFromSpans(batch.rows().map(spanFromRow)));
      const plain = new TextEncoder().encode(text);
      const answer = await poster.post(isGzip ? await gzipped(plain) : plain, headers, signal);
      return deliveryFromHttp(url, answer, clock.nowMillis());
    },
    stop: async () => poster.close(),
  };
}
