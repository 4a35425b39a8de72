import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { AdminVerification } from '../../../src/placement/admin-types.ts';
import { adminKey, type Cluster, startCluster } from '../../support/cluster.ts';
import { type Server, send, sendJson, write } from '../../support/http.ts';
import { copiesEqual, documents, eventually, quick, shardsOf, topologyOf } from './support.ts';

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const ctl = join(import.meta.dirname, '../../../dist/ctl/main.js');

async function verified(subject: Cluster): Promise<AdminVerification> {
  const admin: Server = { address: subject.address, masterKey: adminKey };
  const path = '/_miroir/indexes/p/verify';
  expect((await send(admin, { method: 'POST', path })).status).toBe(202);
  return eventually(
    () => sendJson<AdminVerification>(admin, 'GET', path),
    ({ status }) => status !== 'running',
  );
}

/** A node that has the document, as a server of its own, and the path of the index there. */
async function holderOf(subject: Cluster, id: number): Promise<{ node: Server; path: string }> {
  const index = (await topologyOf(subject)).indexes.find(({ uid }) => uid === 'p');
  const path = `/indexes/${index?.physicalUid}`;
  for (const node of subject.nodes) {
    const found = await send(node, { method: 'GET', path: `${path}/documents/${id}` });
    if (found.status === 200) return { node, path };
  }
  throw new Error(`no node has ${id}`);
}

describe('comparing copies that should be equal', () => {
  test('finds what was changed on a node behind the back, puts it right, and tells', async () => {
    cluster = await startCluster({ nodes: 3, replicationFactor: 2, shards: 6, config: { health: quick } });
    const subject = cluster;
    const post = (body: unknown) =>
      write(subject, { method: 'POST', path: '/indexes/p/documents', body: JSON.stringify(body) });
    await post(documents(0, 120, 'first'));
    await write(subject, { method: 'DELETE', path: '/indexes/p/documents/100' });
    expect((await shardsOf(subject)).coverage.readable).toBe(6);
    const missing = await send(
      { address: subject.address, masterKey: adminKey },
      { method: 'GET', path: '/_miroir/indexes/p/verify' },
    );
    expect([missing.status, JSON.parse(missing.text)]).toMatchObject([404, { code: 'miroir_not_verified' }]);
    expect(await verified(subject)).toMatchObject({ status: 'done', differed: 0, comparedDocuments: 238 });

    const replaced = await holderOf(subject, 7);
    await write(replaced.node, {
      method: 'POST',
      path: `${replaced.path}/documents`,
      body: '[{"id":7,"text":"forged"}]',
    });
    const lost = await holderOf(subject, 8);
    await write(lost.node, { method: 'DELETE', path: `${lost.path}/documents/8` });
    // a document that was deleted by its client, back on one node as it was
    const stray = await holderOf(subject, 9);
    const { text } = await send(stray.node, { method: 'GET', path: `${stray.path}/documents/9` });
    await write(subject, { method: 'DELETE', path: '/indexes/p/documents/9' });
    await write(stray.node, { method: 'POST', path: `${stray.path}/documents`, body: `[${text}]` });

    const report = await verified(subject);
    expect(report).toMatchObject({ status: 'done', differed: 3, written: 2, deleted: 1, undecided: 0, guessed: 0 });
    expect(await copiesEqual(subject, 'p')).toBe(118);
    const document = await sendJson<{ text: string }>(subject, 'GET', '/indexes/p/documents/7');
    expect(document.text).toBe('first 7');
    expect((await send(subject, { method: 'GET', path: '/indexes/p/documents/9' })).status).toBe(404);
    expect(await verified(subject)).toMatchObject({ status: 'done', differed: 0 });
  }, 180_000);

  test.runIf(existsSync(ctl))(
    'by miroir-ctl, whose exit code tells',
    async () => {
      cluster = await startCluster({ nodes: 2, replicationFactor: 2, shards: 2, config: { health: quick } });
      const subject = cluster;
      const run = (...args: string[]) =>
        runNode([ctl, '--url', subject.address, '--admin-key', adminKey, 'verify', ...args]);
      await write(subject, {
        method: 'POST',
        path: '/indexes/p/documents',
        body: JSON.stringify(documents(0, 20, 'first')),
      });
      const equal = await run('p', '--watch');
      expect([equal.code, equal.stdout]).toEqual([0, 'p: 2 shards, 40 documents read, all copies are equal\n']);
      const { node, path } = await holderOf(subject, 3);
      await write(node, { method: 'DELETE', path: `${path}/documents/3` });
      const differing = await run('p', '--watch', '--json');
      expect([differing.code, JSON.parse(differing.stdout)]).toMatchObject([6, { differed: 1, written: 1 }]);
      expect((await run('nope', '--watch')).code).toBe(5);
    },
    180_000,
  );
});

/** Runs a command without keeping this process, in which Miroir runs, from answering it. */
function runNode(args: string[]): Promise<{ code: number | null; stdout: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, (_error, stdout) => resolve({ code: child.exitCode, stdout }));
  });
}
