/** `GET /api`: the OpenAPI document for people. */

import type { OpenApiDocument, Operation, OperationParameter } from "../openapi/document.ts";
import type { Page } from "./page.ts";
import { escapeHtml, pageOf } from "./page.ts";

/** Makes the page; it needs no script. */
export function apiPage(document: OpenApiDocument): Page {
  const sections = document.tags.map(
    ({ name, description }) => `<h2 id="${escapeHtml(name)}">${escapeHtml(name)}</h2>
<p class="dim">${escapeHtml(description)}</p>
${operationsOf(document, name).join("\n")}`,
  );
  const links = document.tags.map(({ name }) => `<a href="#${escapeHtml(name)}">${escapeHtml(name)}</a>`);
  const main = `<header>
<h1>${escapeHtml(String(document.info["title"]))}</h1>
<p>${escapeHtml(String(document.info["description"])).replaceAll("`", "")}</p>
<p><a href="openapi.json">openapi.json</a> · <a href="./">set-up</a></p>
<nav aria-label="Groups">${links.join(" · ")}</nav>
</header>
<main>
${sections.join("\n")}
<h2 id="schemas">Schemas</h2>
${Object.entries(document.components.schemas).map(schemaHtml).join("\n")}
</main>`;
  return pageOf({
    title: "TracAgg API",
    description: "Every endpoint of the TracAgg native API with its parameters and answers.",
    main,
    script: "",
  });
}

function operationsOf(document: OpenApiDocument, tag: string): readonly string[] {
  return Object.entries(document.paths)
    .filter(([, { get }]) => get.tags.includes(tag))
    .map(([path, { get }]) => operationHtml(path, get));
}

function operationHtml(path: string, operation: Operation): string {
  const rows = operation.parameters.map(parameterRow).join("\n");
  const parameters =
    rows === ""
      ? ""
      : `<div class="scroll"><table><thead><tr><th scope="col">Parameter</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
  const answers = Object.entries(operation.responses)
    .map(([status, { description }]) => `<p><code>${status}</code> ${escapeHtml(description)}</p>`)
    .join("\n");
  return `<details id="${escapeHtml(operation.operationId)}"><summary><code>GET ${escapeHtml(path)}</code> ${escapeHtml(operation.summary)}</summary>
<p>${escapeHtml(operation.description)}</p>
${parameters}
<h3>Answers</h3>
${answers}
</details>`;
}

function parameterRow(parameter: OperationParameter): string {
  const { schema } = parameter;
  const words = Array.isArray(schema["enum"]) ? schema["enum"].join(" | ") : String(schema["type"]);
  const preset = schema["default"] === undefined ? "" : `, default ${String(schema["default"])}`;
  const need = parameter.required ? ", required" : "";
  return `<tr><th scope="row"><code>${escapeHtml(parameter.name)}</code></th><td>${escapeHtml(words + preset + need)}</td><td>${escapeHtml(parameter.description)}</td></tr>`;
}

function schemaHtml([name, schema]: readonly [string, unknown]): string {
  return `<details id="schema-${escapeHtml(name)}"><summary><code>${escapeHtml(name)}</code></summary>
<pre tabindex="0">${escapeHtml(JSON.stringify(schema, undefined, 2))}</pre></details>`;
}
