/** OTLP senders that share no code with the product: messages written by hand, raw HTTP, raw gRPC. */

import type { IncomingHttpHeaders } from "node:http";
import { request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import { connect } from "node:net";
import type { ServiceError } from "@grpc/grpc-js";
import { Client, compressionAlgorithms, credentials, Metadata } from "@grpc/grpc-js";

// --- messages -------------------------------------------------------------------------------------------------------

/** A varint (protobuf encoding, base 128). */
export function varint(value: bigint | number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

/** A length-delimited field: bytes, text or message. */
export function lengthField(field: number, value: Uint8Array | string): Buffer {
  const body = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body]);
}

/** A varint field. */
export function varintField(field: number, value: bigint | number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** A fixed64 field. */
export function fixed64Field(field: number, value: bigint): Buffer {
  const body = Buffer.alloc(8);
  body.writeBigUInt64LE(value);
  return Buffer.concat([varint(field * 8 + 1), body]);
}

/** A `Span` body; field numbers of opentelemetry/proto/trace/v1/trace.proto. */
export function spanMessage(span: {
  readonly traceId: string;
  readonly spanId: string;
  readonly name?: string;
  readonly start?: bigint;
  readonly end?: bigint;
  readonly extra?: Uint8Array;
}): Buffer {
  return Buffer.concat([
    lengthField(1, Buffer.from(span.traceId, "hex")),
    lengthField(2, Buffer.from(span.spanId, "hex")),
    lengthField(5, span.name ?? "GET /cart"),
    varintField(6, 2),
    fixed64Field(7, span.start ?? 1_700_000_000_000_000_001n),
    fixed64Field(8, span.end ?? 1_700_000_000_250_000_003n),
    span.extra ?? Buffer.alloc(0),
  ]);
}

/** An `ExportTraceServiceRequest` of one resource and one scope. */
export function requestMessage(spans: readonly Uint8Array[], serviceName = "cart"): Buffer {
  const attribute = Buffer.concat([
    lengthField(1, "service.name"),
    lengthField(2, lengthField(1, serviceName)),
  ]);
  const scopeSpans = Buffer.concat(spans.map((span) => lengthField(2, span)));
  return lengthField(
    1,
    Buffer.concat([lengthField(1, lengthField(1, attribute)), lengthField(2, scopeSpans)]),
  );
}

/** `count` spans of one trace with span ids 1, 2, ... */
export function plainRequest(traceId: string, count: number): Buffer {
  const spans = Array.from({ length: count }, (_, index) =>
    spanMessage({ traceId, spanId: (index + 1).toString(16).padStart(16, "0") }),
  );
  return requestMessage(spans);
}

/** One attribute of a span (field 9) whose value is the given `AnyValue` body. */
export function attributeField(key: string, anyValue: Uint8Array): Buffer {
  return lengthField(9, Buffer.concat([lengthField(1, key), lengthField(2, anyValue)]));
}

/** Fields of a message by number, in the order sent; varints as bigint, the rest as bytes. */
export function readFields(bytes: Uint8Array): Map<number, (bigint | Buffer)[]> {
  const fields = new Map<number, (bigint | Buffer)[]>();
  let offset = 0;
  const next = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[offset++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (offset < bytes.length) {
    const tag = Number(next());
    let value: bigint | Buffer = next();
    if (tag % 8 === 2) {
      const length = Number(value);
      value = Buffer.from(bytes.subarray(offset, offset + length));
      offset += length;
    }
    fields.set(Math.floor(tag / 8), [...(fields.get(Math.floor(tag / 8)) ?? []), value]);
  }
  return fields;
}

/** What an `ExportTraceServiceResponse` says. */
export function readPartialSuccess(response: Uint8Array): { rejectedSpans: number; errorMessage: string } {
  const partial = readFields(readFields(response).get(1)?.[0] as Buffer);
  return {
    rejectedSpans: Number(partial.get(1)?.[0] ?? 0n),
    errorMessage: String(partial.get(2)?.[0] ?? ""),
  };
}

/** What a `google.rpc.Status` says; `retrySeconds` is present when a RetryInfo is among the details. */
export function readStatus(bytes: Uint8Array): { code: number; message: string; retrySeconds?: number } {
  const fields = readFields(bytes);
  const status = { code: Number(fields.get(1)?.[0] ?? 0n), message: String(fields.get(2)?.[0] ?? "") };
  const detail = fields.get(3)?.[0] as Buffer | undefined;
  if (detail === undefined) return status;
  const any = readFields(detail);
  if (!String(any.get(1)?.[0]).endsWith("google.rpc.RetryInfo")) return status;
  const delay = readFields(readFields(any.get(2)?.[0] as Buffer).get(1)?.[0] as Buffer);
  return { ...status, retrySeconds: Number(delay.get(1)?.[0] ?? 0n) + Number(delay.get(2)?.[0] ?? 0n) / 1e9 };
}

// --- HTTP -----------------------------------------------------------------------------------------------------------

/** An answer over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One HTTP request on a connection of its own. */
export function sendHttp(
  port: number,
  options: {
    readonly path?: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array | string;
  },
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { path = "/v1/traces", method = "POST", headers = {}, body } = options;
    const sent = httpRequest({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode as number,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A TCP connection that remembers all it was sent. */
export class RawConnection {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #onChange: () => void = () => {};

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#onChange();
    });
    this.socket.on("close", () => {
      this.#isClosed = true;
      this.#onChange();
    });
  }

  /** Waits until what came matches, or the peer closed; gives back everything that came. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#received.toString("latin1")) && !this.#isClosed) await this.#change();
    return this.#received.toString("latin1");
  }

  /** Waits until the peer closed; gives back everything that came. */
  async closed(): Promise<Buffer> {
    while (!this.#isClosed) await this.#change();
    return this.#received;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#onChange = resolve;
    });
  }
}

// --- gRPC -----------------------------------------------------------------------------------------------------------

/** How a unary call ended. */
export interface GrpcAnswer {
  readonly code: number;
  readonly details: string;
  readonly response: Buffer | undefined;
  /** `grpc-status-details-bin`, when there was one. */
  readonly statusDetails: Buffer | undefined;
}

/** Path of the trace export call. */
export const TRACE_EXPORT: string = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/** A gRPC client over @grpc/grpc-js that sends and gets bytes. */
export class GrpcSender {
  readonly client: Client;

  constructor(port: number, options: { readonly gzip?: boolean } = {}) {
    this.client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
      "grpc.max_send_message_length": -1,
      ...(options.gzip === true && { "grpc.default_compression_algorithm": compressionAlgorithms.gzip }),
    });
  }

  call(message: Uint8Array, path: string = TRACE_EXPORT): Promise<GrpcAnswer> {
    const bytes = (value: Uint8Array): Buffer => Buffer.from(value);
    return new Promise((resolve) => {
      const done = (error: ServiceError | null, response?: Buffer): void => {
        const details = error?.metadata.get("grpc-status-details-bin")[0];
        resolve({
          code: error?.code ?? 0,
          details: error?.details ?? "",
          response,
          statusDetails: details as Buffer | undefined,
        });
      };
      this.client.makeUnaryRequest(
        path,
        bytes,
        bytes as (value: Buffer) => Buffer,
        message,
        new Metadata(),
        done,
      );
    });
  }

  close(): void {
    this.client.close();
  }
}
