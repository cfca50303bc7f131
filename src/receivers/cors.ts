/** Which web pages may send spans: cross-origin resource sharing (https://fetch.spec.whatwg.org/#http-cors-protocol). */

import type { IncomingHttpHeaders } from "node:http";

/**
 * Origins allowed when nothing is configured: pages served from this machine, as during development. Any other page a
 * person visits must not be able to write into their traces.
 */
export const DEFAULT_CORS_ORIGINS: readonly string[] = [
  "http://localhost",
  "http://localhost:*",
  "https://localhost",
  "https://localhost:*",
  "http://127.0.0.1:*",
  "http://[::1]:*",
];

/** What browser SDKs send when a preflight does not say (contract H14). */
const DEFAULT_HEADERS = "content-type, content-encoding, traceparent, tracestate, baggage";
/** Two hours: the longest that Chromium keeps a preflight. */
const MAX_AGE_SECONDS = "7200";

/** Headers of answers, by request. */
export interface CorsPolicy {
  /** For an answer to a request of any method; empty when the origin is absent or not allowed. */
  answerHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>>;
  /** For the answer to a preflight; empty when the origin is absent or not allowed. */
  preflightHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>>;
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/**
 * A policy over origin patterns, in which `*` stands for any characters ("*" alone allows every page). Credentials are
 * never allowed, so no cookie of a person can be used by a page.
 */
export function createCorsPolicy(origins: readonly string[]): CorsPolicy {
  const patterns = origins.map(patternFromOrigin);
  const answerHeaders = (headers: IncomingHttpHeaders): Readonly<Record<string, string>> => {
    const origin = headers.origin;
    if (origin === undefined || !patterns.some((pattern) => pattern.test(origin))) return NO_HEADERS;
    return {
      "Access-Control-Allow-Origin": origin,
      "Access-Control-Expose-Headers": "Retry-After",
      Vary: "Origin",
    };
  };
  const preflightHeaders = (headers: IncomingHttpHeaders): Readonly<Record<string, string>> => {
    const allowed = answerHeaders(headers);
    if (allowed === NO_HEADERS) return NO_HEADERS;
    return {
      ...allowed,
      "Access-Control-Allow-Methods": "POST",
      "Access-Control-Allow-Headers": headers["access-control-request-headers"] ?? DEFAULT_HEADERS,
      "Access-Control-Max-Age": MAX_AGE_SECONDS,
    };
  };
  return { answerHeaders, preflightHeaders };
}

function patternFromOrigin(origin: string): RegExp {
  const literal = origin.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`, "i");
}
