/** Which addresses only this machine can reach. */

import { isIPv4, isIPv6 } from "node:net";

/**
 * True when only this machine can reach a listener on `host`: `localhost`, 127.0.0.0/8, `::1`, and 127.0.0.0/8 mapped
 * into IPv6. Other names count as reachable from outside, whatever they resolve to today.
 */
export function isLoopbackHost(host: string): boolean {
  const plain = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  if (plain === "localhost") return true;
  const mapped = plain.replace(/^::ffff:(?=\d+\.)/, "");
  if (isIPv4(mapped)) return mapped.startsWith("127.");
  return isIPv6(plain) && new URL(`http://[${plain}]`).hostname === "[::1]";
}
