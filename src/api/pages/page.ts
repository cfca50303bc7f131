/** Static pages: one file each, nothing loaded from anywhere, style and script allowed by their hash alone. */

import { createHash } from "node:crypto";

/** A page with the policy it needs. */
export interface Page {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

/** What a page is made of; `main` is HTML, already escaped. */
export interface PageParts {
  readonly title: string;
  readonly description: string;
  readonly main: string;
  /** Runs after the page is there; "" for none. */
  readonly script: string;
}

const ESCAPES: Readonly<Record<string, string>> = Object.freeze({
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
});

/** Text as HTML text or attribute value. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string);
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1c2430;--dim:#566173;--paper:#fff;--panel:#f3f5f8;--line:#d5dbe3;--accent:#0b5fae}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--dim:#a3aebd;--paper:#12161c;--panel:#1b212a;--line:#343e4b;--accent:#7db7f0}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1.25rem 1rem 4rem;font:1rem/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper);overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:.25rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:1.25rem 0 .25rem}
a{color:var(--accent)}a:focus-visible,summary:focus-visible,button:focus-visible,pre:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
p{margin:.4rem 0}.dim{color:var(--dim)}
code,pre{font:.875rem/1.5 ui-monospace,monospace}
pre{margin:.5rem 0;padding:.75rem;background:var(--panel);border:1px solid var(--line);border-radius:.4rem;overflow-x:auto;overflow-wrap:normal}
details{border:1px solid var(--line);border-radius:.4rem;margin:.5rem 0;padding:.25rem .75rem}
summary{cursor:pointer;padding:.4rem 0;font-weight:600}
.live{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;align-items:baseline;padding:.75rem;border:1px solid var(--line);border-radius:.4rem;background:var(--panel)}
.live b{font-size:2rem;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line);overflow-wrap:normal}
.copy{float:right;font:inherit;font-size:.8rem;padding:.15rem .6rem;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:.3rem;cursor:pointer}
`;

function hashSource(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

/** Puts a page together with a policy that lets nothing in but its own style and script, and requests to this server. */
export function pageOf(parts: PageParts): Page {
  const script = parts.script === "" ? "" : `<script>${parts.script}</script>\n`;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${escapeHtml(parts.description)}">
<title>${escapeHtml(parts.title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
${parts.main}
${script}</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `style-src ${hashSource(STYLE)}`,
    ...(parts.script === "" ? [] : [`script-src ${hashSource(parts.script)}`]),
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return { html, contentSecurityPolicy: policy.join("; ") };
}
