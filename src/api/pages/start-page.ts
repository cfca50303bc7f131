/** `GET /`: what to paste so that spans arrive, and whether they do. */

import type { StatusJson } from "../contract.ts";
import type { Page } from "./page.ts";
import { escapeHtml, pageOf } from "./page.ts";
import type { SetUpSnippet } from "./set-up-snippets.ts";
import { setUpSnippets } from "./set-up-snippets.ts";

const NO_SPANS = "No spans yet. Set one of these up, or run: tracagg demo";

/**
 * Asks for the status every two seconds while the page is looked at. Addresses are relative, so that the page works
 * under any base path.
 */
const SCRIPT = `
"use strict";
const text = (id, value) => { document.getElementById(id).textContent = value; };
const show = (status) => {
  text("received", status.receivedSpans.toLocaleString("en"));
  text("refused", status.refusedSpans === 0 ? "" : status.refusedSpans.toLocaleString("en") + " refused");
  text("stored", (status.storage.bytes / 1048576).toFixed(1) + " MiB stored");
  const error = status.lastIngestError;
  text("error", error === null ? "" : "Last refused request (" + error.time.slice(0, 19) + "Z): " + error.message + " " + error.fix);
  text("hint", status.receivedSpans === 0 ? "${NO_SPANS}" : "Spans arrive. See them: api/v1/traces");
};
const poll = async () => {
  if (!document.hidden) {
    try {
      show(await (await fetch("api/v1/status")).json());
      text("lost", "");
    } catch {
      text("lost", "The server does not answer.");
    }
  }
  setTimeout(poll, 2000);
};
for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.nextElementSibling.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
poll();
`;

/** Makes the page for the status of this moment; it keeps itself up to date where scripts run. */
export function startPage(status: StatusJson): Page {
  const { addresses, storage } = status;
  const main = `<header>
<h1>TracAgg</h1>
<p class="dim">Version ${escapeHtml(status.version)} · <a href="api">API</a> · <a href="openapi.json">OpenAPI document</a> ·
<a href="api/v1/traces">traces</a> · <a href="metrics">metrics</a></p>
</header>
<main>
<div class="live" role="status" aria-label="Spans received">
<span><b id="received">${status.receivedSpans}</b> spans received</span>
<span id="refused">${status.refusedSpans === 0 ? "" : `${status.refusedSpans} refused`}</span>
<span id="stored" class="dim"></span>
<span id="lost"></span>
</div>
<p id="hint">${status.receivedSpans === 0 ? NO_SPANS : ""}</p>
<p id="error">${escapeHtml(lastError(status))}</p>
<h2>Where to send</h2>
<div class="scroll"><table>
<tr><th scope="row">OTLP/HTTP</th><td><code>${escapeHtml(addresses.otlpHttp)}/v1/traces</code> (protobuf or JSON)</td></tr>
<tr><th scope="row">OTLP/gRPC</th><td><code>${escapeHtml(addresses.otlpGrpc)}</code></td></tr>
<tr><th scope="row">Kept</th><td>${escapeHtml(keptText(storage))}</td></tr>
</table></div>
<h2>Set it up</h2>
${setUpSnippets(addresses).map(snippetHtml).join("\n")}
<h2>Ask</h2>
<pre tabindex="0">curl '${escapeHtml(addresses.ui)}/api/v1/traces?hasErrors=true&amp;start=-1h'
curl '${escapeHtml(addresses.ui)}/api/v1/services'</pre>
</main>`;
  return pageOf({
    title: "TracAgg",
    description: "Set up OpenTelemetry to send traces to this TracAgg server.",
    main,
    script: SCRIPT,
  });
}

function lastError({ lastIngestError }: StatusJson): string {
  return lastIngestError === null
    ? ""
    : `Last refused request: ${lastIngestError.message} ${lastIngestError.fix}`.trim();
}

function keptText(storage: StatusJson["storage"]): string {
  const size =
    storage.maxBytes === null ? "no limit on size" : `up to ${(storage.maxBytes / 2 ** 30).toFixed(1)} GiB`;
  const age =
    storage.maxAgeSeconds === null ? "of any age" : `for ${Math.round(storage.maxAgeSeconds / 3_600)} hours`;
  return `${size}, ${age} (${storage.store} store)`;
}

function snippetHtml(snippet: SetUpSnippet, index: number): string {
  return `<details${index === 0 ? " open" : ""}><summary>${escapeHtml(snippet.name)}</summary>
<p class="dim">${escapeHtml(snippet.note)}</p>
<button type="button" class="copy" hidden aria-label="Copy ${escapeHtml(snippet.name)} set-up">Copy</button><pre tabindex="0">${escapeHtml(snippet.code)}</pre>
</details>`;
}
