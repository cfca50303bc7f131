/** OTLP over gRPC. */

import { deliveryFromGrpc, deliveryFromOtlp } from "../src/export/delivery-of-answer.ts";
import type { Exporter } from "../src/export/exporter.ts";
import { createGrpcClient } from "../src/export/grpc-client.ts";
import type { PeerOptions } from "../src/export/http-post.ts";

/** Path of the export call (contract G1). */
const EXPORT_PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/**
 * Calls `Export` with requests as the senders made them.
 *
 * @example
 * const exporter = createOtlpGrpcExporter({ url: new URL("http://collector:4317"), ...peer });
 */
export function createOtlpGrpcExporter(options: PeerOptions): Exporter {
  const client = createGrpcClient(options);
  return {
    deliver: async (batch, signal) => {
      const message = { plain: () => batch.payload(), gzip: batch.gzipPayload };
      const answer = await client.call(EXPORT_PATH, message, signal);
      return deliveryFromGrpc(options.url, answer, deliveryFromOtlp);
    },
    stop: async () => client.close(),
  };
}
