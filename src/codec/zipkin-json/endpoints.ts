/** Zipkin endpoints from OpenTelemetry attributes. */

import type { AttributeMap, AttributeValue } from "../../model/attribute-value.ts";
import type { Span } from "../../model/span.ts";
import { textFromAttribute } from "../attribute-text.ts";
import { addressMembers } from "./ip-address.ts";
import { ZipkinAttribute } from "./zipkin-attributes.ts";
import type { ZipkinEndpoint } from "./zipkin-model.ts";

/**
 * Attributes that name the other side of a CLIENT or PRODUCER span, best first, each with the attribute of its port
 * (OpenTelemetry's Zipkin exporter, "Remote endpoint"; `service.peer.name` has replaced `peer.service`).
 */
const REMOTE_SOURCES: readonly (readonly [name: string, port: string | undefined])[] = [
  ["service.peer.name", undefined],
  ["peer.service", undefined],
  ["server.address", "server.port"],
  ["net.peer.name", "net.peer.port"],
  ["network.peer.address", "network.peer.port"],
  ["server.socket.domain", "server.socket.port"],
  ["server.socket.address", "server.socket.port"],
  ["net.sock.peer.name", "net.sock.peer.port"],
  ["net.sock.peer.addr", "net.sock.peer.port"],
  ["peer.hostname", undefined],
  ["peer.address", undefined],
  ["db.name", undefined],
];

/** Span attributes, one of which names the other side of every span that has one. */
export const REMOTE_NAME_KEYS: readonly string[] = Object.freeze([
  ZipkinAttribute.REMOTE_ENDPOINT,
  ...REMOTE_SOURCES.map(([name]) => name),
]);

/** The other side of a span: as Zipkin told it, else as attributes name it; undefined when nothing does. */
export function remoteEndpointOf(span: Pick<Span, "kind" | "attributes">): ZipkinEndpoint | undefined {
  const told = endpointFromAttribute(span.attributes[ZipkinAttribute.REMOTE_ENDPOINT]);
  if (told !== undefined) return told;
  if (span.kind !== "CLIENT" && span.kind !== "PRODUCER") return undefined;
  return remoteEndpointFrom((key) => textOf(span.attributes[key]));
}

/** The other side of a CLIENT or PRODUCER, by the values of attributes, "" for absent ones. */
export function remoteEndpointFrom(textAt: (key: string) => string): ZipkinEndpoint | undefined {
  for (const [nameKey, portKey] of REMOTE_SOURCES) {
    const name = textAt(nameKey);
    if (name === "") continue;
    return endpointFrom(name, portKey === undefined ? "" : textAt(portKey));
  }
  return undefined;
}

/**
 * The side that made the span: as Zipkin told it, else its service, and its address where the resource or the span tells
 * one. Undefined when Zipkin told of none.
 */
export function localEndpointOf(span: Span): ZipkinEndpoint | undefined {
  const marker = span.resource.attributes[ZipkinAttribute.LOCAL_ENDPOINT];
  if (isMap(marker)) return endpointFromAttribute(marker);
  return { serviceName: span.serviceName, ...addressMembers(localAddressOf(span)) };
}

/** An endpoint as attributes keep it; undefined when it is none, or empty. */
function endpointFromAttribute(value: AttributeValue | undefined): ZipkinEndpoint | undefined {
  if (!isMap(value)) return undefined;
  const { serviceName, ipv4, ipv6, port } = value;
  const endpoint: ZipkinEndpoint = {
    ...(typeof serviceName === "string" ? { serviceName } : {}),
    ...(typeof ipv4 === "string" ? { ipv4 } : {}),
    ...(typeof ipv6 === "string" ? { ipv6 } : {}),
    ...(typeof port === "bigint" ? { port: Number(port) } : {}),
  };
  return Object.keys(endpoint).length === 0 ? undefined : endpoint;
}

/** Whether an attribute is a map of others. */
export function isMap(value: AttributeValue | undefined): value is AttributeMap {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function localAddressOf(span: Span): string {
  const own = textOf(span.attributes["network.local.address"]);
  if (own !== "") return own;
  const hostIp = span.resource.attributes["host.ip"];
  const first = Array.isArray(hostIp) ? hostIp[0] : hostIp;
  return typeof first === "string" ? first : "";
}

function endpointFrom(name: string, portText: string): ZipkinEndpoint {
  const address = addressMembers(name);
  const port = Number(portText);
  return {
    ...(Object.keys(address).length === 0 ? { serviceName: name } : address),
    ...(Number.isInteger(port) && port > 0 && port <= 65_535 ? { port } : {}),
  };
}

function textOf(value: AttributeValue | undefined): string {
  return value === undefined ? "" : textFromAttribute(value);
}
