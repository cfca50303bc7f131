/** Reports of Zipkin's senders, taken or refused as a whole: acknowledged once their spans are synced and searchable. */

import type { ErrorCode } from "../../base/errors.ts";
import { errorFrom, TracAggError } from "../../base/errors.ts";
import { DEFAULT_MAX_REQUEST_BYTES } from "../../base/limits.ts";
import type { TranscodedReport, ZipkinForm } from "../../codec/zipkin-json/otlp-from-zipkin.ts";
import { otlpFromZipkin } from "../../codec/zipkin-json/otlp-from-zipkin.ts";
import type { SpanSink } from "../../ingest/span-sink.ts";
import { gunzipBounded } from "../../io/gunzip.ts";
import { assertDeclaredLength, firstBodyBytes } from "../../io/http-body.ts";
import type { Reply } from "../endpoint.ts";
import type { ForeignRequest, ForeignRoute } from "../foreign-api.ts";
import type { ZipkinCollectorCounts, ZipkinTransport } from "./collector-counts.ts";

/** The objects of a report and its OTLP form, beside its bytes: some times as large as they are. */
const DECODED_FACTOR = 3;

/** Label of the counters: way in and form. */
export type ZipkinTransportName = "zipkin_grpc" | `zipkin_http_${Lowercase<ZipkinForm>}`;

const HTTP_TRANSPORTS: Readonly<Record<ZipkinForm, ZipkinTransportName>> = Object.freeze({
  JSON_V1: "zipkin_http_json_v1",
  JSON_V2: "zipkin_http_json_v2",
  PROTO3: "zipkin_http_proto3",
});

/** What reports are taken with. */
export interface ZipkinIngestOptions {
  readonly sink: SpanSink;
  /** Counts the answers of every receiver. */
  readonly answered: (transport: ZipkinTransportName, outcome: "accepted" | ErrorCode) => void;
  readonly counts: ZipkinCollectorCounts;
  /** 64 MiB, counted after decompression. */
  readonly maxRequestBytes?: number;
  /** Reads long reports elsewhere; by default at once, which stops everything else meanwhile. */
  readonly transcode?: (bytes: Uint8Array, form: ZipkinForm) => Promise<TranscodedReport>;
}

/** Takes reports, over whatever transport. */
export class ZipkinIngest {
  readonly #options: ZipkinIngestOptions;
  readonly maxRequestBytes: number;

  constructor(options: ZipkinIngestOptions) {
    this.#options = options;
    this.maxRequestBytes = options.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES;
  }

  /**
   * Takes the body of a POST.
   *
   * @throws TracAggError what the sender is told
   */
  takeHttp(request: ForeignRequest, form: ZipkinForm): Promise<void> {
    return this.#counted("http", HTTP_TRANSPORTS[form], async (transport) => {
      const { incoming } = request;
      assertDeclaredLength(incoming, this.maxRequestBytes);
      const reservation = this.#options.sink.reserve(firstBodyBytes(incoming));
      try {
        const maxBytes = this.maxRequestBytes;
        const body = await request.body({ maxBytes, onGrow: reservation.grow });
        const plain = isGzip(request)
          ? await gunzipped(body, { maxBytes, onGrow: (bytes) => reservation.grow(body.length + bytes) })
          : body;
        reservation.grow(plain.length * DECODED_FACTOR);
        await this.#take(plain, { form, kind: "http", transport });
      } finally {
        reservation.release();
      }
    });
  }

  /**
   * Takes a message that has arrived.
   *
   * @throws TracAggError what the sender is told
   */
  takeMessage(message: Uint8Array): Promise<void> {
    return this.#counted("grpc", "zipkin_grpc", async (transport) => {
      const reservation = this.#options.sink.reserve(message.length * DECODED_FACTOR);
      try {
        await this.#take(message, { form: "PROTO3", kind: "grpc", transport });
      } finally {
        reservation.release();
      }
    });
  }

  async #counted(
    kind: ZipkinTransport,
    transport: ZipkinTransportName,
    take: (transport: ZipkinTransportName) => Promise<void>,
  ): Promise<void> {
    this.#options.counts.message(kind);
    try {
      await take(transport);
      this.#options.answered(transport, "accepted");
    } catch (thrown) {
      if (!(thrown instanceof SpansDropped)) this.#options.counts.dropped(kind, 0);
      const cause = thrown instanceof SpansDropped ? thrown.cause : thrown;
      this.#options.answered(transport, errorFrom(cause).code);
      throw cause;
    }
  }

  async #take(
    bytes: Uint8Array,
    { form, kind, transport }: { form: ZipkinForm; kind: ZipkinTransport; transport: ZipkinTransportName },
  ): Promise<void> {
    const { counts, sink, transcode } = this.#options;
    counts.body(kind, bytes.length);
    const { payload, spanCount } =
      transcode === undefined ? otlpFromZipkin(bytes, form) : await transcode(bytes, form);
    counts.spans(kind, spanCount);
    if (spanCount === 0) return;
    try {
      await sink.submit({ payload, transport });
    } catch (cause) {
      counts.dropped(kind, spanCount);
      throw new SpansDropped(cause);
    }
  }
}

/** Marks what was counted already. */
class SpansDropped extends Error {
  constructor(cause: unknown) {
    super("spans were read and not kept", { cause });
  }
}

function isGzip({ headers }: ForeignRequest): boolean {
  return String(headers["content-encoding"] ?? "").includes("gzip");
}

async function gunzipped(
  body: Uint8Array,
  options: { readonly maxBytes: number; readonly onGrow: (bytes: number) => void },
): Promise<Uint8Array> {
  try {
    return await gunzipBounded(body, options);
  } catch (thrown) {
    if (!(thrown instanceof TracAggError) || thrown.code !== "invalid_argument") throw thrown;
    throw new TracAggError("invalid_argument", "Cannot gunzip spans", { cause: thrown });
  }
}

/** Routes that take spans. */
export function zipkinIngestRoutes(ingest: ZipkinIngest): readonly ForeignRoute[] {
  const post = (path: string, formOf: (contentType: string) => ZipkinForm): ForeignRoute => ({
    method: "POST",
    path,
    reply: async (request) => {
      await ingest.takeHttp(request, formOf(request.headers["content-type"] ?? ""));
      return accepted();
    },
  });
  return [
    post("/api/v2/spans", (type) => (type.startsWith("application/x-protobuf") ? "PROTO3" : "JSON_V2")),
    post("/api/v1/spans", (type) => {
      if (!type.startsWith("application/x-thrift")) return "JSON_V1";
      throw new TracAggError(
        "unsupported_media_type",
        "Content-Type: expected JSON, got application/x-thrift; have the sender report JSON or protobuf to /api/v2/spans",
      );
    }),
  ];
}

function accepted(): Reply {
  return { status: 202, contentType: "text/plain", chunks: [] };
}
