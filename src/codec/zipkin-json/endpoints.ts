/** Zipkin endpoints from OpenTelemetry attributes and back. */

import type { Attributes } from "../../model/attribute-value.ts";
import type { Span } from "../../model/span.ts";
import { textFromAttribute } from "../attribute-text.ts";
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

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;
const IPV6 = /^(?=.*:.*:)[0-9a-fA-F:]+(?:\.\d+\.\d+\.\d+)?$/;

/** The other side of a span, undefined when no attribute names it or the kind has none. */
export function remoteEndpointOf(span: Span): ZipkinEndpoint | undefined {
  if (span.kind !== "CLIENT" && span.kind !== "PRODUCER") return undefined;
  for (const [nameKey, portKey] of REMOTE_SOURCES) {
    const name = textOf(span.attributes, nameKey);
    if (name === "") continue;
    return endpointFrom(name, portKey === undefined ? "" : textOf(span.attributes, portKey));
  }
  return undefined;
}

/** The side that made the span: its service, and its address where the resource or the span tells one. */
export function localEndpointOf(span: Span): ZipkinEndpoint {
  const address = localAddressOf(span);
  return { serviceName: span.serviceName, ...(address === "" ? {} : addressMembers(address)) };
}

function localAddressOf(span: Span): string {
  const own = textOf(span.attributes, "network.local.address");
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

/** `{ipv4}` or `{ipv6}`, or nothing when the text is no address. An IPv4 address inside IPv6 counts as IPv4. */
export function addressMembers(text: string): { readonly ipv4?: string; readonly ipv6?: string } {
  const mapped = /^::(?:ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(text);
  const plain = mapped?.[1] ?? text;
  if (IPV4.test(plain)) return { ipv4: plain };
  return IPV6.test(text) ? { ipv6: text.toLowerCase() } : {};
}

function textOf(attributes: Attributes, key: string): string {
  const value = attributes[key];
  return value === undefined ? "" : textFromAttribute(value);
}
