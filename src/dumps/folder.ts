import { mkdir, readdir, realpath, rm, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { ApiError } from '../errors/api-error.ts';

/** The folder of dumps: finished ones under their names, everything unfinished under names that begin with a dot. */
export interface DumpFolder {
  readonly path: string;
  /** Where a dump stands once it is whole. */
  dump(uid: string): string;
  /** A folder for the files of one job, emptied if asked for; `remove` deletes it. */
  workFolder(taskUid: number): string;
  /** Where an upload is gathered. */
  upload(id: string): string;
  create(): Promise<void>;
  /** The absolute path of a file that a client named; throws unless it is a file inside the folder. */
  existing(name: string): Promise<string>;
  /** Delete what earlier processes left unfinished, except the files and folders of these. */
  clean(keep: { taskUids: ReadonlySet<number>; files: ReadonlySet<string> }): Promise<void>;
}

const workPrefix = '.job-';
const uploadPrefix = '.upload-';

function notInFolder(name: string): ApiError {
  return new ApiError('miroir_invalid_dump', `There is no file \`${name}\` in the folder of dumps (\`dumps.dir\`).`);
}

/** The folder at `directory`; it is created when first needed. */
export function createDumpFolder(directory: string): DumpFolder {
  const path = resolve(directory);
  return {
    path,
    dump: (uid) => join(path, `${uid}.dump`),
    workFolder: (taskUid) => join(path, `${workPrefix}${taskUid}`),
    upload: (id) => join(path, `${uploadPrefix}${id}`),
    async create() {
      await mkdir(path, { recursive: true });
    },
    async existing(name) {
      const root = await realpath(path).catch(() => null);
      const file = root === null ? null : await realpath(resolve(root, name)).catch(() => null);
      if (root === null || file === null) throw notInFolder(name);
      const inside = relative(root, file);
      const hidden = inside.startsWith('.') || isAbsolute(inside) || inside.split(sep).includes('..');
      if (hidden || !(await stat(file)).isFile()) throw notInFolder(name);
      return file;
    },
    async clean(keep) {
      const names = await readdir(path).catch(() => []);
      const left = names.filter((name) => {
        if (name.startsWith(workPrefix)) return !keep.taskUids.has(Number(name.slice(workPrefix.length)));
        return name.startsWith(uploadPrefix) && !keep.files.has(name);
      });
      await Promise.all(left.map((name) => rm(join(path, name), { recursive: true, force: true })));
    },
  };
}

/** The name that clients see of a file: without the folder, and without the name that Miroir gave to an upload. */
export function shownName(file: string): string {
  const name = basename(file);
  return name.startsWith(uploadPrefix) ? 'upload' : name;
}
