/** Spans as Zipkin's clients read them: names in lower case, whatever case they came in. */

import type { ZipkinLinkSpan } from "../../analysis/zipkin-tree.ts";
import { zipkinSpansFromSpans } from "../../codec/zipkin-json/encode.ts";
import { REMOTE_NAME_KEYS, remoteEndpointOf } from "../../codec/zipkin-json/endpoints.ts";
import type { ZipkinEndpoint, ZipkinSpan } from "../../codec/zipkin-json/zipkin-model.ts";
import type { Span } from "../../model/span.ts";

/** Span attributes that {@link facadeRemoteName} reads. */
export const FACADE_REMOTE_KEYS: readonly string[] = REMOTE_NAME_KEYS;

/** A span of Zipkin's v2 model. */
export function facadeSpan(span: Span): ZipkinSpan {
  return zipkinSpansFromSpans([span], { lowerCaseNames: true })[0] as ZipkinSpan;
}

/** The name of the other side of a span. */
export function facadeRemoteName(span: Pick<Span, "kind" | "attributes">): string | undefined {
  return remoteEndpointOf(span)?.serviceName?.toLowerCase();
}

/** What Zipkin's linker looks at. */
export function facadeLinkSpan(span: Span): ZipkinLinkSpan {
  const { id, parentId, kind, shared, localEndpoint, remoteEndpoint, tags, timestamp } = facadeSpan(span);
  return {
    id,
    parentId,
    kind,
    isShared: shared === true,
    localService: localEndpoint?.serviceName,
    localAddress: addressOf(localEndpoint),
    remoteService: remoteEndpoint?.serviceName,
    hasErrorTag: tags !== undefined && Object.hasOwn(tags, "error"),
    timestampMicros: timestamp,
  };
}

function addressOf(endpoint: ZipkinEndpoint | undefined): string | undefined {
  const { ipv4, ipv6 } = endpoint ?? {};
  return ipv4 ?? ipv6;
}
