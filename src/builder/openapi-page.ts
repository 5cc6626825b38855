// The OpenAPI document as one page: no script, nothing loaded from elsewhere.
import type { OpenApi, Operation } from './openapi-parts.ts';

const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
h2{margin-top:2.5rem;font-size:1.05rem}code,.method{font-family:ui-monospace,monospace}.method{display:inline-block;min-width:5.5rem;font-weight:700;color:#0550ae}
table{border-collapse:collapse;margin:.5rem 0}td{border-bottom:1px solid #d0d7de;padding:.2rem .8rem .2rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}.method{color:#79c0ff}td{border-color:#30363d}}`;

type Parameter = { name: string; in: string; required: boolean; schema: object };

const row = (cells: string[]): string => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;

const parameterRow = ({ name, in: place, required, schema }: Parameter): string =>
  row([
    `<code>${escape(name)}</code>`,
    `${place}${required ? ', required' : ''}`,
    `<code>${escape(JSON.stringify(schema))}</code>`,
  ]);

const operationOf = (
  path: string,
  method: string,
  { summary, description = '', parameters = [], responses }: Operation,
): string => `
<h2><span class="method">${method.toUpperCase()}</span> <code>${escape(path)}</code></h2>
<p>${escape(summary)}. ${escape(description)}</p>
<table>${(parameters as Parameter[]).map(parameterRow).join('')}</table>
<table>${Object.entries(responses as Record<string, { description: string }>)
  .map(([status, response]) => row([`<code>${status}</code>`, escape(response.description)]))
  .join('')}</table>`;

export const documentationPage = (document: OpenApi): string => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationOf(path, method, operation)),
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>knative-lambda builder</title><style>${style}</style>
<h1>knative-lambda builder</h1><p>From a CloudEvent to a running function. The same as <a href="/openapi.json">OpenAPI 3.1</a>.</p>${operations.join('')}</html>`;
};
