/** How to point each language's OpenTelemetry at this server, to be copied as it is. */

import type { AddressesJson } from "../contract.ts";

/** One way to send spans. */
export interface SetUpSnippet {
  readonly name: string;
  /** One sentence. */
  readonly note: string;
  readonly code: string;
}

function exports(otlpHttp: string): string {
  return `export OTEL_SERVICE_NAME=my-service
export OTEL_EXPORTER_OTLP_ENDPOINT=${otlpHttp}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_TRACES_EXPORTER=otlp OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none`;
}

/** A span of two hundred milliseconds that ends now, by hand. */
function curl(otlpHttp: string): string {
  return `now=$(date +%s)
curl -sS ${otlpHttp}/v1/traces -H 'Content-Type: application/json' -d '{"resourceSpans":[{
  "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"curl"}}]},
  "scopeSpans":[{"spans":[{"traceId":"'$(openssl rand -hex 16)'","spanId":"'$(openssl rand -hex 8)'",
    "name":"hello","kind":2,
    "startTimeUnixNano":"'$now'000000000","endTimeUnixNano":"'$now'200000000"}]}]}]}'`;
}

function collector(otlpGrpc: string): string {
  return `exporters:
  otlp/tracagg:
    endpoint: ${otlpGrpc}
    tls:
      insecure: true
service:
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [otlp/tracagg]`;
}

function dotnet(otlpHttp: string): string {
  return `dotnet add package OpenTelemetry.Extensions.Hosting
dotnet add package OpenTelemetry.Instrumentation.AspNetCore
dotnet add package OpenTelemetry.Exporter.OpenTelemetryProtocol

// Program.cs
builder.Services.AddOpenTelemetry()
    .ConfigureResource(resource => resource.AddService("my-service"))
    .WithTracing(tracing => tracing
        .AddAspNetCoreInstrumentation()
        .AddOtlpExporter(otlp => {
            otlp.Endpoint = new Uri("${otlpHttp}/v1/traces");
            otlp.Protocol = OpenTelemetry.Exporter.OtlpExportProtocol.HttpProtobuf;
        }));`;
}

function go(otlpHttp: string): string {
  return `go get go.opentelemetry.io/otel/sdk go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp

exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL("${otlpHttp}/v1/traces"))
if err != nil {
    log.Fatal(err)
}
provider := trace.NewTracerProvider(trace.WithBatcher(exporter)) // go.opentelemetry.io/otel/sdk/trace
defer provider.Shutdown(ctx)
otel.SetTracerProvider(provider)`;
}

function ruby(otlpHttp: string): string {
  return `bundle add opentelemetry-sdk opentelemetry-exporter-otlp opentelemetry-instrumentation-all
${exports(otlpHttp)}

# before the application starts
require "opentelemetry/sdk"
require "opentelemetry/exporter/otlp"
require "opentelemetry/instrumentation/all"
OpenTelemetry::SDK.configure { |config| config.use_all }`;
}

/** Every snippet, with the addresses of this server in it. */
export function setUpSnippets({ otlpGrpc, otlpHttp }: AddressesJson): readonly SetUpSnippet[] {
  const environment = exports(otlpHttp);
  return [
    {
      name: "Node.js",
      note: "No change to the code: the instrumentation is loaded before it.",
      code: `npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node\n${environment}\nnode --require @opentelemetry/auto-instrumentations-node/register app.js`,
    },
    {
      name: "Python",
      note: "No change to the code: the agent wraps the program.",
      code: `pip install opentelemetry-distro opentelemetry-exporter-otlp\nopentelemetry-bootstrap -a install\n${environment}\nopentelemetry-instrument python app.py`,
    },
    {
      name: "Java",
      note: "No change to the code: the agent is a jar of the OpenTelemetry Java instrumentation project.",
      code: `${environment}\njava -javaagent:opentelemetry-javaagent.jar -jar app.jar`,
    },
    { name: "Go", note: "A few lines where the program starts.", code: go(otlpHttp) },
    { name: ".NET", note: "Two packages more and a few lines in Program.cs.", code: dotnet(otlpHttp) },
    { name: "Ruby", note: "Three gems and a few lines.", code: ruby(otlpHttp) },
    { name: "curl", note: "One span by hand, to see whether anything arrives.", code: curl(otlpHttp) },
    {
      name: "OpenTelemetry Collector",
      note: "An exporter beside those it has already.",
      code: collector(otlpGrpc),
    },
  ];
}
