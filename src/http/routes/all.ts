import type { ReadRoutes, Routes } from '../router.ts';
import { documentReadRoutes, documentRoutes } from './documents.ts';
import { dumpRoutes } from './dumps.ts';
import { exportRoutes } from './export.ts';
import { featureRoutes } from './features.ts';
import { indexRoutes } from './indexes.ts';
import { instanceRoutes } from './instance.ts';
import { keyRoutes } from './keys.ts';
import { logRoutes } from './logs.ts';
import { multiSearchRoutes } from './multi-search.ts';
import { refusedRoutes } from './network.ts';
import { searchRoutes } from './search.ts';
import { settingsRoutes } from './settings.ts';
import { similarRoutes } from './similar.ts';
import { swapRoutes } from './swap.ts';
import { taskRoutes } from './tasks.ts';
import { webhookRoutes } from './webhooks.ts';

/** Every resource of Meilisearch's API. */
export const apiRoutes: readonly Routes[] = [
  instanceRoutes,
  indexRoutes,
  swapRoutes,
  documentRoutes,
  searchRoutes,
  similarRoutes,
  multiSearchRoutes,
  settingsRoutes,
  taskRoutes,
  keyRoutes,
  dumpRoutes,
  exportRoutes,
  featureRoutes,
  webhookRoutes,
  logRoutes,
  refusedRoutes,
];

/** What a worker process answers itself. */
export const readRoutes: readonly ReadRoutes[] = [documentReadRoutes, searchRoutes, similarRoutes, multiSearchRoutes];

/** Paths of searches whose times tell whether copying is in their way. */
export const searchPaths: ReadonlySet<string> = new Set(['/indexes/:indexUid/search', '/multi-search']);
