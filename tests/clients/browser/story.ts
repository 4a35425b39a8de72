/** A person searches on a page made with InstantSearch; what it shows must be what it shows on one Meilisearch. */
import { deepStrictEqual as equal } from 'node:assert';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Meilisearch } from 'meilisearch';
import { type Browser, chromium, type Page } from 'playwright-core';
import { cache, chromium as executablePath } from '../programs.ts';
import { startSite } from './site.ts';

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

const index = `${given('STORY_PREFIX')}_films`;
const films = new URL('../../../assets/movies.json', import.meta.url);

/** Loads the films and returns the key that the page may have. */
async function load(host: string, apiKey: string): Promise<string> {
  const client = new Meilisearch({ host, apiKey, defaultWaitOptions: { timeout: 120_000 } });
  await client
    .index(index)
    .updateSettings({
      filterableAttributes: ['genres'],
      sortableAttributes: ['year'],
      searchableAttributes: ['title', 'overview', 'director'],
    })
    .waitTask();
  await client
    .index(index)
    .addDocumentsFromString(await readFile(films, 'utf8'), 'application/json')
    .waitTask();
  const keys = await client.getKeys({ limit: 100 });
  const key = keys.results.find(({ actions }) => actions.length === 1 && actions[0] === 'search');
  if (key === undefined) throw new Error('there is no search key');
  return key.key;
}

/** Waits until the page shows the answer to exactly this search. */
async function shows(page: Page, state: Record<string, unknown>): Promise<void> {
  const body = page.locator('body');
  let last: string | null = null;
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(50)) {
    const error = await body.getAttribute('data-error');
    if (error !== null) throw new Error(`the page reports: ${error}`);
    last = await body.getAttribute('data-state');
    if (last && isDeepStrictEqual(JSON.parse(last), state)) return;
  }
  throw new Error(`the page does not get to ${JSON.stringify(state)}; it shows ${last}`);
}

/** All that the person sees. */
async function seen(page: Page): Promise<Record<string, string[]>> {
  const texts = (selector: string) => page.locator(selector).allInnerTexts();
  return {
    // Beside it the widget says the number once more to screen readers, some time later.
    stats: await texts('#stats .ais-Stats-text'),
    hits: await texts('#hits li'),
    highlighted: await texts('#hits mark'),
    genres: await texts('#genres li'),
    pages: await texts('#pages li'),
  };
}

interface Step {
  name: string;
  act(page: Page): Promise<unknown>;
  /** What is searched for afterwards. */
  state: Record<string, unknown>;
  /** How many films the page says it found. */
  films: string;
}

const newest = `${index}:year:desc`;
const steps: Step[] = [
  { name: 'open the page', act: async () => {}, state: {}, films: '400 films' },
  {
    name: 'type a word, letter by letter',
    act: (page) => page.locator('#search input').pressSequentially('letters', { delay: 20 }),
    state: { query: 'letters' },
    films: '104 films',
  },
  {
    name: 'refine by a genre',
    act: (page) => page.locator('#genres label', { hasText: 'Romance' }).click(),
    state: { query: 'letters', refinementList: { genres: ['Romance'] } },
    films: '22 films',
  },
  {
    name: 'refine by a second genre',
    act: (page) => page.locator('#genres label', { hasText: 'Comedy' }).click(),
    state: { query: 'letters', refinementList: { genres: ['Romance', 'Comedy'] } },
    films: '33 films',
  },
  {
    name: 'empty the search box',
    act: (page) => page.locator('#search input').fill(''),
    state: { refinementList: { genres: ['Romance', 'Comedy'] } },
    films: '127 films',
  },
  {
    name: 'sort by year',
    act: (page) => page.locator('#sort select').selectOption(newest),
    state: { refinementList: { genres: ['Romance', 'Comedy'] }, sortBy: newest },
    films: '127 films',
  },
  {
    name: 'go to the second page',
    act: (page) => page.locator('#pages a', { hasText: /^2$/ }).click(),
    state: { refinementList: { genres: ['Romance', 'Comedy'] }, sortBy: newest, page: 2 },
    films: '127 films',
  },
  {
    name: 'take a genre away',
    act: (page) => page.locator('#genres label', { hasText: 'Comedy' }).click(),
    state: { refinementList: { genres: ['Romance'] }, sortBy: newest },
    films: '61 films',
  },
  {
    name: 'look for what is not there',
    act: (page) => page.locator('#search input').fill('xyzzyq'),
    state: { query: 'xyzzyq', refinementList: { genres: ['Romance'] }, sortBy: newest },
    films: '0 films',
  },
];

async function open(browser: Browser, site: string, host: string, masterKey: string): Promise<Page> {
  const key = await load(host, masterKey);
  const page = await browser.newPage({ viewport: { width: 900, height: 1400 } });
  await page.goto(`${site}?${new URLSearchParams({ host, key, index })}`);
  return page;
}

async function tell(step: Step, page: Page, model: Page): Promise<void> {
  for (const one of [model, page]) {
    await step.act(one);
    await shows(one, step.state);
  }
  const expected = await seen(model);
  equal(await seen(page), expected);
  equal(expected.stats, [step.films]);
}

const site = await startSite();
const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
try {
  const model = await open(browser, site.url, given('STORY_ORACLE_URL'), given('STORY_ORACLE_KEY'));
  const page = await open(browser, site.url, given('STORY_URL'), given('STORY_KEY'));
  for (const step of steps) {
    try {
      await tell(step, page, model);
      console.log(`ok ${step.name}`);
    } catch (error) {
      const picture = join(cache, 'instantsearch-failed.png');
      await page.screenshot({ path: picture });
      console.error(`FAILED ${step.name}: ${error} (the page: ${picture})`);
      process.exitCode = 1;
      break;
    }
  }
} finally {
  await browser.close();
  site.stop();
}
