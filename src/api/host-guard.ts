/**
 * Keeps web pages of other sites from reading a server on loopback through DNS rebinding: their name may be made to
 * resolve to 127.0.0.1, but it still stands in the `Host` header.
 */

import { TracAggError } from "../base/errors.ts";

/** The host of a `Host` header, without port, lower case; undefined when the header cannot be read. */
function hostOf(header: string): string | undefined {
  const match = /^(\[[0-9a-f:.%]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(header.trim());
  return match?.[1]?.toLowerCase().replace(/\.$/, "");
}

function isLoopback(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost") || host === "[::1]") return true;
  return /^127(?:\.\d{1,3}){3}$/.test(host);
}

/**
 * Checks the `Host` header of a request to a server bound to loopback.
 *
 * @param allowedHosts - further names that may be asked for (a local proxy's), without port.
 * @throws TracAggError `invalid_argument` when the header is missing or names another host.
 */
export function checkHost(header: string | undefined, allowedHosts: readonly string[]): void {
  const host = header === undefined ? undefined : hostOf(header);
  if (host !== undefined && (isLoopback(host) || allowedHosts.includes(host))) return;
  const expected = "expected localhost or a loopback address, since the server listens on loopback only";
  const hint = "to be reached under other names it must listen on another address";
  throw new TracAggError("invalid_argument", `Host: ${expected}, got "${header ?? ""}"; ${hint}`, {
    field: "Host",
  });
}
