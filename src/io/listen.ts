/** Sockets opened with errors that say what to do. */

import type { AddressInfo, Server } from "node:net";
import { TracAggError } from "../base/errors.ts";

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Starts listening.
 *
 * @param port 0 takes a free one
 * @param what names the listener in messages, such as "OTLP/HTTP"
 * @throws TracAggError `failed_precondition` when the address is taken, not allowed or not of this machine
 */
export function listen(server: Server, address: ListenAddress, what: string): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError(error, address, what));
    server.once("error", onError);
    server.listen(address.port, address.host, () => {
      server.off("error", onError);
      resolve({ host: address.host, port: (server.address() as AddressInfo).port });
    });
  });
}

/** What went wrong when `what` tried to listen on an address. */
function listenError(error: Error, { host, port }: ListenAddress, what: string): TracAggError {
  const reason = error.message.includes("EADDRINUSE")
    ? "another program has it; stop that program or choose another port (0 picks a free one)"
    : error.message;
  return new TracAggError("failed_precondition", `${what}: cannot listen on ${host}:${port}: ${reason}`, {
    cause: error,
  });
}
