/** Settings for a server in a test: a free port for everything that listens by default. */
export const FREE_PORTS: Readonly<Record<string, string>> = Object.freeze({
  "server.port": "0",
  "receivers.otlp.grpc.port": "0",
  "receivers.otlp.http.port": "0",
  "api.zipkin.port": "0",
  "api.jaeger.grpc.port": "0",
});
