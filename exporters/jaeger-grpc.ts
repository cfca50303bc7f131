/** Jaeger's own spans over gRPC, to the collectors that took them before they took OTLP. */

import { ProtobufWriter } from "../src/base/protobuf-writer.ts";
import { spanFromRow } from "../src/batch/span-from-row.ts";
import { writeJaegerSpan } from "../src/codec/jaeger-protobuf/encode.ts";
import { JaegerFieldNumber } from "../src/codec/jaeger-protobuf/jaeger-schema.ts";
import { deliveryFromGrpc } from "../src/export/delivery-of-answer.ts";
import type { ExportBatch, Exporter } from "../src/export/exporter.ts";
import { createGrpcClient } from "../src/export/grpc-client.ts";
import type { PeerOptions } from "../src/export/http-post.ts";

const POST_SPANS_PATH = "/jaeger.api_v2.CollectorService/PostSpans";
/** `PostSpansRequest.batch`. */
const BATCH_FIELD = 1;

/**
 * Calls `PostSpans` with what Jaeger's model can hold; each span has its process in it, so that spans of many services
 * are one batch.
 *
 * @example
 * const exporter = createJaegerGrpcExporter({ url: new URL("http://collector:14250"), ...peer });
 */
export function createJaegerGrpcExporter(options: PeerOptions): Exporter {
  const client = createGrpcClient(options);
  return {
    deliver: async (batch, signal) => {
      const message = { plain: () => postSpansRequest(batch), gzip: undefined };
      return deliveryFromGrpc(options.url, await client.call(POST_SPANS_PATH, message, signal));
    },
    stop: async () => client.close(),
  };
}

function postSpansRequest(batch: ExportBatch): Uint8Array {
  const writer = new ProtobufWriter();
  const mark = writer.begin(BATCH_FIELD);
  for (const row of batch.rows()) writeJaegerSpan(writer, JaegerFieldNumber.Batch.spans, spanFromRow(row));
  writer.end(mark);
  return writer.finish();
}
