/**
 * A search page as a shop or a library would have it: InstantSearch on Meilisearch's own connector. The address of the
 * server, a search key and the index come in the page's query string.
 *
 * `data-state` on the body holds what is searched for as JSON while the page shows the answer to it, and is empty while
 * an answer is on its way.
 */
import { instantMeiliSearch } from '@meilisearch/instant-meilisearch';
import instantsearch from 'instantsearch.js';
import { hits, pagination, refinementList, searchBox, sortBy, stats } from 'instantsearch.js/es/widgets';

const parameters = new URLSearchParams(location.search);
const indexName = parameters.get('index');
const { searchClient } = instantMeiliSearch(parameters.get('host'), parameters.get('key'), { finitePagination: true });
const search = instantsearch({ indexName, searchClient });

search.addWidgets([
  searchBox({ container: '#search' }),
  sortBy({
    container: '#sort',
    items: [
      { label: 'Best match', value: indexName },
      { label: 'Newest', value: `${indexName}:year:desc` },
    ],
  }),
  refinementList({ container: '#genres', attribute: 'genres', sortBy: ['name:asc'], limit: 30 }),
  stats({ container: '#stats', templates: { text: ({ nbHits }) => `${nbHits} films` } }),
  hits({
    container: '#hits',
    templates: {
      item: (hit, { html, components }) =>
        html`<b>${components.Highlight({ hit, attribute: 'title' })}</b> ${hit.year} ${hit.director}`,
      empty: () => 'Nothing found',
    },
  }),
  pagination({ container: '#pages' }),
]);

search.on('render', () => {
  document.body.dataset.state = search.status === 'idle' ? JSON.stringify(search.getUiState()[indexName] ?? {}) : '';
});
search.on('error', (event) => {
  document.body.dataset.error = String(event.error);
});
search.start();
