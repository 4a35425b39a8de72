import { ApiError } from '../../errors/api-error.ts';
import { empty } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import { stderrBody, streamBody } from '../requests/logs.ts';
import type { Handler, Routes } from '../router.ts';

function requireFeature(x: Exchange): void {
  x.services.features.require('logsRoute', 'Modifying logs through the `/logs/*` routes');
}

const refusedStream = new ApiError(
  'miroir_not_supported',
  'Miroir does not stream its log. It writes JSON lines to the standard error; `POST /logs/stderr` changes how many.',
);

const stream: Handler = async (x) => {
  await x.authorise('metrics.get');
  await x.json(streamBody);
  requireFeature(x);
  throw refusedStream;
};

const endStream: Handler = async (x) => {
  await x.authorise('metrics.get');
  requireFeature(x);
  throw refusedStream;
};

const stderr: Handler = async (x) => {
  await x.authorise('metrics.get');
  const { target } = await x.json(stderrBody);
  requireFeature(x);
  x.services.logs.setTarget(target);
  return empty(204);
};

const metrics: Handler = async (x) => {
  await x.authorise('metrics.get');
  x.services.features.require('metrics', 'Getting metrics');
  return { status: 200, body: await x.services.metrics(), contentType: 'text/plain; version=0.0.4' };
};

/** `/metrics` and `/logs/...`: what the instance tells about itself. */
export const logRoutes: Routes = (resource) => {
  resource('/metrics', { GET: metrics });
  resource('/logs/stream', { POST: stream, DELETE: endStream });
  resource('/logs/stderr', { POST: stderr });
};
