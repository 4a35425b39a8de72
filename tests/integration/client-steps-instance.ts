import type { ClientStep } from './client-steps.ts';

type Call = ClientStep[1];

/** An index with vectors and one to swap it with, for what the steps before had no use for. */
const films = [
  { id: 1, title: 'Night on the sea', genre: 'sea', _vectors: { manual: [0.1, 0.9] } },
  { id: 2, title: 'A day on land', genre: 'land', _vectors: { manual: [0.8, 0.2] } },
  { id: 3, title: 'The sea by night', genre: 'sea', _vectors: { manual: [0.4, 0.5] } },
];
const embedders = { manual: { source: 'userProvided' as const, dimensions: 2 } };

const searching: ClientStep[] = [
  ['index.updateEmbedders', ({ client }) => client.index('films').updateEmbedders(embedders).waitTask()],
  ['index.getEmbedders', ({ client }) => client.index('films').getEmbedders()],
  ['filterable', ({ client }) => client.index('films').updateFilterableAttributes(['genre', 'id']).waitTask()],
  ['films', ({ client }) => client.index('films').addDocuments(films, { primaryKey: 'id' }).waitTask()],
  [
    'index.searchForFacetValues',
    ({ client }) => client.index('films').searchForFacetValues({ facetName: 'genre', facetQuery: 's' }),
  ],
  [
    'index.searchForFacetValues refused',
    ({ client }) => client.index('films').searchForFacetValues({ facetName: 'title' }),
  ],
  [
    'index.searchSimilarDocuments',
    ({ client }) => client.index('films').searchSimilarDocuments({ id: 1, embedder: 'manual' }),
  ],
  [
    'multiSearch',
    ({ client }) =>
      client.multiSearch({
        queries: [
          { indexUid: 'films', q: 'night' },
          { indexUid: 'films', filter: 'genre = land', facets: ['genre'] },
        ],
      }),
  ],
  ['multiSearch refused', ({ client }) => client.multiSearch({ queries: [{ indexUid: 'films' }, { indexUid: 'no' }] })],
  [
    'drafts',
    ({ client }) =>
      client
        .index('drafts')
        .addDocuments([{ id: 1 }])
        .waitTask(),
  ],
  ['swapIndexes', ({ client }) => client.swapIndexes([{ indexes: ['films', 'drafts'], rename: false }]).waitTask()],
  ['after the swap', ({ client }) => client.index('drafts').getDocument(3)],
  ['index.resetEmbedders', ({ client }) => client.index('drafts').resetEmbedders().waitTask()],
];

const administration: ClientStep[] = [
  ['getExperimentalFeatures', ({ client }) => client.getExperimentalFeatures()],
  [
    'index.updateDocumentsByFunction refused',
    ({ client }) => client.index('drafts').updateDocumentsByFunction({ function: 'doc.seen = true' }),
  ],
  [
    'updateExperimentalFeatures',
    ({ client }) => client.updateExperimentalFeatures({ containsFilter: true, editDocumentsByFunction: true }),
  ],
  ['after a feature', ({ client }) => client.index('drafts').search('', { filter: 'genre CONTAINS an' })],
  [
    'index.updateDocumentsByFunction',
    ({ client }) =>
      client.index('drafts').updateDocumentsByFunction({ function: 'doc.seen = true', filter: 'id = 2' }).waitTask(),
  ],
  ['after the function', ({ client }) => client.index('drafts').getDocument(2)],
  ['getWebhooks', ({ client }) => client.getWebhooks()],
  [
    'a webhook from beginning to end',
    async ({ client }) => {
      const { uuid, ...made } = await client.createWebhook({ url: 'http://127.0.0.1:9/', headers: { 'x-a': 'b' } });
      const changed = await client.updateWebhook(uuid, { url: 'http://127.0.0.1:9/other' });
      const found = await client.getWebhook(uuid);
      await client.deleteWebhook(uuid);
      return [made, { ...changed, uuid: null }, { ...found, uuid: null }];
    },
  ],
  ['getWebhook unknown', ({ client }) => client.getWebhook('00000000-0000-4000-8000-000000000009')],
  ['createDump', async ({ client }) => (await client.createDump().waitTask()).status],
  ['tasks.waitForTasks', async ({ client }) => (await client.tasks.waitForTasks([0, 2])).map(({ status }) => status)],
  ['tasks.getTaskDocuments', ({ client }) => client.tasks.getTaskDocuments(0)],
  ['index.getChat', ({ client }) => client.index('drafts').getChat()],
  ['index.updateChat', ({ client }) => client.index('drafts').updateChat({ description: 'Films' })],
];

/** What came after 1.21; the client gets what an older server answers. */
const newer: ClientStep[] = [
  ['index.compact', ({ client }) => client.index('drafts').compact()],
  ['index.getFields', ({ client }) => client.index('drafts').getFields()],
  ['index.getForeignKeys', ({ client }) => client.index('drafts').getForeignKeys()],
  ['index.updateForeignKeys', ({ client }) => client.index('drafts').updateForeignKeys([])],
  ['index.resetForeignKeys', ({ client }) => client.index('drafts').resetForeignKeys()],
  ['getDynamicSearchRules', ({ client }) => client.getDynamicSearchRules()],
  ['getDynamicSearchRule', ({ client }) => client.getDynamicSearchRule('rule')],
  ['updateDynamicSearchRule', ({ client }) => client.updateDynamicSearchRule('rule', { actions: [] })],
  ['deleteDynamicSearchRule', ({ client }) => client.deleteDynamicSearchRule('rule')],
  ['deleteAllDynamicSearchRules', ({ client }) => client.deleteAllDynamicSearchRules()],
  [
    'renderTemplate',
    ({ client }) => client.renderTemplate({ template: { kind: 'inlineDocumentTemplate', inline: '{{doc.title}}' } }),
  ],
];

/** Methods beyond the core routes, in an order in which each has something to do. */
export const instanceSteps: readonly ClientStep[] = [...searching, ...administration, ...newer];

const remote = { url: 'http://127.0.0.1:9' };

/** What Miroir refuses on purpose, with `miroir_not_supported` (docs/compatibility.md says why). */
export const refusedSteps: readonly [method: string, call: Call][] = [
  ['createSnapshot', ({ client }) => client.createSnapshot()],
  ['getNetwork', ({ client }) => client.getNetwork()],
  ['updateNetwork', ({ client }) => client.updateNetwork({ self: 'a' })],
  [
    'initializeNetwork',
    ({ client }) =>
      client.initializeNetwork({ self: 'a', remotes: { a: remote }, shards: { one: { remotes: ['a'] } } }),
  ],
  ['addRemote', ({ client }) => client.addRemote({ name: 'b', remote })],
  ['removeRemote', ({ client }) => client.removeRemote({ name: 'b' })],
  ['addRemotesToShard', ({ client }) => client.addRemotesToShard('one', ['b'])],
  ['removeRemotesFromShard', ({ client }) => client.removeRemotesFromShard('one', ['b'])],
  ['getChatWorkspaces', ({ client }) => client.getChatWorkspaces()],
  ['getChatWorkspace', ({ client }) => client.getChatWorkspace('films')],
  ['deleteChatWorkspace', ({ client }) => client.deleteChatWorkspace('films')],
  ['chat.get', ({ client }) => client.chat('films').get()],
  ['chat.update', ({ client }) => client.chat('films').update({ source: 'openAi' })],
  ['chat.reset', ({ client }) => client.chat('films').reset()],
  [
    'chat.streamCompletion',
    ({ client }) => client.chat('films').streamCompletion({ model: 'any', messages: [], stream: true }),
  ],
];
