/** Where an embedder's vectors come from, in the order in which messages list the sources. */
export const sources = ['openAi', 'huggingFace', 'ollama', 'userProvided', 'rest', 'composite'] as const;
export type EmbedderSource = (typeof sources)[number];

/** Whether a value names a source. */
export function isSource(value: unknown): value is EmbedderSource {
  return (sources as readonly unknown[]).includes(value);
}

/** Fields of an embedder in the order in which messages about sources list them. */
export const embedderFields = [
  'source',
  'model',
  'revision',
  'pooling',
  'apiKey',
  'dimensions',
  'documentTemplate',
  'documentTemplateMaxBytes',
  'url',
  'indexingFragments',
  'searchFragments',
  'request',
  'response',
  'headers',
  'searchEmbedder',
  'indexingEmbedder',
  'distribution',
  'binaryQuantized',
] as const;
export type EmbedderField = (typeof embedderFields)[number];

const templates = ['documentTemplate', 'documentTemplateMaxBytes'] as const;
const everywhere = ['source', 'distribution', 'binaryQuantized'] as const;

const allowed: Record<EmbedderSource, readonly EmbedderField[]> = {
  openAi: ['model', 'apiKey', 'dimensions', 'url', ...templates],
  huggingFace: ['model', 'revision', 'pooling', ...templates],
  ollama: ['model', 'apiKey', 'dimensions', 'url', ...templates],
  userProvided: ['dimensions'],
  rest: [
    'apiKey',
    'dimensions',
    'url',
    'indexingFragments',
    'searchFragments',
    'request',
    'response',
    'headers',
    ...templates,
  ],
  composite: ['searchEmbedder', 'indexingEmbedder'],
};

const mandatory: Record<EmbedderSource, readonly EmbedderField[]> = {
  openAi: [],
  huggingFace: [],
  ollama: ['model'],
  userProvided: ['dimensions'],
  rest: ['url', 'request', 'response'],
  composite: ['searchEmbedder', 'indexingEmbedder'],
};

/** Whether embedders of this source must, may or cannot have the field. */
export function fieldStatus(source: EmbedderSource, field: EmbedderField): 'mandatory' | 'allowed' | 'disallowed' {
  if (mandatory[source].includes(field)) return 'mandatory';
  const known = (everywhere as readonly string[]).includes(field) || allowed[source].includes(field);
  return known ? 'allowed' : 'disallowed';
}
