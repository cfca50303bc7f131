/** Attributes that keep what only Zipkin's model has a place for. */

/** Their keys. Tags are texts, so a tag of the same name is none of these. */
export const ZipkinAttribute: {
  /** Boolean, true: the span reported a server's side under its client's id. */
  readonly SHARED: "zipkin.shared";
  /** Boolean, true: the span was to be kept whatever the sampling said. */
  readonly DEBUG: "zipkin.debug";
  /** Map, on the resource: the endpoint that recorded the span, where name and first address do not say it all. */
  readonly LOCAL_ENDPOINT: "zipkin.local_endpoint";
  /** Map: the other side, where its attributes do not say it all. */
  readonly REMOTE_ENDPOINT: "zipkin.remote_endpoint";
  /** Text: the id that a server shared with its client, on a span that got one of its own. */
  readonly SHARED_SPAN_ID: "zipkin.shared_span_id";
} = Object.freeze({
  SHARED: "zipkin.shared",
  DEBUG: "zipkin.debug",
  LOCAL_ENDPOINT: "zipkin.local_endpoint",
  REMOTE_ENDPOINT: "zipkin.remote_endpoint",
  SHARED_SPAN_ID: "zipkin.shared_span_id",
});
