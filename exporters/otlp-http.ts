/** OTLP over HTTP: protobuf, gzip. */

import type { Clock } from "../src/base/clock.ts";
import { systemClock } from "../src/base/clock.ts";
import { deliveryFromHttp, deliveryFromOtlp } from "../src/export/delivery-of-answer.ts";
import type { Exporter } from "../src/export/exporter.ts";
import type { PeerOptions } from "../src/export/http-post.ts";
import { createHttpPoster, gzipped } from "../src/export/http-post.ts";

const TRACES_PATH = "/v1/traces";

/**
 * Posts requests as the senders made them. A base URL gets `/v1/traces` behind it, one with a path that ends so is
 * taken as it is.
 *
 * @example
 * const exporter = createOtlpHttpExporter({ url: new URL("http://collector:4318"), ...peer });
 */
export function createOtlpHttpExporter(options: PeerOptions, clock: Clock = systemClock): Exporter {
  const url = new URL(options.url);
  const base = url.pathname.replace(/\/+$/, "");
  url.pathname = base.endsWith(TRACES_PATH) ? base : `${base}${TRACES_PATH}`;
  const poster = createHttpPoster({ ...options, url });
  const isGzip = options.compression === "gzip";
  const headers = {
    "content-type": "application/x-protobuf",
    ...(isGzip && { "content-encoding": "gzip" }),
  };
  return {
    deliver: async (batch, signal) => {
      const body = isGzip ? (batch.gzipPayload ?? (await gzipped(batch.payload()))) : batch.payload();
      const answer = await poster.post(body, headers, signal);
      return deliveryFromHttp(url, answer, clock.nowMillis(), deliveryFromOtlp);
    },
    stop: async () => poster.close(),
  };
}
