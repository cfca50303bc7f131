/** Exporters by the name configuration gives them. */

import type { Exporter } from "../src/export/exporter.ts";
import type { PeerOptions } from "../src/export/http-post.ts";
import type { RotatingFileOptions } from "../src/export/rotating-file.ts";
import { createJaegerGrpcExporter } from "./jaeger-grpc.ts";
import { createJaegerJsonFileExporter } from "./jaeger-json-file.ts";
import { createOtlpGrpcExporter } from "./otlp-grpc.ts";
import { createOtlpHttpExporter } from "./otlp-http.ts";
import { createOtlpJsonFileExporter } from "./otlp-json-file.ts";
import { createZipkinHttpExporter } from "./zipkin-http.ts";
import { createZipkinJsonFileExporter } from "./zipkin-json-file.ts";

/** Makes one exporter of files. */
export type FileExporterFactory = (options: RotatingFileOptions) => Exporter;

/** Format of a file to factory. */
export const FILE_EXPORTERS: Readonly<Record<"otlp" | "jaeger" | "zipkin", FileExporterFactory>> =
  Object.freeze({
    otlp: createOtlpJsonFileExporter,
    jaeger: createJaegerJsonFileExporter,
    zipkin: createZipkinJsonFileExporter,
  });

/** Makes one exporter that pushes; nothing is connected before the first delivery. */
export type PushExporterFactory = (options: PeerOptions) => Exporter;

/** Protocol of an entry of `export.push` to factory. */
export const PUSH_EXPORTERS: Readonly<
  Record<"otlp-grpc" | "otlp-http" | "zipkin" | "jaeger-grpc", PushExporterFactory>
> = Object.freeze({
  "otlp-grpc": createOtlpGrpcExporter,
  "otlp-http": createOtlpHttpExporter,
  zipkin: createZipkinHttpExporter,
  "jaeger-grpc": createJaegerGrpcExporter,
});
