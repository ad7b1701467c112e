import { test as base } from 'vitest';
import type { Account } from '../../src/bank/schemas.ts';
import type { RedisLink } from '../../src/redis/connection.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { openTestAccount, testLink } from './postings.ts';

/**
 * A `test` with a private Redis (`redis`) and a connection to it (`link`), once per file, and an account in an otherwise
 * empty ledger (`account`), new for each test that uses it.
 */
export const ledgerTest = (options: { persist?: boolean } = {}) =>
  base
    .extend('redis', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestRedis> => {
      const redis = await startTestRedis(options);
      onCleanup(() => redis.stop());
      return redis;
    })
    .extend('link', { scope: 'file' }, async ({ redis }, { onCleanup }): Promise<RedisLink> => {
      const link = await testLink(redis);
      onCleanup(() => link.close());
      return link;
    })
    .extend('account', async ({ redis, link }): Promise<Account> => {
      await redis.flush();
      return openTestAccount(link);
    });
