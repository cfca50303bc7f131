/** Sends spans to a server over OTLP/HTTP, again where the protocol says so. */

import type { Command } from "commander";
import type { StatusJson } from "../api/contract.ts";
import { TracAggError } from "../base/errors.ts";
import type { ExportResult } from "../codec/otlp-protobuf/responses.ts";
import { decodeExportResponse } from "../codec/otlp-protobuf/responses.ts";
import type { ApiClient } from "./api-client.ts";
import { unreachableError } from "./api-client.ts";
import type { CliContext } from "./cli-context.ts";

/** Answers after which the same request is sent again (OTLP, "Retryable Response Codes"). */
const RETRYABLE_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** With waits of 0.5, 1, 2, 4, 8 s: about 15 s of a server that restarts or catches up. */
const MAX_TRIES = 6;
const FIRST_WAIT_MILLIS = 500;
/** A server may ask for more; longer waits are cut, so that the command still ends. */
const MAX_WAIT_MILLIS = 30_000;

/** Sends one request after the other. */
export interface OtlpSender {
  /**
   * Sends an `ExportTraceServiceRequest`; answers with how many of its spans the server refused, and why.
   *
   * @throws TracAggError `unavailable` when nobody answers or the server stays overloaded, `failed_precondition` for a
   * refusal that will not change.
   */
  send(payload: Uint8Array): Promise<ExportResult>;
}

/** Adds `--endpoint`. */
export function addEndpointFlag(command: Command): Command {
  return command.option("--endpoint <url>", "OTLP/HTTP address to send to (default: what the server names)");
}

/**
 * Base URL of the server's OTLP/HTTP receiver, as it says itself. A server on another machine names the address it
 * listens on there, so the host is the one it was asked by.
 */
export async function otlpEndpoint(client: ApiClient): Promise<string> {
  const status = await client.getJson<StatusJson>("/api/v1/status");
  const url = new URL(status.addresses.otlpHttp);
  url.hostname = new URL(client.server).hostname;
  return url.origin;
}

async function refusalText(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return (JSON.parse(text) as { readonly message?: string }).message ?? text;
  } catch {
    // A protobuf Status: its printable part is the message.
    return text
      .replace(/[^\x20-\x7e]+/g, " ")
      .trim()
      .slice(0, 300);
  }
}

/** Milliseconds to wait before try number `tries`: what the server asks for, else doubling. */
function waitMillis(response: Response | undefined, tries: number): number {
  const asked = Number(response?.headers.get("retry-after") ?? Number.NaN) * 1_000;
  const wait = Number.isFinite(asked) && asked > 0 ? asked : FIRST_WAIT_MILLIS * 2 ** (tries - 1);
  return Math.min(wait, MAX_WAIT_MILLIS);
}

/** How one try went: the answer, or why another one may help after a while. */
type Try = { readonly result: ExportResult } | { readonly error: TracAggError; readonly waitMillis: number };

async function tryFromResponse(url: string, response: Response, tries: number): Promise<Try> {
  if (response.ok) return { result: decodeExportResponse(new Uint8Array(await response.arrayBuffer())) };
  const message = `${url}: HTTP ${response.status}: ${await refusalText(response)}`;
  if (!RETRYABLE_STATUS.has(response.status)) throw new TracAggError("failed_precondition", message);
  return { error: new TracAggError("overloaded", message), waitMillis: waitMillis(response, tries) };
}

/** Makes a sender to an OTLP/HTTP base URL. */
export function createOtlpSender(context: CliContext, endpoint: string): OtlpSender {
  const url = `${endpoint.replace(/\/+$/, "")}/v1/traces`;
  const headers = { "content-type": "application/x-protobuf" };
  let hasReached = false;

  const post = async (payload: Uint8Array, tries: number): Promise<Try> => {
    let response: Response;
    try {
      response = await context.fetch(url, { method: "POST", headers, body: payload });
    } catch (thrown) {
      const error = unreachableError(url, thrown);
      // A server that was never there is a wrong address; one that went away may come back.
      if (!hasReached) throw error;
      return { error, waitMillis: waitMillis(undefined, tries) };
    }
    hasReached = true;
    return tryFromResponse(url, response, tries);
  };

  return {
    send: async (payload) => {
      for (let tries = 1; ; tries++) {
        const outcome = await post(payload, tries);
        if ("result" in outcome) return outcome.result;
        if (tries === MAX_TRIES) throw outcome.error;
        await context.sleep(outcome.waitMillis);
      }
    },
  };
}
