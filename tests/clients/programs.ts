import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '../..');

/** Where everything that is built for the clients goes; later runs find it there, and git ignores the usual place. */
export const cache = resolve(process.env.MIROIR_CLIENTS_CACHE ?? join(root, 'node_modules/.cache/clients'));

/** A command line, and the folder it runs in. */
export interface Command {
  argv: readonly [string, ...string[]];
  directory: string;
  env?: Record<string, string>;
}

/** A program that tells the story through one client. */
export interface Program {
  name: string;
  /** Commands that answer successfully when the toolchain is there. */
  tools: readonly (readonly [string, ...string[]])[];
  /** Installs and builds; quick when there is nothing new. */
  prepare: readonly Command[];
  /** Read after `prepare`, as it may name what that made. */
  story(): Command;
}

function tsx(file: string): () => Command {
  return () => ({ argv: [process.execPath, '--import', 'tsx', join(here, file)], directory: root });
}

const javascript: Program = { name: 'javascript', tools: [], prepare: [], story: tsx('javascript/story.ts') };

const pythonFolder = join(here, 'python');
const venv = join(cache, 'python');
const python: Program = {
  name: 'python',
  tools: [['python3', '-m', 'venv', '--help']],
  prepare: [
    { argv: ['python3', '-m', 'venv', venv], directory: pythonFolder },
    {
      argv: [join(venv, 'bin/pip'), 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'],
      directory: pythonFolder,
    },
  ],
  story: () => ({ argv: [join(venv, 'bin/python'), 'story.py'], directory: pythonFolder }),
};

const goFolder = join(here, 'go');
const goProgram = join(cache, 'go/story');
const go: Program = {
  name: 'go',
  tools: [['go', 'version']],
  prepare: [
    { argv: ['go', 'build', '-mod=readonly', '-o', goProgram], directory: goFolder, env: { GOTOOLCHAIN: 'local' } },
  ],
  story: () => ({ argv: [goProgram], directory: goFolder }),
};

const rustFolder = join(here, 'rust');
const rustTarget = join(cache, 'rust');
const rust: Program = {
  name: 'rust',
  tools: [['cargo', '--version']],
  prepare: [
    {
      argv: ['cargo', 'build', '--locked', '--quiet'],
      directory: rustFolder,
      env: { CARGO_TARGET_DIR: rustTarget },
    },
  ],
  story: () => ({ argv: [join(rustTarget, 'debug/story')], directory: rustFolder }),
};

const javaFolder = join(here, 'java');
const javaOutput = join(cache, 'java');
const java: Program = {
  name: 'java',
  tools: [
    ['javac', '-version'],
    ['mvn', '--version'],
  ],
  prepare: [
    {
      argv: [
        'mvn',
        '--batch-mode',
        '--quiet',
        `-Doutput=${javaOutput}`,
        'compile',
        'dependency:copy-dependencies',
        `-DoutputDirectory=${join(javaOutput, 'libraries')}`,
      ],
      directory: javaFolder,
    },
  ],
  story: () => ({
    argv: ['java', '-cp', `${join(javaOutput, 'classes')}:${join(javaOutput, 'libraries')}/*`, 'Story'],
    directory: javaFolder,
  }),
};

/** The browser that InstantSearch runs in. */
export const chromium = process.env.MIROIR_CHROMIUM ?? '/usr/bin/chromium';

const browser: Program = {
  name: 'instantsearch',
  tools: existsSync(chromium) ? [] : [[chromium, '--version']],
  prepare: [],
  story: tsx('browser/story.ts'),
};

/** Every client, the slowest to build first. */
export const programs: readonly Program[] = [rust, java, go, python, javascript, browser];
