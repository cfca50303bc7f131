/** How addresses are told. */

import type { ListenAddress } from "./io/listen.ts";

/** As seen from the same machine: a listener on every address is reached over loopback. */
export function hostPort({ host, port }: ListenAddress): string {
  if (host === "0.0.0.0") return `127.0.0.1:${port}`;
  if (host === "::") return `[::1]:${port}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
