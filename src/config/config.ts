/** The configuration of a server as one typed, frozen value. */

/** Everything a server can be told. Bytes are numbers of bytes, lengths of time milliseconds. */
export interface TracAggConfig {
  readonly data: {
    /** Absolute path of the folder that holds log and segments. */
    readonly dir: string;
  };
  readonly server: {
    /** Address all listeners bind to. */
    readonly host: string;
    /** Port of UI and native API; 0 picks a free one. */
    readonly port: number;
    /** True when listening beyond loopback without authentication was asked for. */
    readonly insecure: boolean;
    readonly shutdownTimeoutMillis: number;
  };
  readonly receivers: {
    readonly otlp: {
      /** Counted after decompression. */
      readonly maxRequestBytes: number;
      readonly grpc: { readonly port: number };
      readonly http: {
        readonly port: number;
        readonly cors: {
          /** Origins browsers may send from; `*` stands for any. */
          readonly allowedOrigins: readonly string[];
        };
      };
    };
    /** Ports of Jaeger's former collectors; -1 is none. */
    readonly jaeger: {
      readonly http: { readonly port: number };
      readonly grpc: { readonly port: number };
    };
  };
  readonly api: {
    readonly tempo: {
      /** Port with the Tempo API at its root; 0 picks a free one, -1 is none. */
      readonly port: number;
    };
    readonly zipkin: {
      /** Port with the Zipkin API at its root; 0 picks a free one, -1 is none. */
      readonly port: number;
      readonly strictTraceId: boolean;
      readonly autocompleteKeys: readonly string[];
      /** Absolute path of the built assets of Lens, "" for none. */
      readonly uiDir: string;
    };
    readonly jaeger: {
      /** Port of Jaeger's query services; 0 picks a free one, -1 is none. */
      readonly grpc: { readonly port: number };
      /** Absolute path of the built assets of Jaeger's UI, "" for none. */
      readonly uiDir: string;
      /** Absolute path of the UI's configuration, "" for TracAgg's own. */
      readonly uiConfig: string;
    };
  };
  /** Remote sampling; the ports are listened on only with a file. */
  readonly sampling: {
    /** Absolute path of the file of strategies, "" for none. */
    readonly file: string;
    readonly http: { readonly port: number };
    readonly grpc: { readonly port: number };
  };
  readonly ingest: { readonly maxInFlightBytes: number; readonly maxLogLagMillis: number };
  readonly log: { readonly maxFileBytes: number; readonly maxRetainedBytes: number };
  readonly store: {
    readonly type: "lake" | "memory";
    readonly memory: { readonly maxBytes: number };
    readonly lake: {
      readonly sealBytes: number;
      readonly sealAgeMillis: number;
      readonly maxHotBytes: number;
      readonly memoryLimitBytes: number;
      readonly attributeColumns: readonly string[];
      readonly queryConcurrency: number;
      readonly mergeSegments: number;
    };
  };
  readonly retention: { readonly ageMillis: number; readonly bytes: number };
  readonly query: {
    readonly maxConcurrent: number;
    readonly timeoutMillis: number;
    readonly maxTraceSpans: number;
    readonly maxHeldBytes: number;
  };
  readonly export: {
    /** Entries as `pushTargetOf` reads them; header values in them are secrets. */
    readonly push: readonly string[];
    readonly file: {
      /** Absolute path of the file every span is also written to; "" for none. */
      readonly path: string;
      readonly format: "otlp" | "jaeger" | "zipkin";
    };
  };
  readonly logging: {
    readonly level: "info" | "warn" | "error";
    readonly format: "text" | "json";
  };
}

/** What one option may hold. */
export type OptionValue = string | boolean | number | readonly string[];

type WithoutUnit<Name extends string> = Name extends `${infer Stem}Millis` ? Stem : Name;

type LeafKeys<Branch, Prefix extends string = ""> = {
  [Name in keyof Branch & string]: Branch[Name] extends OptionValue
    ? WithoutUnit<`${Prefix}${Name}`>
    : LeafKeys<Branch[Name], `${Prefix}${Name}.`>;
}[keyof Branch & string];

/** Key path of an option in the file: as in {@link TracAggConfig}, without the `Millis` of lengths of time. */
export type OptionKey = LeafKeys<TracAggConfig>;
