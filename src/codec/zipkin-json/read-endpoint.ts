/** Endpoints of Zipkin's JSON, v1 and v2. */

import { addressMembers } from "./ip-address.ts";
import type { Place } from "./read-fault.ts";
import { objectIn, readingFault, textIn, typeFault } from "./read-fault.ts";
import type { ZipkinEndpoint } from "./zipkin-model.ts";

const MAX_PORT = 0xffff;

/** Either address key takes either family, and an address that is none is dropped; an empty endpoint is none. */
export function endpointIn(value: unknown, place: Place): ZipkinEndpoint | undefined {
  const { serviceName, ipv4, ipv6, port } = objectIn(value);
  const name = optional(serviceName) ? textIn(serviceName, [...place, "serviceName"]) : "";
  const first = optional(ipv4) ? addressMembers(textIn(ipv4, [...place, "ipv4"])) : {};
  const second = optional(ipv6) ? addressMembers(textIn(ipv6, [...place, "ipv6"])) : {};
  const number = optional(port) ? portIn(port, place) : 0;
  return endpointOf({ name, address: { ...first, ...second }, port: number });
}

/** An endpoint of what is known of it; undefined when that is nothing. */
export function endpointOf(parts: {
  readonly name: string;
  readonly address: Pick<ZipkinEndpoint, "ipv4" | "ipv6">;
  readonly port: number;
}): ZipkinEndpoint | undefined {
  const { name, address, port } = parts;
  const endpoint: ZipkinEndpoint = {
    ...(name === "" ? {} : { serviceName: name }),
    ...(address.ipv4 === undefined ? {} : { ipv4: address.ipv4 }),
    ...(address.ipv6 === undefined ? {} : { ipv6: address.ipv6 }),
    ...(port > 0 ? { port } : {}),
  };
  return Object.keys(endpoint).length === 0 ? undefined : endpoint;
}

function optional(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function portIn(value: unknown, place: Place): number {
  const port = typeof value === "string" && /^-?\d{1,9}$/.test(value) ? Number(value) : value;
  if (typeof port !== "number" || !Number.isInteger(port)) {
    throw typeFault("an int", value, [...place, "port"]);
  }
  if (port > MAX_PORT) throw readingFault(`invalid port ${port}`);
  return port;
}
