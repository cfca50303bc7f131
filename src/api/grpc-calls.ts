/** Answering calls on a server of grpc-js: errors told as an API tells them, a slow reader waited for. */

import type {
  MethodDefinition,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  sendUnaryData,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import { Metadata } from "@grpc/grpc-js";
import type { TracAggError } from "../base/errors.ts";
import { errorFrom } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { QueryCaller } from "../query/query-limiter.ts";
import { toldText } from "./problem.ts";

/** Clients bound all headers at 8 KiB. */
const MAX_DETAILS_LENGTH = 1_024;

/** Sends one message; resolves when more may be sent. */
export type SendMessage = (message: Uint8Array) => Promise<void>;

/** One call being answered. */
export interface AskedCall {
  readonly request: object;
  /** Gone when the call is cancelled or its deadline is over. */
  readonly caller: QueryCaller;
}

/** A call whose answer comes in parts. */
export interface StreamedCall extends AskedCall {
  readonly send: SendMessage;
}

/** How errors of calls are told. */
export interface CallErrors {
  readonly logger: Logger;
  /** gRPC status of an error; absent: that of its code. */
  readonly statusOf?: (error: TracAggError) => number;
}

/** A method that answers in parts, each the bytes of a message. */
export function streamedMethod(
  method: (call: StreamedCall) => Promise<void>,
  errors: CallErrors,
): UntypedHandleCall {
  return (call: ServerWritableStream<object, Uint8Array>) => {
    void answerStreamed(call, method, errors);
  };
}

/** A method that answers with one message. */
export function unaryMethod(
  method: (call: AskedCall) => Promise<object>,
  errors: CallErrors,
): UntypedHandleCall {
  return (call: ServerUnaryCall<object, object>, callback: sendUnaryData<object>) => {
    void answerUnary(call, { method, callback }, errors);
  };
}

/** The service with streamed answers as bytes that are ready: the same that HTTP answers with. */
export function withReadyStreams(service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service as Record<string, MethodDefinition<object, object>>);
  return Object.fromEntries(
    methods.map(([name, method]) => [
      name,
      method.responseStream ? { ...method, responseSerialize: bufferOf } : method,
    ]),
  );
}

function bufferOf(message: object): Buffer {
  const { buffer, byteOffset, byteLength } = message as Uint8Array<ArrayBuffer>;
  return Buffer.from(buffer, byteOffset, byteLength);
}

async function answerStreamed(
  call: ServerWritableStream<object, Uint8Array>,
  method: (call: StreamedCall) => Promise<void>,
  errors: CallErrors,
): Promise<void> {
  const left = new AbortController();
  call.on("cancelled", () => left.abort());
  // The client is gone then; there is nobody left to tell.
  call.on("error", () => {});
  const caller: QueryCaller = { signal: left.signal, end: (error) => left.abort(error) };
  try {
    await method({ request: call.request, send: (message) => send(call, message, left.signal), caller });
    call.end();
  } catch (thrown) {
    call.emit("error", toldError(thrown, call.getPath(), errors));
  } finally {
    left.abort();
  }
}

async function answerUnary(
  call: ServerUnaryCall<object, object>,
  {
    method,
    callback,
  }: {
    readonly method: (call: AskedCall) => Promise<object>;
    readonly callback: sendUnaryData<object>;
  },
  errors: CallErrors,
): Promise<void> {
  const left = new AbortController();
  call.on("cancelled", () => left.abort());
  const caller: QueryCaller = { signal: left.signal, end: (error) => left.abort(error) };
  try {
    callback(null, await method({ request: call.request, caller }));
  } catch (thrown) {
    callback(toldError(thrown, call.getPath(), errors));
  } finally {
    left.abort();
  }
}

function toldError(
  thrown: unknown,
  method: string,
  { logger, statusOf }: CallErrors,
): { readonly code: number; readonly details: string; readonly metadata: Metadata } {
  const error = errorFrom(thrown);
  if (error.code === "internal") logFault(logger, method, error);
  return {
    code: statusOf?.(error) ?? error.meaning.grpcStatus,
    details: toldText(error).slice(0, MAX_DETAILS_LENGTH),
    metadata: new Metadata(),
  };
}

/** Waits for a slow reader, so that messages do not pile up. */
function send(
  call: ServerWritableStream<object, Uint8Array>,
  message: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted || call.write(message)) return Promise.resolve();
  return new Promise((resolve) => {
    const go = (): void => {
      call.off("drain", go);
      signal.removeEventListener("abort", go);
      resolve();
    };
    call.once("drain", go);
    signal.addEventListener("abort", go, { once: true });
  });
}

function logFault(logger: Logger, method: string, error: TracAggError): void {
  const cause = error.cause instanceof Error ? error.cause : error;
  logger.error("request failed", { method, code: error.code, message: error.message, stack: cause.stack });
}
