import { ApiError } from '../../errors/api-error.ts';
import { accepted } from '../answer.ts';
import { importBody, importParameters } from '../requests/dumps.ts';
import type { Handler, Routes } from '../router.ts';
import type { AdminAccess } from './access.ts';

const archiveTypes = ['application/gzip', 'application/x-gzip', 'application/octet-stream'];

/** `/_miroir/dumps...`: writing a dump with the admin key, and importing one. */
export function dumpAdminRoutes(access: AdminAccess): Routes {
  const create: Handler = async (x) => {
    access.require(x);
    return accepted(await x.services.dumps.create());
  };

  const importDump: Handler = async (x) => {
    access.require(x);
    const { onConflict } = x.query(importParameters);
    const { body, contentType = '' } = x.upload;
    const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    if (archiveTypes.includes(type)) return accepted(await x.services.dumps.importUpload(body, onConflict));
    if (type === 'application/json') {
      const { path } = await x.json(importBody);
      return accepted(await x.services.dumps.importFile(path, onConflict));
    }
    throw new ApiError(
      'invalid_content_type',
      `The Content-Type \`${contentType}\` is invalid. Send the dump itself as \`${archiveTypes[0]}\`, or \`{"path": "..."}\` as \`application/json\` for a file in the folder of dumps.`,
    );
  };

  return (resource) => {
    resource('/_miroir/dumps', { POST: create });
    resource('/_miroir/dumps/import', { POST: importDump });
  };
}
