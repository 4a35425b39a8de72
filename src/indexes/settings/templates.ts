import { shardField, versionField } from '../../documents/markers.ts';
import { defaultDocumentTemplate } from './defaults.ts';
import { fieldStatus, isSource } from './embedder-sources.ts';
import { isObject, type Json } from './order.ts';

/** A loop over a document's fields in a template (Liquid), with the loop's variable and its white-space control. */
const fieldLoop = /\{%-?\s*for\s+([\w-]+)\s+in\s+fields\b[^%]*?(-?)%\}/g;

/** What is put behind the head of such a loop, so that Miroir's own fields are passed over. */
const guard = (variable: string, dash: string) =>
  `{% if ${variable}.name == "${shardField}" or ${variable}.name == "${versionField}" %}{% continue %}{% endif ${dash}%}`;

const anyGuard = new RegExp(
  guard('([\\w-]+)', '-?').replaceAll(/[{}|]/g, '\\$&').replace(' or ([\\w-]+)', ' or \\1'),
  'g',
);

/** A client's template as the nodes get it: embedders see the same text as those of one Meilisearch. */
export function guardTemplate(template: string): string {
  return template.replaceAll(fieldLoop, (head, variable: string, dash: string) => head + guard(variable, dash));
}

/** A node's template, or a message that quotes it, as the client wrote it. */
export function unguardTemplate(text: string): string {
  return text.replaceAll(anyGuard, '');
}

function hasTemplate(embedder: Json): boolean {
  const source = embedder.source ?? 'openAi';
  return isSource(source) && fieldStatus(source, 'documentTemplate') !== 'disallowed';
}

/** One embedder's part of a patch; `before` is the embedder as the client knows it. */
function guardEmbedder(change: unknown, before: unknown): unknown {
  if (!isObject(change)) return change;
  const known = isObject(before) ? before : {};
  const guarded: Json = { ...change };
  if (typeof change.documentTemplate === 'string') {
    guarded.documentTemplate = guardTemplate(change.documentTemplate);
  } else if (hasTemplate({ ...known, ...change })) {
    // Nodes keep a template that is not named, whatever the source, and give their own to an embedder that has none.
    const kept = !('documentTemplate' in change) && typeof known.documentTemplate === 'string';
    if (!kept) {
      guarded.documentTemplate = guardTemplate(defaultDocumentTemplate);
      // Without a template of its own an embedder has the default number of bytes, whatever else the patch says.
      guarded.documentTemplateMaxBytes = null;
    }
  }
  if ('indexingEmbedder' in change) {
    guarded.indexingEmbedder = guardEmbedder(change.indexingEmbedder, known.indexingEmbedder);
  }
  return guarded;
}

function mapEmbedders(embedders: unknown, change: (embedder: unknown, name: string) => unknown): unknown {
  if (!isObject(embedders)) return embedders;
  return Object.fromEntries(Object.entries(embedders).map(([name, embedder]) => [name, change(embedder, name)]));
}

/** The `embedders` of a client's patch as the nodes get them. `present` are those before it, as the client knows them. */
export function guardEmbedders(patch: unknown, present: unknown): unknown {
  return mapEmbedders(patch, (change, name) => guardEmbedder(change, isObject(present) ? present[name] : undefined));
}

function unguardEmbedder(embedder: unknown): unknown {
  if (!isObject(embedder)) return embedder;
  const shown: Json = { ...embedder };
  if (typeof shown.documentTemplate === 'string') shown.documentTemplate = unguardTemplate(shown.documentTemplate);
  if ('indexingEmbedder' in shown) shown.indexingEmbedder = unguardEmbedder(shown.indexingEmbedder);
  return shown;
}

/** A node's `embedders` as the client knows them. */
export function unguardEmbedders(embedders: unknown): unknown {
  return mapEmbedders(embedders, unguardEmbedder);
}
