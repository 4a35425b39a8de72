import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runningNodes } from '../../src/nodes/dev-cluster.ts';
import { readDevState } from '../../src/nodes/dev-state.ts';
import { freePort } from '../../src/nodes/local.ts';
import { listProcesses, processCommand } from '../../src/nodes/processes.ts';
import { guardProcess, startGuardedNode, temporaryFolder } from '../support/processes.ts';

const dist = join(import.meta.dirname, '../../dist');
const shell = promisify(execFile);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const undo: (() => Promise<unknown> | unknown)[] = [];
beforeEach(async () => {
  folder = await temporaryFolder('command');
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
  endLeftOvers();
  await folder.remove();
});

interface Run {
  child: ChildProcess;
  output(): string;
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | string | null>;
}

/** A command as a user runs it: built, in a folder of its own. */
function run(command: 'main.js' | 'ctl/main.js', args: string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [join(dist, command), ...args], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, HOME: folder.path, TMPDIR: folder.path, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const release = guardProcess(() => child.pid ?? -1);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += String(chunk)));
  const ended = new Promise<number | string | null>((done) =>
    child.once('close', (code, signal) => {
      release();
      done(code ?? signal);
    }),
  );
  undo.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, output: () => text, ended };
}

async function occupiedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  undo.push(() => new Promise((done) => server.close(done)));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function nodePids(directory: string): number[] {
  return runningNodes(directory).map(({ pid }) => pid);
}

/** Ends what a killed Miroir leaves, so that a failing test leaves nothing. */
function endLeftOvers(): void {
  for (const { pid, command } of listProcesses()) {
    if (command.includes(`--db-path ${folder.path}/`)) process.kill(pid, 'SIGKILL');
  }
}

async function ready(dev: Run): Promise<void> {
  await expect.poll(dev.output, { timeout: 60_000, interval: 50 }).toContain('Press Ctrl-C to stop.');
}

function configFile(config: Record<string, unknown>): string {
  const file = join(folder.path, 'miroir.yaml');
  writeFileSync(file, JSON.stringify(config));
  return file;
}

describe('miroir dev', { timeout: 120_000 }, () => {
  it('starts a cluster with sample data, prints commands that work, and leaves nothing behind', async () => {
    const dev = run('main.js', ['dev', '--ephemeral', '--port', '0', '--sample', 'movies', '--shards', '16']);
    await ready(dev);
    const output = dev.output();
    expect(output).toContain('loading movies: 400 of 400 documents');
    const url = /Miroir answers at (\S+)/.exec(output)?.[1] ?? '';
    const masterKey = /master key {2}(\S+)/.exec(output)?.[1] ?? '';
    const directory = /Data and logs are in (\S+)\. /.exec(output)?.[1] ?? '';
    const pids = nodePids(directory);
    expect(pids).toHaveLength(3);
    expect(
      [...output.matchAll(/^ {2}meili-\d +http\S+ +0 +(\d+)$/gm)].reduce((sum, row) => sum + Number(row[1]), 0),
    ).toBe(16);

    const curls = output.split('\n').filter((line) => line.startsWith('  curl '));
    expect(curls).toHaveLength(3);
    const answers = await Promise.all(curls.map((line) => shell('sh', ['-c', line])));
    const [found, filtered, topology] = answers.map(({ stdout }) => JSON.parse(stdout));
    expect(found.hits).toHaveLength(3);
    expect(filtered.hits[0].rating).toBeGreaterThan(8);
    expect(Object.keys(filtered.facetDistribution.genres).length).toBeGreaterThan(5);
    expect(topology.groups[0].nodes).toHaveLength(3);

    const status = run('ctl/main.js', ['status', '--url', url, '--admin-key', masterKey]);
    expect([await status.ended, status.output()]).toEqual([0, expect.stringContaining('16 of 16 shards readable')]);

    dev.child.kill('SIGINT');
    expect(await dev.ended).toBe(0);
    expect(dev.output()).toContain('stopping');
    expect(pids.map(processCommand)).toEqual([null, null, null]);
    expect(existsSync(directory)).toBe(false);
  });

  it('keeps documents and keys in its folder', async () => {
    const args = ['dev', '--port', String(await freePort()), '--nodes', '2', '--groups', '2', '--workers', '2'];
    const once = async () => {
      const dev = run('main.js', args);
      await ready(dev);
      return dev;
    };
    const first = await once();
    const [, write, read] = /(curl .*)\n.*?(curl .*)/.exec(first.output()) ?? [];
    await shell('sh', ['-c', write ?? '']);
    const hits = async () => JSON.parse((await shell('sh', ['-c', read ?? ''])).stdout).hits?.length;
    await expect.poll(hits, { timeout: 30_000 }).toBe(1);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);

    expect(readFileSync(join(folder.path, '.miroir/miroir.log'), 'utf8')).toMatch(/"worker":\d+.*"path":"[^"]*search"/);
    expect(first.output()).not.toContain('"level"');

    const second = await once();
    expect(await hits()).toBe(1);
    expect(second.output().split('Miroir answers')[1]).toBe(
      first
        .output()
        .split('Miroir answers')[1]
        ?.replace(/\nstopping[^\n]*\n/, ''),
    );
  });

  it('ends its nodes when Miroir cannot start, or when it is stopped while starting', async () => {
    const directory = join(folder.path, '.miroir');
    mkdirSync(join(directory, 'miroir.db'), { recursive: true });
    const broken = run('main.js', ['dev', '--nodes', '2', '--port', '0']);
    expect(await broken.ended).toBe(1);
    expect(broken.output()).toMatch(/^miroir: /m);
    expect(broken.output()).not.toMatch(/^ {4}at /m);
    expect(readDevState(directory)?.owner).toBeNull();
    expect(nodePids(directory)).toEqual([]);

    const other = join(folder.path, 'other');
    const early = run('main.js', ['dev', '--nodes', '2', '--port', '0', '--dir', other]);
    await expect.poll(early.output, { timeout: 20_000, interval: 5 }).toContain('starting 2');
    early.child.kill('SIGTERM');
    expect(await early.ended).toBe(0);
    expect(nodePids(other)).toEqual([]);
  });

  it('kills its nodes at the second Ctrl-C', async () => {
    const directory = join(folder.path, '.miroir');
    const dev = run('main.js', ['dev', '--nodes', '2', '--port', '0']);
    await ready(dev);
    const pids = nodePids(directory);
    dev.child.kill('SIGINT');
    await expect.poll(dev.output, { interval: 1 }).toContain('stopping');
    dev.child.kill('SIGINT');
    expect([0, 130]).toContain(await dev.ended);
    await expect.poll(() => pids.map(processCommand)).toEqual([null, null]);
  });

  it('says in a paragraph what is wrong, before it starts anything', async () => {
    const port = await occupiedPort();
    const cases: [string[], Record<string, string>, string][] = [
      [['--port', String(port)], {}, `port ${port} on 127.0.0.1 cannot be opened`],
      [['--nodes', '3', '--groups', '2'], {}, '3 nodes cannot be spread evenly over 2 groups'],
      [['--replication-factor', '4'], {}, '4 copies of each shard do not fit into a group of 3 nodes'],
      [['--port', '0'], { MIROIR_MEILISEARCH_BIN: '/nowhere' }, 'MIROIR_MEILISEARCH_BIN names /nowhere'],
    ];
    for (const [args, env, message] of cases) {
      const dev = run('main.js', ['dev', ...args], env);
      expect(await dev.ended).toBe(1);
      expect(dev.output()).toContain(message);
      expect(dev.output()).not.toMatch(/^ {4}at /m);
    }
    expect(readdirSync(folder.path)).not.toContain('nodes');
  });
});

describe('miroir start', () => {
  const common = { metrics: { enabled: false }, store: { path: 'miroir.db' } };

  it('tells a wrong node key and a port in use, and shows a stack only when asked', async () => {
    const node = await startGuardedNode('n', join(folder.path, 'n'), 'the-right-key-of-the-node');
    undo.push(() => node.stop());
    const nodes = [{ id: 'n', address: node.address }];
    const start = (config: Record<string, unknown>, ...args: string[]) =>
      run('main.js', ['start', '--config', configFile({ ...common, nodes, ...config }), ...args]);

    const wrongKey = start({ node_master_key: 'a-wrong-key-for-the-node' });
    expect(await wrongKey.ended).toBe(1);
    expect(wrongKey.output()).toContain(`the key for the nodes is wrong: n at ${node.address} refused it`);

    const taken = { node_master_key: 'the-right-key-of-the-node', server: { port: await occupiedPort() } };
    const inUse = start(taken);
    expect(await inUse.ended).toBe(1);
    expect(inUse.output()).toContain(`port ${taken.server.port} on 127.0.0.1 is in use by another program`);
    expect(inUse.output()).not.toMatch(/^ {4}at /m);
    const workers = start({ ...taken, server: { ...taken.server, workers: 2 } });
    expect(await workers.ended).toBe(1);
    expect(workers.output()).toContain(`port ${taken.server.port} on 127.0.0.1 is in use by another program`);
    const debug = start(taken, '--log-level', 'debug');
    expect(await debug.ended).toBe(1);
    expect(debug.output()).toMatch(/^ {4}at /m);

    const good = start({ ...taken, server: { port: 0 } });
    await expect.poll(good.output, { timeout: 20_000 }).toContain('"msg":"serving"');
    good.child.kill('SIGTERM');
    expect(await good.ended).toBe(0);
    expect(good.output()).toContain('"msg":"stopped"');
  });

  it('gives up when no node can be reached for ten seconds', async () => {
    const address = `http://127.0.0.1:${await freePort()}`;
    const start = run('main.js', ['start', '--config', configFile({ ...common, nodes: [{ id: 'n', address }] })]);
    expect(await start.ended).toBe(1);
    expect(start.output()).toContain('no node answers yet, waiting');
    expect(start.output()).toContain(`no node can be reached (node n: cannot connect (ECONNREFUSED) at ${address})`);
  });
});

describe('miroir check-config', () => {
  it('prints what is in effect, or every problem', async () => {
    const file = configFile({ master_key: 'a-secret-of-length', nodes: [{ id: 'n', address: 'http://n:1' }] });
    const good = run('main.js', ['check-config', '--config', file], { MIROIR_SHARDS: '7' });
    expect(await good.ended).toBe(0);
    expect(good.output()).toContain('shards: 7');
    expect(good.output()).not.toContain('a-secret');

    const bad = run('main.js', ['check-config', '--config', file], { MIROIR_SHARDS: '0', MIROIR_NODES: 'x' });
    expect(await bad.ended).toBe(1);
    expect(bad.output()).toContain('the configuration has 2 problems');
    expect(bad.output()).toContain('(from MIROIR_SHARDS)');
  });

  it('comes with help and a version', async () => {
    const version = run('main.js', ['--version']);
    expect(await version.ended).toBe(0);
    const manifest = JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8')) as { version: string };
    expect(version.output().trim()).toBe(manifest.version);
    const unknown = run('ctl/main.js', ['frobnicate']);
    expect([await unknown.ended, unknown.output()]).toEqual([1, expect.stringContaining('unknown command')]);
  });
});
