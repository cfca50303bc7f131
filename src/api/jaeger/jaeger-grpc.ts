/** Jaeger's query services, as a group of gRPC calls. */

import type { GrpcGroup } from "../grpc-port.ts";
import type { JaegerGrpcOptions } from "./jaeger-grpc-names.ts";
import { V2_SERVICE, V3_SERVICE } from "./jaeger-grpc-names.ts";

/** Services on the port of `--jaeger-grpc-port` and on the main one; grpc-js is loaded with the first call. */
export function jaegerGrpcGroup(options: JaegerGrpcOptions): GrpcGroup {
  return {
    what: "Jaeger queries",
    pathStarts: [
      `/${V3_SERVICE}/`,
      `/${V2_SERVICE}/`,
      "/grpc.health.v1.Health/",
      "/grpc.reflection.v1.ServerReflection/",
      "/grpc.reflection.v1alpha.ServerReflection/",
    ],
    makeServer: async () => {
      const { createJaegerGrpcServer } = await import("./jaeger-grpc-server.ts");
      return await createJaegerGrpcServer(options);
    },
  };
}
