import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCtlProgram } from '../../../src/ctl/program.ts';
import type { AdminReady, AdminShards, AdminTask, AdminTopology } from '../../../src/placement/admin-types.ts';
import { capturePrinted, type Printed } from './printed.ts';

const key = 'for-operators';

function node(id: string): AdminTopology['groups'][number]['nodes'][number] {
  return {
    id,
    address: `http://${id}:7700`,
    state: 'up',
    reason: null,
    until: null,
    avoided: false,
    since: '2024-01-01T00:00:00Z',
    lastError: null,
    version: '1.21.0',
    role: 'active',
    shards: 2,
    documents: 5,
    bytes: 1_000,
    staleCopies: [],
  };
}

interface Answers {
  topology: AdminTopology;
  shards: AdminShards;
  ready: AdminReady;
  tasks: Record<string, AdminTask>;
}

function healthyAnswers(): Answers {
  const copy = (id: string) => ({ node: id, group: 0, state: 'in_sync' as const });
  return {
    topology: {
      version: 3,
      replicationFactor: 1,
      groups: [{ group: 0, nodes: [node('meili-0'), node('meili-1')] }],
      indexes: [{ uid: 'films', physicalUid: 'films-7', shards: 2, primaryKey: 'id', settingsVersion: 4 }],
    },
    shards: {
      indexes: [
        {
          uid: 'films',
          shards: [
            { shard: 0, copies: [copy('meili-0')] },
            { shard: 1, copies: [copy('meili-1')] },
          ],
        },
      ],
      coverage: { total: 2, readable: 2 },
    },
    ready: { ready: true, reasons: [] },
    tasks: {
      '5': {
        task: {
          uid: 5,
          status: 'failed',
          type: 'settingsUpdate',
          indexUid: 'films',
          error: { message: 'no such field' },
        },
        parts: [
          {
            node: 'meili-0',
            step: 'settings',
            status: 'failed',
            nodeTaskUid: 9,
            error: { message: 'no', code: 'x' },
            counts: true,
          },
        ],
      },
    },
  };
}

let answers: Answers;
let server: Server;
let url: string;
let home: string;
let printed: Printed;

function answer(path: string): [number, unknown] {
  if (path === '/_miroir/topology') return [200, answers.topology];
  if (path === '/_miroir/shards') return [200, answers.shards];
  const task = answers.tasks[path.replace('/_miroir/tasks/', '')];
  return task === undefined ? [404, { message: `Task \`${path.split('/').at(-1)}\` not found.` }] : [200, task];
}

beforeEach(async () => {
  answers = healthyAnswers();
  server = createServer((request, response) => {
    const ready = request.url === '/_miroir/ready';
    const allowed = ready || request.headers.authorization === `Bearer ${key}`;
    const [status, body] = ready
      ? [answers.ready.ready ? 200 : 503, answers.ready]
      : allowed
        ? answer(request.url ?? '')
        : [403, { message: 'The admin key is invalid.', code: 'miroir_invalid_admin_key' }];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  home = mkdtempSync(join(tmpdir(), 'miroir-ctl-'));
  printed = capturePrinted();
  vi.stubEnv('HOME', home);
  vi.stubEnv('XDG_CONFIG_HOME', '');
  vi.stubEnv('MIROIR_ADMIN_API_KEY', key);
  vi.stubEnv('MIROIR_URL', url);
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
  rmSync(home, { recursive: true, force: true });
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

/** Runs the command as the shell would and gives its exit code. */
async function ctl(...args: string[]): Promise<number> {
  process.exitCode = undefined;
  await createCtlProgram().parseAsync(['node', 'miroir-ctl', ...args]);
  const code = Number(process.exitCode);
  process.exitCode = undefined;
  return code;
}

describe('miroir-ctl status', () => {
  it('says healthy, with a table, and ends with 0', async () => {
    expect(await ctl('status')).toBe(0);
    expect(printed.stdout).toContain(
      `${url} is healthy: 2 nodes in 1 group, 1 copy per shard and group, 1 index, 2 of 2 shards readable`,
    );
    expect(printed.stdout).toMatch(/^meili-0 +up +\d+d +0 +2 +0 +1\.21\.0 +http:\/\/meili-0:7700$/m);
  });

  it('tells which node reads avoid, which is no fault', async () => {
    Object.assign(answers.topology.groups[0]?.nodes[0] ?? {}, { avoided: true });
    expect(await ctl('status')).toBe(0);
    expect(printed.stdout).toMatch(/^meili-0 +up, slow +/m);
  });

  it('names what is wrong and ends with 4, also in JSON', async () => {
    const [first, second] = answers.topology.groups[0]?.nodes ?? [];
    Object.assign(first ?? {}, { state: 'down', reason: 'cannot connect', until: '2024-01-01T00:00:02Z' });
    Object.assign(second ?? {}, { state: 'suspect', reason: 'it is slow', until: '2999-01-01T00:00:00Z' });
    second?.staleCopies.push({
      index: 'films',
      shard: 1,
      since: '2024-01-01T00:00:00Z',
      reason: 'missed task 3',
      repair: null,
    });
    answers.shards.coverage.readable = 0;
    answers.ready = { ready: false, reasons: ['2 of 2 shards have no readable copy'] };
    expect(await ctl('status')).toBe(4);
    for (const problem of [
      'meili-0 is down: cannot connect',
      'meili-1 is suspect: it is slow; not used again before 2999-01-01T00:00:00Z',
      'meili-1 has 1 stale copy',
      '2 shards of 2 cannot be read',
      'not ready: 2 of 2 shards have no readable copy',
    ]) {
      expect(printed.stdout).toContain(`  ! ${problem}\n`);
    }
    printed.stdout = '';
    expect(await ctl('status', '--json')).toBe(4);
    expect(JSON.parse(printed.stdout)).toMatchObject({
      status: 'degraded',
      ready: false,
      coverage: { total: 2, readable: 0 },
    });
  });

  it('is degraded by each single fault', async () => {
    const faults: ((change: Answers) => void)[] = [
      ({ topology }) => Object.assign(topology.groups[0]?.nodes[0] ?? {}, { state: 'down' }),
      ({ shards }) => Object.assign(shards.coverage, { readable: 1 }),
      ({ ready }) => Object.assign(ready, { ready: false, reasons: ['starting'] }),
    ];
    for (const fault of faults) {
      answers = healthyAnswers();
      fault(answers);
      expect(await ctl('status')).toBe(4);
    }
  });
});

describe('the other commands', () => {
  it('show a task with its node tasks', async () => {
    expect(await ctl('task', '5')).toBe(0);
    expect(printed.stdout).toMatch(/^status +failed$/m);
    expect(printed.stdout).toMatch(/^error +no such field$/m);
    expect(printed.stdout).toMatch(/^meili-0 +settings +failed +9 +no$/m);
    printed.stdout = '';
    await ctl('task', '5', '--json');
    expect(JSON.parse(printed.stdout)).toEqual(answers.tasks['5']);
  });

  it('show topology with stale copies, shards and indexes', async () => {
    answers.topology.groups[0]?.nodes[1]?.staleCopies.push({
      index: 'films',
      shard: 1,
      since: '2024-01-01T00:00:00Z',
      reason: 'missed task 3',
      repair: null,
    });
    const [, second] = answers.shards.indexes[0]?.shards ?? [];
    Object.assign(second?.copies[0] ?? {}, { state: 'stale' });
    expect(await ctl('topology')).toBe(0);
    expect(printed.stdout).toMatch(/^meili-1 +films +1 +\d+d +missed task 3 +waits for its node$/m);
    expect(await ctl('shards')).toBe(0);
    expect(printed.stdout).toMatch(/^films +1 +meili-1 \(stale\)$/m);
    expect(await ctl('index', 'list')).toBe(0);
    expect(printed.stdout).toMatch(/^films +2 +id +4 +films-7$/m);
    expect(await ctl('shards', 'absent')).toBe(5);
    expect(printed.stderr).toContain('there is no index absent');
  });

  it('end with 5 and the reason when Miroir answers with an error', async () => {
    expect(await ctl('task', '77')).toBe(5);
    expect(printed.stderr).toBe('miroir-ctl: Task `77` not found.\n');
  });
});

describe('reaching Miroir', () => {
  it('ends with 2 when nothing answers and with 1 when the URL is none', async () => {
    expect(await ctl('status', '--url', 'http://127.0.0.1:1')).toBe(2);
    expect(printed.stderr).toMatch(/nothing answers at http:\/\/127\.0\.0\.1:1 \(.+\)/);
    expect(await ctl('status', '--url', '127.0.0.1')).toBe(1);
  });

  it('ends with 3 when the key is wrong or missing, and says how to give one', async () => {
    expect(await ctl('topology', '--admin-key', 'wrong')).toBe(3);
    expect(printed.stderr).toContain('The admin key is invalid. Check the admin key that was given.');
    vi.stubEnv('MIROIR_ADMIN_API_KEY', '');
    expect(await ctl('topology')).toBe(3);
    expect(printed.stderr).toContain('MIROIR_ADMIN_API_KEY');
  });

  it('takes the key from the flag, then the environment, then the credentials file', async () => {
    const file = join(home, '.config', 'miroir', 'credentials');
    mkdirSync(join(home, '.config', 'miroir'), { recursive: true });
    writeFileSync(file, `admin_api_key: ${key}\n`, { mode: 0o600 });
    vi.stubEnv('MIROIR_ADMIN_API_KEY', 'wrong');
    expect(await ctl('topology')).toBe(3);
    expect(await ctl('topology', '--admin-key', key)).toBe(0);
    vi.stubEnv('MIROIR_ADMIN_API_KEY', '');
    printed.stderr = '';
    expect(await ctl('topology')).toBe(0);
    expect(printed.stderr).toBe('');
    chmodSync(file, 0o644);
    expect(await ctl('topology')).toBe(0);
    expect(printed.stderr).toContain('chmod 600');
    writeFileSync(file, 'nothing of use');
    expect(await ctl('topology')).toBe(1);
  });

  it('never shows the key', async () => {
    await ctl('status');
    await ctl('topology', '--json');
    expect(printed.stdout + printed.stderr).not.toContain(key);
  });
});
