/** Exporters by the name configuration gives them. */

import type { Exporter } from "../src/export/exporter.ts";
import type { RotatingFileOptions } from "../src/export/rotating-file.ts";
import { createJaegerJsonFileExporter } from "./jaeger-json-file.ts";
import { createOtlpJsonFileExporter } from "./otlp-json-file.ts";
import { createZipkinJsonFileExporter } from "./zipkin-json-file.ts";

/** Makes one exporter of files. */
export type FileExporterFactory = (options: RotatingFileOptions) => Exporter;

/** `export.file.format` to factory. */
export const FILE_EXPORTERS: Readonly<Record<"otlp" | "jaeger" | "zipkin", FileExporterFactory>> =
  Object.freeze({
    otlp: createOtlpJsonFileExporter,
    jaeger: createJaegerJsonFileExporter,
    zipkin: createZipkinJsonFileExporter,
  });
