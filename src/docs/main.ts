import { mkdirSync, writeFileSync } from 'node:fs';
import { generatedPages } from './pages.ts';

const folder = new URL('../../docs/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(generatedPages())) writeFileSync(new URL(name, folder), text);
