import { ApiError } from '../../errors/api-error.ts';
import { isObject, type Json } from './order.ts';

/** Experimental features that settings depend on, by their keys in `GET /experimental-features`. */
export interface SettingFeatures {
  readonly compositeEmbedders: boolean;
  readonly multimodal: boolean;
  readonly chatCompletions: boolean;
  readonly vectorStoreSetting: boolean;
}

/** All of them off, as on a fresh node. */
export const noFeatures: SettingFeatures = {
  compositeEmbedders: false,
  multimodal: false,
  chatCompletions: false,
  vectorStoreSetting: false,
};

/** How messages name a feature, and the discussion they point at. */
const described: Record<keyof SettingFeatures, { name: string; discussion: number }> = {
  compositeEmbedders: { name: 'composite embedders', discussion: 816 },
  multimodal: { name: 'multimodal', discussion: 846 },
  chatCompletions: { name: 'chat completions', discussion: 835 },
  vectorStoreSetting: { name: 'vector_store_setting', discussion: 860 },
};

function need(features: SettingFeatures, feature: keyof SettingFeatures, action: string): void {
  if (features[feature]) return;
  const { name, discussion } = described[feature];
  throw new ApiError(
    'feature_not_enabled',
    `${action} requires enabling the \`${name}\` experimental feature. See https://github.com/orgs/meilisearch/discussions/${discussion}`,
  );
}

const embedderFeatures = [
  ['searchEmbedder', 'compositeEmbedders'],
  ['indexingEmbedder', 'compositeEmbedders'],
  ['indexingFragments', 'multimodal'],
  ['searchFragments', 'multimodal'],
] as const;

/** Refuses a validated patch that sets what is behind a feature that is off; resetting is allowed. */
export function checkFeatures(patch: Json, features: SettingFeatures): void {
  for (const embedder of isObject(patch.embedders) ? Object.values(patch.embedders) : []) {
    if (!isObject(embedder)) continue;
    if (embedder.source === 'composite') need(features, 'compositeEmbedders', 'using `"composite"` as source');
    for (const [field, feature] of embedderFeatures) {
      if (isObject(embedder[field])) need(features, feature, `setting \`${field}\``);
    }
  }
  if (isObject(patch.chat)) need(features, 'chatCompletions', 'setting `chat` in the index settings');
  if (typeof patch.vectorStore === 'string') {
    need(features, 'vectorStoreSetting', 'setting `vectorStore` in the index settings');
  }
}
