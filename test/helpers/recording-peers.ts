/** Servers that exporters push to: they write down what came and answer as they are told. Foreign code where it can be. */

import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo, Server as NetServer } from "node:net";
import { gunzipSync } from "node:zlib";
import type { handleUnaryCall } from "@grpc/grpc-js";
import { Metadata, Server, ServerCredentials } from "@grpc/grpc-js";

/** A request as it came. */
export interface RecordedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As sent. */
  readonly raw: Buffer;
  /** Decompressed. */
  readonly body: Buffer;
}

/** What a peer answers once. */
export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** An HTTP server; without a scripted answer it says 200 and nothing. */
export class HttpPeer {
  readonly requests: RecordedRequest[] = [];
  readonly answers: ScriptedAnswer[] = [];
  readonly #server: NetServer;
  /** Answers nothing any more when set. */
  isSilent = false;

  constructor(open: (listener: RequestListener) => NetServer = createHttpServer) {
    this.#server = open((request, response) => void this.#take(request, response));
  }

  async start(port = 0): Promise<number> {
    await new Promise<void>((resolve) => {
      this.#server.listen(port, "127.0.0.1", resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    (this.#server as unknown as { closeAllConnections(): void }).closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await bodyOf(request);
    const isGzip = request.headers["content-encoding"] === "gzip";
    const { url = "", headers } = request;
    this.requests.push({ path: url, headers, raw, body: isGzip ? gunzipSync(raw) : raw });
    if (this.isSilent) return;
    const answer = this.answers.shift() ?? { status: 200 };
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }
}

/** What a gRPC peer answers once: a status, or a message. */
export interface ScriptedCall {
  readonly code?: number;
  readonly message?: string;
  readonly details?: Uint8Array;
  readonly response?: Uint8Array;
}

/** One method on a server of grpc-js; without a scripted answer it sends an empty message. */
export class GrpcPeer {
  readonly messages: Buffer[] = [];
  readonly metadata: Metadata[] = [];
  readonly answers: ScriptedCall[] = [];
  readonly #server = new Server({ "grpc.max_receive_message_length": -1 });

  constructor(path: string) {
    const bytes = (value: Buffer): Buffer => value;
    const take: handleUnaryCall<Buffer, Buffer> = (call, reply) => {
      this.messages.push(call.request);
      this.metadata.push(call.metadata);
      const { code = 0, message = "", details, response } = this.answers.shift() ?? {};
      const trailers = new Metadata();
      if (details !== undefined) trailers.set("grpc-status-details-bin", Buffer.from(details));
      if (code === 0) reply(null, Buffer.from(response ?? []), trailers);
      else reply({ name: "", message, code, details: message, metadata: trailers });
    };
    const method = {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    this.#server.addService({ method }, { method: take as never });
  }

  async start(port = 0): Promise<number> {
    return await new Promise((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}
