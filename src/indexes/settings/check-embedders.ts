import { ApiError } from '../../errors/api-error.ts';
import {
  type EmbedderField,
  type EmbedderSource,
  embedderFields,
  fieldStatus,
  isSource,
  sources,
} from './embedder-sources.ts';
import { isObject, type Json } from './order.ts';
import { urlProblem } from './url-problem.ts';

const code = 'invalid_settings_embedders';
const quote = (words: readonly string[]) => words.map((word) => `\`${word}\``).join(', ');

/** The order in which Meilisearch looks at the fields of an embedder, which decides the error that is reported. */
const checkOrder: readonly EmbedderField[] = [
  'model',
  'revision',
  'pooling',
  'dimensions',
  'apiKey',
  'url',
  'indexingFragments',
  'searchFragments',
  'request',
  'response',
  'documentTemplate',
  'documentTemplateMaxBytes',
  'headers',
  'searchEmbedder',
  'indexingEmbedder',
  'binaryQuantized',
  'distribution',
];

/** Models of OpenAI that Meilisearch knows: native dimensions, and whether fewer can be asked for. */
const openAiModels: Record<string, { dimensions: number; reducible: boolean }> = {
  'text-embedding-ada-002': { dimensions: 1536, reducible: false },
  'text-embedding-3-small': { dimensions: 1536, reducible: true },
  'text-embedding-3-large': { dimensions: 3072, reducible: true },
};

function unavailable(name: string, source: EmbedderSource, field: EmbedderField): ApiError {
  const elsewhere = sources.filter((other) => fieldStatus(other, field) !== 'disallowed');
  const fields = embedderFields.filter((other) => fieldStatus(source, other) !== 'disallowed');
  const lines = [
    `\`.embedders.${name}\`: Field \`${field}\` unavailable for source \`${source}\`.`,
    `  - note: \`${field}\` is available for sources: ${quote(elsewhere)}`,
    `  - note: available fields for source \`${source}\`: ${quote(fields)}`,
  ];
  return new ApiError(code, lines.join('\n'));
}

function checkFields(name: string, source: EmbedderSource, embedder: Json): void {
  for (const field of checkOrder) {
    const status = fieldStatus(source, field);
    if (status === 'disallowed' && field in embedder) throw unavailable(name, source, field);
    if (status === 'mandatory' && (embedder[field] ?? null) === null) {
      const note = `(note: this field is mandatory for source \`${source}\`)`;
      throw new ApiError(code, `\`.embedders.${name}\`: Missing field \`${field}\` ${note}`);
    }
  }
}

function checkOpenAi(name: string, embedder: Json): void {
  const model = embedder.model;
  if (typeof model !== 'string') return;
  const known = openAiModels[model];
  if (known === undefined) {
    const supported = Object.keys(openAiModels).map((word) => `"${word}"`);
    throw new ApiError(
      code,
      `\`.embedders.${name}.model\`: Invalid model \`${model}\` for OpenAI. Supported models: [${supported.join(', ')}]`,
    );
  }
  const { dimensions } = embedder;
  if (typeof dimensions !== 'number') return;
  const prefix = `\`.embedders.${name}.dimensions\`: Model \`${model}\` does not support overriding its`;
  if (!known.reducible && dimensions !== known.dimensions) {
    throw new ApiError(code, `${prefix} native dimensions of ${known.dimensions}. Found ${dimensions}`);
  }
  if (dimensions > known.dimensions) {
    throw new ApiError(code, `${prefix} dimensions to a value higher than ${known.dimensions}. Found ${dimensions}`);
  }
}

function mentions(value: unknown, placeholder: string): boolean {
  if (value === placeholder) return true;
  if (Array.isArray(value)) return value.some((element) => mentions(element, placeholder));
  return isObject(value) && Object.values(value).some((element) => mentions(element, placeholder));
}

function checkRequest(request: unknown): void {
  if (request === null || request === undefined) return;
  if (mentions(request, '{{text}}') || mentions(request, '{{fragment}}')) return;
  throw new ApiError(
    'vector_embedding_error',
    'Error while generating embeddings: user error: in `request`: "{{text}}" not found\n  - Note: this template is using a document template, and so expects to contain the placeholder "{{text}}" rather than "{{fragment}}"',
  );
}

function checkEmbedder(name: string, embedder: Json): void {
  if (typeof embedder.documentTemplate === 'string' && embedder.documentTemplateMaxBytes === 0) {
    const field = 'documentTemplateMaxBytes';
    throw new ApiError(code, `\`.embedders.${name}.${field}\`: \`${field}\` cannot be zero`);
  }
  if (embedder.dimensions === 0) {
    throw new ApiError(code, `\`.embedders.${name}.dimensions\`: \`dimensions\` cannot be zero`);
  }
  if (typeof embedder.url === 'string') {
    const problem = urlProblem(embedder.url);
    if (problem !== null) {
      throw new ApiError(code, `\`.embedders.${name}.url\`: could not parse \`${embedder.url}\`: ${problem}`);
    }
  }
  checkRequest(embedder.request);
  if (!isSource(embedder.source)) return;
  checkFields(name, embedder.source, embedder);
  if (embedder.source === 'openAi') checkOpenAi(name, embedder);
}

/**
 * What one request can tell about embedders, as Meilisearch does before it accepts a task: fields that the source does
 * not have or needs, models, dimensions, URLs. An embedder that names no source is checked in the task, where the source
 * that it has is known. Liquid templates, REST templates beyond their placeholder and embedders nested in a composite
 * one are left to the nodes.
 */
export function checkEmbedders(embedders: Record<string, Json | null>): void {
  for (const [name, embedder] of Object.entries(embedders)) if (embedder !== null) checkEmbedder(name, embedder);
}
