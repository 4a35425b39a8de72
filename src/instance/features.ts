import { ApiError } from '../errors/api-error.ts';

/** Experimental features of Meilisearch 1.21, in the order in which it lists them. */
export const featureNames = [
  'metrics',
  'logsRoute',
  'editDocumentsByFunction',
  'containsFilter',
  'network',
  'getTaskDocumentsRoute',
  'compositeEmbedders',
  'chatCompletions',
  'multimodal',
  'vectorStoreSetting',
] as const;

export type FeatureName = (typeof featureNames)[number];

/** Whether each feature is on. */
export type Features = Readonly<Record<FeatureName, boolean>>;

/** All of them off, as on a fresh server. */
export const allOff = Object.fromEntries(featureNames.map((name) => [name, false])) as Features;

/** Under which the store keeps them, as its `meta` value. */
export const featuresKey = 'experimentalFeatures';

/** The features as stored; all are off when nothing is. */
export function readFeatures(text: string | null): Features {
  const stored = text === null ? {} : (JSON.parse(text) as Partial<Features>);
  return Object.fromEntries(featureNames.map((name) => [name, stored[name] === true])) as Features;
}

/** Features that work because the nodes have them on; the others are Miroir's own routes. */
export const nodeFeatures: readonly FeatureName[] = [
  'editDocumentsByFunction',
  'containsFilter',
  'compositeEmbedders',
  'multimodal',
  'vectorStoreSetting',
];

/** Features that Miroir does not have, with what to do instead. */
const refused: Partial<Record<FeatureName, string>> = {
  network:
    "Miroir itself spreads an index over nodes, so Meilisearch's own network of instances cannot be used with it",
  chatCompletions: 'Miroir does not offer conversations with a language model',
  getTaskDocumentsRoute: 'Miroir hands documents to the nodes at once and keeps none for its tasks',
};

/** Refuses a change that would switch on what Miroir does not have. */
export function checkOffered(change: Partial<Features>): void {
  for (const name of featureNames) {
    const reason = refused[name];
    if (change[name] !== true || reason === undefined) continue;
    throw new ApiError(
      'miroir_not_supported',
      `The experimental feature \`${name}\` cannot be enabled: ${reason}. Nothing was changed.`,
    );
  }
}

/** How messages name a feature, and the page they point at. */
const described: Record<FeatureName, { name: string; page: string }> = {
  metrics: { name: 'metrics', page: 'https://github.com/meilisearch/product/discussions/625' },
  logsRoute: { name: 'logs route', page: 'https://github.com/orgs/meilisearch/discussions/721' },
  editDocumentsByFunction: {
    name: 'edit documents by function',
    page: 'https://github.com/orgs/meilisearch/discussions/762',
  },
  containsFilter: { name: 'contains filter', page: 'https://github.com/orgs/meilisearch/discussions/763' },
  network: { name: 'network', page: 'https://github.com/orgs/meilisearch/discussions/805' },
  getTaskDocumentsRoute: {
    name: 'get task documents route',
    page: 'https://github.com/orgs/meilisearch/discussions/808',
  },
  compositeEmbedders: { name: 'composite embedders', page: 'https://github.com/orgs/meilisearch/discussions/816' },
  chatCompletions: { name: 'chat completions', page: 'https://github.com/orgs/meilisearch/discussions/835' },
  multimodal: { name: 'multimodal', page: 'https://github.com/orgs/meilisearch/discussions/846' },
  vectorStoreSetting: { name: 'vector_store_setting', page: 'https://github.com/orgs/meilisearch/discussions/860' },
};

/** The refusal of something behind a feature that is off; `action` begins the sentence. */
export function featureOff(feature: FeatureName, action: string): ApiError {
  const { name, page } = described[feature];
  return new ApiError(
    'feature_not_enabled',
    `${action} requires enabling the \`${name}\` experimental feature. See ${page}`,
  );
}
