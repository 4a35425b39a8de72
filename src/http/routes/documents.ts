import { accepted, read } from '../answer.ts';
import { batchIds } from '../requests/delete-batch.ts';
import {
  addParameters,
  checkDeletionFilter,
  checkDelimiter,
  deleteByFilterBody,
  fetchBody,
  getParameters,
  listParameters,
  toDocumentsQuery,
} from '../requests/documents.ts';
import { editBody } from '../requests/edit.ts';
import type { Handler, ReadHandler, ReadRoutes, Routes } from '../router.ts';
import type { DocumentPayload } from '../services.ts';

const list: ReadHandler = async (x) => {
  await x.authorise('documents.get');
  const parameters = x.query(listParameters);
  const uid = x.indexUid();
  const pending = await x.settleSession(uid);
  return read(await x.services.documents.list(uid, toDocumentsQuery(parameters)), pending);
};

const fetch: ReadHandler = async (x) => {
  await x.authorise('documents.get');
  const body = await x.json(fetchBody);
  const uid = x.indexUid();
  const pending = await x.settleSession(uid);
  return read(await x.services.documents.list(uid, toDocumentsQuery(body)), pending);
};

const get: ReadHandler = async (x) => {
  await x.authorise('documents.get');
  const { fields, retrieveVectors } = x.query(getParameters);
  const uid = x.indexUid();
  const wanted = fields?.includes('*') === true ? null : fields;
  const pending = await x.settleSession(uid);
  return read(await x.services.documents.get(uid, x.param('documentId'), wanted, retrieveVectors), pending);
};

const add =
  (mode: 'replace' | 'update'): Handler =>
  async (x) => {
    const caller = await x.authorise('documents.add');
    const { primaryKey, csvDelimiter } = x.query(addParameters);
    checkDelimiter(csvDelimiter);
    const uid = x.indexUid();
    // not kept in a variable: the documents are slices of another text, and may wait for long
    const write = (payload: DocumentPayload) => x.services.documents.add(uid, mode, payload, primaryKey, caller);
    return accepted(await x.documents(csvDelimiter).then(write));
  };

const removeOne: Handler = async (x) => {
  await x.authorise('documents.delete');
  const uid = x.indexUid();
  return accepted(await x.services.documents.deleteByIds(uid, [x.param('documentId')]));
};

const removeBatch: Handler = async (x) => {
  await x.authorise('documents.delete');
  const ids = batchIds(await x.jsonBytes());
  return accepted(await x.services.documents.deleteByIds(x.indexUid(), ids));
};

const removeByFilter: Handler = async (x) => {
  await x.authorise('documents.delete');
  const { filter } = await x.json(deleteByFilterBody);
  const uid = x.indexUid();
  return accepted(await x.services.documents.deleteByFilter(uid, checkDeletionFilter(filter)));
};

const removeAll: Handler = async (x) => {
  await x.authorise('documents.delete');
  return accepted(await x.services.documents.deleteAll(x.indexUid()));
};

const edit: Handler = async (x) => {
  await x.authorise('documents.*');
  const edition = await x.json(editBody);
  x.services.features.require('editDocumentsByFunction', 'Using the documents edit route');
  return accepted(await x.services.documents.edit(x.indexUid(), edition));
};

const paths = {
  all: '/indexes/:indexUid/documents',
  deleteBatch: '/indexes/:indexUid/documents/delete-batch',
  delete: '/indexes/:indexUid/documents/delete',
  edit: '/indexes/:indexUid/documents/edit',
  fetch: '/indexes/:indexUid/documents/fetch',
  one: '/indexes/:indexUid/documents/:documentId',
};

/** `/indexes/{uid}/documents...` where documents are only read. */
export const documentReadRoutes: ReadRoutes = (resource) => {
  resource(paths.all, { GET: list });
  resource(paths.fetch, { POST: fetch });
  resource(paths.one, { GET: get });
  // or they would be taken for documents
  for (const path of [paths.deleteBatch, paths.delete, paths.edit]) resource(path, {});
};

/** `/indexes/{uid}/documents...` */
export const documentRoutes: Routes = (resource) => {
  resource(paths.all, { GET: list, POST: add('replace'), PUT: add('update'), DELETE: removeAll });
  resource(paths.deleteBatch, { POST: removeBatch });
  resource(paths.delete, { POST: removeByFilter });
  resource(paths.edit, { POST: edit });
  resource(paths.fetch, { POST: fetch });
  resource(paths.one, { GET: get, DELETE: removeOne });
};
