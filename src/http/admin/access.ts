import { createHash, timingSafeEqual } from 'node:crypto';
import { ApiError } from '../../errors/api-error.ts';
import type { Exchange } from '../exchange.ts';

/** Lets operators in. */
export interface AdminAccess {
  /** Throws `miroir_invalid_admin_key`. */
  require(x: Exchange): void;
}

const digest = (text: string) => createHash('sha256').update(text).digest();

function presented(x: Exchange): string | null {
  const own = x.header('x-admin-key');
  if (own !== undefined) return own;
  const authorization = x.header('authorization');
  return authorization?.startsWith('Bearer ') === true ? authorization.slice('Bearer '.length) : null;
}

/**
 * The admin key is asked for in `X-Admin-Key` or `Authorization: Bearer`, and compared in constant time. Without a
 * configured key the admin API is closed, the master key does not open it: whoever may search and write must not be able
 * to take nodes away. Readiness and metrics are open in either case, for probes and scrapers.
 */
export function adminAccess(adminKey: string | null): AdminAccess {
  const expected = adminKey === null ? null : digest(adminKey);
  return {
    require(x) {
      if (expected === null) {
        throw new ApiError(
          'miroir_invalid_admin_key',
          'The admin API is closed because no admin key is configured. Set `admin.api_key` or `MIROIR_ADMIN_API_KEY` and restart.',
        );
      }
      const given = presented(x);
      if (given !== null && timingSafeEqual(digest(given), expected)) return;
      const problem = given === null ? 'missing' : 'invalid';
      throw new ApiError(
        'miroir_invalid_admin_key',
        `The admin key is ${problem}. Send it in the \`Authorization: Bearer\` or the \`X-Admin-Key\` header.`,
      );
    },
  };
}
